/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_READ_H
#define KERNEL_TASK_READ_H

#include "kernel/task_private.h"

/** Read one task_struct. FAULT when not even its pid can be read; other gaps become findings. */
DILL_MUST_CHECK struct dill_error *task_read(struct tasks *tasks, dill_virt address,
					     const struct task_visitor *visitor, struct task *ret);

/**
 * What /proc/PID/status calls the state in task_struct.__state and exit_state.
 * @return a literal such as "R (running)"
 */
const char *task_state_text(uint64_t state, uint64_t exit_state);

/* --- for the rest of this room --- */

/* Read a member of at most 8 bytes; NOT_FOUND when this kernel has none. */
struct dill_error *task_read_member(const struct tasks *tasks, dill_virt base,
				    const struct member *member, uint64_t *ret);

/* Read a member of a task; a gap becomes a finding. *has gets @field when it was read. */
struct dill_error *task_read_field(const struct tasks *tasks, dill_virt task, dill_virt base,
				   const struct member *member, enum task_field field,
				   const struct task_visitor *visitor, unsigned *has,
				   uint64_t *ret);

#endif
