/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "answer/record.h"

/*
 * What programs see of records. Inside, a wrong column or type is a mistake of dill's that an
 * assert() catches; here it is somebody else's, and gives nothing.
 */

static const struct column *column_at(const struct dill_record *record, size_t column)
{
	return column < record->kind->column_count ? &record->kind->columns[column] : NULL;
}

/* The field, when it is there and its type is in @p types (bits 1 << enum dill_column_type). */
static const struct field *field_of(const struct dill_record *record, size_t column, unsigned types)
{
	const struct column *at = column_at(record, column);

	if (!at || at->screen || !record->fields[column].present || !(types & 1u << at->type))
		return NULL;
	return &record->fields[column];
}

const char *dill_record_kind(const struct dill_record *record)
{
	return record->kind->name;
}

size_t dill_record_columns(const struct dill_record *record)
{
	return record->kind->column_count;
}

const char *dill_record_column_name(const struct dill_record *record, size_t column)
{
	const struct column *at = column_at(record, column);

	return at ? at->name : NULL;
}

enum dill_column_type dill_record_column_type(const struct dill_record *record, size_t column)
{
	const struct column *at = column_at(record, column);

	return at ? at->type : DILL_COLUMN_TEXT;
}

struct dill_error *dill_record_column(const struct dill_record *record, const char *name,
				      size_t *ret)
{
	for (size_t i = 0; i < record->kind->column_count; i++) {
		if (record->kind->columns[i].screen ||
		    strcmp(record->kind->columns[i].name, name) != 0)
			continue;
		*ret = i;
		return NULL;
	}
	return dill_error_new(DILL_ERROR_NOT_FOUND, "records of the kind %s have no column %s",
			      record->kind->name, name);
}

bool dill_record_has(const struct dill_record *record, size_t column)
{
	return field_of(record, column, ~0u) != NULL;
}

uint64_t dill_record_number(const struct dill_record *record, size_t column)
{
	const struct field *field =
		field_of(record, column,
			 1u << DILL_COLUMN_ADDRESS | 1u << DILL_COLUMN_COUNT |
				 1u << DILL_COLUMN_TIME | 1u << DILL_COLUMN_ENUM);

	return field ? field->number : 0;
}

int64_t dill_record_signed(const struct dill_record *record, size_t column)
{
	const struct field *field = field_of(record, column, 1u << DILL_COLUMN_SIGNED);

	return field ? field->integer : 0;
}

bool dill_record_bool(const struct dill_record *record, size_t column)
{
	const struct field *field = field_of(record, column, 1u << DILL_COLUMN_BOOL);

	return field && field->flag;
}

const char *dill_record_text(const struct dill_record *record, size_t column)
{
	const struct field *field =
		field_of(record, column,
			 1u << DILL_COLUMN_TEXT | 1u << DILL_COLUMN_ENUM | 1u << DILL_COLUMN_ANY);

	if (!field)
		return NULL;
	switch (record->kind->columns[column].type) {
	case DILL_COLUMN_ENUM:
		return column_word(&record->kind->columns[column], field->number);
	case DILL_COLUMN_ANY:
		return field->any.text;
	default:
		return field->text;
	}
}

const uint64_t *dill_record_addresses(const struct dill_record *record, size_t column,
				      size_t *ret_count)
{
	const struct field *field = field_of(record, column, 1u << DILL_COLUMN_ADDRESSES);

	*ret_count = field ? field->addresses.count : 0;
	return field ? field->addresses.items : NULL;
}

const char *const *dill_record_texts(const struct dill_record *record, size_t column,
				     size_t *ret_count)
{
	const struct field *field = field_of(record, column, 1u << DILL_COLUMN_TEXTS);

	*ret_count = field ? field->texts.count : 0;
	return field ? field->texts.items : NULL;
}

const struct dill_record *dill_record_first(const struct dill_record *record, size_t column)
{
	const struct field *field = field_of(record, column, 1u << DILL_COLUMN_RECORDS);

	return field ? field->records.first : NULL;
}

const struct dill_record *dill_record_next(const struct dill_record *record)
{
	return record->next;
}

const char *dill_record_word(const struct dill_record *record, size_t column, uint64_t number)
{
	const struct column *at = column_at(record, column);

	if (!at || at->type != DILL_COLUMN_ENUM || number >= at->words->count)
		return NULL;
	return column_word(at, number);
}
