/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "store/intern.h"
#include "store/store_private.h"

#define COMMIT_EVENTS 10000u
#define COMMIT_NS     1000000000u

/* What events refer to by number: a table each, in the order of `inserts`. */
enum {
	OF_CACHE,
	OF_FUNCTION,
	OF_SYMBOL,
	OF_PROCESS,
	OF_GFP,
	OF_SLAB,
	OF_FRAME, /* its `intern` numbers the stacks */
	OF_EVENT, /* has no `intern` */
	OF_COUNT,
};

static const char *const inserts[OF_COUNT] = {
	[OF_CACHE] = "INSERT INTO cache VALUES (?, ?, ?)",
	[OF_FUNCTION] = "INSERT INTO function VALUES (?, ?)",
	[OF_SYMBOL] = "INSERT INTO symbol VALUES (?, ?, ?)",
	[OF_PROCESS] = "INSERT INTO process VALUES (?, ?, ?, ?)",
	[OF_GFP] = "INSERT INTO gfp VALUES (?, ?, ?)",
	[OF_SLAB] = "INSERT INTO slab VALUES (?, ?, ?, ?)",
	[OF_FRAME] = "INSERT INTO stack_frame VALUES (?, ?, ?)",
	[OF_EVENT] = "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
};

struct writer {
	struct trace_sink sink; /* first: event() gets a pointer to it */
	const struct trace_store *store;
	sqlite3 *db;
	struct intern interns[OF_COUNT];
	sqlite3_stmt *statements[OF_COUNT];
	struct strbuf key;
	struct strbuf name;
	trace_symbol_fn name_address;
	void *name_context;
	uint64_t count;
	uint64_t waiting; /* events since the last commit */
	uint64_t committed;
	uint64_t commit_time_ns;
};

/* --- keys and rows --- */

static void bind_number(sqlite3_stmt *statement, int index, uint64_t value)
{
	sqlite3_bind_int64(statement, index, (sqlite3_int64)value);
}

/* 0 = there is none: NULL. */
static void bind_optional(sqlite3_stmt *statement, int index, uint64_t value)
{
	if (value)
		bind_number(statement, index, value);
	else
		sqlite3_bind_null(statement, index);
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC); /* NULL for NULL */
}

/*
 * The number of a row of numbers and a text, which may be NULL: that which it got before, or a new
 * one, with which the row is inserted.
 */
static struct dill_error *row_id(struct writer *writer, int of, const uint64_t *numbers,
				 size_t count, const char *text, uint32_t *ret)
{
	sqlite3_stmt *statement = writer->statements[of];
	bool has_text = of != OF_SLAB;
	bool new;

	strbuf_clear(&writer->key);
	strbuf_append_bytes(&writer->key, (const char *)numbers, count * sizeof(*numbers));
	strbuf_append_char(&writer->key, text ? 't' : '-');
	if (text)
		strbuf_append(&writer->key, text);
	TRY(strbuf_error(&writer->key));
	TRY(intern_id(&writer->interns[of], writer->key.data, writer->key.length, ret, &new));
	if (!new)
		return NULL;
	bind_number(statement, 1, *ret);
	for (size_t i = 0; i < count; i++)
		bind_number(statement, 2 + (int)i, numbers[i]);
	if (has_text)
		bind_text(statement, 2 + (int)count, text);
	return db_finish(statement);
}

static struct dill_error *cache_id(struct writer *writer, const struct trace_event *event,
				   uint32_t *ret)
{
	const uint64_t numbers[] = {event->cache};

	*ret = 0;
	if (!event->cache && !event->cache_name)
		return NULL;
	return row_id(writer, OF_CACHE, numbers, 1, event->cache_name, ret);
}

static struct dill_error *slab_id(struct writer *writer, const struct trace_event *event,
				  uint32_t cache, uint32_t *ret)
{
	const uint64_t numbers[] = {event->slab, cache, event->slab_objects};

	*ret = 0;
	return event->slab ? row_id(writer, OF_SLAB, numbers, 3, NULL, ret) : NULL;
}

static struct dill_error *process_id(struct writer *writer, const struct trace_event *event,
				     uint32_t *ret)
{
	const uint64_t numbers[] = {event->pid, event->tgid};

	return row_id(writer, OF_PROCESS, numbers, 2, event->comm, ret);
}

static struct dill_error *gfp_id(struct writer *writer, const struct trace_event *event,
				 uint32_t *ret)
{
	const uint64_t numbers[] = {event->gfp};

	*ret = 0;
	if (event->kind != TRACE_ALLOC)
		return NULL;
	return row_id(writer, OF_GFP, numbers, 1, event->gfp_names, ret);
}

static struct dill_error *symbol_id(struct writer *writer, dill_virt address, const char *name,
				    uint32_t *ret)
{
	const uint64_t numbers[] = {address};

	*ret = 0;
	return address ? row_id(writer, OF_SYMBOL, numbers, 1, name, ret) : NULL;
}

/* --- backtraces --- */

static struct dill_error *frame_insert(struct writer *writer, uint32_t stack, size_t depth,
				       dill_virt address)
{
	sqlite3_stmt *statement = writer->statements[OF_FRAME];
	const char *name = NULL;
	uint32_t symbol;

	if (writer->name_address) {
		strbuf_clear(&writer->name);
		TRY(writer->name_address(writer->name_context, address, &writer->name));
		TRY(strbuf_error(&writer->name));
		name = writer->name.length ? strbuf_get(&writer->name) : NULL;
	}
	TRY(symbol_id(writer, address, name, &symbol));
	bind_number(statement, 1, stack);
	bind_number(statement, 2, depth);
	bind_optional(statement, 3, symbol);
	return db_finish(statement);
}

static struct dill_error *stack_id(struct writer *writer, const struct trace_event *event,
				   uint32_t *ret)
{
	size_t count = event->stack_count < TRACE_STACK_MAX ? event->stack_count : TRACE_STACK_MAX;
	bool new;

	*ret = 0;
	if (!count)
		return NULL;
	TRY(intern_id(&writer->interns[OF_FRAME], event->stack, count * sizeof(*event->stack), ret,
		      &new));
	for (size_t i = 0; new &&i < count; i++)
		TRY(frame_insert(writer, *ret, i, event->stack[i]));
	return NULL;
}

/* --- events --- */

static struct dill_error *refer(struct writer *writer, const struct trace_event *event,
				uint32_t *ret)
{
	const char *function = event->function;

	ret[OF_FUNCTION] = 0;
	TRY(process_id(writer, event, &ret[OF_PROCESS]));
	if (function)
		TRY(row_id(writer, OF_FUNCTION, NULL, 0, function, &ret[OF_FUNCTION]));
	TRY(cache_id(writer, event, &ret[OF_CACHE]));
	TRY(slab_id(writer, event, ret[OF_CACHE], &ret[OF_SLAB]));
	TRY(gfp_id(writer, event, &ret[OF_GFP]));
	TRY(symbol_id(writer, event->caller, event->caller_name, &ret[OF_SYMBOL]));
	return stack_id(writer, event, &ret[OF_FRAME]);
}

static struct dill_error *insert(struct writer *writer, const struct trace_event *event,
				 const uint32_t *ids)
{
	sqlite3_stmt *statement = writer->statements[OF_EVENT];
	bool known = event->flags & TRACE_KNOWN;

	bind_number(statement, 1, event->sequence);
	bind_number(statement, 2, event->time_ns);
	bind_number(statement, 3, event->kind);
	bind_number(statement, 4, event->flags);
	bind_number(statement, 5, event->cpu);
	bind_number(statement, 6, ids[OF_PROCESS]);
	bind_optional(statement, 7, ids[OF_FUNCTION]);
	bind_optional(statement, 8, ids[OF_CACHE]);
	bind_number(statement, 9, event->object);
	bind_optional(statement, 10, ids[OF_SLAB]);
	if (event->kind == TRACE_ALLOC) {
		bind_number(statement, 11, event->bytes_requested);
		bind_number(statement, 12, event->bytes_given);
	} else {
		sqlite3_bind_null(statement, 11);
		sqlite3_bind_null(statement, 12);
	}
	bind_optional(statement, 13, ids[OF_GFP]);
	bind_optional(statement, 14, ids[OF_SYMBOL]);
	bind_optional(statement, 15, ids[OF_FRAME]);
	if (known) {
		bind_number(statement, 16, event->alloc_sequence);
		bind_number(statement, 17, event->alloc_time_ns);
	} else {
		sqlite3_bind_null(statement, 16);
		sqlite3_bind_null(statement, 17);
	}
	return db_finish(statement);
}

struct dill_error *writer_commit(struct writer *writer)
{
	if (!writer->waiting)
		return NULL;
	TRY(db_run(writer->db, "COMMIT"));
	writer->waiting = 0;
	writer->committed = writer->count;
	return NULL;
}

uint64_t writer_committed(const struct writer *writer)
{
	return writer->committed;
}

static struct dill_error *write_event(struct writer *writer, const struct trace_event *event)
{
	uint32_t ids[OF_COUNT];

	if (!writer->waiting) {
		TRY(db_run(writer->db, "BEGIN"));
		writer->commit_time_ns = event->time_ns;
	}
	writer->waiting++;
	TRY(refer(writer, event, ids));
	TRY(insert(writer, event, ids));
	writer->count++;
	if (writer->waiting >= COMMIT_EVENTS ||
	    event->time_ns - writer->commit_time_ns >= COMMIT_NS)
		return writer_commit(writer);
	return NULL;
}

static struct dill_error *take_event(struct trace_sink *sink, const struct trace_event *event)
{
	struct writer *writer = (struct writer *)sink;
	struct dill_error *error =
		dill_error_add_context(write_event(writer, event), "cannot store event %lu",
				       (unsigned long)event->sequence);

	return error ? store_context(writer->store, error) : NULL;
}

/* --- the writer --- */

static struct dill_error *prepare(struct writer *writer)
{
	for (int i = 0; i < OF_COUNT; i++) {
		TRY(intern_init(&writer->interns[i]));
		TRY(db_prepare(writer->db, inserts[i], &writer->statements[i]));
	}
	return NULL;
}

struct dill_error *writer_new(struct trace_store *store, struct writer **ret)
{
	struct writer *writer = calloc(1, sizeof(*writer));
	struct dill_error *error;

	if (!writer)
		return error_no_memory();
	writer->sink.event = take_event;
	writer->store = store;
	writer->db = store->db;
	error = prepare(writer);
	if (error) {
		writer_free(writer);
		return error;
	}
	*ret = writer;
	return NULL;
}

void writer_free(struct writer *writer)
{
	if (!writer)
		return;
	for (int i = 0; i < OF_COUNT; i++) {
		sqlite3_finalize(writer->statements[i]);
		intern_deinit(&writer->interns[i]);
	}
	strbuf_deinit(&writer->key);
	strbuf_deinit(&writer->name);
	free(writer);
}

struct trace_sink *trace_store_sink(struct trace_store *store)
{
	return &store->writer->sink;
}

void trace_store_name_addresses(struct trace_store *store, trace_symbol_fn name, void *context)
{
	store->writer->name_address = name;
	store->writer->name_context = context;
}

uint64_t trace_store_count(const struct trace_store *store)
{
	return store->writer->count;
}
