/* SPDX-License-Identifier: MIT */
#include "kernel/known_machine.h"

#include "kernel/state.h"

struct dill_error *kernel_require_x86_64(struct kernel *kernel, const char *what)
{
	return kernel->arch == &arch_x86_64
		       ? NULL
		       : dill_error_new(DILL_ERROR_UNSUPPORTED, "on %s %s, as yet",
					kernel->arch->name, what);
}
