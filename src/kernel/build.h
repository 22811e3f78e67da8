/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_BUILD_H
#define KERNEL_BUILD_H

#include "base/error.h"
#include "base/span.h"

struct kernel;
struct types;

/* What was kept of an earlier look at this build of the kernel. */

/** Take symbols and types that were kept of this build, if they were, where reading them takes
 * long; sets build_is_known. NULL; fatal errors */
DILL_MUST_CHECK struct dill_error *kernel_build_find(struct kernel *kernel);

/** The kept types; kernel->build_btf is there. */
DILL_MUST_CHECK struct dill_error *kernel_build_types(struct kernel *kernel, struct types **ret);

/** Keep the symbols, and the BTF when there is some, for the next time. NULL; fatal errors */
DILL_MUST_CHECK struct dill_error *kernel_build_keep(struct kernel *kernel, struct span btf);

#endif
