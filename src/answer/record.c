/* SPDX-License-Identifier: MIT */
#include "answer/record.h"

#include <assert.h>

struct dill_record *record_new(struct arena *arena, const struct dill_record_kind *kind)
{
	struct dill_record *record = arena_alloc(
		arena, sizeof(*record) + kind->column_count * sizeof(record->fields[0]));

	if (record)
		record->kind = kind;
	return record;
}

void record_list_append(struct record_list *list, struct dill_record *record)
{
	record->next = NULL;
	if (list->last)
		list->last->next = record;
	else
		list->first = record;
	list->last = record;
	list->count++;
}

static struct field *field(struct dill_record *record, size_t column, enum dill_column_type type)
{
	assert(column < record->kind->column_count);
	assert(record->kind->columns[column].type == type);
	(void)type;
	record->fields[column].present = true;
	return &record->fields[column];
}

void record_set_number(struct dill_record *record, size_t column, uint64_t value)
{
	enum dill_column_type type = record->kind->columns[column].type;

	assert(type == DILL_COLUMN_ADDRESS || type == DILL_COLUMN_COUNT ||
	       type == DILL_COLUMN_TIME);
	field(record, column, type)->number = value;
}

void record_set_enum(struct dill_record *record, size_t column, unsigned number)
{
	assert(number < record->kind->columns[column].words->count);
	field(record, column, DILL_COLUMN_ENUM)->number = number;
}

void record_set_signed(struct dill_record *record, size_t column, int64_t value)
{
	field(record, column, DILL_COLUMN_SIGNED)->integer = value;
}

void record_set_bool(struct dill_record *record, size_t column, bool value)
{
	field(record, column, DILL_COLUMN_BOOL)->flag = value;
}

void record_set_text(struct dill_record *record, size_t column, const char *value)
{
	if (value)
		field(record, column, DILL_COLUMN_TEXT)->text = value;
}

void record_set_addresses(struct dill_record *record, size_t column, const uint64_t *items,
			  size_t count)
{
	struct field *f = field(record, column, DILL_COLUMN_ADDRESSES);

	f->addresses.items = items;
	f->addresses.count = count;
}

void record_set_texts(struct dill_record *record, size_t column, const char *const *items,
		      size_t count)
{
	struct field *f = field(record, column, DILL_COLUMN_TEXTS);

	f->texts.items = items;
	f->texts.count = count;
}

void record_set_any(struct dill_record *record, size_t column, const char *text, bool is_number)
{
	struct field *f;

	if (!text)
		return;
	f = field(record, column, DILL_COLUMN_ANY);
	f->any.text = text;
	f->any.is_number = is_number;
}

void record_set_records(struct dill_record *record, size_t column, struct record_list list)
{
	field(record, column, DILL_COLUMN_RECORDS)->records = list;
}

const char *column_word(const struct column *column, uint64_t number)
{
	return column->words->word((unsigned)number);
}

uint64_t record_number(const struct dill_record *record, size_t column)
{
	assert(column < record->kind->column_count);
	return record->fields[column].present ? record->fields[column].number : 0;
}

const char *record_text(const struct dill_record *record, size_t column)
{
	const struct field *field = &record->fields[column];

	assert(column < record->kind->column_count);
	if (!field->present)
		return "";
	if (record->kind->columns[column].type == DILL_COLUMN_ENUM)
		return column_word(&record->kind->columns[column], field->number);
	return field->text ? field->text : "";
}
