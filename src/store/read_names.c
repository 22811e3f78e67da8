/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "store/read.h"
#include "store/store_private.h"

#define PAGE_SIZE_MAX 65536 /* of SQLite */

/* One table that events refer to. */
struct name_reading {
	sqlite3_stmt *statement;
	struct arena *arena;
	struct stored_names *names;
};

typedef struct dill_error *(*row_fn)(const struct name_reading *reading, uint32_t index);

/* A number that must fit 32 bits, and what NULL is. */
static struct dill_error *column_u32(const struct name_reading *reading, int column, uint32_t null,
				     uint32_t *ret)
{
	int64_t number = sqlite3_column_int64(reading->statement, column);

	*ret = null;
	if (sqlite3_column_type(reading->statement, column) == SQLITE_NULL)
		return NULL;
	if (number < 0 || number >= UINT32_MAX)
		return dill_error_new(DILL_ERROR_BAD_DATA, "column \"%s\" holds %ld",
				      sqlite3_column_name(reading->statement, column),
				      (long)number);
	*ret = (uint32_t)number;
	return NULL;
}

static struct dill_error *column_name(const struct name_reading *reading, int column,
				      const char *none, const char **ret)
{
	TRY(db_text(reading->statement, column, reading->arena, ret));
	if (!*ret)
		*ret = none;
	return NULL;
}

static struct dill_error *read_cache(const struct name_reading *reading, uint32_t index)
{
	struct stored_cache *cache = &reading->names->caches[index];

	cache->address = (dill_virt)sqlite3_column_int64(reading->statement, 1);
	return column_name(reading, 2, NULL, &cache->name);
}

static struct dill_error *read_function(const struct name_reading *reading, uint32_t index)
{
	return column_name(reading, 1, "?", &reading->names->functions[index]);
}

static struct dill_error *read_symbol(const struct name_reading *reading, uint32_t index)
{
	struct stored_symbol *symbol = &reading->names->symbols[index];

	symbol->address = (dill_virt)sqlite3_column_int64(reading->statement, 1);
	TRY(column_name(reading, 2, NULL, &symbol->name));
	if (symbol->name)
		return NULL;
	symbol->name = arena_format(reading->arena, "0x%016" PRIx64, symbol->address);
	return symbol->name ? NULL : error_no_memory();
}

static struct dill_error *read_process(const struct name_reading *reading, uint32_t index)
{
	struct stored_process *process = &reading->names->processes[index];

	TRY(column_u32(reading, 1, 0, &process->pid));
	TRY(column_u32(reading, 2, 0, &process->tgid));
	return column_name(reading, 3, "?", &process->comm);
}

static struct dill_error *read_gfp(const struct name_reading *reading, uint32_t index)
{
	struct stored_gfp *gfp = &reading->names->gfps[index];

	gfp->value = (uint64_t)sqlite3_column_int64(reading->statement, 1);
	return column_name(reading, 2, NULL, &gfp->names);
}

static struct dill_error *read_slab(const struct name_reading *reading, uint32_t index)
{
	struct stored_slab *slab = &reading->names->slabs[index];
	uint32_t cache;

	slab->address = (dill_virt)sqlite3_column_int64(reading->statement, 1);
	TRY(column_u32(reading, 2, 0, &cache));
	if (cache > reading->names->cache_count)
		return dill_error_new(DILL_ERROR_BAD_DATA, "a slab of cache %u, which is not there",
				      cache);
	slab->cache = cache ? cache - 1 : STORED_NONE;
	return column_u32(reading, 3, 0, &slab->objects);
}

/* The writer numbers from 1 without gaps. */
static struct dill_error *read_rows(const struct name_reading *reading, uint32_t count, row_fn read)
{
	for (uint32_t index = 0;; index++) {
		bool row;

		TRY(db_step(reading->statement, &row));
		if (row != (index < count) ||
		    (row && sqlite3_column_int64(reading->statement, 0) != (int64_t)index + 1))
			return dill_error_new(DILL_ERROR_BAD_DATA, "its rows are not numbered "
								   "without gaps");
		if (!row)
			return NULL;
		TRY(read(reading, index));
	}
}

static struct dill_error *read_table(struct trace_store *store, struct name_reading *reading,
				     const char *columns, const char *table, size_t size,
				     row_fn read, void *ret_items, uint32_t *ret_count)
{
	_cleanup_(db_statement_freep)
	sqlite3_stmt *statement = NULL;
	char sql[128];
	int64_t count, pages;
	void *items;

	/* The last number, not count(*), which would read the table twice. It is a claim, but a row
	 * takes more than a byte. */
	snprintf(sql, sizeof(sql), "SELECT max(id) FROM %s", table);
	TRY(db_number(store->db, sql, &count));
	TRY(db_number(store->db, "PRAGMA page_count", &pages));
	if (count < 0 || count >= UINT32_MAX || count / PAGE_SIZE_MAX > pages)
		return dill_error_new(DILL_ERROR_BAD_DATA, "it has %ld rows", (long)count);
	snprintf(sql, sizeof(sql), "SELECT %s FROM %s ORDER BY id", columns, table);
	TRY(db_prepare(store->db, sql, &statement));
	items = arena_alloc_array(reading->arena, (size_t)count + 1, size);
	if (!items)
		return error_no_memory();
	memcpy(ret_items, &items, sizeof(items));
	*ret_count = (uint32_t)count;
	reading->statement = statement;
	return read_rows(reading, *ret_count, read);
}

struct dill_error *stored_names_read(struct trace_store *store, struct arena *arena,
				     struct stored_names *ret)
{
	struct name_reading reading = {.arena = arena, .names = ret};
	const struct {
		const char *table, *columns;
		size_t size;
		row_fn read;
		void *items;
		uint32_t *count;
	} tables[] = {
		{"cache", "id, address, name", sizeof(*ret->caches), read_cache, &ret->caches,
		 &ret->cache_count},
		{"function", "id, name", sizeof(*ret->functions), read_function, &ret->functions,
		 &ret->function_count},
		{"symbol", "id, address, name", sizeof(*ret->symbols), read_symbol, &ret->symbols,
		 &ret->symbol_count},
		{"process", "id, pid, tgid, comm", sizeof(*ret->processes), read_process,
		 &ret->processes, &ret->process_count},
		{"gfp", "id, value, names", sizeof(*ret->gfps), read_gfp, &ret->gfps,
		 &ret->gfp_count},
		{"slab", "id, address, cache, objects", sizeof(*ret->slabs), read_slab, &ret->slabs,
		 &ret->slab_count},
	};

	*ret = (struct stored_names){0};
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct dill_error *error = read_table(
			store, &reading, tables[i].columns, tables[i].table, tables[i].size,
			tables[i].read, tables[i].items, tables[i].count);

		if (error)
			return store_context(store, dill_error_add_context(error, "table \"%s\"",
									   tables[i].table));
	}
	return NULL;
}
