/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_RING_H
#define KERNEL_TASK_RING_H

#include "base/array.h"
#include "kernel/task_private.h"

/* Lists of tasks. */

struct addresses {
	ARRAY(dill_virt) found;
};

static inline void addresses_deinitp(struct addresses *addresses)
{
	array_free(&addresses->found);
}

/* A ring of list_heads: where its links lie in the head's owner and in each task. */
struct task_ring {
	dill_virt head; /* owner of the head */
	const struct member *head_next, *head_prev;
	const struct member *next, *prev;
	/* Texts of findings. */
	const char *unreadable, *stray, *contradiction, *endless;
};

#define RING_TEXTS(name)                                                                           \
	.unreadable = name ": a link cannot be read", .stray = name ": a link leads nowhere",      \
	.contradiction = name ": neighbours do not name each other",                               \
	.endless = name ": longer than any kernel allows"

/*
 * All tasks of @ring in order. When it is broken going forwards, what can be reached backwards from
 * its end is appended, and both breaks are reported (one, when it is the same pointer).
 */
struct dill_error *ring_collect(const struct tasks *tasks, const struct task_ring *ring,
				const struct task_visitor *visitor, struct addresses *ret);

#endif
