/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_MODULE_H
#define KERNEL_MODULE_H

#include <dill/target.h>

#include "base/error.h"

struct kernel;

/** Bytes of struct module.name with its NUL: 64 - sizeof(unsigned long). */
#define MODULE_NAME_SIZE 57u

/** Where in which loaded module an address is. */
struct module_place {
	bool found;
	dill_virt module;	     /**< its struct module */
	char name[MODULE_NAME_SIZE]; /**< raw bytes: escape before display */
	dill_virt base;		     /**< of the part that holds the address */
	uint64_t size;
};

/**
 * Find the module that @p address lies in.
 * @return NULL; UNSUPPORTED when this kernel's modules are not understood; FAULT or BAD_DATA when
 * their list is broken; fatal errors
 */
DILL_MUST_CHECK struct dill_error *module_find(struct kernel *kernel, dill_virt address,
					       struct module_place *ret);

/** Gets each loaded module: its struct module, and its name as raw bytes. *ret_done ends the walk.
 */
typedef struct dill_error *(*module_visitor)(void *context, dill_virt module, const char *name,
					     bool *ret_done);

/** Visit all loaded modules. @return as module_find(); what the visitor fails with */
DILL_MUST_CHECK struct dill_error *modules_each(struct kernel *kernel, module_visitor visit,
						void *context);

/** A part of a module: text, data, what is constant, what is gone after its start. */
struct module_part {
	unsigned index; /**< its number, an enum mod_mem_type; before 6.4 0 = core, 1 = init */
	dill_virt base;
	uint64_t size;
};

/** Visit the parts of a module that have any bytes. @return as module_find(); what the visitor
 * fails with */
DILL_MUST_CHECK struct dill_error *module_parts_each(
	struct kernel *kernel, dill_virt module,
	struct dill_error *(*visit)(void *context, const struct module_part *part), void *context);

#endif
