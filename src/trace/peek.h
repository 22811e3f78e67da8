/* SPDX-License-Identifier: MIT */
#ifndef TRACE_PEEK_H
#define TRACE_PEEK_H

#include "kernel/kernel.h"

/**
 * Small reads of kernel memory while a target stands at an event: past every cache, because the
 * target has run since the last one, and with as few round trips as can be.
 */
struct peek {
	/**
	 * @param length  at most a page
	 * @return NULL; FAULT; fatal errors
	 */
	struct dill_error *(*read)(struct peek *peek, dill_virt address, void *buffer,
				   size_t length);
};

/**
 * By a target's own run control. Where its physical memory can be read without asking it, addresses
 * are translated here; else the stopped CPU does it.
 * @param kernel  borrowed, must outlive the result, as the target of @p runner must
 */
DILL_MUST_CHECK struct dill_error *peek_new(struct kernel *kernel, struct dill_runner runner,
					    struct peek **ret);
void peek_free(struct peek *peek);
DEFINE_CLEANUP(struct peek *, peek_free)

static inline struct dill_error *peek_u64(struct peek *peek, dill_virt address, uint64_t *ret)
{
	return peek->read(peek, address, ret, sizeof(*ret));
}

#endif
