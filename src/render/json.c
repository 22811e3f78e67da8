/* SPDX-License-Identifier: MIT */
#include "render/json.h"

#include <jansson.h>
#include <string.h>

#include "render/number_text.h"

#define DEPTH_MAX 64

/*
 * Jansson writes the strings; braces, commas and numbers are written here: its integers end at
 * INT64_MAX, and an object tree per record costs ten times the time of its text.
 */

static int append_encoded(const char *bytes, size_t length, void *context)
{
	strbuf_append_bytes(context, bytes, length);
	return 0;
}

static bool is_plain(const char *string)
{
	for (const unsigned char *c = (const unsigned char *)string; *c; c++)
		if (*c < 0x20 || *c >= 0x7f || *c == '"' || *c == '\\')
			return false;
	return true;
}

static void append_string(struct strbuf *text, const char *string)
{
	if (is_plain(string)) {
		strbuf_append_char(text, '"');
		strbuf_append(text, string);
		strbuf_append_char(text, '"');
		return;
	}

	json_t *value = json_string(string);

	if (!value) { /* no UTF-8: show the bytes */
		_cleanup_(strbuf_deinitp)
		struct strbuf escaped = {0};

		strbuf_append_escaped(&escaped, string, strlen(string));
		text->failed |= escaped.failed;
		value = json_string(strbuf_get(&escaped));
	}
	if (!value || json_dump_callback(value, append_encoded, text, JSON_ENCODE_ANY))
		text->failed = true;
	json_decref(value);
}

static void append_address(struct strbuf *text, uint64_t address)
{
	char quoted[ADDRESS_TEXT_LENGTH + 2];

	quoted[0] = quoted[sizeof(quoted) - 1] = '"';
	address_text(address, quoted + 1);
	strbuf_append_bytes(text, quoted, sizeof(quoted));
}

static void append_number(struct strbuf *text, uint64_t number)
{
	char digits[DECIMAL_TEXT_LENGTH];
	size_t length = decimal_text(number, digits);

	strbuf_append_bytes(text, digits + sizeof(digits) - length, length);
}

static void append_integer(struct strbuf *text, int64_t integer)
{
	if (integer < 0)
		strbuf_append_char(text, '-');
	append_number(text, integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer);
}

static struct dill_error *append_object(struct strbuf *text, const struct dill_record *record,
					bool named, unsigned depth);

static struct dill_error *append_records(struct strbuf *text, const struct record_list *list,
					 unsigned depth)
{
	strbuf_append_char(text, '[');
	for (const struct dill_record *item = list->first; item; item = item->next) {
		if (item != list->first)
			strbuf_append_char(text, ',');
		TRY(append_object(text, item, false, depth));
	}
	strbuf_append_char(text, ']');
	return NULL;
}

static struct dill_error *append_value(struct strbuf *text, const struct column *column,
				       const struct field *field, unsigned depth)
{
	switch (column->type) {
	case DILL_COLUMN_ADDRESS:
		append_address(text, field->number);
		break;
	case DILL_COLUMN_COUNT:
	case DILL_COLUMN_TIME:
		append_number(text, field->number);
		break;
	case DILL_COLUMN_SIGNED:
		append_integer(text, field->integer);
		break;
	case DILL_COLUMN_BOOL:
		strbuf_append(text, field->flag ? "true" : "false");
		break;
	case DILL_COLUMN_ENUM:
		append_string(text, column_word(column, field->number));
		break;
	case DILL_COLUMN_TEXT:
		append_string(text, field->text);
		break;
	case DILL_COLUMN_ADDRESSES:
		strbuf_append_char(text, '[');
		for (size_t i = 0; i < field->addresses.count; i++) {
			if (i)
				strbuf_append_char(text, ',');
			append_address(text, field->addresses.items[i]);
		}
		strbuf_append_char(text, ']');
		break;
	case DILL_COLUMN_TEXTS:
		strbuf_append_char(text, '[');
		for (size_t i = 0; i < field->texts.count; i++) {
			if (i)
				strbuf_append_char(text, ',');
			append_string(text, field->texts.items[i]);
		}
		strbuf_append_char(text, ']');
		break;
	case DILL_COLUMN_ANY:
		if (field->any.is_number)
			strbuf_append(text, field->any.text);
		else
			append_string(text, field->any.text);
		break;
	case DILL_COLUMN_RECORDS:
		return append_records(text, &field->records, depth + 1);
	}
	return NULL;
}

static struct dill_error *append_object(struct strbuf *text, const struct dill_record *record,
					bool named, unsigned depth)
{
	const struct dill_record_kind *kind = record->kind;
	bool first = true;

	if (depth > DEPTH_MAX)
		return dill_error_new(DILL_ERROR_LIMIT, "records nested deeper than %d", DEPTH_MAX);
	strbuf_append_char(text, '{');
	if (named) {
		strbuf_append(text, "\"record\":");
		append_string(text, kind->name);
		first = false;
	}
	for (size_t i = 0; i < kind->column_count; i++) {
		if (!record->fields[i].present || kind->columns[i].screen)
			continue;
		if (!first)
			strbuf_append_char(text, ',');
		first = false;
		append_string(text, kind->columns[i].name);
		strbuf_append_char(text, ':');
		TRY(append_value(text, &kind->columns[i], &record->fields[i], depth));
	}
	strbuf_append_char(text, '}');
	return NULL;
}

struct dill_error *json_append_record(struct strbuf *text, const struct dill_record *record)
{
	size_t start = text->length;
	struct dill_error *error = append_object(text, record, true, 0);

	if (error && text->data) { /* half an object would spoil the lines before it */
		text->length = start;
		text->data[start] = '\0';
	}
	return error ? error : strbuf_error(text);
}
