/* SPDX-License-Identifier: MIT */
#include "command/symbol_text.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/module_symbol.h"
#include "kernel/region.h"

static struct dill_error *read_kernel(void *context, uint64_t address, void *buffer, size_t length)
{
	return kernel_read(context, address, buffer, length);
}

static struct dill_error *append(void *context, uint64_t address, enum symbol_reach reach,
				 struct strbuf *text)
{
	return symbol_append(context, address, reach, text);
}

static bool is_constant(struct kernel *kernel, uint64_t address)
{
	const char *section = kernel_image_section(kernel, address);

	return section && !strcmp(section, IMAGE_CONSTANTS);
}

struct dill_error *symbol_append(struct kernel *kernel, uint64_t address, enum symbol_reach reach,
				 struct strbuf *text)
{
	struct symbol symbol;
	struct dill_error *error = kernel_symbol_at(kernel, address, &symbol);

	TRY(error_forgive(error));
	if (error)
		return reach == SYMBOL_EXACT ? module_append_exact_symbol(kernel, address, text)
					     : module_append_symbol(kernel, address, false, text);
	if (address != symbol.address &&
	    (reach == SYMBOL_EXACT || (reach == SYMBOL_NO_LITERAL && is_constant(kernel, address))))
		return NULL;
	strbuf_append_escaped(text, symbol.name, strlen(symbol.name));
	if (address != symbol.address)
		strbuf_append_format(text, "+%#" PRIx64, address - symbol.address);
	return NULL;
}

struct dill_error *symbol_text(struct kernel *kernel, uint64_t address, struct arena *arena,
			       const char **ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	TRY(symbol_append(kernel, address, SYMBOL_INSIDE, &text));
	if (!text.length)
		strbuf_append_format(&text, "0x%016" PRIx64, address);
	TRY(strbuf_error(&text));
	*ret = arena_copy_text(arena, text.data, text.length);
	return *ret ? NULL : error_no_memory();
}

struct value_reader kernel_value_reader(struct kernel *kernel)
{
	return (struct value_reader){read_kernel, append, kernel};
}
