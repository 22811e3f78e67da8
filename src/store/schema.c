/* SPDX-License-Identifier: MIT */
#include "store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file_status.h"

/* SQLite keeps the text of a CREATE as it was given, which schema_check() relies on. */
static const struct db_table tables[] = {
	{"meta", "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID"},
	{"cache", "CREATE TABLE cache (id INTEGER PRIMARY KEY, address INTEGER, name TEXT)"},
	{"function", "CREATE TABLE function (id INTEGER PRIMARY KEY, name TEXT)"},
	{"symbol", "CREATE TABLE symbol (id INTEGER PRIMARY KEY, address INTEGER, name TEXT)"},
	{"process", "CREATE TABLE process (id INTEGER PRIMARY KEY, pid INTEGER, tgid INTEGER, "
		    "comm TEXT)"},
	{"gfp", "CREATE TABLE gfp (id INTEGER PRIMARY KEY, value INTEGER, names TEXT)"},
	{"slab", "CREATE TABLE slab (id INTEGER PRIMARY KEY, address INTEGER, cache INTEGER "
		 "REFERENCES cache, objects INTEGER)"},
	{"stack_frame", "CREATE TABLE stack_frame (stack INTEGER, depth INTEGER, symbol INTEGER "
			"REFERENCES symbol, PRIMARY KEY (stack, depth)) WITHOUT ROWID"},
	{"event", "CREATE TABLE event (sequence INTEGER PRIMARY KEY, time_ns INTEGER, "
		  "kind INTEGER, flags INTEGER, cpu INTEGER, process INTEGER REFERENCES process, "
		  "function INTEGER REFERENCES function, cache INTEGER REFERENCES cache, "
		  "object INTEGER, slab INTEGER REFERENCES slab, bytes_requested INTEGER, "
		  "bytes_given INTEGER, gfp INTEGER REFERENCES gfp, caller INTEGER REFERENCES "
		  "symbol, stack INTEGER, alloc_sequence INTEGER, alloc_time_ns INTEGER)"},
};

#define TABLE_COUNT (sizeof(tables) / sizeof(tables[0]))

/* For people with the sqlite3 shell; dill itself does not read it. */
static const char view[] =
	"CREATE VIEW event_text AS SELECT e.sequence, e.time_ns / 1e9 AS seconds, e.cpu, p.pid, "
	"p.tgid, p.comm, CASE e.kind WHEN 0 THEN 'alloc' WHEN 1 THEN 'free' ELSE 'request' END "
	"AS kind, f.name AS function, c.name AS cache, printf('0x%016llx', e.object) AS object, "
	"e.bytes_requested, e.bytes_given, g.names AS gfp, coalesce(s.name, "
	"printf('0x%016llx', s.address)) AS caller, e.flags & 1 <> 0 AS bulk, "
	"e.flags & 8 <> 0 AS double_free, e.alloc_sequence, (e.time_ns - e.alloc_time_ns) / 1e9 "
	"AS age FROM event e LEFT JOIN process p ON p.id = e.process LEFT JOIN function f ON "
	"f.id = e.function LEFT JOIN cache c ON c.id = e.cache LEFT JOIN gfp g ON g.id = e.gfp "
	"LEFT JOIN symbol s ON s.id = e.caller";

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

struct dill_error *schema_create(sqlite3 *db)
{
	TRY(tables_create(db, &db_trace, tables, TABLE_COUNT));
	return db_run(db, view);
}

struct dill_error *schema_index(sqlite3 *db)
{
	return db_run(db, "CREATE INDEX event_object ON event (object)");
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

struct dill_error *schema_check(sqlite3 *db)
{
	return tables_check(db, tables, TABLE_COUNT);
}

const struct db_kind db_trace = {
	.application_id = SCHEMA_APPLICATION_ID,
	.version = SCHEMA_VERSION,
	.name = "trace",
	.create = schema_create,
	.check = schema_check,
	.worth = "SELECT EXISTS (SELECT 1 FROM event)",
};

/* --- the header --- */

#define HEADER_SIZE 100

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

struct dill_error *schema_check_header(const char *path, const struct db_kind *kind)
{
	unsigned char header[HEADER_SIZE];
	ssize_t length = 0;

	TRY(read_header(path, header, &length));
	if (length < HEADER_SIZE || memcmp(header, "SQLite format 3", 16) != 0)
		return dill_error_new(DILL_ERROR_BAD_DATA, "it is no %s: not an SQLite file",
				      kind->name);
	if (big_endian(header + 68) != kind->application_id)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "it is an SQLite file, but no %s that dill wrote",
				      kind->name);
	if (big_endian(header + 60) != kind->version)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "it is a %s of format %u; this dill reads format %u",
				      kind->name, big_endian(header + 60), kind->version);
	return NULL;
}
