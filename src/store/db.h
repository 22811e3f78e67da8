/* SPDX-License-Identifier: MIT */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <sqlite3.h>

#include "base/arena.h"
#include "base/error.h"

/*
 * SQLite, with dill's errors. A file that is read is foreign until checked: SQLite finds what is
 * damaged in its pages, the callers what makes no sense in the values.
 */

/** What SQLite last failed with; BAD_DATA when the file is damaged, OS when the host fails. */
DILL_MUST_CHECK struct dill_error *db_error(sqlite3 *db);

/** Run statements that give no rows, or whose rows do not matter. */
DILL_MUST_CHECK struct dill_error *db_run(sqlite3 *db, const char *sql);

/** @param ret  sqlite3_finalize() it; db_statement_free() is the scope guard's */
DILL_MUST_CHECK struct dill_error *db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret);

/** Step to the next row; *ret_row false behind the last. */
DILL_MUST_CHECK struct dill_error *db_step(sqlite3_stmt *statement, bool *ret_row);

/** Step a statement that gives no row, and make it ready for the next use. */
DILL_MUST_CHECK struct dill_error *db_finish(sqlite3_stmt *statement);

/** The number that a query's first row begins with; 0 without a row. */
DILL_MUST_CHECK struct dill_error *db_number(sqlite3 *db, const char *sql, int64_t *ret);

/** Most bytes of one text of a file that are shown. */
#define DB_TEXT_MAX 1024

/**
 * The text in a column, safe to display: cut to DB_TEXT_MAX, control characters and what is no
 * UTF-8 escaped. *ret is NULL for NULL, and lives in @p arena.
 */
DILL_MUST_CHECK struct dill_error *db_text(sqlite3_stmt *statement, int column, struct arena *arena,
					   const char **ret);

/** A path as SQLite takes it for a file, not for ":memory:" and the like. The caller's; NULL =
 * without memory. */
char *db_file_name(const char *path);

static inline void db_statement_freep(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

static inline void db_closep(sqlite3 **db)
{
	sqlite3_close(*db);
}

#endif
