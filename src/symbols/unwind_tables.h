/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_UNWIND_TABLES_H
#define SYMBOLS_UNWIND_TABLES_H

#include "kernel/kernel.h"
#include "symbols/orc.h"

/** Where code is, and the ORC tables for it. */
struct unwind_tables {
	struct orc_table table;
	dill_virt base; /**< of the code, and its bytes */
	uint64_t size;
	uint8_t *memory; /**< what `table` points into; ours */
};

/** True when the kernel has ORC tables. */
bool unwind_tables_there(struct kernel *kernel);

/** Read those of the kernel image. NULL; BAD_DATA; what reading failed with. */
DILL_MUST_CHECK struct dill_error *unwind_tables_read(struct kernel *kernel,
						      const struct orc_layout *layout,
						      struct unwind_tables *ret);

/**
 * Read those of the module that @p address is in.
 * @param ret  its table is empty when it has none; its size is 0 when there is no module there
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *unwind_tables_of_module(struct kernel *kernel,
							   const struct orc_layout *layout,
							   dill_virt address,
							   struct unwind_tables *ret);

/**
 * Read those of a loaded module.
 * @param module  its struct module
 * @param ret     its table is empty when it has none; where its code is it does not say
 */
DILL_MUST_CHECK struct dill_error *unwind_tables_read_module(struct kernel *kernel,
							     const struct orc_layout *layout,
							     dill_virt module,
							     struct unwind_tables *ret);

void unwind_tables_deinit(struct unwind_tables *tables);

#endif
