/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file_status.h"
#include "store/schema.h"
#include "store/store_private.h"

/* SQLite's own name for what stands beside a file that was not closed. */
#define JOURNAL "-journal"

static bool is_missing(const char *path)
{
	char target[1];

	/* Not behind a link: one that leads nowhere is there, too. */
	return readlink(path, target, sizeof(target)) < 0 && errno == ENOENT;
}

static bool is_empty(const char *path)
{
	struct file_status status;

	return file_status_path(path, &status) == 0 && status.regular && status.size == 0;
}

/* Fails unless the file is one of the kind that nobody is writing. */
static struct dill_error *look_inside(const char *path, const struct db_kind *kind, bool *ret_worth)
{
	_cleanup_(db_closep)
	sqlite3 *db = NULL;
	int64_t worth = 1;
	struct dill_error *error = db_open_checked(path, kind, &db);

	if (!error)
		error = db_number(db, kind->worth, &worth);
	*ret_worth = worth != 0;
	if (error && dill_error_code(error) == DILL_ERROR_OS)
		return error;
	dill_error_free(error); /* a damaged file, or one of another version: kept as .old */
	return NULL;
}

static struct dill_error *check_ours(const char *path, const struct db_kind *kind)
{
	struct dill_error *error = db_check_header(path, kind);

	if (error && dill_error_code(error) == DILL_ERROR_UNSUPPORTED) {
		dill_error_free(error);
		return NULL;
	}
	return dill_error_add_context(error, "it is there already and is left alone");
}

/* Rename a file together with its journal, which holds what is missing in it. */
static struct dill_error *move(const char *from, const char *to)
{
	_cleanup_(freep)
	char *from_journal = NULL;
	_cleanup_(freep)
	char *to_journal = NULL;

	if (asprintf(&from_journal, "%s" JOURNAL, from) < 0 ||
	    asprintf(&to_journal, "%s" JOURNAL, to) < 0)
		return error_no_memory();
	if (unlink(to_journal) != 0 && errno != ENOENT)
		return dill_error_new_os(errno, "cannot remove %s", to_journal);
	if (rename(from, to) != 0)
		return dill_error_new_os(errno, "cannot rename it to %s", to);
	if (rename(from_journal, to_journal) != 0 && errno != ENOENT)
		return dill_error_new_os(errno, "cannot rename %s", from_journal);
	return NULL;
}

static struct dill_error *keep_as_old(const char *path, const struct db_kind *kind)
{
	_cleanup_(freep)
	char *old = NULL;

	if (asprintf(&old, "%s.old", path) < 0)
		return error_no_memory();
	if (!is_missing(old) && !is_empty(old))
		TRY(dill_error_add_context(check_ours(old, kind), "%s", old));
	return move(path, old);
}

struct dill_error *store_check_room(const char *path, const struct db_kind *kind)
{
	return is_missing(path) || is_empty(path) ? NULL : check_ours(path, kind);
}

struct dill_error *store_make_room(const char *path, const struct db_kind *kind)
{
	bool worth;

	TRY(store_check_room(path, kind));
	if (is_missing(path) || is_empty(path))
		return NULL;
	TRY(look_inside(path, kind, &worth));
	if (worth)
		return keep_as_old(path, kind);
	return unlink(path) == 0 ? NULL : dill_error_new_os(errno, "cannot replace it");
}
