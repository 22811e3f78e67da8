/* SPDX-License-Identifier: MIT */
#ifndef TRACE_UNWINDER_H
#define TRACE_UNWINDER_H

#include "trace/probe.h"
#include "trace/unwind.h"

/**
 * Makes backtraces in a kernel: by ORC where the kernel has its tables, which it was built with or
 * not; else by frame pointers, where its functions keep them.
 *
 * Tables are read once: those of the kernel at the start, a module's when it is first met.
 */
struct unwinder;

/**
 * @param kernel  borrowed, must outlive the result
 * @param peek    borrowed, likewise
 * @param probes  functions of the kernel, to see whether they keep frame pointers
 * @return NULL; UNSUPPORTED when the kernel has neither, or its tables are not understood; what
 * reading failed with
 */
DILL_MUST_CHECK struct dill_error *unwinder_new(struct kernel *kernel, struct peek *peek,
						const struct probe_list *probes,
						struct unwinder **ret);
void unwinder_free(struct unwinder *unwinder);
DEFINE_CLEANUP(struct unwinder *, unwinder_free)

/** "ORC" or "frame pointers". */
const char *unwinder_method(const struct unwinder *unwinder);

/**
 * Walk the stack of a CPU that stands at the first instruction of a function.
 * @param registers  by enum dill_register
 * @return NULL, with as much as could be found; fatal errors
 */
DILL_MUST_CHECK struct dill_error *unwinder_walk(struct unwinder *unwinder,
						 const uint64_t *registers, struct backtrace *ret);

#endif
