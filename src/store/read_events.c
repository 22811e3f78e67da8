/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "store/read.h"
#include "store/store_private.h"

/* Columns of a query for events, in this order. */
enum {
	COLUMN_SEQUENCE,
	DILL_COLUMN_TIME,
	COLUMN_KIND,
	COLUMN_FLAGS,
	COLUMN_CPU,
	COLUMN_PROCESS,
	COLUMN_FUNCTION,
	COLUMN_CACHE,
	COLUMN_OBJECT,
	COLUMN_SLAB,
	COLUMN_REQUESTED,
	COLUMN_GIVEN,
	COLUMN_GFP,
	COLUMN_CALLER,
	COLUMN_STACK,
	COLUMN_ALLOC_SEQUENCE,
	COLUMN_ALLOC_TIME,
};

#define SELECT_EVENTS                                                                              \
	"SELECT sequence, time_ns, kind, flags, cpu, process, function, cache, object, slab, "     \
	"bytes_requested, bytes_given, gfp, caller, stack, alloc_sequence, alloc_time_ns "         \
	"FROM event "

#define FLAGS_KNOWN (TRACE_BULK | TRACE_LARGE | TRACE_KNOWN | TRACE_DOUBLE | TRACE_FOREIGN)
#define BYTES_MAX   (1ull << 48) /* of one object */
#define TIME_MAX    (1ull << 60) /* some 36 years: sums of two do not overflow */

struct event_cursor {
	struct trace_store *store;
	const struct stored_names *names;
	sqlite3_stmt *statement;
	bool by_object;
	bool started;
	uint64_t sequence, time_ns; /* of the event before */
	dill_virt object;
};

static struct dill_error *new_cursor(struct trace_store *store, const struct stored_names *names,
				     const char *sql, struct event_cursor **ret)
{
	_cleanup_(event_cursor_freep)
	struct event_cursor *cursor = calloc(1, sizeof(*cursor));

	if (!cursor)
		return error_no_memory();
	cursor->store = store;
	cursor->names = names;
	TRY(db_prepare(store->db, sql, &cursor->statement));
	*ret = steal(cursor);
	return NULL;
}

struct dill_error *event_cursor_new(struct trace_store *store, const struct stored_names *names,
				    struct event_cursor **ret)
{
	return store_context(store,
			     new_cursor(store, names, SELECT_EVENTS "ORDER BY sequence", ret));
}

struct dill_error *event_cursor_new_objects(struct trace_store *store,
					    const struct stored_names *names, dill_virt first,
					    dill_virt last, struct event_cursor **ret)
{
	TRY(store_context(store, new_cursor(store, names,
					    SELECT_EVENTS "WHERE object BETWEEN ? AND ? "
							  "ORDER BY object, sequence",
					    ret)));
	(*ret)->by_object = true;
	sqlite3_bind_int64((*ret)->statement, 1, (sqlite3_int64)first);
	sqlite3_bind_int64((*ret)->statement, 2, (sqlite3_int64)last);
	return NULL;
}

void event_cursor_free(struct event_cursor *cursor)
{
	if (!cursor)
		return;
	sqlite3_finalize(cursor->statement);
	free(cursor);
}

/* --- one event --- */

static uint64_t number(const struct event_cursor *cursor, int column)
{
	return (uint64_t)sqlite3_column_int64(cursor->statement, column);
}

static struct dill_error *impossible(const struct event_cursor *cursor, int column)
{
	return dill_error_new(DILL_ERROR_BAD_DATA, "event %lu: column \"%s\" holds %ld",
			      (unsigned long)number(cursor, COLUMN_SEQUENCE),
			      sqlite3_column_name(cursor->statement, column),
			      (long)sqlite3_column_int64(cursor->statement, column));
}

static struct dill_error *bounded(const struct event_cursor *cursor, int column, uint64_t limit,
				  uint64_t *ret)
{
	*ret = number(cursor, column); /* negative ones are past every limit */
	return *ret <= limit ? NULL : impossible(cursor, column);
}

/* A reference: the index of row @p column of a table with @p count rows. */
static struct dill_error *reference(const struct event_cursor *cursor, int column, uint32_t count,
				    uint32_t *ret)
{
	uint64_t id;

	TRY(bounded(cursor, column, count, &id));
	*ret = id ? (uint32_t)id - 1 : STORED_NONE; /* NULL reads as 0 */
	return NULL;
}

static struct dill_error *references(const struct event_cursor *cursor, struct stored_event *ret)
{
	const struct stored_names *names = cursor->names;

	TRY(reference(cursor, COLUMN_PROCESS, names->process_count, &ret->process));
	if (ret->process == STORED_NONE)
		return impossible(cursor, COLUMN_PROCESS);
	TRY(reference(cursor, COLUMN_FUNCTION, names->function_count, &ret->function));
	TRY(reference(cursor, COLUMN_CACHE, names->cache_count, &ret->cache));
	TRY(reference(cursor, COLUMN_SLAB, names->slab_count, &ret->slab));
	TRY(reference(cursor, COLUMN_GFP, names->gfp_count, &ret->gfp));
	return reference(cursor, COLUMN_CALLER, names->symbol_count, &ret->caller);
}

static struct dill_error *values(const struct event_cursor *cursor, struct stored_event *ret)
{
	uint64_t kind, cpu;

	TRY(bounded(cursor, COLUMN_KIND, TRACE_REQUEST, &kind));
	TRY(bounded(cursor, COLUMN_CPU, UINT32_MAX, &cpu));
	ret->kind = (enum trace_kind)kind;
	ret->cpu = (unsigned)cpu;
	ret->flags = (unsigned)number(cursor, COLUMN_FLAGS) & FLAGS_KNOWN;
	ret->object = number(cursor, COLUMN_OBJECT);
	ret->stack = number(cursor, COLUMN_STACK);
	ret->bytes_requested = ret->bytes_given = 0;
	if (ret->kind != TRACE_ALLOC)
		return NULL;
	TRY(bounded(cursor, COLUMN_REQUESTED, BYTES_MAX, &ret->bytes_requested));
	return bounded(cursor, COLUMN_GIVEN, BYTES_MAX, &ret->bytes_given);
}

static struct dill_error *allocation(const struct event_cursor *cursor, struct stored_event *ret)
{
	ret->alloc_sequence = ret->alloc_time_ns = 0;
	if (!(ret->flags & TRACE_KNOWN))
		return NULL;
	TRY(bounded(cursor, COLUMN_ALLOC_SEQUENCE, ret->sequence - 1, &ret->alloc_sequence));
	return bounded(cursor, COLUMN_ALLOC_TIME, ret->time_ns, &ret->alloc_time_ns);
}

/*
 * Rows must ascend: of a damaged file SQLite may give the same ones again and again. Times may
 * stand still, but within the order of sequences they do not go back.
 */
static struct dill_error *check_order(const struct event_cursor *cursor,
				      const struct stored_event *event)
{
	bool same = !cursor->by_object || event->object == cursor->object;
	bool ascends =
		same ? event->sequence > cursor->sequence && event->time_ns >= cursor->time_ns
		     : (int64_t)event->object > (int64_t)cursor->object;

	if (!event->sequence || event->sequence > INT64_MAX || (cursor->started && !ascends))
		return dill_error_new(DILL_ERROR_BAD_DATA, "event %lu is out of order",
				      (unsigned long)event->sequence);
	return NULL;
}

static struct dill_error *read_event(struct event_cursor *cursor, struct stored_event *ret)
{
	ret->sequence = number(cursor, COLUMN_SEQUENCE);
	TRY(bounded(cursor, DILL_COLUMN_TIME, TIME_MAX, &ret->time_ns));
	TRY(values(cursor, ret));
	TRY(check_order(cursor, ret));
	TRY(references(cursor, ret));
	cursor->started = true;
	cursor->sequence = ret->sequence;
	cursor->time_ns = ret->time_ns;
	cursor->object = ret->object;
	return allocation(cursor, ret);
}

struct dill_error *event_cursor_next(struct event_cursor *cursor, struct stored_event *ret,
				     bool *ret_more)
{
	struct dill_error *error = db_step(cursor->statement, ret_more);

	if (!error && *ret_more)
		error = read_event(cursor, ret);
	return store_context(cursor->store, error);
}

/* --- backtraces --- */

static struct dill_error *read_frames(sqlite3_stmt *statement, const struct stored_names *names,
				      uint32_t *ret, size_t *ret_count)
{
	for (*ret_count = 0; *ret_count < TRACE_STACK_MAX; ++*ret_count) {
		int64_t symbol;
		bool row;

		TRY(db_step(statement, &row));
		if (!row)
			return NULL;
		symbol = sqlite3_column_int64(statement, 0);
		if (symbol < 1 || symbol > names->symbol_count)
			return dill_error_new(DILL_ERROR_BAD_DATA,
					      "a backtrace has symbol %ld, which is not there",
					      (long)symbol);
		ret[*ret_count] = (uint32_t)(symbol - 1);
	}
	return NULL;
}

struct dill_error *stored_stack_read(struct trace_store *store, const struct stored_names *names,
				     uint64_t stack, uint32_t *ret, size_t *ret_count)
{
	_cleanup_(db_statement_freep)
	sqlite3_stmt *statement = NULL;
	struct dill_error *error;

	error = db_prepare(store->db,
			   "SELECT symbol FROM stack_frame WHERE stack = ? ORDER BY depth",
			   &statement);
	if (!error) {
		sqlite3_bind_int64(statement, 1, (sqlite3_int64)stack);
		error = read_frames(statement, names, ret, ret_count);
	}
	return store_context(store, error);
}
