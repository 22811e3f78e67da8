/* SPDX-License-Identifier: MIT */
#include "kernel/module_symbol.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel_members.h"
#include "kernel/kernel_types.h"
#include "kernel/module.h"
#include "kernel/region.h"
#include "kernel/vm.h"

/* KSYM_NAME_LEN, 128 before 6.1. */
#define NAME_LIMIT 512u
/* Four times as many as the largest modules have. */
#define SYMBOLS_MAX (UINT32_C(1) << 17)
/* Symbols read at a time. */
#define PART 512u

enum form {
	PLUS,	     /* name, or name+0x1c */
	ALWAYS_PLUS, /* name+0x0 too */
	EXACT,
};

/* A module's own symbol table: ELF symbols with their final addresses, and their names. */
struct module_symbols {
	dill_virt symbols, names;
	uint32_t count;
};

/* Where struct module has had its table since 4.5 (8244062ef1e5); it is replaced by a smaller one,
 * by that of the code that stays, once the module is loaded. */
static struct dill_error *find_table(struct kernel *kernel, dill_virt module,
				     struct module_symbols *ret, bool *ret_found)
{
	const struct kernel_members *members;
	struct dill_error *error;
	dill_virt table;

	*ret_found = false;
	error = kernel_members(kernel, NEED_MODULE_SYMBOLS, &members);
	if (error && dill_error_code(error) == DILL_ERROR_UNSUPPORTED) {
		dill_error_free(error);
		return NULL;
	}
	TRY(error);
	TRY(kernel_read_u64(kernel, module + members->module_symbols.offset, &table));
	if (!table)
		return NULL;
	TRY(kernel_read_u64(kernel, table + members->symbols_table.offset, &ret->symbols));
	TRY(kernel_read_u64(kernel, table + members->symbols_names.offset, &ret->names));
	TRY(kernel_read_u32(kernel, table + members->symbols_count.offset, &ret->count));
	*ret_found = ret->symbols && ret->names && ret->count <= SYMBOLS_MAX;
	return NULL;
}

/* Its name, or NULL for one that names nothing: without a name, or the compiler's mark within a
 * function. */
static struct dill_error *read_name(struct kernel *kernel, dill_virt address, char **ret)
{
	TRY(kernel_read_string(kernel, address, NAME_LIMIT, ret));
	if (!**ret || !strncmp(*ret, ".L", 2) || !strncmp(*ret, "L0", 2)) {
		free(*ret);
		*ret = NULL;
	}
	return NULL;
}

/* The first of those that are nearest before @p address, in the part that holds it, as the kernel
 * chooses (kernel/module/kallsyms.c find_kallsyms_symbol()). @p ret_name is NULL or the caller's.
 */
static struct dill_error *search(struct kernel *kernel, const struct module_symbols *table,
				 const struct module_place *place, dill_virt address,
				 dill_virt *ret_value, char **ret_name)
{
	_cleanup_(freep)
	Elf64_Sym *symbols = malloc(PART * sizeof(*symbols));

	if (!symbols)
		return error_no_memory();
	for (uint32_t done = 0; done < table->count; done += PART) {
		uint32_t count = table->count - done < PART ? table->count - done : PART;

		TRY(target_check_interrupt(kernel_target(kernel)));
		TRY(kernel_read(kernel, table->symbols + done * sizeof(*symbols), symbols,
				count * sizeof(*symbols)));
		for (uint32_t i = 0; i < count; i++) {
			const Elf64_Sym *symbol = &symbols[i];
			char *name;

			if (symbol->st_shndx == SHN_UNDEF || symbol->st_value < place->base ||
			    symbol->st_value > address ||
			    (*ret_name && symbol->st_value <= *ret_value))
				continue;
			TRY(read_name(kernel, table->names + symbol->st_name, &name));
			if (!name)
				continue;
			free(*ret_name);
			*ret_name = name;
			*ret_value = symbol->st_value;
		}
	}
	return NULL;
}

static struct dill_error *find(struct kernel *kernel, dill_virt address, struct module_place *place,
			       dill_virt *ret_value, char **ret_name)
{
	struct module_symbols table;
	bool found;

	TRY(module_find(kernel, address, place));
	if (!place->found)
		return NULL;
	TRY(find_table(kernel, place->module, &table, &found));
	return found ? search(kernel, &table, place, address, ret_value, ret_name) : NULL;
}

static struct dill_error *append(struct kernel *kernel, dill_virt address, enum form form,
				 struct strbuf *text)
{
	struct module_place place = {0};
	_cleanup_(freep)
	char *name = NULL;
	dill_virt value = address;
	struct dill_error *error;

	/* Anything else is no module's, without a look at all of them. */
	if (kernel_region(kernel, address) != REGION_MODULES)
		return NULL;
	error = find(kernel, address, &place, &value, &name);
	if (error) {
		/* What was not looked at may have had a nearer one. */
		free(name);
		name = NULL;
		if (error_is_fatal(error))
			return error;
	}
	dill_error_free(error);
	if (!place.found || (form == EXACT && (!name || value != address)))
		return NULL;
	if (name)
		strbuf_append_escaped(text, name, strlen(name));
	else
		strbuf_append_format(text, "0x%016" PRIx64, address);
	if (name && (value != address || form == ALWAYS_PLUS))
		strbuf_append_format(text, "+0x%" PRIx64, address - value);
	strbuf_append(text, " [");
	strbuf_append_escaped(text, place.name, strnlen(place.name, sizeof(place.name)));
	strbuf_append(text, "]");
	return NULL;
}

struct dill_error *module_append_symbol(struct kernel *kernel, dill_virt address, bool zero,
					struct strbuf *text)
{
	return append(kernel, address, zero ? ALWAYS_PLUS : PLUS, text);
}

struct dill_error *module_append_exact_symbol(struct kernel *kernel, dill_virt address,
					      struct strbuf *text)
{
	return append(kernel, address, EXACT, text);
}

/* --- by name --- */

struct name_search {
	struct kernel *kernel;
	const char *module, *name;
	bool module_found, found;
	dill_virt value;
};

static bool same_module(const char *one, const char *two)
{
	while (*one && (*one == *two || (strchr("-_", *one) && *two && strchr("-_", *two)))) {
		one++;
		two++;
	}
	return !*one && !*two;
}

static struct dill_error *search_name(struct name_search *search,
				      const struct module_symbols *table)
{
	struct kernel *kernel = search->kernel;
	_cleanup_(freep)
	Elf64_Sym *symbols = malloc(PART * sizeof(*symbols));

	if (!symbols)
		return error_no_memory();
	for (uint32_t done = 0; done < table->count && !search->found; done += PART) {
		uint32_t count = table->count - done < PART ? table->count - done : PART;

		TRY(target_check_interrupt(kernel_target(kernel)));
		TRY(kernel_read(kernel, table->symbols + done * sizeof(*symbols), symbols,
				count * sizeof(*symbols)));
		for (uint32_t i = 0; i < count && !search->found; i++) {
			_cleanup_(freep)
			char *name = NULL;

			if (symbols[i].st_shndx == SHN_UNDEF)
				continue;
			TRY(read_name(kernel, table->names + symbols[i].st_name, &name));
			search->found = name && !strcmp(name, search->name);
			search->value = symbols[i].st_value;
		}
	}
	return NULL;
}

static struct dill_error *visit_module(void *context, dill_virt module, const char *name,
				       bool *ret_done)
{
	struct name_search *search = context;
	struct dill_error *error;
	struct module_symbols table;
	bool known;

	if (search->module && !same_module(search->module, name))
		return NULL;
	search->module_found = true;
	error = find_table(search->kernel, module, &table, &known);
	if (!error && known)
		error = search_name(search, &table);
	*ret_done = search->found || search->module;
	if (error && (search->module || error_is_fatal(error)))
		return error;
	dill_error_free(error); /* another module may have it */
	return NULL;
}

struct dill_error *module_find_symbol(struct kernel *kernel, const char *module, const char *name,
				      dill_virt *ret)
{
	struct name_search search = {.kernel = kernel, .module = module, .name = name};

	TRY(modules_each(kernel, visit_module, &search));
	if (module && !search.module_found)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "no module is named %s", module);
	if (!search.found)
		return module ? dill_error_new(DILL_ERROR_NOT_FOUND,
					       "the module %s has no symbol %s", module, name)
			      : dill_error_new(DILL_ERROR_NOT_FOUND, "no module has a symbol %s",
					       name);
	*ret = search.value;
	return NULL;
}

/* --- all of a module --- */

typedef struct dill_error *(*symbol_visitor)(void *context, const struct module_symbol *symbol);

static struct dill_error *visit_symbol(struct kernel *kernel, const struct module_symbols *table,
				       const Elf64_Sym *symbol, symbol_visitor visit, void *context)
{
	_cleanup_(freep)
	char *name = NULL;

	if (symbol->st_shndx == SHN_UNDEF)
		return NULL;
	TRY(read_name(kernel, table->names + symbol->st_name, &name));
	if (!name)
		return NULL;

	const struct module_symbol found = {.name = name, .address = symbol->st_value};

	return visit(context, &found);
}

struct dill_error *module_symbols_each(
	struct kernel *kernel, dill_virt module,
	struct dill_error *(*visit)(void *context, const struct module_symbol *symbol),
	void *context)
{
	_cleanup_(freep)
	Elf64_Sym *symbols = malloc(PART * sizeof(*symbols));
	struct module_symbols table;
	bool found;

	if (!symbols)
		return error_no_memory();
	TRY(find_table(kernel, module, &table, &found));
	for (uint32_t done = 0; found && done < table.count; done += PART) {
		uint32_t count = table.count - done < PART ? table.count - done : PART;

		TRY(target_check_interrupt(kernel_target(kernel)));
		TRY(kernel_read(kernel, table.symbols + done * sizeof(*symbols), symbols,
				count * sizeof(*symbols)));
		for (uint32_t i = 0; i < count; i++)
			TRY(visit_symbol(kernel, &table, &symbols[i], visit, context));
	}
	return NULL;
}
