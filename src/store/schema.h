/* SPDX-License-Identifier: MIT */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/db_kind.h"

/*
 * What a trace file consists of; docs/trace-db.md explains the tables to users. A change that an
 * older dill cannot read, or reads wrongly, needs another SCHEMA_VERSION.
 */

#define SCHEMA_APPLICATION_ID 0x64696c6c /* "dill", in SQLite's header: file(1) shows it */
#define SCHEMA_VERSION	      1		 /* user_version of the header */

extern const struct db_kind db_trace;

/** Make the tables in a new file. */
DILL_MUST_CHECK struct dill_error *schema_create(sqlite3 *db);

/** Make the index, when all events are in. */
DILL_MUST_CHECK struct dill_error *schema_index(sqlite3 *db);

/** BAD_DATA unless every table is there exactly as schema_create() makes it. */
DILL_MUST_CHECK struct dill_error *schema_check(sqlite3 *db);

#endif
