/* SPDX-License-Identifier: MIT */
#include "kernel/file_symbols.h"

#include "kernel/state.h"
#include "target/target.h"

struct dill_error *kernel_file_symbols(struct kernel *kernel, struct symbol_table *table,
				       uint64_t *ret_slide)
{
	dill_virt linked_base;
	uint64_t slide;

	TRY(image_file_symbols(kernel->file, table, &linked_base));
	slide = kernel->image.base - linked_base;
	*ret_slide = slide;
	/* Below the image lie per-CPU offsets and absolute values, which do not move. */
	for (size_t i = 0; i < table->entries.count; i++)
		if (table->entries.items[i].value >= KERNEL_WINDOW_FIRST)
			table->entries.items[i].value += slide;
	return NULL;
}

void kernel_file_ask(struct kernel *kernel)
{
	struct dill_error *error;
	uint64_t slide;

	if (kernel->file_was_asked || !kernel->file || !kernel->symbols_lack_data)
		return;
	kernel->file_was_asked = true;
	/* A stripped kernel has only what the target has, too. */
	if (!image_file_has_symtab(kernel->file))
		return;
	error = kernel_file_symbols(kernel, &kernel->file_symbols, &slide);
	if (!error)
		return;
	symbol_table_deinit(&kernel->file_symbols);
	if (!kernel->file_is_offered)
		target_log(kernel->target, "%s", dill_error_text(error));
	dill_error_free(error);
}
