/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_MODULES_H
#define SYMBOLS_MODULES_H

#include "base/arena.h"
#include "symbols/frames.h"
#include "symbols/symtab.h"

/** What is known of the loaded modules goes to the kernel's. */
struct modules {
	struct kernel *kernel;
	struct arena *arena; /**< for names */
	struct sections *sections;
	struct file_symbols *symbols;
	struct frames *frames; /**< NULL = how to unwind is not wanted */
	const struct orc_layout *layout;
	const struct frame_registers *registers;
	size_t count; /**< out: modules */
	size_t bad;   /**< out: modules of which something could not be read */
};

/** Most modules that are looked at, and symbols of all of them. */
#define MODULES_FILE_MAX   2000u
#define MODULE_SYMBOLS_MAX (UINT32_C(1) << 21)

/**
 * Add the parts, symbols and unwinding of all loaded modules. What cannot be read of one is left
 * out.
 * @return NULL; what their list could not be read with; NO_MEMORY; fatal errors
 */
DILL_MUST_CHECK struct dill_error *modules_add(struct modules *modules);

#endif
