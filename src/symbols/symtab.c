/* SPDX-License-Identifier: MIT */
#include "symbols/symtab.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/symbol.h"

/* Bytes of a symbol's name, with its end. */
#define NAME_EXPECTED 24u

/* --- collecting --- */

static struct dill_error *add(void *context, const struct symbol *symbol)
{
	struct file_symbols *symbols = context;
	const struct file_symbol added = {
		.name = symbol->name,
		.address = symbol->address,
		.kind = symbol->kind,
	};

	return array_push(&symbols->all, added);
}

struct dill_error *file_symbols_of_kernel(struct kernel *kernel, struct file_symbols *ret)
{
	return kernel_each_symbol(kernel, "", add, ret);
}

/* An index beside the address keeps the order of what has the same one. */
struct sort_key {
	dill_virt address;
	size_t index;
};

static int key_order(const void *one, const void *two)
{
	const struct sort_key *a = one, *b = two;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static bool is_sorted(const struct file_symbols *symbols)
{
	for (size_t i = 1; i < symbols->all.count; i++)
		if (symbols->all.items[i - 1].address > symbols->all.items[i].address)
			return false;
	return true;
}

static struct dill_error *sort(struct file_symbols *symbols)
{
	size_t count = symbols->all.count;
	_cleanup_(freep)
	struct sort_key *keys = calloc(count + 1, sizeof(*keys));
	struct file_symbol *sorted = calloc(count + 1, sizeof(*sorted));

	if (!keys || !sorted) {
		free(sorted);
		return error_no_memory();
	}
	for (size_t i = 0; i < count; i++)
		keys[i] = (struct sort_key){symbols->all.items[i].address, i};
	qsort(keys, count, sizeof(*keys), key_order);
	for (size_t i = 0; i < count; i++)
		sorted[i] = symbols->all.items[keys[i].index];
	free(symbols->all.items);
	symbols->all.items = sorted;
	symbols->all.capacity = count + 1;
	return NULL;
}

struct dill_error *file_symbols_settle(struct file_symbols *symbols,
				       const struct sections *sections)
{
	dill_virt next = 0;
	size_t index;

	if (!is_sorted(symbols))
		TRY(sort(symbols));
	for (size_t i = symbols->all.count; i-- > 0;) {
		struct file_symbol *symbol = &symbols->all.items[i], *behind = symbol + 1;
		dill_virt end;

		if (i + 1 < symbols->all.count && behind->address > symbol->address)
			next = behind->address;
		if (!sections_find(sections, symbol->address, &index))
			continue;
		end = sections->all.items[index].end;
		symbol->size =
			(next > symbol->address && next < end ? next : end) - symbol->address;
	}
	return NULL;
}

void file_symbols_deinit(struct file_symbols *symbols)
{
	array_free(&symbols->all);
}

/* --- writing --- */

static unsigned char info_of(const struct file_symbol *symbol)
{
	unsigned bind = STB_LOCAL, type;

	if (strchr("wWvV", symbol->kind))
		bind = STB_WEAK;
	else if (symbol->kind >= 'A' && symbol->kind <= 'Z')
		bind = STB_GLOBAL;
	if (strchr("tTwWiu", symbol->kind))
		type = STT_FUNC;
	else
		type = strchr("aA", symbol->kind) && !symbol->size ? STT_NOTYPE : STT_OBJECT;
	return (unsigned char)(ELF64_ST_INFO(bind, type));
}

static void write_symbol(const struct file_symbol *symbol, uint32_t name,
			 const struct sections *sections, uint32_t first_section,
			 struct bytes *symbols)
{
	size_t index;
	Elf64_Sym out = {
		.st_name = name,
		.st_info = info_of(symbol),
		.st_shndx = SHN_ABS,
		.st_value = symbol->address,
		.st_size = symbol->size,
	};

	if (sections_find(sections, symbol->address, &index))
		out.st_shndx = (Elf64_Half)(first_section + index);
	bytes_add(symbols, &out, sizeof(out));
}

/* Whether a symbol belongs to this part of the table: local ones come first. */
static bool is_local(const struct file_symbol *symbol)
{
	return ELF64_ST_BIND(info_of(symbol)) == STB_LOCAL;
}

struct dill_error *symtab_make(const struct file_symbols *symbols, const struct sections *sections,
			       uint32_t first_section, struct bytes *ret_symbols,
			       struct bytes *ret_names, uint32_t *ret_locals)
{
	size_t count = symbols->all.count;
	const struct file_symbol *all = symbols->all.items;
	_cleanup_(freep)
	uint32_t *names = calloc(count + 1, sizeof(*names));

	if (!names)
		return error_no_memory();
	bytes_expect(ret_names, count + 1, NAME_EXPECTED);
	bytes_expect(ret_symbols, count + 1, sizeof(Elf64_Sym));
	bytes_add_u8(ret_names, 0);
	for (size_t i = 0; i < count; i++)
		names[i] = bytes_add_text(ret_names, all[i].name);
	bytes_add(ret_symbols, &(Elf64_Sym){0}, sizeof(Elf64_Sym));
	for (size_t i = 0; i < count; i++)
		if (is_local(&all[i]))
			write_symbol(&all[i], names[i], sections, first_section, ret_symbols);
	*ret_locals = (uint32_t)(bytes_count(ret_symbols) / sizeof(Elf64_Sym));
	for (size_t i = 0; i < count; i++)
		if (!is_local(&all[i]))
			write_symbol(&all[i], names[i], sections, first_section, ret_symbols);
	TRY(bytes_error(ret_symbols));
	return bytes_error(ret_names);
}
