/* SPDX-License-Identifier: MIT */
#include "symbols/isf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/write_all.h"
#include "kernel/facts.h"
#include "kernel/kernel_types.h"
#include "kernel/symbol.h"
#include "kernel/vm.h"
#include "symbols/isf_types.h"
#include "symbols/known_variables.h"
#include "symbols/symtab.h"

#define BANNER_MAX 1024u

/* All that becomes the table. */
struct isf_table {
	struct kernel *kernel;
	struct isf_types types;
	struct file_symbols symbols;
	struct known_variables known;
	struct strbuf text;
	size_t count; /* of symbols */
};

/* --- the banner --- */

static void append_base64(struct strbuf *text, const uint8_t *bytes, size_t length)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t word = (uint32_t)bytes[i] << 16 |
				(left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
				(left > 2 ? bytes[i + 2] : 0);

		strbuf_append_char(text, letters[word >> 18]);
		strbuf_append_char(text, letters[word >> 12 & 63]);
		strbuf_append_bytes(text, left > 1 ? &letters[word >> 6 & 63] : "=", 1);
		strbuf_append_bytes(text, left > 2 ? &letters[word & 63] : "=", 1);
	}
}

/* Byte for byte, with its end: volatility 3 looks for it in images of memory. */
static struct dill_error *append_banner(struct isf_table *table, dill_virt address)
{
	uint8_t banner[BANNER_MAX];
	size_t length;

	TRY(kernel_read(table->kernel, address, banner, sizeof(banner)));
	length = strnlen((const char *)banner, sizeof(banner) - 1);
	strbuf_append(&table->text, ",\"constant_data\":\"");
	append_base64(&table->text, banner, length + 1);
	strbuf_append_char(&table->text, '"');
	return NULL;
}

/* --- symbols --- */

/* An address as it was linked: the image's own move, per-CPU variables and constants do not. */
static uint64_t linked(const struct kernel_facts *facts, dill_virt address)
{
	return address - facts->base < facts->image_size ? address - facts->slide : address;
}

/* 0 = not known. */
static type_id type_of(const struct isf_table *table, const struct file_symbol *symbol)
{
	for (size_t i = 0; i < table->known.count; i++)
		if (table->known.items[i].address == symbol->address &&
		    strcmp(table->known.items[i].name, symbol->name) == 0)
			return table->known.items[i].type;
	return 0;
}

static void append_type(struct isf_table *table, const struct file_symbol *symbol)
{
	type_id type = type_of(table, symbol);

	if (type) {
		strbuf_append(&table->text, ",\"type\":");
		isf_append_reference(&table->types, type);
	} else if (strchr("tTwW", symbol->kind)) {
		strbuf_append(&table->text, ",\"type\":{\"kind\":\"function\"}");
	}
}

static struct dill_error *append_symbol(struct isf_table *table, const struct file_symbol *symbol)
{
	if (table->count++)
		strbuf_append(&table->text, ",\n");
	isf_append_text(&table->text, symbol->name);
	strbuf_append_format(&table->text, ":{\"address\":%" PRIu64,
			     linked(kernel_facts(table->kernel), symbol->address));
	append_type(table, symbol);
	if (strcmp(symbol->name, "linux_banner") == 0)
		TRY(append_banner(table, symbol->address));
	strbuf_append_char(&table->text, '}');
	return NULL;
}

/* By name; of several with one name the first in memory. */
static int compare(const void *left, const void *right)
{
	const struct file_symbol *const *a = left, *const *b = right;
	int order = strcmp((*a)->name, (*b)->name);

	return order ? order : ((*a)->address > (*b)->address) - ((*a)->address < (*b)->address);
}

static struct dill_error *append_symbols(struct isf_table *table)
{
	size_t count = table->symbols.all.count;
	const struct file_symbol **order = calloc(count + 1, sizeof(*order));
	struct dill_error *error = order ? NULL : error_no_memory();

	for (size_t i = 0; !error && i < count; i++)
		order[i] = &table->symbols.all.items[i];
	if (!error)
		qsort(order, count, sizeof(const struct file_symbol *), compare);
	for (size_t i = 0; !error && i < count; i++)
		if (!i || strcmp(order[i]->name, order[i - 1]->name) != 0)
			error = append_symbol(table, order[i]);
	free(order);
	return error;
}

/* --- the table --- */

static struct dill_error *append_all(struct isf_table *table)
{
	strbuf_append(&table->text, "{\"metadata\":{\"format\":\"6.2.0\","
				    "\"producer\":{\"name\":\"dill\",\"version\":\"" DILL_VERSION
				    "\"},\"linux\":{\"symbols\":[{\"name\":\"kallsyms\"}],"
				    "\"types\":[{\"name\":\"BTF\"}]}},\n");
	isf_append_types(&table->types);
	strbuf_append(&table->text, "\"symbols\":{\n");
	TRY(append_symbols(table));
	strbuf_append(&table->text, "\n}}\n");
	return strbuf_error(&table->text);
}

static struct dill_error *fill(struct isf_table *table, struct types *types,
			       const struct type_graph *graph)
{
	TRY(isf_types_begin(graph, &table->text, &table->types));
	TRY(file_symbols_of_kernel(table->kernel, &table->symbols));
	TRY(known_variables_find(table->kernel, types, &table->known));
	return append_all(table);
}

static void tell(const struct isf_table *table, struct symbol_file_counts *ret)
{
	ret->symbols = table->count;
	ret->types = table->types.types;
	ret->variables = table->known.count;
	if (table->types.left_out)
		strbuf_append_format(&ret->why,
				     "types: %zu types, members or enumerators make no sense and "
				     "are left out",
				     table->types.left_out);
}

struct dill_error *symbol_isf_write(struct kernel *kernel, int fd, struct symbol_file_counts *ret)
{
	struct isf_table table = {.kernel = kernel};
	struct type_graph graph = {0};
	struct dill_error *error;
	struct types *types;

	*ret = (struct symbol_file_counts){0};
	TRY(kernel_types(kernel, &types));
	error = type_graph_make(types, &graph);
	if (!error)
		error = fill(&table, types, &graph);
	if (!error && !write_all(fd, strbuf_get(&table.text), table.text.length))
		error = dill_error_new_os(errno, "cannot write it");
	tell(&table, ret);
	isf_types_deinit(&table.types);
	file_symbols_deinit(&table.symbols);
	strbuf_deinit(&table.text);
	type_graph_deinit(&graph);
	return error;
}
