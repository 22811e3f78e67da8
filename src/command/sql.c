/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "command/registry.h"
#include "store/query.h"

/* In the documents; of each query a kind of this name is made. */
static const struct dill_record_kind row_kind = {
	.name = "sql_row",
	.doc = "A row of the answer. Its fields are the query's columns: numbers and strings; one "
	       "that is NULL is left out.",
};

struct asker {
	struct command_call *call;
	struct query *query;
	struct dill_record_kind kind;
	struct column *columns;
	struct query_value *values;
};

static bool is_taken(const struct asker *asker, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(asker->columns[i].name, name))
			return true;
	return !strcmp(name, "record"); /* which every line has */
}

/* A JSON object has each name once. */
static const char *unique_name(const struct asker *asker, size_t count, const char *name)
{
	const char *unique = name;

	for (size_t i = 2; unique && is_taken(asker, count, unique); i++)
		unique = arena_format(asker->call->arena, "%s_%zu", name, i);
	return unique;
}

static struct dill_error *make_kind(struct asker *asker)
{
	struct arena *arena = asker->call->arena;
	size_t count = query_column_count(asker->query);

	asker->columns = arena_alloc_array(arena, count + 1, sizeof(*asker->columns));
	asker->values = arena_alloc_array(arena, count + 1, sizeof(*asker->values));
	if (!asker->columns || !asker->values)
		return error_no_memory();
	for (size_t i = 0; i < count; i++) {
		const char *heading = query_column_name(asker->query, i, arena);
		const char *name = heading ? unique_name(asker, i, heading) : NULL;

		if (!name)
			return error_no_memory();
		asker->columns[i] = (struct column){
			.name = name, .type = DILL_COLUMN_ANY, .heading = heading, .doc = ""};
	}
	asker->kind = row_kind;
	asker->kind.columns = asker->columns;
	asker->kind.column_count = count;
	return NULL;
}

static struct dill_error *emit_rows(struct asker *asker, struct arena *arena)
{
	for (;;) {
		struct dill_record *record;
		bool row;

		TRY(query_next(asker->query, arena, asker->values, &row));
		if (!row)
			return NULL;
		record = record_new(arena, &asker->kind);
		if (!record)
			return error_no_memory();
		for (size_t i = 0; i < asker->kind.column_count; i++)
			record_set_any(record, i, asker->values[i].text,
				       asker->values[i].is_number);
		TRY(asker->call->sink->emit(asker->call->sink, record));
		arena_reset(arena);
	}
}

static struct dill_error *run(struct command_call *call)
{
	const struct query_stop stop = {call->output->interrupted, call->output->context};
	struct asker *asker =
		arena_alloc(call->arena, sizeof(*asker)); /* the kind outlives run() */
	_cleanup_(query_freep)
	struct query *query = NULL;
	_cleanup_(arena_freep)
	struct arena *arena = NULL;

	if (!asker)
		return error_no_memory();
	*asker = (struct asker){.call = call};
	TRY(arena_new(&arena));
	TRY(query_new(call->arguments[0], call->arguments[1], &stop, &query));
	asker->query = query;
	TRY(make_kind(asker));
	return emit_rows(asker, arena);
}

static const struct dill_record_kind *const kinds[] = {&row_kind, NULL};

const struct command sql_command = {
	.name = "sql",
	.summary = "Ask a heap export or a trace in SQL",
	.help = "FILE is what \"export\" or \"trace -o\" wrote, QUERY one SELECT in quotes; the "
		"answer is a table, or a line of\n"
		"JSON for each row with --json. Without QUERY the tables and views are listed with "
		"their columns. The file is\n"
		"only read, and no other program is needed. Views, whose names end with _text, "
		"have "
		"names instead of\n"
		"numbers, and addresses as text.\n"
		"\n"
		"Examples:\n"
		"  sql heap.db\n"
		"  sql heap.db \"SELECT site, count(*) AS n FROM object_text GROUP BY site ORDER "
		"BY "
		"n DESC LIMIT 10\"\n"
		"  sql trace.db \"SELECT * FROM event_text WHERE double_free\" --json\n",
	.arguments = {{"FILE", ARGUMENT_FILE}, {"QUERY", ARGUMENT_TEXT, .optional = true}},
	.kinds = kinds,
	.run = run,
};
