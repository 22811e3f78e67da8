/* SPDX-License-Identifier: MIT */
#include "kernel/symbol.h"

#include <inttypes.h>
#include <string.h>

#include "base/suggest.h"
#include "kernel/file_symbols.h"
#include "kernel/state.h"

bool kernel_has_symbol(struct kernel *kernel, const char *name, dill_virt *ret)
{
	const struct symbol_entry *entry = symbol_table_find(&kernel->symbols, name);

	if (!entry) {
		kernel_file_ask(kernel);
		entry = symbol_table_find(&kernel->file_symbols, name);
	}
	if (entry && ret)
		*ret = entry->value;
	return entry;
}

static void offer(struct suggest *suggest, const struct symbol_table *table)
{
	for (size_t i = 0; i < table->entries.count; i++)
		suggest_offer(suggest, symbol_table_name(table, &table->entries.items[i]));
}

static struct dill_error *not_found(struct kernel *kernel, const char *name)
{
	struct suggest suggest;

	suggest_init(&suggest, name);
	offer(&suggest, &kernel->symbols);
	offer(&suggest, &kernel->file_symbols);
	return dill_error_new(DILL_ERROR_NOT_FOUND, "the kernel has no symbol %s%s", name,
			      suggest_text(&suggest));
}

struct dill_error *kernel_symbol(struct kernel *kernel, const char *name, dill_virt *ret)
{
	return kernel_has_symbol(kernel, name, ret) ? NULL : not_found(kernel, name);
}

/* In order: init data lies between the others' symbols on some kernels, and in it what the per-CPU
 * areas were copied from (since 6.15, where per-CPU symbols have addresses in the image). */
static const struct {
	const char *first, *end, *name;
} sections[IMAGE_SECTIONS] = {
	{"__per_cpu_start", "__per_cpu_end", ".data..percpu"},
	{"_sinittext", "_einittext", ".init.text"},
	{"__init_begin", "__init_end", ".init"},
	{"_stext", "_etext", ".text"},
	{"__start_rodata", "__end_rodata", IMAGE_CONSTANTS},
	{"_sdata", "_edata", ".data"},
	{"__bss_start", "__bss_stop", ".bss"},
	{"__brk_base", "__brk_limit", ".brk"},
};

bool kernel_image_section_at(struct kernel *kernel, unsigned index, const char **ret_name,
			     dill_virt *ret_first, dill_virt *ret_end)
{
	*ret_name = sections[index].name;
	return kernel_has_symbol(kernel, sections[index].first, ret_first) &&
	       kernel_has_symbol(kernel, sections[index].end, ret_end) && *ret_first < *ret_end;
}

const char *kernel_image_section(struct kernel *kernel, dill_virt address)
{
	const char *name;
	dill_virt first, end;

	for (unsigned i = 0; i < IMAGE_SECTIONS; i++)
		if (kernel_image_section_at(kernel, i, &name, &first, &end) && address >= first &&
		    address < end)
			return name;
	return NULL;
}

/* Larger than any variable, and than any that is constant. */
#define VARIABLE_MAX (UINT64_C(1) << 20)
#define CONSTANT_MAX (UINT64_C(128) << 10)

/*
 * Whether an address behind a symbol's can belong to it: kallsyms knows no sizes, and between
 * symbols lies much that has none, string literals above all.
 */
static bool may_reach(struct kernel *kernel, const struct symbol_entry *entry, const char *name,
		      dill_virt address)
{
	const char *section;
	uint64_t offset = address - entry->value;

	if (!offset || ((entry->kind | 0x20) == 't' && offset < VARIABLE_MAX))
		return true;
	/* The linker's marks of where something ends. */
	if (!strncmp(name, "__stop_", 7) || !strncmp(name, "__end_", 6))
		return false;
	section = kernel_image_section(kernel, address);
	return offset <
	       (section && !strcmp(section, IMAGE_CONSTANTS) ? CONSTANT_MAX : VARIABLE_MAX);
}

const struct symbol_entry *kernel_nearest_symbol(struct kernel *kernel, uint64_t value,
						 const char **ret_name)
{
	const struct symbol_table *table = &kernel->symbols;
	const struct symbol_entry *entry = symbol_table_at(table, value), *other = NULL;

	if (kernel->symbols_lack_data)
		other = symbol_table_at(&kernel->file_symbols, value);
	if (other && (!entry || other->value > entry->value)) {
		table = &kernel->file_symbols;
		entry = other;
	}
	if (entry)
		*ret_name = symbol_table_name(table, entry);
	return entry;
}

struct dill_error *kernel_symbol_at(struct kernel *kernel, dill_virt address, struct symbol *ret)
{
	const struct symbol_entry *entry = NULL;
	const char *name;

	if (address >= kernel->image.base && address - kernel->image.base < kernel->image.size)
		entry = kernel_nearest_symbol(kernel, address, &name);
	if (!entry || entry->value < kernel->image.base)
		return dill_error_new(DILL_ERROR_NOT_FOUND,
				      "0x%" PRIx64 " is not in the kernel image", address);
	if (!may_reach(kernel, entry, name, address))
		return dill_error_new(DILL_ERROR_NOT_FOUND,
				      "0x%" PRIx64 " is in the kernel image, but far from any "
				      "symbol",
				      address);
	*ret = (struct symbol){
		.name = name,
		.address = entry->value,
		.kind = entry->kind,
	};
	return NULL;
}

/* Bytes from @p address to the next symbol behind it; 0 when there is none. */
static uint64_t room_in(const struct symbol_table *table, dill_virt address)
{
	const struct symbol_entry *entry = symbol_table_at(table, address);
	const struct symbol_entry *end = table->entries.items + table->entries.count;

	if (!entry)
		return 0;
	while (entry < end && entry->value <= address)
		entry++;
	return entry < end ? entry->value - address : 0;
}

uint64_t kernel_symbol_room(struct kernel *kernel, dill_virt address)
{
	const char *name;
	const struct symbol_entry *entry = kernel_nearest_symbol(kernel, address, &name);
	uint64_t room, other;

	if (!entry || entry->value != address)
		return 0;
	room = room_in(&kernel->symbols, address);
	other = kernel->symbols_lack_data ? room_in(&kernel->file_symbols, address) : 0;
	return other && (!room || other < room) ? other : room;
}

typedef struct dill_error *(*symbol_visitor)(void *context, const struct symbol *symbol);

/* Visit the symbols of a table that another one has not. */
static struct dill_error *each_of(const struct symbol_table *table,
				  const struct symbol_table *before, const char *prefix,
				  symbol_visitor visit, void *context)
{
	size_t length = strlen(prefix);

	for (size_t i = 0; i < table->entries.count; i++) {
		const struct symbol_entry *entry = &table->entries.items[i];
		const struct symbol symbol = {
			.name = symbol_table_name(table, entry),
			.address = entry->value,
			.kind = entry->kind,
		};

		if (!strncmp(symbol.name, prefix, length) &&
		    !(before && symbol_table_find(before, symbol.name)))
			TRY(visit(context, &symbol));
	}
	return NULL;
}

struct dill_error *kernel_each_symbol(struct kernel *kernel, const char *prefix,
				      struct dill_error *(*visit)(void *context,
								  const struct symbol *symbol),
				      void *context)
{
	TRY(each_of(&kernel->symbols, NULL, prefix, visit, context));
	return each_of(&kernel->file_symbols, &kernel->symbols, prefix, visit, context);
}
