/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_H
#define KERNEL_TASK_H

#include <dill/target.h>

#include "base/error.h"

struct kernel;

/**
 * The tasks of a kernel: processes and their threads.
 *
 * Lists are followed forwards; where a link is broken the rest is fetched backwards from the other
 * end, so that one wrong pointer hides nothing. Numbers (pids, uids) are those of the initial
 * namespaces.
 */
struct tasks;

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

enum task_scope {
	TASK_SCOPE_PROCESSES, /**< thread group leaders */
	TASK_SCOPE_THREADS,   /**< each leader, then the other threads of its group */
};

/**
 * Resolve what is needed of the kernel's types and symbols.
 * @param kernel  borrowed, must outlive the tasks
 * @return NULL; NOT_FOUND with the member or symbol that is missing; fatal errors
 */
DILL_MUST_CHECK struct dill_error *tasks_new(struct kernel *kernel, struct tasks **ret);
void tasks_free(struct tasks *tasks);
DEFINE_CLEANUP(struct tasks *, tasks_free)

/**
 * Visit every task that /proc shows, in the order of their creation.
 * @return NULL; fatal errors; what the visitor returned. Broken lists are findings.
 */
DILL_MUST_CHECK struct dill_error *tasks_each(struct tasks *tasks, enum task_scope scope,
					      const struct task_visitor *visitor);

/** Visit the threads of the process that @p task belongs to, its leader first. Same errors. */
DILL_MUST_CHECK struct dill_error *tasks_each_thread(struct tasks *tasks, const struct task *task,
						     const struct task_visitor *visitor);

/**
 * Find a task by its number; threads that lead no group are found too, and 0 is the idle task of
 * the boot CPU.
 *
 * @param visitor  only its finding() is called
 * @return NULL; NOT_FOUND; fatal errors
 */
DILL_MUST_CHECK struct dill_error *tasks_find(struct tasks *tasks, uint32_t pid,
					      const struct task_visitor *visitor, struct task *ret);

/** Read one task_struct. FAULT when not even its pid can be read; other gaps become findings. */
DILL_MUST_CHECK struct dill_error *task_read(struct tasks *tasks, dill_virt address,
					     const struct task_visitor *visitor, struct task *ret);

/**
 * What /proc/PID/status calls the state in task_struct.__state and exit_state.
 * @return a literal such as "R (running)"
 */
const char *task_state_text(uint64_t state, uint64_t exit_state);

#endif
