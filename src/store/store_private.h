/* SPDX-License-Identifier: MIT */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

#include "store/db.h"
#include "store/trace_store.h"

struct writer;

struct trace_store {
	sqlite3 *db;
	char *path;	       /* NULL = private */
	struct writer *writer; /* NULL when it is only read */
};

/** Put "PATH: " in front of an error. */
DILL_MUST_CHECK struct dill_error *store_context(const struct trace_store *store,
						 struct dill_error *error);

/** @param path  as trace_store_create()'s; copied */
DILL_MUST_CHECK struct dill_error *store_new(const char *path, struct trace_store **ret);

/** Prepare writing to store->db, whose tables are there and empty. */
DILL_MUST_CHECK struct dill_error *writer_new(struct trace_store *store, struct writer **ret);
/** Commit what there is. */
DILL_MUST_CHECK struct dill_error *writer_commit(struct writer *writer);
void writer_free(struct writer *writer);

/** Note a fact; NULL text is none. */
DILL_MUST_CHECK struct dill_error *meta_set_text(sqlite3 *db, const char *key, const char *value);
DILL_MUST_CHECK struct dill_error *meta_set_number(sqlite3 *db, const char *key, uint64_t value);

/** Make room for a new trace at @p path; see trace_store_create(). */
DILL_MUST_CHECK struct dill_error *store_make_room(const char *path);

#endif
