/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/schema.h"
#include "store/store_private.h"

/* Nothing reads a private file after its writer; one without events is worth nothing after a kill.
 */
static const char no_journal[] = "PRAGMA journal_mode = OFF;";

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

static struct dill_error *set_about(sqlite3 *db, const struct trace_about *about)
{
	TRY(meta_set_text(db, "writer", "dill " DILL_VERSION));
	TRY(meta_set_text(db, "banner", about->banner));
	TRY(meta_set_text(db, "options", about->options));
	TRY(meta_set_text(db, "engine", about->engine));
	TRY(meta_set_text(db, "backtraces", about->backtraces));
	TRY(meta_set_text(db, "untraced", about->untraced));
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

static struct dill_error *begin(sqlite3 *db, const struct trace_about *about)
{
	TRY(db_run(db, no_journal));
	TRY(db_run(db, "BEGIN"));
	TRY(schema_create(db));
	TRY(set_about(db, about));
	return db_run(db, "COMMIT");
}

/* A file with all but the events. */
static struct dill_error *make_part(const char *part, const struct trace_about *about)
{
	_cleanup_(db_closep)
	sqlite3 *db = NULL;
	struct dill_error *error;

	TRY(dill_error_add_context(store_check_room(part, &db_trace), "%s", part));
	TRY(db_create(part, &db_trace, &db));
	error = begin(db, about);
	if (error)
		unlink(part);
	return error;
}

static struct dill_error *put_into_place(const char *part, const char *path)
{
	TRY(store_make_room(path, &db_trace));
	return rename(part, path) == 0 ? NULL : dill_error_new_os(errno, "cannot rename %s", part);
}

/* What is there already is not touched before it is certain that a new file can be written. */
static struct dill_error *create_file(struct trace_store *store, const struct trace_about *about)
{
	_cleanup_(freep)
	char *part = NULL;
	struct dill_error *error;

	if (asprintf(&part, "%s.part", store->path) < 0) {
		part = NULL;
		return error_no_memory();
	}
	TRY(store_check_room(store->path, &db_trace));
	TRY(make_part(part, about));
	error = put_into_place(part, store->path);
	if (error) {
		unlink(part);
		return error;
	}
	return db_write_again(store->path, &store->db);
}

static struct dill_error *create_private(struct trace_store *store, const struct trace_about *about)
{
	TRY(db_create(NULL, &db_trace, &store->db));
	return begin(store->db, about);
}

struct dill_error *trace_store_create(const char *path, const struct trace_about *about,
				      struct trace_store **ret)
{
	_cleanup_(trace_store_freep)
	struct trace_store *store = NULL;
	struct dill_error *error;

	TRY(store_new(path, &store));
	error = path ? create_file(store, about) : create_private(store, about);
	if (!error)
		error = writer_new(store, &store->writer);
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
	store->is_finished = true;
	return db_release(store->db);
}

struct dill_error *trace_store_finish(struct trace_store *store, const struct trace_end *end)
{
	return store_context(store, finish(store, end));
}

/* A trace that was not finished: what was seen is worth keeping, if anything was. */
static void abandon(struct trace_store *store)
{
	dill_error_free(writer_commit(store->writer));
	if (!sqlite3_get_autocommit(store->db))
		dill_error_free(db_run(store->db, "ROLLBACK"));
	dill_error_free(db_run(store->db, "PRAGMA journal_mode = DELETE"));
	if (store->path && !writer_committed(store->writer))
		unlink(store->path);
}

void trace_store_free(struct trace_store *store)
{
	if (!store)
		return;
	if (store->writer && !store->is_finished)
		abandon(store);
	writer_free(store->writer);
	sqlite3_close(store->db);
	free(store->path);
	free(store);
}
