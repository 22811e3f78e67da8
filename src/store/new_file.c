/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* SQLite says that it cannot, but not why: it tries again to read, and forgets the first reason. */
static struct dill_error *make_empty(const char *name)
{
	int file = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0644);

	if (file < 0)
		return dill_error_new_os(errno, "cannot create it");
	close(file);
	return NULL;
}

static struct dill_error *open_to_write(const char *name, sqlite3 **ret)
{
	_cleanup_(db_closep)
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(name, &db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		return db_error(db);
	TRY(db_run(db, settings));
	*ret = steal(db);
	return NULL;
}

struct dill_error *db_create(const char *path, const struct db_kind *kind, sqlite3 **ret)
{
	_cleanup_(freep)
	char *name = path ? db_file_name(path) : strdup("");
	struct dill_error *error;

	if (!name)
		return error_no_memory();
	if (path) {
		TRY(store_make_room(name, kind));
		TRY(make_empty(name));
	}
	error = open_to_write(name, ret);
	if (error && path)
		unlink(name);
	return error;
}

struct dill_error *db_write_again(const char *path, sqlite3 **ret)
{
	_cleanup_(db_closep)
	sqlite3 *db = NULL;
	_cleanup_(freep)
	char *name = db_file_name(path);

	if (!name)
		return error_no_memory();
	TRY(open_to_write(name, &db));
	TRY(db_run(db, "BEGIN EXCLUSIVE; COMMIT")); /* the lock stays */
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
