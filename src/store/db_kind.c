/* SPDX-License-Identifier: MIT */
#include "store/db_kind.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file_status.h"
#include "store/heap_schema.h"
#include "store/schema.h"

/* --- tables --- */

struct dill_error *tables_create(sqlite3 *db, const struct db_kind *kind,
				 const struct db_table *all, size_t count)
{
	char text[96];

	snprintf(text, sizeof(text), "PRAGMA application_id = %u; PRAGMA user_version = %u",
		 kind->application_id, kind->version);
	TRY(db_run(db, text));
	for (size_t i = 0; i < count; i++)
		TRY(db_run(db, all[i].sql));
	return NULL;
}

struct dill_error *views_create(sqlite3 *db, const struct db_view *views, const char *what)
{
	for (; views->name; views++) {
		_cleanup_(freep)
		char *sql = NULL;

		if (asprintf(&sql, "CREATE %s %s AS %s", what, views->name, views->select) < 0) {
			sql = NULL;
			return error_no_memory();
		}
		TRY(db_run(db, sql));
	}
	return NULL;
}

struct dill_error *tables_check(sqlite3 *db, const struct db_table *all, size_t count)
{
	_cleanup_(db_statement_freep)
	sqlite3_stmt *statement = NULL;

	TRY(db_prepare(db,
		       "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? AND sql = ?",
		       &statement));
	for (size_t i = 0; i < count; i++) {
		bool found;

		sqlite3_bind_text(statement, 1, all[i].name, -1, SQLITE_STATIC);
		sqlite3_bind_text(statement, 2, all[i].sql, -1, SQLITE_STATIC);
		TRY(db_step(statement, &found));
		if (!found)
			return dill_error_new(DILL_ERROR_BAD_DATA,
					      "the table \"%s\" is not as dill makes it",
					      all[i].name);
		sqlite3_reset(statement);
	}
	return NULL;
}

/* --- the header --- */

#define HEADER_SIZE 100
static const char magic[] = "SQLite format 3"; /* with its final zero */

static uint32_t big_endian(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

static struct dill_error *read_header(const char *path, unsigned char *ret, ssize_t *ret_length)
{
	struct file_status status;
	/* Not to wait for the other end of a pipe. */
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (file < 0)
		return dill_error_new_os(errno, "cannot open it");
	if (file_status_fd(file, &status) != 0 || !status.regular) {
		close(file);
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "it is no regular file");
	}
	*ret_length = read(file, ret, HEADER_SIZE);

	int failed = errno;

	close(file);
	return *ret_length < 0 ? dill_error_new_os(failed, "cannot read it") : NULL;
}

static bool is_sqlite(const unsigned char *header, ssize_t length)
{
	return length == HEADER_SIZE && !memcmp(header, magic, sizeof(magic));
}

static const struct db_kind *find_kind(const unsigned char *header)
{
	static const struct db_kind *const kinds[] = {&db_heap, &db_trace};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (big_endian(header + 68) == kinds[i]->application_id)
			return kinds[i];
	return NULL;
}

bool db_is_sqlite(const char *path)
{
	unsigned char header[HEADER_SIZE];
	ssize_t length = 0;
	struct dill_error *error = read_header(path, header, &length);
	bool is = !error && is_sqlite(header, length);

	dill_error_free(error);
	return is;
}

struct dill_error *db_check_regular(const char *path)
{
	unsigned char header[HEADER_SIZE];
	ssize_t length;

	return read_header(path, header, &length);
}

const struct db_kind *db_kind_of(const char *path)
{
	unsigned char header[HEADER_SIZE];
	ssize_t length = 0;
	struct dill_error *error = read_header(path, header, &length);
	bool is = !error && is_sqlite(header, length);

	dill_error_free(error);
	return is ? find_kind(header) : NULL;
}

struct dill_error *db_check_header(const char *path, const struct db_kind *kind)
{
	const struct db_kind *other;
	unsigned char header[HEADER_SIZE];
	ssize_t length = 0;
	bool is_later;

	TRY(read_header(path, header, &length));
	if (!is_sqlite(header, length))
		return dill_error_new(DILL_ERROR_BAD_DATA, "it is no %s: not an SQLite file",
				      kind->name);
	other = find_kind(header);
	if (other && other != kind)
		return dill_error_new(DILL_ERROR_BAD_DATA, "it is a %s, no %s: %s", other->name,
				      kind->name, other->readers);
	if (!other)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "it is an SQLite file, but no %s that dill wrote",
				      kind->name);
	is_later = big_endian(header + 60) > kind->version;
	if (big_endian(header + 60) != kind->version)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "it is a %s of format %u, which %s dill wrote"
				      "; this dill reads format %u: %s",
				      kind->name, big_endian(header + 60),
				      is_later ? "a later" : "an earlier", kind->version,
				      is_later ? "use that one" : kind->make_again);
	return NULL;
}
