/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYMBOL_TABLE_H
#define KERNEL_SYMBOL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"

/** Longest symbol name that is kept; the kernel's own bound is KSYM_NAME_LEN (512 since 6.1). */
#define SYMBOL_NAME_MAX 1024u

struct symbol_entry {
	uint64_t value; /**< run-time address; a per-CPU offset on kernels that keep those apart */
	uint32_t name;	/**< offset into the names */
	char kind;	/**< letter as in nm */
};

/**
 * Names and values of a kernel, by name and by value.
 *
 * Of several symbols with one name the first in the order of adding is found by name; kallsyms
 * lists them by address, so that is the lowest. Of several symbols with one value the first is
 * found by address, as kallsyms_lookup() does.
 *
 * Names are printable ASCII without blanks: whoever adds one has checked it.
 */
struct symbol_table {
	ARRAY(struct symbol_entry) entries; /**< sorted by value after symbol_table_index() */
	ARRAY(char) names;		    /**< each with its NUL */
	uint64_t *by_name;		    /**< hash << 32 | index into entries, sorted */
};

/** Add a symbol; @p length bytes at most SYMBOL_NAME_MAX. */
DILL_MUST_CHECK struct dill_error *symbol_table_add(struct symbol_table *table, uint64_t value,
						    char kind, const char *name, size_t length);

/** Call once after the last symbol_table_add(), before any lookup. */
DILL_MUST_CHECK struct dill_error *symbol_table_index(struct symbol_table *table);

/** Drop the symbols whose kind is none of @p kinds, and index the others. */
DILL_MUST_CHECK struct dill_error *symbol_table_keep(struct symbol_table *table, const char *kinds);

/** Entry of @p name, or NULL. */
const struct symbol_entry *symbol_table_find(const struct symbol_table *table, const char *name);

/** First entry with the largest value that is not above @p value, or NULL. */
const struct symbol_entry *symbol_table_at(const struct symbol_table *table, uint64_t value);

const char *symbol_table_name(const struct symbol_table *table, const struct symbol_entry *entry);

void symbol_table_deinit(struct symbol_table *table);

#endif
