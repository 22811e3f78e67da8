/* SPDX-License-Identifier: MIT */
#ifndef STORE_STORE_PRIVATE_H
#define STORE_STORE_PRIVATE_H

#include "store/schema.h"
#include "store/trace_store.h"

struct writer;

struct trace_store {
	sqlite3 *db;
	char *path;	       /* NULL = private */
	struct writer *writer; /* NULL when it is only read */
	bool is_finished;      /* by the writer */
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
/** How many events are in the file for good. */
uint64_t writer_committed(const struct writer *writer);
void writer_free(struct writer *writer);

/** Note a fact; NULL text is none. */
DILL_MUST_CHECK struct dill_error *meta_set_text(sqlite3 *db, const char *key, const char *value);
DILL_MUST_CHECK struct dill_error *meta_set_number(sqlite3 *db, const char *key, uint64_t value);

/** Open a new file of a kind, in place of one of its kind; NULL = a private one. For writing. */
DILL_MUST_CHECK struct dill_error *db_create(const char *path, const struct db_kind *kind,
					     sqlite3 **ret);
/** Open a file that db_create() has made and that was closed, to write more; others are locked out.
 */
DILL_MUST_CHECK struct dill_error *db_write_again(const char *path, sqlite3 **ret);
/** All is written: others may read the file from now on. */
DILL_MUST_CHECK struct dill_error *db_release(sqlite3 *db);

/** Make room for a new file of @p kind at @p path; see trace_store_create(). */
DILL_MUST_CHECK struct dill_error *store_make_room(const char *path, const struct db_kind *kind);

/** Fails when store_make_room() would because of what is at @p path. */
DILL_MUST_CHECK struct dill_error *store_check_room(const char *path, const struct db_kind *kind);

/** Open a file of a kind to read it, hardened against what it may hold; repairs one whose writer
 * was killed. As trace_store_open(). */
DILL_MUST_CHECK struct dill_error *db_open_checked(const char *path, const struct db_kind *kind,
						   sqlite3 **ret);

#endif
