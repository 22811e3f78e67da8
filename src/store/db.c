/* SPDX-License-Identifier: MIT */
#include "store/db.h"

#include <errno.h>
#include <stdio.h>

#include "base/strbuf.h"

/*
 * Why the host refused. SQLite tells that of some failures only; then errno still says it, unless
 * something has gone wrong since then: only what can be the reason is taken for it. 0 = not known.
 */
static int reason_of(sqlite3 *db, int failed)
{
	static const int reasons[] = {EFBIG, EDQUOT, EIO, EROFS, EACCES, EPERM, ESTALE};
	int told = sqlite3_system_errno(db);

	for (size_t i = 0; !told && i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (failed == reasons[i])
			told = failed;
	return told;
}

/* What the host refused, and why: SQLite's own words leave the reason out. */
static struct dill_error *host_error(sqlite3 *db, int code, int failed)
{
	int reason = reason_of(db, failed);

	switch (code & 0xff) {
	case SQLITE_FULL:
		return dill_error_new_os(ENOSPC, "cannot write it");
	case SQLITE_READONLY:
		return dill_error_new_os(reason ? reason : EROFS, "cannot write it");
	case SQLITE_CANTOPEN:
		if (reason)
			return dill_error_new_os(reason, "cannot open it");
		break;
	case SQLITE_IOERR:
		if (reason && (code == SQLITE_IOERR_READ || code == SQLITE_IOERR_SHORT_READ))
			return dill_error_new_os(reason, "cannot read it");
		if (reason)
			return dill_error_new_os(reason, "cannot write it");
		break;
	default:
		break;
	}
	return dill_error_new(DILL_ERROR_OS, "%s", sqlite3_errmsg(db));
}

struct dill_error *db_error(sqlite3 *db)
{
	int failed = errno, code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;

	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return error_no_memory();
	case SQLITE_INTERRUPT:
		return error_interrupted();
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_TOOBIG:
	case SQLITE_ERROR: /* a table or column that is not there */
		return dill_error_new(DILL_ERROR_BAD_DATA, "the file is damaged: %s",
				      sqlite3_errmsg(db));
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return dill_error_new(DILL_ERROR_OS,
				      "another program is writing the file: wait for its end");
	default:
		return host_error(db, code, failed);
	}
}

struct dill_error *db_run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? NULL : db_error(db);
}

struct dill_error *db_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret)
{
	return sqlite3_prepare_v2(db, sql, -1, ret, NULL) == SQLITE_OK ? NULL : db_error(db);
}

struct dill_error *db_step(sqlite3_stmt *statement, bool *ret_row)
{
	int code = sqlite3_step(statement);

	*ret_row = code == SQLITE_ROW;
	return code == SQLITE_ROW || code == SQLITE_DONE ? NULL
							 : db_error(sqlite3_db_handle(statement));
}

struct dill_error *db_finish(sqlite3_stmt *statement)
{
	bool row;
	struct dill_error *error = db_step(statement, &row);

	sqlite3_reset(statement);
	return error;
}

struct dill_error *db_number(sqlite3 *db, const char *sql, int64_t *ret)
{
	_cleanup_(db_statement_freep)
	sqlite3_stmt *statement = NULL;
	bool row;

	TRY(db_prepare(db, sql, &statement));
	TRY(db_step(statement, &row));
	*ret = row ? sqlite3_column_int64(statement, 0) : 0;
	return NULL;
}

struct dill_error *db_text(sqlite3_stmt *statement, int column, struct arena *arena,
			   const char **ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	const char *bytes;
	size_t length;

	*ret = NULL;
	if (sqlite3_column_type(statement, column) == SQLITE_NULL)
		return NULL;
	bytes = (const char *)sqlite3_column_text(statement, column);
	if (!bytes)
		return error_no_memory();
	length = (size_t)sqlite3_column_bytes(statement, column);
	strbuf_append_printable(&text, bytes, length > DB_TEXT_MAX ? DB_TEXT_MAX : length);
	TRY(strbuf_error(&text));
	*ret = arena_copy_text(arena, strbuf_get(&text), text.length);
	return *ret ? NULL : error_no_memory();
}

char *db_file_name(const char *path)
{
	char *name;

	return asprintf(&name, "%s%s", path[0] == '/' ? "" : "./", path) < 0 ? NULL : name;
}
