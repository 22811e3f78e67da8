/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "store/schema.h"
#include "store/store_private.h"

/* Nothing reads a private file after its writer. */
static const char private_settings[] = "PRAGMA journal_mode = OFF;";

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

static struct dill_error *begin(struct trace_store *store, const struct trace_about *about)
{
	if (!store->path)
		TRY(db_run(store->db, private_settings));
	TRY(db_run(store->db, "BEGIN"));
	TRY(schema_create(store->db));
	TRY(set_about(store->db, about));
	TRY(db_run(store->db, "COMMIT"));
	return writer_new(store, &store->writer);
}

struct dill_error *trace_store_create(const char *path, const struct trace_about *about,
				      struct trace_store **ret)
{
	_cleanup_(trace_store_freep)
	struct trace_store *store = NULL;
	struct dill_error *error;

	TRY(store_new(path, &store));
	error = db_create(path, &db_trace, &store->db);
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
	return db_release(store->db);
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
