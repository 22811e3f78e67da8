/* SPDX-License-Identifier: MIT */
#include "command/row_order.h"

#include <string.h>

#include "answer/note_record.h"

#define ARENA_ROWS 1024 /* made before their memory is used again */

/* What one row is compared by. */
struct row_key {
	uint64_t number; /* larger = earlier */
	const char *text;
	size_t index;
};

static bool is_sortable(const struct column *column)
{
	return column->heading && column->type <= DILL_COLUMN_TEXT;
}

static struct dill_error *fail(const char *word, const struct dill_record_kind *kind)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf names = {0};

	for (size_t i = 0; i < kind->column_count; i++)
		if (is_sortable(&kind->columns[i]))
			strbuf_append_format(&names, "%s%s", names.length ? ", " : "",
					     kind->columns[i].name);
	return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "--sort %s: one of %s", word,
			      strbuf_get(&names));
}

struct dill_error *row_order_parse(const char *word, const struct dill_record_kind *kind,
				   struct row_order *ret)
{
	bool turned = word[0] == '-';

	for (size_t i = 0; i < kind->column_count; i++) {
		const struct column *column = &kind->columns[i];

		if (!is_sortable(column) || strcmp(column->name, word + turned) != 0)
			continue;
		ret->column = i;
		ret->ascending = turned;
		return NULL;
	}
	return fail(word, kind);
}

static void read_key(const struct dill_record *record, size_t column, struct row_key *ret)
{
	const struct field *field = &record->fields[column];

	if (!field->present)
		return; /* the smallest */
	switch (record->kind->columns[column].type) {
	case DILL_COLUMN_SIGNED:
		ret->number = (uint64_t)field->integer ^ UINT64_C(1) << 63;
		break;
	case DILL_COLUMN_BOOL:
		ret->number = field->flag;
		break;
	case DILL_COLUMN_ENUM: /* by the word, as it is shown */
	case DILL_COLUMN_TEXT:
		ret->text = record_text(record, column);
		break;
	default:
		ret->number = field->number;
		break;
	}
}

static int by_key(const void *a, const void *b)
{
	const struct row_key *one = a, *two = b;
	int order = (one->number < two->number) - (one->number > two->number);

	if (one->text || two->text)
		order = strcmp(one->text ? one->text : "", two->text ? two->text : "");
	return order ? order : (one->index > two->index) - (one->index < two->index);
}

static int by_key_turned(const void *a, const void *b)
{
	const struct row_key *one = a, *two = b;
	int order = (one->number > two->number) - (one->number < two->number);

	if (one->text || two->text)
		order = strcmp(two->text ? two->text : "", one->text ? one->text : "");
	return order ? order : (one->index > two->index) - (one->index < two->index);
}

/* The keys of all rows, sorted; to be freed. */
static struct dill_error *make_keys(const struct row_source *source, const struct row_order *order,
				    struct arena *arena, struct row_key **ret)
{
	_cleanup_(freep)
	struct row_key *keys = calloc(source->count + 1, sizeof(*keys));

	if (!keys)
		return error_no_memory();
	for (size_t i = 0; i < source->count; i++) {
		struct dill_record *record;

		keys[i].index = i;
		if (order->column == SIZE_MAX)
			continue;
		if (i % ARENA_ROWS == 0)
			arena_reset(arena);
		TRY(source->make(source->context, i, arena, &record));
		read_key(record, order->column, &keys[i]);
	}
	if (source->count && order->column != SIZE_MAX)
		qsort(keys, source->count, sizeof(*keys),
		      order->ascending ? by_key_turned : by_key);
	*ret = steal(keys);
	return NULL;
}

struct dill_error *rows_note(struct command_call *call, const char *text)
{
	struct dill_record *record = record_new(call->arena, &note_kind);

	if (!record || !text)
		return error_no_memory();
	record_set_text(record, NOTE_TEXT, text);
	return call->screen ? call->sink->emit(call->sink, record) : NULL;
}

struct dill_error *rows_emit(struct command_call *call, const struct row_source *source,
			     const struct row_order *order)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	_cleanup_(freep)
	struct row_key *keys = NULL;

	TRY(arena_new(&arena));
	TRY(make_keys(source, order, arena, &keys));
	for (size_t i = 0; i < source->count && i < order->rows; i++) {
		struct dill_record *record;

		if (i % ARENA_ROWS == 0)
			arena_reset(arena);
		TRY(source->make(source->context, keys[i].index, arena, &record));
		TRY(call->sink->emit(call->sink, record));
	}
	return NULL;
}
