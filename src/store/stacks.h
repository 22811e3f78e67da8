/* SPDX-License-Identifier: MIT */
#ifndef STORE_STACKS_H
#define STORE_STACKS_H

#include "base/number_map.h"
#include "store/totals.h"

/** Backtraces that events name while they are counted. */
struct stack_numbers {
	struct number_map places; /**< index into totals->stacks, by number in the file */
	ARRAY(uint64_t) numbers;  /**< of each */
};

/** The index in totals->stacks that the backtrace of @p event will have; STORED_NONE without. */
DILL_MUST_CHECK struct dill_error *stack_numbers_note(struct stack_numbers *stacks,
						      const struct stored_event *event,
						      uint32_t *ret);
/** Read what was noted into totals->stacks. */
DILL_MUST_CHECK struct dill_error *stack_numbers_read(const struct stack_numbers *stacks,
						      struct trace_store *store,
						      struct trace_totals *totals);
void stack_numbers_deinit(struct stack_numbers *stacks);

enum trace_stack_by { TRACE_STACK_BY_CACHE, TRACE_STACK_BY_PROCESS };

/** Objects that were allocated by one caller whose callers were the same. */
struct trace_stack_group {
	uint32_t key; /**< a cell's cache or process, as asked for */
	/** The caller and its callers, innermost first, up to where an interrupt came in: for
	 * totals_caller_name(). */
	const uint32_t *symbols;
	size_t count;
	uint64_t objects, bytes;
	uint64_t oldest_ns; /**< when the first of them was allocated */
};

typedef ARRAY(struct trace_stack_group) trace_stack_groups;

/**
 * Sums of objects by cache or process and whole stack, most bytes first. Without recorded stacks
 * each has the caller alone.
 * @param alive_only  only of those that were not freed
 * @param arena       of the symbols
 * @param ret         free with array_free()
 */
DILL_MUST_CHECK struct dill_error *trace_stacks_group(const struct trace_totals *totals,
						      enum trace_stack_by by, bool alive_only,
						      struct arena *arena, trace_stack_groups *ret);

#endif
