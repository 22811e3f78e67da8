/* SPDX-License-Identifier: MIT */
#include "store/schema.h"

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

/* For people; dill itself does not read them. */
static const struct db_view views[] = {
	{"event_text",
	 "SELECT e.sequence, e.time_ns / 1e9 AS seconds, e.cpu, p.pid, p.tgid, p.comm, CASE e.kind "
	 "WHEN 0 THEN 'alloc' WHEN 1 THEN 'free' ELSE 'request' END AS kind, f.name AS function, "
	 "c.name AS cache, printf('0x%016llx', e.object) AS object, e.bytes_requested, "
	 "e.bytes_given, g.names AS gfp, coalesce(s.name, printf('0x%016llx', s.address)) AS "
	 "caller, e.flags & 1 <> 0 AS bulk, e.flags & 2 <> 0 AS large, e.flags & 8 <> 0 AS "
	 "double_free, e.flags & 16 <> 0 AS foreign_free, e.stack, e.alloc_sequence, (e.time_ns - "
	 "e.alloc_time_ns) / 1e9 AS age FROM event e LEFT JOIN process p ON p.id = e.process LEFT "
	 "JOIN function f ON f.id = e.function LEFT JOIN cache c ON c.id = e.cache LEFT JOIN gfp g "
	 "ON g.id = e.gfp LEFT JOIN symbol s ON s.id = e.caller"},
	{"stack_text",
	 "SELECT f.stack, f.depth, coalesce(s.name, printf('0x%016llx', s.address)) AS function "
	 "FROM stack_frame f LEFT JOIN symbol s ON s.id = f.symbol"},
	{"slab_text",
	 "SELECT printf('0x%016llx', l.address) AS base, c.name AS cache, l.objects FROM slab l "
	 "LEFT JOIN cache c ON c.id = l.cache"},
	{NULL, NULL},
};

struct dill_error *schema_create(sqlite3 *db)
{
	TRY(tables_create(db, &db_trace, tables, TABLE_COUNT));
	return views_create(db, views, "VIEW");
}

struct dill_error *schema_index(sqlite3 *db)
{
	return db_run(db, "CREATE INDEX event_object ON event (object)");
}

struct dill_error *schema_check(sqlite3 *db)
{
	return tables_check(db, tables, TABLE_COUNT);
}

const struct db_kind db_trace = {
	.application_id = SCHEMA_APPLICATION_ID,
	.version = SCHEMA_VERSION,
	.name = "trace",
	.readers = "\"report\", \"history\" and \"sql\" read it",
	.make_again = "trace again",
	.views = views,
	.create = schema_create,
	.check = schema_check,
	.worth = "SELECT EXISTS (SELECT 1 FROM event)",
};
