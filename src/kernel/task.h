/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_H
#define KERNEL_TASK_H

#include <dill/target.h>

#include "base/error.h"

struct kernel;

/** Bytes of task_struct.comm, more than any kernel has. */
#define TASK_COMM_MAX 64

/** What is known of a task; bits of task.has. */
enum task_field {
	TASK_TGID = 1 << 0,
	TASK_PARENT = 1 << 1,
	TASK_PARENT_PID = 1 << 2,
	TASK_STATE = 1 << 3,
	TASK_CPU = 1 << 4,
	TASK_UID = 1 << 5,
	TASK_STACK = 1 << 6,
	TASK_MM = 1 << 7,
	TASK_COMM = 1 << 8,
};

struct task {
	dill_virt address;
	unsigned has;		  /**< set of enum task_field: the members below that were read */
	uint32_t pid;		  /**< of this thread; always known */
	uint32_t tgid;		  /**< of the process */
	char comm[TASK_COMM_MAX]; /**< raw bytes, NUL-terminated: escape before display */
	size_t comm_length;
	const char *state;   /**< as in /proc/PID/status, "S (sleeping)"; a literal */
	dill_virt parent;    /**< real_parent: who gets its exit status */
	uint32_t parent_pid; /**< tgid of parent, "PPid:" in /proc/PID/status */
	uint32_t cpu;	     /**< it runs there, or ran there last */
	uint32_t uid;	     /**< real uid */
	dill_virt stack;     /**< lowest address of its kernel stack; 0 when given back */
	dill_virt mm;	     /**< mm_struct; 0 for kernel threads and zombies */
};

/** What can be wrong in the kernel's bookkeeping of tasks. */
enum task_finding_kind {
	TASK_FINDING_LIST,	 /**< links of a list contradict each other */
	TASK_FINDING_POINTER,	 /**< a pointer leads nowhere it could */
	TASK_FINDING_UNREADABLE, /**< memory that should be there cannot be read */
};

struct task_finding {
	enum task_finding_kind kind;
	const char *text;  /**< one clause; a literal */
	dill_virt task;	   /**< the task where it was met */
	dill_virt address; /**< of the pointer or member in doubt */
	bool has_values;
	uint64_t expected, seen;
};

/** Where tasks go. Both functions are required. */
struct task_visitor {
	/** @param task  borrowed for the call */
	struct dill_error *(*task)(void *context, const struct task *task);
	struct dill_error *(*finding)(void *context, const struct task_finding *finding);
	void *context;
};

#endif
