/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_VOTES_H
#define KERNEL_TASK_VOTES_H

#include "kernel/task_private.h"

/**
 * Check types that a file describes on the tasks themselves: the list of processes closes, names
 * are text, numbers are numbers of processes, parents are tasks, and the idle task is what it is in
 * every kernel.
 * @return NULL; INVALID_ARGUMENT that names the members that do not fit, and what was read there;
 * fatal errors
 */
DILL_MUST_CHECK struct dill_error *task_votes_check(const struct tasks *tasks);

#endif
