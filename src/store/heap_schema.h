/* SPDX-License-Identifier: MIT */
#ifndef STORE_HEAP_SCHEMA_H
#define STORE_HEAP_SCHEMA_H

#include "store/store_private.h"

/*
 * What an exported heap consists of; docs/heap-db.md explains the tables to users. A change that an
 * older dill cannot read, or reads wrongly, needs another HEAP_VERSION.
 */

#define HEAP_APPLICATION_ID 0x64696c68 /* "dilh", in SQLite's header */
#define HEAP_VERSION	    2

extern const struct db_kind db_heap;

/** Make the indexes, when all rows are in. */
DILL_MUST_CHECK struct dill_error *heap_schema_index(sqlite3 *db);

#endif
