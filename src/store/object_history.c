/* SPDX-License-Identifier: MIT */
#include "store/object_history.h"

#include "store/store_private.h"

#define WINDOW_MAX (1ll << 26) /* an object that is larger is taken for this large */

struct search {
	struct trace_store *store;
	struct trace_history *history;
	dill_virt address;
	uint64_t *cache_sizes; /* of an object, per cache; 0 = not known */
	uint64_t largest;
};

/* --- sizes --- */

static struct dill_error *read_size(struct search *search, sqlite3_stmt *statement)
{
	int64_t cache = sqlite3_column_int64(statement, 0);
	int64_t size = sqlite3_column_int64(statement, 1);

	if (cache < 0 || cache > search->history->names.cache_count || size < 0)
		return dill_error_new(DILL_ERROR_BAD_DATA, "cache %ld has objects of %ld bytes",
				      (long)cache, (long)size);
	if (size > WINDOW_MAX)
		size = WINDOW_MAX;
	if ((uint64_t)size > search->largest)
		search->largest = (uint64_t)size;
	if (cache) /* without one: each has its own size */
		search->cache_sizes[cache - 1] = (uint64_t)size;
	return NULL;
}

static struct dill_error *read_sizes(struct search *search)
{
	_cleanup_(db_statement_freep)
	sqlite3_stmt *statement = NULL;
	bool row;

	TRY(db_prepare(search->store->db,
		       "SELECT cache, max(bytes_given) FROM event WHERE kind = 0 GROUP BY cache",
		       &statement));
	for (;;) {
		TRY(db_step(statement, &row));
		if (!row)
			return NULL;
		TRY(read_size(search, statement));
	}
}

/* The lowest address that an object holding ours may have, of the same sign: SQLite's are signed.
 */
static dill_virt lowest(const struct search *search)
{
	uint64_t before = search->largest ? search->largest - 1 : 0;
	dill_virt end = (int64_t)search->address < 0 ? 1ull << 63 : 1; /* 0: it failed */

	return search->address - end > before ? search->address - before : end;
}

/* --- events --- */

/* Events come ordered by object; *size is that of the object's allocation before, or 0. */
static bool holds(const struct search *search, const struct stored_event *event, uint64_t *size)
{
	uint64_t extent;

	if (event->kind == TRACE_ALLOC)
		*size = event->bytes_given;
	extent = *size;
	if (!extent && event->cache != STORED_NONE)
		extent = search->cache_sizes[event->cache];
	return search->address - event->object < (extent ? extent : 1);
}

static struct dill_error *collect(struct search *search)
{
	_cleanup_(event_cursor_freep)
	struct event_cursor *cursor = NULL;
	struct history_entry entry = {0};
	dill_virt object = 0;
	uint64_t size = 0;
	bool more;

	if (!search->address)
		return NULL;
	TRY(event_cursor_new_objects(search->store, &search->history->names, lowest(search),
				     search->address, &cursor));
	for (;;) {
		TRY(event_cursor_next(cursor, &entry.event, &more));
		if (!more)
			return NULL;
		if (entry.event.object != object)
			size = 0;
		object = entry.event.object;
		if (holds(search, &entry.event, &size)) {
			search->history->has_stacks |= entry.event.stack != 0;
			TRY(array_push(&search->history->entries, entry));
		}
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t first = ((const struct history_entry *)a)->event.sequence;
	uint64_t second = ((const struct history_entry *)b)->event.sequence;

	return first < second ? -1 : first > second;
}

/* Ages, and how long the memory was free; the file's times need not ascend over objects. */
static void set_times(struct trace_history *history)
{
	const struct stored_event *before = NULL;

	for (size_t i = 0; i < history->entries.count; i++) {
		struct history_entry *entry = &history->entries.items[i];
		const struct stored_event *event = &entry->event;

		entry->aged = event->kind != TRACE_ALLOC && (event->flags & TRACE_KNOWN);
		if (entry->aged)
			entry->age_ns = event->time_ns - event->alloc_time_ns;
		entry->was_free = event->kind == TRACE_ALLOC && before &&
				  before->kind == TRACE_FREE && before->time_ns <= event->time_ns;
		if (entry->was_free)
			entry->free_ns = event->time_ns - before->time_ns;
		before = event;
	}
}

static struct dill_error *run(struct search *search)
{
	struct trace_history *history = search->history;
	struct dill_error *error;

	TRY(arena_new(&history->arena));
	TRY(stored_names_read(search->store, history->arena, &history->names));
	search->cache_sizes = calloc((size_t)history->names.cache_count + 1, sizeof(uint64_t));
	if (!search->cache_sizes)
		return error_no_memory();
	error = store_context(search->store, read_sizes(search));
	if (!error)
		error = collect(search);
	free(search->cache_sizes);
	if (error)
		return error;
	if (history->entries.count)
		qsort(history->entries.items, history->entries.count,
		      sizeof(*history->entries.items), compare);
	set_times(history);
	return NULL;
}

struct dill_error *trace_history_new(struct trace_store *store, dill_virt address,
				     struct trace_history **ret)
{
	_cleanup_(trace_history_freep)
	struct trace_history *history = calloc(1, sizeof(*history));
	struct search search = {.store = store, .history = history, .address = address};

	if (!history)
		return error_no_memory();
	TRY(run(&search));
	*ret = steal(history);
	return NULL;
}

void trace_history_free(struct trace_history *history)
{
	if (!history)
		return;
	arena_free(history->arena);
	array_free(&history->entries);
	free(history);
}
