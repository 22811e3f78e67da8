/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_KNOWN_VARIABLES_H
#define SYMBOLS_KNOWN_VARIABLES_H

#include "kernel/kernel.h"
#include "types/type.h"

/** A variable of the kernel, and what it is. */
struct known_variable {
	const char *name;
	dill_virt address;
	type_id type;
};

/** Most of them. */
#define KNOWN_VARIABLES_MAX 8u

/** Variables whose type BTF does not tell. */
struct known_variables {
	struct known_variable items[KNOWN_VARIABLES_MAX];
	size_t count;
};

/**
 * Find the variables that dill itself reads, and of which the target's memory shows that they are
 * what they are taken for: the first task is called "swapper", a list leads back to its head. BTF
 * tells the types of per-CPU variables only.
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *known_variables_find(struct kernel *kernel, struct types *types,
							struct known_variables *ret);

#endif
