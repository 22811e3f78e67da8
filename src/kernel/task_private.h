/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_PRIVATE_H
#define KERNEL_TASK_PRIVATE_H

#include "kernel/members.h"
#include "kernel/task.h"
#include "kernel/xarray.h"

/*
 * Shared by the files of the tasks: task_read.c reads one task,
 * task_ring.c follows lists, task.c visits and finds tasks.
 */

struct tasks {
	struct kernel *kernel;
	const struct kernel_members *members;
	dill_virt init_task;
	/* The way by number; absent ones leave the walk. */
	bool has_pid_table;
	dill_virt pid_table; /* address of init_pid_ns.idr.idr_rt.xa_head */
	struct xarray_layout xarray;
};

/* The lower half of the address space is never the kernel's. */
static inline bool is_kernel_pointer(uint64_t value)
{
	return value >> 63 && value % sizeof(uint64_t) == 0;
}

/* True when an error only means "not readable"; it is freed then. */
static inline bool forgive(struct dill_error **error)
{
	if (!*error || error_is_fatal(*error))
		return false;
	dill_error_free(*error);
	*error = NULL;
	return true;
}

static inline struct dill_error *report(const struct task_visitor *visitor,
					const struct task_finding *finding)
{
	return visitor->finding(visitor->context, finding);
}

/* Read a member of at most 8 bytes; NOT_FOUND when this kernel has none. */
struct dill_error *task_read_member(const struct tasks *tasks, dill_virt base,
				    const struct member *member, uint64_t *ret);

/* Read a member of a task; a gap becomes a finding. *has gets @field when it was read. */
struct dill_error *task_read_field(const struct tasks *tasks, dill_virt task, dill_virt base,
				   const struct member *member, enum task_field field,
				   const struct task_visitor *visitor, unsigned *has,
				   uint64_t *ret);

struct addresses {
	ARRAY(dill_virt) found;
};

static inline void addresses_deinitp(struct addresses *addresses)
{
	array_free(&addresses->found);
}

/* A ring of list_heads: where its links lie in the head's owner and in each task. */
struct ring {
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
struct dill_error *ring_collect(const struct tasks *tasks, const struct ring *ring,
				const struct task_visitor *visitor, struct addresses *ret);

#endif
