/* SPDX-License-Identifier: MIT */
#include "store/heap_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slub/large_block.h"
#include "store/heap_schema.h"

struct heap_diff {
	sqlite3 *db; /* B is attached to A as "b" */
	struct arena *arena;
	struct heap_facts facts[2];
};

void heap_diff_free(struct heap_diff *diff)
{
	if (!diff)
		return;
	sqlite3_close(diff->db);
	arena_free(diff->arena);
	free(diff);
}

/* --- opening --- */

static struct dill_error *get_text(sqlite3 *db, const char *sql, struct arena *arena,
				   const char **ret)
{
	_cleanup_(db_statement_freep)
	sqlite3_stmt *statement = NULL;
	bool row;

	*ret = NULL;
	TRY(db_prepare(db, sql, &statement));
	TRY(db_step(statement, &row));
	return row ? db_text(statement, 0, arena, ret) : NULL;
}

static struct dill_error *get_number(sqlite3 *db, const char *sql, uint64_t *ret)
{
	int64_t number;

	TRY(db_number(db, sql, &number));
	*ret = (uint64_t)number;
	return NULL;
}

static struct dill_error *read_facts(sqlite3 *db, struct arena *arena, struct heap_facts *ret)
{
	int64_t finished;
	uint64_t counted;

	TRY(db_number(db, db_heap.worth, &finished));
	if (!finished)
		return dill_error_new(DILL_ERROR_BAD_DATA, "the export was not finished");
	TRY(get_text(db, "SELECT value FROM meta WHERE key = 'banner'", arena, &ret->banner));
	TRY(get_number(db, "SELECT value FROM meta WHERE key = 'kernel_base'", &ret->kernel_base));
	TRY(get_number(db, "SELECT value FROM meta WHERE key = 'direct_map'", &ret->direct_map));
	TRY(get_text(db, "SELECT value FROM meta WHERE key = 'incomplete'", arena,
		     &ret->incomplete));
	TRY(get_text(db, "SELECT value FROM meta WHERE key = 'site_doubt'", arena,
		     &ret->site_doubt));
	TRY(get_number(db, "SELECT value FROM meta WHERE key = 'time'", &ret->time));
	TRY(get_number(db, "SELECT count(*) > 0 AND count(*) = count(reclaimable) FROM counter",
		       &counted));
	ret->has_counted = counted;
	TRY(get_number(db,
		       "SELECT CAST(total(reclaimable + unreclaimable) AS INTEGER) FROM counter",
		       &ret->counted));
	return db_number(db, "SELECT count(*) FROM cache", &ret->caches);
}

/* Check a file, and learn what it says of itself. */
static struct dill_error *look(const char *path, struct arena *arena, struct heap_facts *ret,
			       sqlite3 **ret_db)
{
	_cleanup_(db_closep)
	sqlite3 *db = NULL;
	struct dill_error *error = db_open_checked(path, &db_heap, &db);

	if (!error)
		error = read_facts(db, arena, ret);
	if (error)
		return dill_error_add_context(error, "%s", path);
	*ret_db = steal(db);
	return NULL;
}

/* Both files are open for reading only: what is attached follows the first one in that. */
static struct dill_error *attach(sqlite3 *db, const char *path)
{
	_cleanup_(db_statement_freep)
	sqlite3_stmt *statement = NULL;
	_cleanup_(freep)
	char *name = db_file_name(path);

	if (!name)
		return error_no_memory();
	TRY(db_prepare(db, "ATTACH ? AS b", &statement));
	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	return db_finish(statement);
}

struct dill_error *heap_diff_open(const char *a, const char *b, struct heap_diff **ret)
{
	_cleanup_(heap_diff_freep)
	struct heap_diff *diff = calloc(1, sizeof(*diff));
	_cleanup_(db_closep)
	sqlite3 *second = NULL;

	if (!diff)
		return error_no_memory();
	TRY(arena_new(&diff->arena));
	TRY(look(a, diff->arena, &diff->facts[0], &diff->db));
	TRY(look(b, diff->arena, &diff->facts[1], &second));
	TRY(dill_error_add_context(attach(diff->db, b), "%s", b));
	*ret = steal(diff);
	return NULL;
}

void heap_diff_facts(const struct heap_diff *diff, struct heap_facts ret[2])
{
	memcpy(ret, diff->facts, sizeof(diff->facts));
}

bool heap_diff_is_one_boot(const struct heap_diff *diff)
{
	const struct heap_facts *a = &diff->facts[0], *b = &diff->facts[1];

	return a->banner && b->banner && !strcmp(a->banner, b->banner) &&
	       a->kernel_base == b->kernel_base && a->direct_map == b->direct_map;
}

/* --- caches and sites --- */

/* Names may occur more than once: destroyed caches, of which one lingers. They count together. */
static const char caches_sql[] =
	"SELECT name, NULL, max(w = 0), max(w = 1), total(live * (w = 0)), total(live * (w = 1)), "
	"total(memory * (w = 0)), total(memory * (w = 1)), total(slabs * (w = 0)), "
	"total(slabs * (w = 1)) FROM ("
	"SELECT 0 AS w, name, live + unknown AS live, memory, slabs FROM main.cache UNION ALL "
	"SELECT 1, name, live + unknown, memory, slabs FROM b.cache UNION ALL "
	"SELECT 0, '" LARGE_BLOCK_NAME "', 1, size, 0 FROM main.large UNION ALL "
	"SELECT 1, '" LARGE_BLOCK_NAME "', 1, size, 0 FROM b.large) GROUP BY name HAVING "
	"total(live * (w = 0)) <> total(live * (w = 1)) OR total(memory * (w = 0)) <> "
	"total(memory * (w = 1)) OR max(w = 0) <> max(w = 1) ORDER BY abs(total(memory * (w * 2 - "
	"1))) DESC, abs(total(live * (w * 2 - 1))) DESC, name";

static const char sites_sql[] =
	"SELECT name, site, max(w = 0), max(w = 1), total(live * (w = 0)), total(live * (w = 1)), "
	"total(memory * (w = 0)), total(memory * (w = 1)), 0, 0 FROM ("
	"SELECT 0 AS w, c.name, s.name AS site, s.objects AS live, s.memory FROM main.site s JOIN "
	"main.cache c ON c.id = s.cache UNION ALL "
	"SELECT 1, c.name, s.name, s.objects, s.memory FROM b.site s JOIN b.cache c ON c.id = "
	"s.cache) GROUP BY name, site HAVING total(live * (w = 0)) <> total(live * (w = 1)) OR "
	"max(w = 0) <> max(w = 1) ORDER BY abs(total(memory * (w * 2 - 1))) DESC, "
	"abs(total(live * (w * 2 - 1))) DESC, name, site";

/* Sums are made with total(), as forged numbers may not make them fail; what it gives is a double.
 */
static uint64_t count_at(sqlite3_stmt *statement, int column)
{
	double value = sqlite3_column_double(statement, column);

	return value > 0 && value < 1e18 ? (uint64_t)value : 0;
}

static struct dill_error *read_change(sqlite3_stmt *statement, struct arena *arena,
				      struct heap_change *ret)
{
	*ret = (struct heap_change){0};
	TRY(db_text(statement, 0, arena, &ret->cache));
	TRY(db_text(statement, 1, arena, &ret->site));
	for (int i = 0; i < 2; i++) {
		ret->present[i] = sqlite3_column_int(statement, 2 + i) != 0;
		ret->live[i] = count_at(statement, 4 + i);
		ret->memory[i] = count_at(statement, 6 + i);
		ret->slabs[i] = count_at(statement, 8 + i);
	}
	return NULL;
}

/* Somebody who reads the rows of a query and hands them on. */
struct rows {
	struct dill_error *(*take)(const struct rows *rows, sqlite3_stmt *statement,
				   struct arena *arena);
	heap_change_visitor change;
	heap_object_visitor object;
	bool appeared; /* the objects */
	void *context;
};

static struct dill_error *visit_rows(struct heap_diff *diff, const char *sql,
				     const struct rows *rows)
{
	_cleanup_(db_statement_freep)
	sqlite3_stmt *statement = NULL;
	_cleanup_(arena_freep)
	struct arena *arena = NULL;

	TRY(arena_new(&arena));
	TRY(db_prepare(diff->db, sql, &statement));
	for (;;) {
		bool row;

		TRY(db_step(statement, &row));
		if (!row)
			return NULL;
		TRY(rows->take(rows, statement, arena));
		arena_reset(arena);
	}
}

static struct dill_error *take_change(const struct rows *rows, sqlite3_stmt *statement,
				      struct arena *arena)
{
	struct heap_change change;

	TRY(read_change(statement, arena, &change));
	return rows->change(rows->context, &change);
}

static struct dill_error *visit_changes(struct heap_diff *diff, const char *sql,
					heap_change_visitor visit, void *context)
{
	return visit_rows(
		diff, sql,
		&(const struct rows){.take = take_change, .change = visit, .context = context});
}

struct dill_error *heap_diff_caches(struct heap_diff *diff, heap_change_visitor visit,
				    void *context)
{
	return visit_changes(diff, caches_sql, visit, context);
}

struct dill_error *heap_diff_sites(struct heap_diff *diff, heap_change_visitor visit, void *context)
{
	return visit_changes(diff, sites_sql, visit, context);
}

/* --- objects --- */

/* Of one file those that the other has not: of the one "x", the other "y". */
#define OBJECTS(x, y)                                                                              \
	"SELECT o.address, c.name, s.name, o.requested_size, o.age_ns, o.pid FROM " x              \
	".object o LEFT JOIN " x ".cache c ON c.id = o.cache LEFT JOIN " x                         \
	".site s ON s.id = o.site LEFT JOIN " y ".object p ON p.address = o.address LEFT JOIN " y  \
	".cache d ON d.id = p.cache LEFT JOIN " y                                                  \
	".site t ON t.id = p.site WHERE p.address IS NULL OR d.name IS NOT c.name OR t.name IS "   \
	"NOT s.name OR p.pid IS NOT o.pid UNION ALL SELECT o.address, '" LARGE_BLOCK_NAME          \
	"', NULL, NULL, NULL, NULL FROM " x ".large o LEFT JOIN " y                                \
	".large p ON p.address = o.address AND p.size = o.size WHERE p.address IS NULL "           \
	"ORDER BY 1"

static struct dill_error *read_object(sqlite3_stmt *statement, struct arena *arena,
				      struct heap_object_change *ret)
{
	ret->address = (uint64_t)sqlite3_column_int64(statement, 0);
	TRY(db_text(statement, 1, arena, &ret->cache));
	TRY(db_text(statement, 2, arena, &ret->site));
	ret->has_requested = sqlite3_column_type(statement, 3) == SQLITE_INTEGER;
	ret->requested = (uint64_t)sqlite3_column_int64(statement, 3);
	ret->has_age = sqlite3_column_type(statement, 4) == SQLITE_INTEGER;
	ret->age = (uint64_t)sqlite3_column_int64(statement, 4);
	ret->has_pid = sqlite3_column_type(statement, 5) == SQLITE_INTEGER;
	ret->pid = sqlite3_column_int64(statement, 5);
	return NULL;
}

static struct dill_error *take_object(const struct rows *rows, sqlite3_stmt *statement,
				      struct arena *arena)
{
	struct heap_object_change change = {.appeared = rows->appeared};

	TRY(read_object(statement, arena, &change));
	return rows->object(rows->context, &change);
}

struct dill_error *heap_diff_objects(struct heap_diff *diff, heap_object_visitor visit,
				     void *context)
{
	struct rows rows = {.take = take_object, .object = visit, .context = context};

	if (!heap_diff_is_one_boot(diff))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "the two heaps are of different boots: addresses of objects "
				      "say nothing there; leave out --objects");
	TRY(visit_rows(diff, OBJECTS("main", "b"), &rows));
	rows.appeared = true;
	return visit_rows(diff, OBJECTS("b", "main"), &rows);
}
