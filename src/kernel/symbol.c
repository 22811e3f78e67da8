/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/suggest.h"
#include "kernel/region.h"
#include "kernel/state.h"

bool kernel_has_symbol(struct kernel *kernel, const char *name, dill_virt *ret)
{
	const struct symbol_entry *entry = symbol_table_find(&kernel->symbols, name);

	if (entry && ret)
		*ret = entry->value;
	return entry;
}

static struct dill_error *not_found(struct kernel *kernel, const char *name)
{
	const struct symbol_table *table = &kernel->symbols;
	struct suggest suggest;

	suggest_init(&suggest, name);
	for (size_t i = 0; i < table->entries.count; i++)
		suggest_offer(&suggest, symbol_table_name(table, &table->entries.items[i]));
	return dill_error_new(DILL_ERROR_NOT_FOUND, "the kernel has no symbol %s%s", name,
			      suggest_text(&suggest));
}

struct dill_error *kernel_symbol(struct kernel *kernel, const char *name, dill_virt *ret)
{
	return kernel_has_symbol(kernel, name, ret) ? NULL : not_found(kernel, name);
}

/* Larger than any variable, and than any that is constant. */
#define VARIABLE_MAX (UINT64_C(1) << 20)
#define CONSTANT_MAX (UINT64_C(128) << 10)

/*
 * Whether an address behind a symbol's can belong to it: kallsyms knows no sizes, and between
 * symbols lies much that has none, string literals above all.
 */
static bool may_reach(struct kernel *kernel, const struct symbol_entry *entry, dill_virt address)
{
	const char *name = symbol_table_name(&kernel->symbols, entry), *section;
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

struct dill_error *kernel_symbol_at(struct kernel *kernel, dill_virt address, struct symbol *ret)
{
	const struct symbol_entry *entry = NULL;

	if (address >= kernel->image.base && address - kernel->image.base < kernel->image.size)
		entry = symbol_table_at(&kernel->symbols, address);
	if (!entry || entry->value < kernel->image.base)
		return dill_error_new(DILL_ERROR_NOT_FOUND,
				      "0x%" PRIx64 " is not in the kernel image", address);
	if (!may_reach(kernel, entry, address))
		return dill_error_new(DILL_ERROR_NOT_FOUND,
				      "0x%" PRIx64 " is in the kernel image, but far from any "
				      "symbol",
				      address);
	*ret = (struct symbol){
		.name = symbol_table_name(&kernel->symbols, entry),
		.address = entry->value,
		.kind = entry->kind,
	};
	return NULL;
}

uint64_t kernel_symbol_room(struct kernel *kernel, dill_virt address)
{
	const struct symbol_table *table = &kernel->symbols;
	const struct symbol_entry *entry = symbol_table_at(table, address);
	const struct symbol_entry *end = table->entries.items + table->entries.count;

	if (!entry || entry->value != address)
		return 0;
	while (entry < end && entry->value == address)
		entry++;
	return entry < end ? entry->value - address : 0;
}

struct dill_error *kernel_each_symbol(struct kernel *kernel, const char *prefix,
				      struct dill_error *(*visit)(void *context,
								  const struct symbol *symbol),
				      void *context)
{
	const struct symbol_table *table = &kernel->symbols;
	size_t length = strlen(prefix);

	for (size_t i = 0; i < table->entries.count; i++) {
		const struct symbol_entry *entry = &table->entries.items[i];
		const struct symbol symbol = {
			.name = symbol_table_name(table, entry),
			.address = entry->value,
			.kind = entry->kind,
		};

		if (!strncmp(symbol.name, prefix, length))
			TRY(visit(context, &symbol));
	}
	return NULL;
}
