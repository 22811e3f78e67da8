/* SPDX-License-Identifier: MIT */
#include "symbols/listing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/write_all.h"
#include "kernel/kernel_types.h"
#include "kernel/symbol.h"
#include "symbols/modules.h"

static struct dill_error *put(int fd, const void *bytes, size_t length)
{
	return write_all(fd, bytes, length) ? NULL : dill_error_new_os(errno, "cannot write it");
}

/* --- symbols --- */

/* Names of modules' parts begin with the module's. */
static void append_module(const struct sections *sections, dill_virt address, struct strbuf *text)
{
	size_t index;
	const char *name, *end;

	if (!sections_find(sections, address, &index))
		return;
	name = sections->all.items[index].name;
	end = strchr(name, '.');
	if (end && end > name)
		strbuf_append_format(text, "\t[%.*s]", (int)(end - name), name);
}

static struct dill_error *write_symbols(const struct file_symbols *symbols,
					const struct sections *modules, int fd)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	for (size_t i = 0; i < symbols->all.count; i++) {
		const struct file_symbol *symbol = &symbols->all.items[i];

		strbuf_append_format(&text, "%016" PRIx64 " %c %s", symbol->address, symbol->kind,
				     symbol->name);
		append_module(modules, symbol->address, &text);
		strbuf_append_char(&text, '\n');
	}
	TRY(strbuf_error(&text));
	return put(fd, strbuf_get(&text), text.length);
}

static struct dill_error *gather(struct modules *modules, bool with_modules,
				 struct symbol_file_counts *counts)
{
	struct dill_error *error;

	TRY(file_symbols_of_kernel(modules->kernel, modules->symbols));
	error = with_modules ? modules_add(modules) : NULL;
	if (error && error_is_fatal(error))
		return error;
	if (error)
		strbuf_append_format(&counts->why, "modules: %s", dill_error_text(error));
	dill_error_free(error);
	counts->modules = modules->count;
	sections_settle(modules->sections);
	TRY(file_symbols_settle(modules->symbols, modules->sections));
	counts->symbols = modules->symbols->all.count;
	return NULL;
}

struct dill_error *symbol_map_write(struct kernel *kernel,
				    const struct symbol_file_request *request, int fd,
				    struct symbol_file_counts *ret)
{
	struct file_symbols symbols = {0};
	struct sections sections = {0};
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct dill_error *error;

	*ret = (struct symbol_file_counts){0};
	TRY(arena_new(&arena));

	struct modules modules = {
		.kernel = kernel, .arena = arena, .sections = &sections, .symbols = &symbols};

	error = gather(&modules, request->modules, ret);
	if (!error)
		error = write_symbols(&symbols, &sections, fd);
	file_symbols_deinit(&symbols);
	sections_deinit(&sections);
	return error;
}

/* --- types --- */

struct dill_error *symbol_btf_write(struct kernel *kernel, int fd, struct symbol_file_counts *ret)
{
	struct dill_error *error;
	struct types *types;
	uint8_t *blob;
	size_t size;

	*ret = (struct symbol_file_counts){0};
	TRY(kernel_read_btf(kernel, &blob, &size));
	TRY(dill_error_add_context(btf_types_new(blob, size, &types), "the kernel's BTF"));
	ret->types = types->ops->id_limit(types) - 1;
	error = put(fd, blob, size); /* which the types keep */
	types_free(types);
	return error;
}
