/* SPDX-License-Identifier: MIT */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/db.h"

/*
 * What a trace file consists of; docs/trace-db.md explains the tables to users. A change that an
 * older dill cannot read, or reads wrongly, needs another SCHEMA_VERSION.
 */

#define SCHEMA_APPLICATION_ID 0x64696c6c /* "dill", in SQLite's header: file(1) shows it */
#define SCHEMA_VERSION	      1		 /* user_version of the header */

/** A kind of SQLite file that dill writes. */
struct db_kind {
	uint32_t application_id, version; /**< of SQLite's header */
	const char *name;		  /**< "trace", for messages */
	/** Make the tables in a new file. */
	struct dill_error *(*create)(sqlite3 *db);
	/** BAD_DATA unless every table is there exactly as create() makes it. */
	struct dill_error *(*check)(sqlite3 *db);
	/** Whether a file holds anything that is worth keeping when a new one takes its place. */
	const char *worth; /**< a query that gives 0 or 1 */
};

extern const struct db_kind db_trace;

/** Check that tables are as their CREATE says. */
struct db_table {
	const char *name, *sql;
};
DILL_MUST_CHECK struct dill_error *tables_create(sqlite3 *db, const struct db_kind *kind,
						 const struct db_table *tables, size_t count);
DILL_MUST_CHECK struct dill_error *tables_check(sqlite3 *db, const struct db_table *tables,
						size_t count);

/** Make the tables in a new file. */
DILL_MUST_CHECK struct dill_error *schema_create(sqlite3 *db);

/** Make the index, when all events are in. */
DILL_MUST_CHECK struct dill_error *schema_index(sqlite3 *db);

/** BAD_DATA unless every table is there exactly as schema_create() makes it. */
DILL_MUST_CHECK struct dill_error *schema_check(sqlite3 *db);

/** NULL when the file at @p path begins as one of this kind and version does; else why not. */
DILL_MUST_CHECK struct dill_error *schema_check_header(const char *path,
						       const struct db_kind *kind);

#endif
