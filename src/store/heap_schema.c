/* SPDX-License-Identifier: MIT */
#include "store/heap_schema.h"

static const struct db_table tables[] = {
	{"meta", "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID"},
	{"state", "CREATE TABLE state (id INTEGER PRIMARY KEY, name TEXT)"},
	{"place_kind", "CREATE TABLE place_kind (id INTEGER PRIMARY KEY, name TEXT, state INTEGER "
		       "REFERENCES state)"},
	{"cache",
	 "CREATE TABLE cache (id INTEGER PRIMARY KEY, address INTEGER, name TEXT, "
	 "object_size INTEGER, size INTEGER, page_order INTEGER, objects_per_slab INTEGER, "
	 "flags INTEGER, memory INTEGER, slabs INTEGER, empty_slabs INTEGER, "
	 "partly_used_slabs INTEGER, full_slabs INTEGER, dying_slabs INTEGER, objects INTEGER, "
	 "live INTEGER, cached INTEGER, free INTEGER, waiting INTEGER, unknown INTEGER, "
	 "used_bytes INTEGER, free_bytes INTEGER, hole_bytes INTEGER, around_bytes INTEGER, "
	 "tail_bytes INTEGER, requested_objects INTEGER, requested_bytes INTEGER, "
	 "request_waste INTEGER, active INTEGER, kernel_slabs INTEGER, kernel_objects INTEGER)"},
	{"slab", "CREATE TABLE slab (id INTEGER PRIMARY KEY, address INTEGER, base INTEGER, "
		 "cache INTEGER REFERENCES cache, node INTEGER, cpu INTEGER, place TEXT, "
		 "broken INTEGER, memory INTEGER, objects INTEGER, inuse INTEGER, live INTEGER, "
		 "cached INTEGER, free INTEGER, waiting INTEGER, unknown INTEGER)"},
	{"site", "CREATE TABLE site (id INTEGER PRIMARY KEY, cache INTEGER REFERENCES cache, "
		 "kind TEXT, address INTEGER, name TEXT, objects INTEGER, memory INTEGER, "
		 "requested_bytes INTEGER, request_waste INTEGER, youngest_ns INTEGER, "
		 "oldest_ns INTEGER)"},
	{"object",
	 "CREATE TABLE object (address INTEGER PRIMARY KEY, cache INTEGER REFERENCES cache, "
	 "slab INTEGER REFERENCES slab, state INTEGER REFERENCES state, site INTEGER REFERENCES "
	 "site, "
	 "requested_size INTEGER, pid INTEGER, cpu INTEGER, age_ns INTEGER)"},
	{"free_place", "CREATE TABLE free_place (object INTEGER, cache INTEGER REFERENCES cache, "
		       "slab INTEGER REFERENCES slab, kind INTEGER REFERENCES place_kind, cpu "
		       "INTEGER, node INTEGER, "
		       "list INTEGER, position INTEGER, container INTEGER)"},
	{"large", "CREATE TABLE large (address INTEGER PRIMARY KEY, page INTEGER, size INTEGER, "
		  "node INTEGER, certain INTEGER)"},
	{"counter", "CREATE TABLE counter (node INTEGER PRIMARY KEY, slabs INTEGER, large INTEGER, "
		    "lost INTEGER, reclaimable INTEGER, unreclaimable INTEGER)"},
};

#define TABLE_COUNT (sizeof(tables) / sizeof(tables[0]))

/* For people; dill itself does not read them. */
static const struct db_view views[] = {
	{"cache_text",
	 "SELECT printf('0x%016llx', address) AS address, name, object_size, size, page_order, "
	 "objects_per_slab, printf('0x%x', flags) AS flags, memory, slabs, objects, live, cached, "
	 "free, waiting, unknown, memory - used_bytes AS unused_bytes, request_waste FROM cache"},
	{"slab_text",
	 "SELECT printf('0x%016llx', l.address) AS slab, printf('0x%016llx', l.base) AS base, "
	 "c.name AS cache, l.place, l.cpu, l.node, l.broken, l.memory, l.objects, l.inuse, l.live, "
	 "l.cached, l.free, l.waiting, l.unknown FROM slab l JOIN cache c ON c.id = l.cache"},
	{"site_text",
	 "SELECT i.name AS site, c.name AS cache, i.kind, printf('0x%016llx', i.address) AS "
	 "address, i.objects, i.memory, i.requested_bytes, i.request_waste, i.youngest_ns / 1e9 AS "
	 "youngest, i.oldest_ns / 1e9 AS oldest FROM site i JOIN cache c ON c.id = i.cache"},
	{"object_text",
	 "SELECT printf('0x%016llx', o.address) AS object, c.name AS cache, s.name AS state, "
	 "c.object_size, o.requested_size, i.name AS site, o.pid, o.cpu, o.age_ns / 1e9 AS age, "
	 "l.node, printf('0x%016llx', l.address) AS slab FROM object o JOIN slab l ON l.id = "
	 "o.slab JOIN cache c ON c.id = o.cache JOIN state s ON s.id = o.state LEFT JOIN site i ON "
	 "i.id = o.site"},
	{"place_text",
	 "SELECT printf('0x%016llx', p.object) AS object, c.name AS cache, k.name AS kind, s.name "
	 "AS state, p.cpu, p.node, p.list, p.position, printf('0x%016llx', p.container) AS "
	 "container FROM free_place p JOIN cache c ON c.id = p.cache JOIN place_kind k ON k.id = "
	 "p.kind JOIN state s ON s.id = k.state"},
	{NULL, NULL},
};

static struct dill_error *create(sqlite3 *db)
{
	TRY(tables_create(db, &db_heap, tables, TABLE_COUNT));
	return views_create(db, views, "VIEW");
}

static struct dill_error *check(sqlite3 *db)
{
	return tables_check(db, tables, TABLE_COUNT);
}

struct dill_error *heap_schema_index(sqlite3 *db)
{
	return db_run(db, "CREATE INDEX slab_cache ON slab (cache);"
			  "CREATE INDEX slab_base ON slab (base);"
			  "CREATE INDEX site_cache ON site (cache);"
			  "CREATE INDEX object_slab ON object (slab);"
			  "CREATE INDEX object_site ON object (site) WHERE site IS NOT NULL;"
			  "CREATE INDEX free_place_object ON free_place (object);"
			  "CREATE INDEX free_place_slab ON free_place (slab)");
}

const struct db_kind db_heap = {
	.application_id = HEAP_APPLICATION_ID,
	.version = HEAP_VERSION,
	.name = "heap export",
	.readers = "\"diff\" and \"sql\" read it",
	.make_again = "export it again",
	.views = views,
	.create = create,
	.check = check,
	.worth = "SELECT EXISTS (SELECT 1 FROM meta WHERE key = 'finished' AND value = 1)",
};
