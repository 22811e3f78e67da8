/* SPDX-License-Identifier: MIT */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include "base/arena.h"
#include "base/error.h"

/**
 * A question in SQL to a file that dill wrote: a heap export, or a trace.
 *
 * The file may come from anybody, and is only read: nothing of its own schema is run, no other file
 * is opened. Beside its tables there are the views of this dill, whichever wrote the file.
 */
struct query;

/** Asked now and then while a query runs: true ends it. */
struct query_stop {
	bool (*wanted)(void *context); /**< NULL = never */
	void *context;
};

/**
 * @param sql  one statement that reads; NULL lists the tables and views with their columns
 * @return NULL; INVALID_ARGUMENT with what SQLite says of the statement, and with near names;
 * BAD_DATA when the file is neither an export nor a trace, or damaged; UNSUPPORTED when it has
 * another format; OS
 */
DILL_MUST_CHECK struct dill_error *query_new(const char *path, const char *sql,
					     const struct query_stop *stop, struct query **ret);
void query_free(struct query *query);
DEFINE_CLEANUP(struct query *, query_free)

size_t query_column_count(const struct query *query);
/** Name of a column, printable; lives in @p arena. NULL without memory. */
const char *query_column_name(const struct query *query, size_t column, struct arena *arena);

struct query_value {
	const char *text; /**< printable, a number as JSON has it; NULL for NULL */
	bool is_number;
};

/**
 * The next row.
 * @param values   room for query_column_count() values, which live in @p arena
 * @param ret_row  false behind the last row
 * @return NULL; as query_new(); INTERRUPTED
 */
DILL_MUST_CHECK struct dill_error *query_next(struct query *query, struct arena *arena,
					      struct query_value *values, bool *ret_row);

#endif
