/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_KINDS_H
#define COMMAND_KINDS_H

#include "base/array.h"
#include "command/command.h"

/**
 * Kinds of records, each name once: a kind may exist in a short and a long form (a row of a table,
 * the whole thing), whose columns include the short one's; the long one stands for both.
 */
struct kinds {
	ARRAY(const struct dill_record_kind *) list;
};

/**
 * Collect the kinds that @p command may emit, in the order of its table; @p ret may hold those of
 * other commands already. Kinds that occur only inside of records are not among them.
 * @param ret  free with array_free(&ret->list)
 */
DILL_MUST_CHECK struct dill_error *kinds_of_command(const struct command *command,
						    struct kinds *ret);

/** Collect the kinds of the records that lie inside of records of @p kind, at any depth. */
DILL_MUST_CHECK struct dill_error *kinds_inside(const struct dill_record_kind *kind,
						struct kinds *ret);

/** What values of a column are called in docs: "address", "array of strings". */
const char *column_type_text(enum dill_column_type type);

#endif
