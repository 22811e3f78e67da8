/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "kernel/kallsyms.h"
#include "kernel/kallsyms_decode.h"
#include "kernel/kallsyms_values.h"

/**
 * The input is read-only data of a kernel. Whatever is found in it must be decodable without
 * touching anything outside, and every decoded symbol be found again.
 */
#define ADDRESS UINT64_C(0xffffffff9b000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_decoded(struct span bytes, const struct kallsyms_tables *tables)
{
	struct symbol_table table = {0};
	struct dill_error *error = kallsyms_decode(bytes, ADDRESS, tables, &table);

	if (!error)
		error = symbol_table_index(&table);
	if (!error && table.entries.count > tables->count)
		abort();
	for (size_t i = 0; !error && i < table.entries.count; i++) {
		const struct symbol_entry *entry = &table.entries.items[i];
		const char *name = symbol_table_name(&table, entry);
		const struct symbol_entry *found = symbol_table_find(&table, name);

		if (!found || strcmp(symbol_table_name(&table, found), name) != 0 ||
		    symbol_table_at(&table, entry->value)->value != entry->value)
			abort();
	}
	dill_error_free(error);
	symbol_table_deinit(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of its own, so that reading past the end is noticed whatever the fuzzer gives. */
	uint8_t *copy = malloc(size + 1);
	struct span bytes = {copy, size};
	struct kallsyms_tables tables;
	struct dill_error *error;
	enum kallsyms_form form;

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	error = kallsyms_find(bytes, ADDRESS, &tables);
	if (!error)
		check_decoded(bytes, &tables);
	dill_error_free(error);
	if (kallsyms_is_values(bytes, 8, 64, &form))
		kallsyms_values_extent(bytes, 8, 64, form);
	free(copy);
	return 0;
}
