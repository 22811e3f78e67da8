/* SPDX-License-Identifier: MIT */
#ifndef STORE_DB_KIND_H
#define STORE_DB_KIND_H

#include "store/db.h"

/** A view for people, with names instead of numbers. */
struct db_view {
	const char *name, *select; /**< NULL ends a list */
};

/** A kind of SQLite file that dill writes. */
struct db_kind {
	uint32_t application_id, version; /**< of SQLite's header */
	const char *name;		  /**< "trace", for messages */
	const char *readers;		  /**< who reads it: "\"diff\" reads it" */
	const char *make_again;		  /**< what to do with one of another format */
	const struct db_view *views;	  /**< that create() makes */
	/** Make the tables in a new file. */
	struct dill_error *(*create)(sqlite3 *db);
	/** BAD_DATA unless every table is there exactly as create() makes it. */
	struct dill_error *(*check)(sqlite3 *db);
	/** Whether a file holds anything that is worth keeping when a new one takes its place. */
	const char *worth; /**< a query that gives 0 or 1 */
};

/** A table, as its CREATE says. */
struct db_table {
	const char *name, *sql;
};
/** Make the tables of a new file, and say in its header which kind it is. */
DILL_MUST_CHECK struct dill_error *tables_create(sqlite3 *db, const struct db_kind *kind,
						 const struct db_table *tables, size_t count);
/** Make views, as @p what: "VIEW" in the file, or "TEMP VIEW" beside it. */
DILL_MUST_CHECK struct dill_error *views_create(sqlite3 *db, const struct db_view *views,
						const char *what);
/** BAD_DATA unless every table is there exactly so. */
DILL_MUST_CHECK struct dill_error *tables_check(sqlite3 *db, const struct db_table *tables,
						size_t count);

/** NULL when the file at @p path begins as one of this kind and version does; else why not. */
DILL_MUST_CHECK struct dill_error *db_check_header(const char *path, const struct db_kind *kind);

/** NULL when there is a regular file at @p path that can be read; else why not. */
DILL_MUST_CHECK struct dill_error *db_check_regular(const char *path);

/** The kind of a file by its header, in any version; NULL for all others, and when that cannot be
 * told. */
const struct db_kind *db_kind_of(const char *path);

/** Whether a regular file begins as SQLite's do; false also when that cannot be told. */
bool db_is_sqlite(const char *path);

#endif
