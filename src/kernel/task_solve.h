/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_SOLVE_H
#define KERNEL_TASK_SOLVE_H

#include <dill/target.h>

#include "kernel/kernel_members.h"

struct kernel;

/**
 * Find the tasks of a kernel without types: init_task by its name, "swapper", and around that a
 * list that closes, of things that have a text at the same distance. pid and tgid are two numbers
 * that all processes have the same: 0 of init_task, then 1 and 2; real_parent is what points to
 * init_task in these two.
 * @param ret            task_next, task_prev, task_comm, task_pid, task_tgid; task_parent where it
 * was found. The others are absent
 * @param ret_init_task  what offsets count from: the address of init_task, or where it seems to
 * begin when no symbol tells
 * @return NULL; NOT_FOUND when there are no tasks, or two columns fit; fatal errors
 */
DILL_MUST_CHECK struct dill_error *task_solve(struct kernel *kernel, struct kernel_members *ret,
					      dill_virt *ret_init_task);

#endif
