/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_private.h"

/*
 * The journal is what makes a file readable after a kill, also in the midst of a commit. It stays
 * small, as nearly all that is written is new. The host's own crash is not guarded against: waiting
 * for the disk would stop the guest.
 */
static const char settings[] = "PRAGMA page_size = 8192;"
			       "PRAGMA locking_mode = EXCLUSIVE;"
			       "PRAGMA journal_mode = TRUNCATE;"
			       "PRAGMA synchronous = OFF;"
			       "PRAGMA cache_size = -16384;";

/* Others may read the file from now on; SQLite gives the lock back with the next access. */
static const char unlock[] = "PRAGMA journal_mode = DELETE;"
			     "PRAGMA locking_mode = NORMAL;"
			     "SELECT count(*) FROM meta;";

struct dill_error *db_create(const char *path, const struct db_kind *kind, sqlite3 **ret)
{
	_cleanup_(db_closep)
	sqlite3 *db = NULL;
	_cleanup_(freep)
	char *name = path ? db_file_name(path) : strdup("");

	if (!name)
		return error_no_memory();
	if (path)
		TRY(store_make_room(name, kind));
	if (sqlite3_open_v2(name, &db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		return db_error(db);
	TRY(db_run(db, settings));
	*ret = steal(db);
	return NULL;
}

struct dill_error *db_release(sqlite3 *db)
{
	return db_run(db, unlock);
}

static struct dill_error *meta_set(sqlite3 *db, const char *key, const char *text, uint64_t number)
{
	_cleanup_(db_statement_freep)
	sqlite3_stmt *statement = NULL;

	TRY(db_prepare(db, "INSERT OR REPLACE INTO meta VALUES (?, ?)", &statement));
	sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC);
	if (text)
		sqlite3_bind_text(statement, 2, text, -1, SQLITE_STATIC);
	else
		sqlite3_bind_int64(statement, 2, (sqlite3_int64)number);
	return db_finish(statement);
}

struct dill_error *meta_set_text(sqlite3 *db, const char *key, const char *value)
{
	return value ? meta_set(db, key, value, 0) : NULL;
}

struct dill_error *meta_set_number(sqlite3 *db, const char *key, uint64_t value)
{
	return meta_set(db, key, NULL, value);
}
