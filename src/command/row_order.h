/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_ROW_ORDER_H
#define COMMAND_ROW_ORDER_H

#include "command/command.h"

/** The rows of one kind that a command can make, each as often as it is asked for. */
struct row_source {
	const struct dill_record_kind *kind;
	size_t count;
	/** Make row @p index, in @p arena; its texts must outlive that. */
	struct dill_error *(*make)(void *context, size_t index, struct arena *arena,
				   struct dill_record **ret);
	void *context;
};

/** In which order, and how many. */
struct row_order {
	size_t column; /**< SIZE_MAX = as the source has them */
	bool ascending;
	uint64_t rows; /**< at most so many */
};

/**
 * Read what --sort was given: a column by its name in JSON, "-NAME" for the other way round.
 * Numbers come largest first, texts by the alphabet.
 * @return NULL; INVALID_ARGUMENT, which names the columns that there are
 */
DILL_MUST_CHECK struct dill_error *row_order_parse(const char *word,
						   const struct dill_record_kind *kind,
						   struct row_order *ret);

/** Emit the first rows in an order; those that are equal stay as the source has them. */
DILL_MUST_CHECK struct dill_error *rows_emit(struct command_call *call,
					     const struct row_source *source,
					     const struct row_order *order);

/** @p part of @p whole in thousandths, for a column of UNIT_PERMILLE; 0 of nothing. */
static inline uint64_t permille(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((unsigned __int128)part * 1000 / whole) : 0;
}

/** Say a line below the table, where a person reads it. @p text is the arena's; NULL fails. */
DILL_MUST_CHECK struct dill_error *rows_note(struct command_call *call, const char *text);

#endif
