/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/heap_schema.h"
#include "store/heap_store.h"

/* The file has no name yet that anybody would look for: nothing needs to be undone after a kill. */
static const char settings[] = "PRAGMA journal_mode = OFF; PRAGMA cache_size = -32768;";

enum { OF_CACHE, OF_SLAB, OF_SITE, OF_OBJECT, OF_PLACE, OF_LARGE, OF_NODE, OF_COUNT };

static const char insert_cache[] =
	"INSERT INTO cache VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
	"?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

static const char *const inserts[OF_COUNT] = {
	[OF_CACHE] = insert_cache,
	[OF_SLAB] = "INSERT INTO slab VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[OF_SITE] = "INSERT INTO site VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[OF_OBJECT] = "INSERT INTO object VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[OF_PLACE] = "INSERT INTO free_place VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[OF_LARGE] = "INSERT INTO large VALUES (?, ?, ?, ?, ?)",
	[OF_NODE] = "INSERT INTO counter VALUES (?, ?, ?, ?, ?, ?)",
};

struct heap_writer {
	sqlite3 *db;
	char *path, *part;
	bool begun; /* there is a file at `part` */
	sqlite3_stmt *statements[OF_COUNT];
	struct heap_counts counts;
	uint64_t first_slab; /* number of the current cache's first slab */
};

/* A row that is bound column by column. */
struct row {
	sqlite3_stmt *statement;
	int column;
};

static struct row row_begin(const struct heap_writer *writer, int of)
{
	return (struct row){.statement = writer->statements[of]};
}

static void add(struct row *row, uint64_t value)
{
	sqlite3_bind_int64(row->statement, ++row->column, (sqlite3_int64)value);
}

static void add_if(struct row *row, bool known, uint64_t value)
{
	if (known)
		add(row, value);
	else
		sqlite3_bind_null(row->statement, ++row->column);
}

static void add_text(struct row *row, const char *text)
{
	sqlite3_bind_text(row->statement, ++row->column, text, -1, SQLITE_STATIC);
}

/* --- rows --- */

struct dill_error *heap_writer_slab(struct heap_writer *writer, const struct cache_map *map,
				    const struct mapped_slab *slab)
{
	struct row row = row_begin(writer, OF_SLAB);

	add(&row, ++writer->counts.slabs);
	add(&row, slab->slab.address);
	add(&row, slab->slab.base);
	add(&row, writer->counts.caches + 1);
	add_if(&row, slab->slab.has_node, slab->slab.node);
	add_if(&row, slab->cpu >= 0, (uint64_t)slab->cpu);
	add_text(&row, slab_where_name(slab->where));
	add(&row, slab->broken);
	add(&row, slab_bytes(map->cache, &slab->slab));
	add(&row, slab->slab.objects);
	add(&row, slab->slab.inuse);
	for (int state = 0; state < OBJECT_STATES; state++)
		add(&row, slab->counts[state]);
	return db_finish(row.statement);
}

struct dill_error *heap_writer_object(struct heap_writer *writer, const struct heap_object *object)
{
	struct row row = row_begin(writer, OF_OBJECT);
	const struct origin *origin = object->origin;

	writer->counts.objects++;
	add(&row, object->address);
	add(&row, writer->counts.caches + 1);
	add(&row, writer->counts.slabs);
	add(&row, object->state);
	add_if(&row, object->site, object->site);
	add_if(&row, origin->has_requested, origin->requested);
	add_if(&row, origin->has_pid, (uint64_t)(int64_t)origin->pid);
	add_if(&row, origin->has_track, origin->cpu);
	add_if(&row, object->age, object->age ? *object->age : 0);
	return db_finish(row.statement);
}

struct dill_error *heap_writer_place(struct heap_writer *writer, int64_t slab, dill_virt object,
				     const struct place *place)
{
	struct row row = row_begin(writer, OF_PLACE);

	writer->counts.places++;
	add(&row, object);
	add(&row, writer->counts.caches + 1);
	add_if(&row, slab >= 0, writer->first_slab + (uint64_t)slab);
	add(&row, place->kind);
	add_if(&row, place->cpu >= 0, (uint64_t)place->cpu);
	add_if(&row, place->node >= 0, (uint64_t)place->node);
	add(&row, place->list);
	add(&row, place->position);
	add_if(&row, place->container, place->container);
	return db_finish(row.statement);
}

static void add_sums(struct row *row, const struct census_sums *sums)
{
	add(row, sums->memory);
	add(row, sums->slabs);
	add(row, sums->empty);
	add(row, sums->partly);
	add(row, sums->full);
	add(row, sums->dying);
	add(row, sums->objects);
	for (int state = 0; state < OBJECT_STATES; state++)
		add(row, sums->counts[state]);
	add(row, sums->used_bytes);
	add(row, sums->free_bytes);
	add(row, sums->hole_bytes);
	add(row, sums->around_bytes);
	add(row, sums->tail_bytes);
}

struct dill_error *heap_writer_cache(struct heap_writer *writer, const struct heap_cache *item)
{
	const struct cache *cache = item->map->cache;
	const struct contents *contents = item->contents;
	struct row row = row_begin(writer, OF_CACHE);

	add(&row, ++writer->counts.caches);
	add(&row, cache->address);
	add_text(&row, cache->name);
	add(&row, cache->object_size);
	add(&row, cache->size);
	add(&row, cache->order);
	add(&row, cache->objects_per_slab);
	add_if(&row, item->flags_are_known, cache->flags);
	add_sums(&row, &item->sums);
	add_if(&row, item->requested_objects, item->requested_objects);
	add_if(&row, item->requested_objects, item->requested_bytes);
	add_if(&row, item->requested_objects, item->request_waste);
	add_if(&row, contents->has_totals, contents->active);
	add_if(&row, contents->has_totals, contents->slabs);
	add_if(&row, contents->has_totals, contents->objects);
	writer->first_slab = writer->counts.slabs + 1;
	return db_finish(row.statement);
}

struct dill_error *heap_writer_site(struct heap_writer *writer, uint64_t number, uint64_t cache,
				    const struct site *site, const char *name)
{
	static const char *const kinds[] = {NULL, "caller", "tag"};
	struct row row = row_begin(writer, OF_SITE);

	writer->counts.sites++;
	add(&row, number);
	add(&row, cache);
	add_text(&row, kinds[site->kind]);
	add_if(&row, site->kind != ORIGIN_NONE, site->address);
	add_text(&row, name);
	add(&row, site->objects);
	add(&row, site->memory);
	add_if(&row, site->has_requested, site->requested);
	add_if(&row, site->has_requested, site->waste);
	add_if(&row, site->has_age, site->youngest);
	add_if(&row, site->has_age, site->oldest);
	return db_finish(row.statement);
}

struct dill_error *heap_writer_large(struct heap_writer *writer, const struct large_block *block)
{
	struct row row = row_begin(writer, OF_LARGE);

	writer->counts.large++;
	add(&row, block->base);
	add(&row, block->page);
	add(&row, large_block_bytes(block));
	add(&row, block->node);
	add(&row, block->marked);
	return db_finish(row.statement);
}

struct dill_error *heap_writer_node(struct heap_writer *writer, const struct heap_node *node)
{
	const struct slab_counters *counters = node->counters;
	struct row row = row_begin(writer, OF_NODE);

	add(&row, node->node);
	add(&row, node->slabs);
	add_if(&row, node->large_is_known, node->large);
	add(&row, node->lost);
	add_if(&row, counters, counters ? counters->reclaimable : 0);
	add_if(&row, counters, counters ? counters->unreclaimable : 0);
	return db_finish(row.statement);
}

struct dill_error *heap_writer_why(struct heap_writer *writer, const char *why)
{
	writer->counts.why = why;
	return why ? meta_set_text(writer->db, "incomplete", why) : NULL;
}

struct dill_error *heap_writer_doubt(struct heap_writer *writer, const char *doubt)
{
	writer->counts.doubt = doubt;
	return meta_set_text(writer->db, "site_doubt", doubt);
}

void heap_writer_counts(const struct heap_writer *writer, struct heap_counts *ret)
{
	*ret = writer->counts;
}

/* --- begin and end --- */

static struct dill_error *write_names(sqlite3 *db)
{
	_cleanup_(db_statement_freep)
	sqlite3_stmt *state = NULL;
	_cleanup_(db_statement_freep)
	sqlite3_stmt *kind = NULL;

	TRY(db_prepare(db, "INSERT INTO state VALUES (?, ?)", &state));
	TRY(db_prepare(db, "INSERT INTO place_kind VALUES (?, ?, ?)", &kind));
	for (unsigned i = 0; i < OBJECT_STATES; i++) {
		struct row row = {.statement = state};

		add(&row, i);
		add_text(&row, object_state_name(i));
		TRY(db_finish(row.statement));
	}
	for (unsigned i = PLACE_NONE + 1; i < PLACE_KINDS; i++) {
		struct row row = {.statement = kind};

		add(&row, i);
		add_text(&row, place_kind_name(i));
		add(&row, place_state(i));
		TRY(db_finish(row.statement));
	}
	return NULL;
}

static struct dill_error *begin(struct heap_writer *writer, const struct heap_about *about)
{
	sqlite3 *db = writer->db;

	TRY(db_run(db, settings));
	TRY(db_run(db, "BEGIN"));
	TRY(db_heap.create(db));
	TRY(meta_set_text(db, "writer", "dill " DILL_VERSION));
	TRY(meta_set_text(db, "banner", about->banner));
	TRY(meta_set_text(db, "caches", about->caches));
	TRY(meta_set_number(db, "kernel_base", about->kernel_base));
	TRY(meta_set_number(db, "direct_map", about->direct_map));
	TRY(meta_set_number(db, "time", about->time));
	TRY(meta_set_number(db, "finished", 0));
	TRY(write_names(db));
	for (int i = 0; i < OF_COUNT; i++)
		TRY(db_prepare(db, inserts[i], &writer->statements[i]));
	return NULL;
}

static struct dill_error *start(struct heap_writer *writer, const struct heap_about *about)
{
	TRY(store_check_room(writer->path, &db_heap));
	TRY(dill_error_add_context(store_check_room(writer->part, &db_heap), "%s", writer->part));
	TRY(db_create(writer->part, &db_heap, &writer->db));
	writer->begun = true;
	return begin(writer, about);
}

struct dill_error *heap_writer_new(const char *path, const struct heap_about *about,
				   struct heap_writer **ret)
{
	_cleanup_(heap_writer_freep)
	struct heap_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return error_no_memory();
	writer->first_slab = 1;
	writer->path = strdup(path);
	if (!writer->path || asprintf(&writer->part, "%s.part", path) < 0) {
		writer->part = NULL;
		return error_no_memory();
	}
	TRY(dill_error_add_context(start(writer, about), "%s", path));
	*ret = steal(writer);
	return NULL;
}

static void close_db(struct heap_writer *writer)
{
	for (int i = 0; i < OF_COUNT; i++) {
		sqlite3_finalize(writer->statements[i]);
		writer->statements[i] = NULL;
	}
	sqlite3_close(writer->db);
	writer->db = NULL;
}

static struct dill_error *finish(struct heap_writer *writer)
{
	TRY(heap_schema_index(writer->db));
	TRY(meta_set_number(writer->db, "finished", 1));
	TRY(db_run(writer->db, "COMMIT"));
	TRY(db_release(writer->db));
	close_db(writer);
	TRY(store_make_room(writer->path, &db_heap));
	if (rename(writer->part, writer->path) != 0)
		return dill_error_new_os(errno, "cannot rename %s", writer->part);
	writer->begun = false;
	return NULL;
}

struct dill_error *heap_writer_finish(struct heap_writer *writer)
{
	return dill_error_add_context(finish(writer), "%s", writer->path);
}

void heap_writer_free(struct heap_writer *writer)
{
	if (!writer)
		return;
	close_db(writer);
	if (writer->begun)
		unlink(writer->part); /* half an export is worth nothing */
	free(writer->part);
	free(writer->path);
	free(writer);
}
