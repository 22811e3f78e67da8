/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_SYMBOL_TEXT_H
#define COMMAND_SYMBOL_TEXT_H

#include "base/arena.h"
#include "command/kstruct_value.h"
#include "kernel/kernel.h"

/** Append "symbol+0x1c" for an address inside of the kernel's image, "symbol+0x1c [module]" inside
 * of a module, nothing for others. */
DILL_MUST_CHECK struct dill_error *symbol_append(struct kernel *kernel, uint64_t address,
						 enum symbol_reach reach, struct strbuf *text);

/** The same as a text; a bare number for other addresses. *ret lives in @p arena. */
DILL_MUST_CHECK struct dill_error *symbol_text(struct kernel *kernel, uint64_t address,
					       struct arena *arena, const char **ret);

/** Values in the memory of @p kernel. */
struct value_reader kernel_value_reader(struct kernel *kernel);

#endif
