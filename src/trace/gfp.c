/* SPDX-License-Identifier: MIT */
#include "trace/gfp.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The table has about 40 rows and ends with one without a name. */
#define NAMES_MAX 128u
#define NAME_SIZE 64u

/* struct trace_print_flags, include/linux/tracepoint-defs.h; unchanged since 2.6.37. */
struct row {
	uint64_t mask, name;
};

static struct dill_error *read_row(struct kernel *kernel, dill_virt table, struct arena *arena,
				   struct gfp_names *names, bool *ret_last)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	_cleanup_(freep)
	char *raw = NULL;
	struct row row;

	TRY(kernel_read(kernel, table + names->count * sizeof(row), &row, sizeof(row)));
	*ret_last = !row.name;
	if (!row.name)
		return NULL;
	TRY(kernel_read_string(kernel, row.name, NAME_SIZE, &raw));
	strbuf_append_escaped(&text, raw, strlen(raw));
	TRY(strbuf_error(&text));

	struct gfp_name *name = &names->items[names->count];

	name->mask = row.mask;
	name->name = arena_copy_text(arena, strbuf_get(&text), text.length);
	if (!name->name)
		return error_no_memory();
	names->count++;
	return NULL;
}

struct dill_error *gfp_names_read(struct kernel *kernel, struct arena *arena, struct gfp_names *ret)
{
	dill_virt table;
	bool last = false;

	*ret = (struct gfp_names){0};
	if (!kernel_has_symbol(kernel, "gfpflag_names", &table))
		return NULL;
	ret->items = arena_alloc_array(arena, NAMES_MAX, sizeof(*ret->items));
	if (!ret->items)
		return error_no_memory();
	while (!last && ret->count < NAMES_MAX) {
		struct dill_error *error = read_row(kernel, table, arena, ret, &last);

		if (error && error_is_fatal(error))
			return error;
		last |= error != NULL;
		dill_error_free(error);
	}
	return NULL;
}

void gfp_append(const struct gfp_names *names, uint64_t flags, struct strbuf *ret)
{
	const char *separator = "";

	for (size_t i = 0; i < names->count; i++) {
		uint64_t mask = names->items[i].mask;

		if (!mask || (flags & mask) != mask)
			continue;
		strbuf_append_format(ret, "%s%s", separator, names->items[i].name);
		separator = "|";
		flags &= ~mask;
	}
	if (flags || !*separator)
		strbuf_append_format(ret, "%s0x%" PRIx64, separator, flags);
}
