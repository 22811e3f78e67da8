/* SPDX-License-Identifier: MIT */
#include "render/table.h"

#include <limits.h>
#include <string.h>

#include "render/number_text.h"
#include "render/text_width.h"
#include "render/time_text.h"

#define ROWS_MAX       10000
#define TEXT_BYTES_MAX ((size_t)4 << 20)
#define GAP	       2 /* blanks between columns */
#define TEXT_MIN       8 /* columns that a text keeps when the terminal is narrow */
/* The first column is what a row is known by, and what the next command is called with: no kernel
 * has a longer name, a forged one may. */
#define NAME_MIN 64

void table_init(struct table *table)
{
	*table = (struct table){0};
}

void table_deinit(struct table *table)
{
	arena_free(table->texts);
	array_free(&table->cells);
	array_free(&table->columns);
	*table = (struct table){0};
}

struct dill_error *table_begin(struct table *table, const struct record_kind *kind)
{
	if (!table->texts)
		TRY(arena_new(&table->texts));
	table->columns.count = 0;
	for (size_t i = 0; i < kind->column_count; i++) {
		const struct column *column = &kind->columns[i];

		if (!column->heading || column->type == COLUMN_RECORDS)
			continue;

		struct table_column shown = {.index = i, .width = text_width(column->heading)};

		TRY(array_push(&table->columns, shown));
	}
	table->kind = kind;
	table->heading_drawn = false;
	return NULL;
}

static void forget_rows(struct table *table)
{
	table->cells.count = 0;
	table->text_bytes = 0;
	if (table->texts)
		arena_reset(table->texts);
}

void table_end(struct table *table)
{
	forget_rows(table);
	table->kind = NULL;
}

static void append_address(struct strbuf *text, uint64_t address)
{
	char digits[ADDRESS_TEXT_LENGTH];

	address_text(address, digits);
	strbuf_append_bytes(text, digits, sizeof(digits));
}

static void append_decimal(struct strbuf *text, uint64_t number)
{
	char digits[DECIMAL_TEXT_LENGTH];
	size_t length = decimal_text(number, digits);

	strbuf_append_bytes(text, digits + sizeof(digits) - length, length);
}

static void append_value(struct strbuf *text, enum column_type type, const struct field *field)
{
	switch (type) {
	case COLUMN_ADDRESS:
		append_address(text, field->number);
		break;
	case COLUMN_COUNT:
		append_decimal(text, field->number);
		break;
	case COLUMN_TIME:
		time_append(text, field->number);
		break;
	case COLUMN_SIGNED:
		if (field->integer < 0)
			strbuf_append_char(text, '-');
		append_decimal(text, field->integer < 0 ? 0 - (uint64_t)field->integer
							: (uint64_t)field->integer);
		break;
	case COLUMN_BOOL:
		strbuf_append(text, field->flag ? "yes" : "no");
		break;
	case COLUMN_TEXT:
		strbuf_append(text, field->text);
		break;
	case COLUMN_ADDRESSES:
		for (size_t i = 0; i < field->addresses.count; i++) {
			if (i)
				strbuf_append_char(text, ' ');
			append_address(text, field->addresses.items[i]);
		}
		break;
	case COLUMN_TEXTS:
		for (size_t i = 0; i < field->texts.count; i++) {
			if (i)
				strbuf_append(text, ", ");
			strbuf_append(text, field->texts.items[i]);
		}
		break;
	case COLUMN_ANY:
		strbuf_append(text, field->any.text);
		break;
	case COLUMN_RECORDS: /* drawn by views only */
		break;
	}
}

/* Whether a value stands at the left of its column. */
static bool holds_text(const struct table *table, const struct table_column *column,
		       const struct field *field)
{
	switch (table->kind->columns[column->index].type) {
	case COLUMN_COUNT:
	case COLUMN_TIME:
	case COLUMN_SIGNED:
		return false;
	case COLUMN_ANY:
		return !field->any.is_number;
	default:
		return true;
	}
}

struct dill_error *table_add(struct table *table, const struct record *record)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf value = {0};

	TRY(array_reserve(&table->cells, table->columns.count));
	for (size_t i = 0; i < table->columns.count; i++) {
		struct table_column *column = &table->columns.items[i];
		const struct field *field = &record->fields[column->index];
		const char *cell = NULL;

		if (field->present) {
			strbuf_clear(&value);
			append_value(&value, table->kind->columns[column->index].type, field);
			TRY(strbuf_error(&value));
			cell = arena_copy_text(table->texts, strbuf_get(&value), value.length);
			if (!cell)
				return error_no_memory();
			table->text_bytes += value.length;
			column->has_texts |= holds_text(table, column, field);

			size_t width = text_width(cell);

			if (width > column->width)
				column->width = width;
		}
		table->cells.items[table->cells.count + i] = cell;
	}
	/* Only now: a row is in the table as a whole or not at all. */
	table->cells.count += table->columns.count;
	return NULL;
}

bool table_is_full(const struct table *table)
{
	return table->cells.count >= ROWS_MAX * table->columns.count ||
	       table->text_bytes >= TEXT_BYTES_MAX;
}

static enum column_type type_of(const struct table *table, const struct table_column *column)
{
	return table->kind->columns[column->index].type;
}

/* Whether a column that has @width now may have less. */
static bool can_shrink(const struct table *table, size_t column, size_t width)
{
	enum column_type type = type_of(table, &table->columns.items[column]);

	return width > (column ? TEXT_MIN : NAME_MIN) &&
	       (type == COLUMN_TEXT || type == COLUMN_TEXTS || type == COLUMN_ADDRESSES ||
		(type == COLUMN_ANY && table->columns.items[column].has_texts));
}

/* Widths to draw with: texts give way, the widest first; numbers, addresses and names never do. */
static void fit(const struct table *table, const struct painter *painter, size_t *ret_widths)
{
	size_t total = 0;

	for (size_t i = 0; i < table->columns.count; i++) {
		ret_widths[i] = table->columns.items[i].width;
		if (ret_widths[i] > INT_MAX / 2) /* paint_padded() takes an int */
			ret_widths[i] = INT_MAX / 2;
		total += ret_widths[i] + (i ? GAP : 0);
	}
	if (painter->width == UINT_MAX)
		return;
	while (total > painter->width) {
		size_t widest = table->columns.count;

		for (size_t i = 0; i < table->columns.count; i++)
			if (can_shrink(table, i, ret_widths[i]) &&
			    (widest == table->columns.count || ret_widths[i] > ret_widths[widest]))
				widest = i;
		if (widest == table->columns.count)
			return;
		ret_widths[widest]--;
		total--;
	}
}

static enum style style_of(const struct table *table, size_t column)
{
	switch (type_of(table, &table->columns.items[column])) {
	case COLUMN_ADDRESS:
	case COLUMN_ADDRESSES:
		return STYLE_ADDRESS;
	case COLUMN_COUNT:
	case COLUMN_TIME:
	case COLUMN_SIGNED:
		return STYLE_NUMBER;
	default:
		return column ? STYLE_PLAIN : STYLE_NAME;
	}
}

static void draw_cell(const struct table *table, struct painter *painter, size_t column,
		      enum style style, const char *text, size_t width)
{
	const struct table_column *drawn = &table->columns.items[column];
	enum column_type type = type_of(table, drawn);
	bool last = column + 1 == table->columns.count;

	if (column)
		strbuf_append_repeated(&painter->text, ' ', GAP);
	if (type == COLUMN_COUNT || type == COLUMN_TIME || type == COLUMN_SIGNED ||
	    (type == COLUMN_ANY && !drawn->has_texts))
		paint_padded(painter, style, text, -(int)width);
	else if (last && text_width(text) <= width) /* no blanks at the end of a line */
		paint(painter, style, text);
	else
		paint_padded(painter, style, text, (int)width);
}

void table_draw(struct table *table, struct painter *painter)
{
	size_t columns = table->columns.count;
	_cleanup_(freep)
	size_t *widths = NULL;

	if (!columns || !table->cells.count)
		return;
	widths = reallocarray(NULL, columns, sizeof(*widths));
	if (!widths) {
		painter->text.failed = true;
		return;
	}
	fit(table, painter, widths);
	if (!table->heading_drawn) {
		for (size_t i = 0; i < columns; i++)
			draw_cell(table, painter, i, STYLE_HEADING,
				  table->kind->columns[table->columns.items[i].index].heading,
				  widths[i]);
		paint_newline(painter);
		table->heading_drawn = true;
	}
	for (size_t at = 0; at < table->cells.count; at++) {
		size_t column = at % columns;
		const char *cell = table->cells.items[at];

		draw_cell(table, painter, column, cell ? style_of(table, column) : STYLE_DIM,
			  cell ? cell : "-", widths[column]);
		if (column + 1 == columns)
			paint_newline(painter);
	}
	forget_rows(table);
}
