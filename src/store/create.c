/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/schema.h"
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

/* Nothing reads a private file after its writer. */
static const char private_settings[] = "PRAGMA journal_mode = OFF;";

/* Others may read the file from now on; SQLite gives the lock back with the next access. */
static const char unlock[] = "PRAGMA journal_mode = DELETE;"
			     "PRAGMA locking_mode = NORMAL;"
			     "SELECT count(*) FROM meta;";

struct dill_error *store_context(const struct trace_store *store, struct dill_error *error)
{
	return store->path ? dill_error_add_context(error, "%s", store->path)
			   : dill_error_add_context(error, "the trace's temporary file");
}

struct dill_error *store_new(const char *path, struct trace_store **ret)
{
	_cleanup_(trace_store_freep)
	struct trace_store *store = calloc(1, sizeof(*store));

	if (!store)
		return error_no_memory();
	if (path) {
		store->path = strdup(path);
		if (!store->path)
			return error_no_memory();
	}
	*ret = steal(store);
	return NULL;
}

/* --- facts --- */

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

static struct dill_error *set_about(sqlite3 *db, const struct trace_about *about)
{
	TRY(meta_set_text(db, "writer", "dill " DILL_VERSION));
	TRY(meta_set_text(db, "banner", about->banner));
	TRY(meta_set_text(db, "options", about->options));
	TRY(meta_set_text(db, "engine", about->engine));
	TRY(meta_set_text(db, "backtraces", about->backtraces));
	TRY(meta_set_number(db, "start_time", about->start_time));
	return meta_set_number(db, "finished", 0);
}

static struct dill_error *set_end(sqlite3 *db, const struct trace_end *end)
{
	TRY(meta_set_text(db, "end_reason", end->reason));
	TRY(meta_set_number(db, "lost", end->lost));
	TRY(meta_set_text(db, "lost_why", end->lost_why));
	TRY(meta_set_number(db, "dismissed", end->dismissed));
	TRY(meta_set_number(db, "duration_ns", end->duration_ns));
	return meta_set_number(db, "finished", 1);
}

/* --- begin and end --- */

static struct dill_error *begin(struct trace_store *store, const struct trace_about *about)
{
	TRY(db_run(store->db, settings));
	if (!store->path)
		TRY(db_run(store->db, private_settings));
	TRY(db_run(store->db, "BEGIN"));
	TRY(schema_create(store->db));
	TRY(set_about(store->db, about));
	TRY(db_run(store->db, "COMMIT"));
	return writer_new(store, &store->writer);
}

/* SQLite takes ":memory:" and the like for no names of files. */
static char *file_name(const char *path)
{
	char *name = NULL;

	if (!path)
		return strdup("");
	if (path[0] == '/')
		return strdup(path);
	return asprintf(&name, "./%s", path) < 0 ? NULL : name;
}

struct dill_error *trace_store_create(const char *path, const struct trace_about *about,
				      struct trace_store **ret)
{
	_cleanup_(trace_store_freep)
	struct trace_store *store = NULL;
	_cleanup_(freep)
	char *name = file_name(path);
	struct dill_error *error = NULL;

	if (!name)
		return error_no_memory();
	TRY(store_new(path, &store));
	if (path)
		error = store_make_room(name);
	if (!error && sqlite3_open_v2(name, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
				      NULL) != SQLITE_OK)
		error = db_error(store->db);
	if (!error)
		error = begin(store, about);
	if (error)
		return store_context(store, error);
	*ret = steal(store);
	return NULL;
}

static struct dill_error *finish(struct trace_store *store, const struct trace_end *end)
{
	TRY(writer_commit(store->writer));
	TRY(db_run(store->db, "BEGIN"));
	TRY(schema_index(store->db));
	TRY(set_end(store->db, end));
	TRY(db_run(store->db, "COMMIT"));
	return db_run(store->db, unlock);
}

struct dill_error *trace_store_finish(struct trace_store *store, const struct trace_end *end)
{
	return store_context(store, finish(store, end));
}

/* A trace that was not finished: what was seen is worth keeping. */
static void abandon(struct trace_store *store)
{
	dill_error_free(writer_commit(store->writer));
	dill_error_free(db_run(store->db, "PRAGMA journal_mode = DELETE"));
}

void trace_store_free(struct trace_store *store)
{
	if (!store)
		return;
	if (store->writer)
		abandon(store);
	writer_free(store->writer);
	sqlite3_close(store->db);
	free(store->path);
	free(store);
}
