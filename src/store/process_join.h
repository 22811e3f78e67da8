/* SPDX-License-Identifier: MIT */
#ifndef STORE_PROCESS_JOIN_H
#define STORE_PROCESS_JOIN_H

#include "store/totals.h"

/** Makes processes of the rows of a trace, which are threads by the names that they had. */
struct process_join {
	uint32_t *process_of; /**< of names.processes: index into totals->processes */
	uint32_t *name_of;    /**< of these: the same number for the same name of a process */
	uint64_t *name_events;
};

/** Fill totals->processes, without names. @param ret  process_join_deinit(), also after an error */
DILL_MUST_CHECK struct dill_error *process_join_init(struct process_join *ret,
						     struct trace_totals *totals);
void process_join_deinit(struct process_join *join);

/** Count an event of a row of names.processes. */
void process_join_note(struct process_join *join, uint32_t row);

/** Give each process the name that it had at most of its events. */
DILL_MUST_CHECK struct dill_error *process_join_name(const struct process_join *join,
						     struct trace_totals *totals);

#endif
