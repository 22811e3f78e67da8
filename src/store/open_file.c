/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file_status.h"
#include "store/schema.h"
#include "store/store_private.h"

/*
 * The file may come from anybody. SQLite is made for that with these: nothing in the file's own
 * schema is run, cells are checked before they are used, nothing large is allocated.
 */
static struct dill_error *harden(sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1 << 20);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 1 << 16);
	sqlite3_limit(db, SQLITE_LIMIT_COLUMN, 64);
	return db_run(db, "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;"
			  "PRAGMA cache_size = -16384;");
}

static struct dill_error *open_db(const char *path, int flags, sqlite3 **ret)
{
	_cleanup_(db_closep)
	sqlite3 *db = NULL;
	_cleanup_(freep)
	char *name = db_file_name(path);
	int64_t unused;

	if (!name)
		return error_no_memory();
	if (sqlite3_open_v2(name, &db, flags, NULL) != SQLITE_OK)
		return db_error(db);
	TRY(harden(db));
	TRY(db_number(db, "SELECT count(*) FROM sqlite_master", &unused)); /* takes a lock */
	*ret = steal(db);
	return NULL;
}

/* --- after a kill --- */

static const unsigned char journal_magic[8] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};

/*
 * A journal ends in this mark when it names another file, which SQLite would then read, and perhaps
 * delete. dill's never do.
 */
static bool journal_is_plain(int file)
{
	unsigned char tail[sizeof(journal_magic)];
	off_t size = lseek(file, 0, SEEK_END);

	if (size < (off_t)sizeof(tail))
		return true;
	return pread(file, tail, sizeof(tail), size - (off_t)sizeof(tail)) == sizeof(tail) &&
	       memcmp(tail, journal_magic, sizeof(tail)) != 0;
}

/* *ret: the writer has left a journal, from which SQLite may repair the file. */
static struct dill_error *look_at_journal(const char *path, bool *ret)
{
	_cleanup_(freep)
	char *journal = NULL;
	bool plain;
	int file;

	if (asprintf(&journal, "%s-journal", path) < 0)
		return error_no_memory();
	file = open(journal, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	*ret = file >= 0 && lseek(file, 0, SEEK_END) > 0;
	plain = file < 0 || journal_is_plain(file);
	if (file >= 0)
		close(file);
	return plain ? NULL
		     : dill_error_new(DILL_ERROR_BAD_DATA, "%s was not left by dill: remove it",
				      journal);
}

/* Let SQLite bring a file that was not closed in order: that writes to it. */
static struct dill_error *repair(const char *path)
{
	_cleanup_(db_closep)
	sqlite3 *db = NULL;

	return dill_error_add_context(
		open_db(path, SQLITE_OPEN_READWRITE, &db),
		"its writer was killed, and it cannot be repaired where it is");
}

/* SQLite takes what is missing of the last page for zeros. */
static struct dill_error *check_size(const char *path, sqlite3 *db)
{
	struct file_status status;
	int64_t page_size;

	TRY(db_number(db, "PRAGMA page_size", &page_size));
	if (file_status_path(path, &status) == 0 && page_size > 0 &&
	    status.size % (uint64_t)page_size == 0)
		return NULL;
	return dill_error_new(DILL_ERROR_BAD_DATA, "the file is damaged: its end is missing");
}

struct dill_error *db_open_checked(const char *path, const struct db_kind *kind, sqlite3 **ret)
{
	struct dill_error *error;
	bool journal = false;

	TRY(db_check_header(path, kind));
	TRY(look_at_journal(path, &journal));
	error = open_db(path, SQLITE_OPEN_READONLY, ret);
	if (error && journal) {
		dill_error_free(error);
		TRY(repair(path));
		error = open_db(path, SQLITE_OPEN_READONLY, ret);
	}
	if (!error)
		error = check_size(path, *ret);
	return error ? error : kind->check(*ret);
}

struct dill_error *trace_store_open(const char *path, struct trace_store **ret)
{
	_cleanup_(trace_store_freep)
	struct trace_store *store = NULL;
	struct dill_error *error;

	TRY(store_new(path, &store));
	error = db_open_checked(path, &db_trace, &store->db);
	if (error)
		return store_context(store, error);
	*ret = steal(store);
	return NULL;
}

/* --- facts --- */

struct facts_reader {
	sqlite3_stmt *statement;
	struct arena *arena;
};

/* True when there is such a row; the statement then stands on it. */
static struct dill_error *find(const struct facts_reader *reader, const char *key, bool *ret)
{
	sqlite3_reset(reader->statement);
	sqlite3_bind_text(reader->statement, 1, key, -1, SQLITE_STATIC);
	return db_step(reader->statement, ret);
}

static struct dill_error *get_text(const struct facts_reader *reader, const char *key,
				   const char **ret)
{
	bool found;

	*ret = NULL;
	TRY(find(reader, key, &found));
	return found ? db_text(reader->statement, 0, reader->arena, ret) : NULL;
}

static struct dill_error *get_number(const struct facts_reader *reader, const char *key,
				     uint64_t *ret)
{
	bool found;
	int64_t number;

	*ret = 0;
	TRY(find(reader, key, &found));
	number = found ? sqlite3_column_int64(reader->statement, 0) : 0;
	*ret = number < 0 ? 0 : (uint64_t)number;
	return NULL;
}

static struct dill_error *get_facts(const struct facts_reader *reader, struct trace_facts *ret)
{
	uint64_t finished;

	TRY(get_text(reader, "writer", &ret->writer));
	TRY(get_text(reader, "banner", &ret->about.banner));
	TRY(get_text(reader, "options", &ret->about.options));
	TRY(get_text(reader, "engine", &ret->about.engine));
	TRY(get_text(reader, "backtraces", &ret->about.backtraces));
	TRY(get_text(reader, "untraced", &ret->about.untraced));
	TRY(get_number(reader, "start_time", &ret->about.start_time));
	TRY(get_text(reader, "end_reason", &ret->end.reason));
	TRY(get_number(reader, "lost", &ret->end.lost));
	TRY(get_text(reader, "lost_why", &ret->end.lost_why));
	TRY(get_number(reader, "dismissed", &ret->end.dismissed));
	TRY(get_number(reader, "duration_ns", &ret->end.duration_ns));
	TRY(get_number(reader, "finished", &finished));
	ret->finished = finished != 0;
	return NULL;
}

struct dill_error *trace_store_facts(struct trace_store *store, struct arena *arena,
				     struct trace_facts *ret)
{
	_cleanup_(db_statement_freep)
	sqlite3_stmt *statement = NULL;
	struct dill_error *error =
		db_prepare(store->db, "SELECT value FROM meta WHERE key = ?", &statement);

	*ret = (struct trace_facts){0};
	if (!error)
		error = get_facts(&(struct facts_reader){statement, arena}, ret);
	return store_context(store, error);
}
