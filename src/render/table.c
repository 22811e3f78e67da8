/* SPDX-License-Identifier: MIT */
#include "render/table.h"

#include <limits.h>
#include <string.h>

#include "render/bytes_text.h"
#include "render/number_text.h"
#include "render/text_width.h"
#include "render/time_text.h"

#define ROWS_MAX       10000
#define TEXT_BYTES_MAX ((size_t)4 << 20)
#define GAP	       2  /* blanks between columns */
#define NAME_MIN       64 /* likewise of the first column */
#define TEXT_MIN       8  /* columns that a text keeps when the terminal is narrow */
/* The first column is what a row is known by, and what the next command is called with: no kernel
 * has a longer name, a forged one may, and must not cost the other columns. */
#define NAME_WIDTH_MAX 64

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

struct dill_error *table_begin(struct table *table, const struct dill_record_kind *kind,
			       bool screen)
{
	if (!table->texts)
		TRY(arena_new(&table->texts));
	table->columns.count = 0;
	for (size_t i = 0; i < kind->column_count; i++) {
		const struct column *column = &kind->columns[i];

		if (!column->heading || column->type == DILL_COLUMN_RECORDS ||
		    (column->screen && !screen))
			continue;

		struct table_column shown = {.index = i, .width = text_width(column->heading)};

		TRY(array_push(&table->columns, shown));
	}
	table->kind = kind;
	table->screen = screen;
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

static void append_count(const struct table *table, struct strbuf *text,
			 const struct column *column, uint64_t number)
{
	if (column->unit == UNIT_BYTES && table->screen)
		bytes_append(text, number);
	else if (column->unit == UNIT_PERMILLE)
		strbuf_append_format(text, "%lu.%lu%%", (unsigned long)number / 10,
				     (unsigned long)number % 10);
	else
		append_decimal(text, number);
}

static void append_texts(struct strbuf *text, const struct field *field)
{
	for (size_t i = 0; i < field->texts.count; i++) {
		if (i)
			strbuf_append(text, ", ");
		strbuf_append(text, field->texts.items[i]);
	}
}

/* How they are told apart from texts when they are drawn: "\n" and the letters behind the text. */
static void append_letters(struct strbuf *text, const struct column *column,
			   const struct field *field)
{
	strbuf_append_char(text, '\n');
	for (size_t i = 0; i < field->texts.count; i++) {
		char letter = column->letter(field->texts.items[i]);

		if (!letter)
			letter = '?';
		strbuf_append_char(text, letter);
	}
}

static void append_value(const struct table *table, struct strbuf *text,
			 const struct column *column, const struct field *field)
{
	switch (column->type) {
	case DILL_COLUMN_ADDRESS:
		append_address(text, field->number);
		break;
	case DILL_COLUMN_COUNT:
		append_count(table, text, column, field->number);
		break;
	case DILL_COLUMN_TIME:
		time_append(text, field->number);
		break;
	case DILL_COLUMN_SIGNED:
		if (field->integer < 0)
			strbuf_append_char(text, '-');
		append_count(table, text, column,
			     field->integer < 0 ? 0 - (uint64_t)field->integer
						: (uint64_t)field->integer);
		break;
	case DILL_COLUMN_BOOL:
		strbuf_append(text, field->flag ? "yes" : "no");
		break;
	case DILL_COLUMN_ENUM:
		strbuf_append(text, column_word(column, field->number));
		break;
	case DILL_COLUMN_TEXT:
		strbuf_append(text, field->text);
		break;
	case DILL_COLUMN_ADDRESSES:
		for (size_t i = 0; i < field->addresses.count; i++) {
			if (i)
				strbuf_append_char(text, ' ');
			append_address(text, field->addresses.items[i]);
		}
		break;
	case DILL_COLUMN_TEXTS:
		append_texts(text, field);
		break;
	case DILL_COLUMN_ANY:
		strbuf_append(text, field->any.text);
		break;
	case DILL_COLUMN_RECORDS: /* drawn by views only */
		break;
	}
}

/* Whether a value stands at the left of its column. */
static bool holds_text(const struct table *table, const struct table_column *column,
		       const struct field *field)
{
	switch (table->kind->columns[column->index].type) {
	case DILL_COLUMN_COUNT:
	case DILL_COLUMN_TIME:
	case DILL_COLUMN_SIGNED:
		return false;
	case DILL_COLUMN_ANY:
		return !field->any.is_number;
	default:
		return true;
	}
}

/* Whether a reader would miss the cell. */
static bool says_something(enum dill_column_type type, const struct field *field)
{
	switch (type) {
	case DILL_COLUMN_ADDRESS:
	case DILL_COLUMN_COUNT:
	case DILL_COLUMN_TIME:
		return field->number != 0;
	case DILL_COLUMN_SIGNED:
		return field->integer != 0;
	case DILL_COLUMN_BOOL:
		return field->flag;
	case DILL_COLUMN_ENUM:
		return true;
	case DILL_COLUMN_TEXT:
		return field->text[0] != '\0';
	case DILL_COLUMN_ADDRESSES:
		return field->addresses.count != 0;
	case DILL_COLUMN_TEXTS:
		return field->texts.count != 0;
	case DILL_COLUMN_ANY: /* a query's column, asked for by name */
		return true;
	case DILL_COLUMN_RECORDS:
		break;
	}
	return false;
}

/* Text of a cell, and how wide its column must be for it. */
static struct dill_error *make_cell(struct table *table, struct table_column *shown,
				    const struct field *field, struct strbuf *value, char **ret)
{
	const struct column *column = &table->kind->columns[shown->index];

	strbuf_clear(value);
	append_value(table, value, column, field);
	TRY(strbuf_error(value));

	size_t width = text_width(strbuf_get(value));

	if (width > shown->width)
		shown->width = width;
	if (column->letter && field->texts.count) {
		size_t letters = field->texts.count, heading = text_width(column->heading);

		append_letters(value, column, field);
		TRY(strbuf_error(value));
		letters = letters < heading ? heading : letters;
		if (letters > shown->letters)
			shown->letters = letters;
	}
	shown->has_texts |= holds_text(table, shown, field);
	shown->filled |= says_something(column->type, field);
	*ret = arena_copy_text(table->texts, strbuf_get(value), value->length);
	if (!*ret)
		return error_no_memory();
	table->text_bytes += value->length;
	return NULL;
}

struct dill_error *table_add(struct table *table, const struct dill_record *record)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf value = {0};

	TRY(array_reserve(&table->cells, table->columns.count));
	for (size_t i = 0; i < table->columns.count; i++) {
		struct table_column *column = &table->columns.items[i];
		const struct field *field = &record->fields[column->index];
		char *cell = NULL;

		if (field->present)
			TRY(make_cell(table, column, field, &value, &cell));
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

static const struct column *column_of(const struct table *table, const struct table_column *column)
{
	return &table->kind->columns[column->index];
}

static enum dill_column_type type_of(const struct table *table, const struct table_column *column)
{
	return column_of(table, column)->type;
}

static size_t full_width(const struct table_column *column)
{
	size_t width = column->is_letters ? column->letters : column->width;

	return width > INT_MAX / 2 ? INT_MAX / 2 : width; /* paint_padded() takes an int */
}

static size_t total_width(const struct table *table, const size_t *widths)
{
	size_t total = 0;

	for (size_t i = 0; i < table->columns.count; i++)
		if (!table->columns.items[i].dropped)
			total += widths[i] + (i ? GAP : 0);
	return total;
}

static void reset_widths(struct table *table, size_t *widths)
{
	for (size_t i = 0; i < table->columns.count; i++)
		widths[i] = full_width(&table->columns.items[i]);
}

/* The column to do without next, 0 = none; the first always stays. With @ranked only those that
 * have a rank. */
static size_t least_wanted(const struct table *table, bool ranked)
{
	size_t found = 0;
	unsigned rank = ranked ? 1 : 0;

	for (size_t i = 1; i < table->columns.count; i++) {
		const struct table_column *column = &table->columns.items[i];
		unsigned own = column_of(table, column)->rank;

		if (!column->dropped && own >= rank) {
			found = i;
			rank = own;
		}
	}
	return found;
}

/* Whether a column that has @width now may have less; the first, which names the row, as good as
 * never. */
static bool can_shrink(const struct table *table, size_t column, size_t width)
{
	enum dill_column_type type = type_of(table, &table->columns.items[column]);

	return width > (column ? TEXT_MIN : NAME_MIN) && !table->columns.items[column].dropped &&
	       (type == DILL_COLUMN_ENUM || type == DILL_COLUMN_TEXT || type == DILL_COLUMN_TEXTS ||
		type == DILL_COLUMN_ADDRESSES ||
		(type == DILL_COLUMN_ANY && table->columns.items[column].has_texts));
}

/* Make texts narrower, the widest first; numbers and addresses never are. */
static void shrink_texts(const struct table *table, size_t *widths, size_t wanted)
{
	size_t total = total_width(table, widths);

	while (total > wanted) {
		size_t widest = table->columns.count;

		for (size_t i = 0; i < table->columns.count; i++)
			if (can_shrink(table, i, widths[i]) &&
			    (widest == table->columns.count || widths[i] > widths[widest]))
				widest = i;
		if (widest == table->columns.count)
			return;
		widths[widest]--;
		total--;
	}
}

static void drop_empty(struct table *table)
{
	for (size_t i = 1; i < table->columns.count; i++)
		table->columns.items[i].dropped |= !table->columns.items[i].filled;
}

static void use_letters(struct table *table, size_t *widths)
{
	for (size_t i = 0; i < table->columns.count; i++)
		table->columns.items[i].is_letters |= table->columns.items[i].letters != 0;
	reset_widths(table, widths);
}

/* Widths to draw with. What was once dropped stays so, as the heading says. */
static void fit(struct table *table, const struct painter *painter, size_t *ret_widths)
{
	size_t wanted = painter->width, next;

	reset_widths(table, ret_widths);
	if (wanted == UINT_MAX)
		return;
	if (total_width(table, ret_widths) > wanted)
		drop_empty(table);
	if (total_width(table, ret_widths) > wanted)
		use_letters(table, ret_widths);
	if (total_width(table, ret_widths) > wanted && ret_widths[0] > NAME_WIDTH_MAX)
		ret_widths[0] = NAME_WIDTH_MAX;
	while (total_width(table, ret_widths) > wanted && (next = least_wanted(table, true)))
		table->columns.items[next].dropped = true;
	shrink_texts(table, ret_widths, wanted);
	while (total_width(table, ret_widths) > wanted && (next = least_wanted(table, false)))
		table->columns.items[next].dropped = true;
	if (ret_widths[0] > wanted)
		ret_widths[0] = wanted;
}

void table_left_out(const struct table *table, void (*say)(void *context, const char *heading),
		    void *context)
{
	for (size_t i = 0; i < table->columns.count; i++)
		if (table->columns.items[i].dropped && table->columns.items[i].filled)
			say(context, column_of(table, &table->columns.items[i])->heading);
}

static enum style style_of(const struct table *table, size_t column)
{
	switch (type_of(table, &table->columns.items[column])) {
	case DILL_COLUMN_ADDRESS:
	case DILL_COLUMN_ADDRESSES:
		return STYLE_ADDRESS;
	case DILL_COLUMN_COUNT:
	case DILL_COLUMN_TIME:
	case DILL_COLUMN_SIGNED:
		return STYLE_NUMBER;
	default:
		return column ? STYLE_PLAIN : STYLE_NAME;
	}
}

/* The last column that is drawn. */
static size_t last_shown(const struct table *table)
{
	size_t last = table->columns.count - 1;

	while (last && table->columns.items[last].dropped)
		last--;
	return last;
}

static void draw_cell(const struct table *table, struct painter *painter, size_t column,
		      enum style style, const char *text, size_t width)
{
	const struct table_column *drawn = &table->columns.items[column];
	enum dill_column_type type = type_of(table, drawn);

	if (column)
		strbuf_append_repeated(&painter->text, ' ', GAP);
	if (type == DILL_COLUMN_COUNT || type == DILL_COLUMN_TIME || type == DILL_COLUMN_SIGNED ||
	    (type == DILL_COLUMN_ANY && !drawn->has_texts))
		paint_padded(painter, style, text, -(int)width);
	else if (column == last_shown(table) && text_width(text) <= width)
		paint(painter, style, text); /* no blanks at the end of a line */
	else
		paint_padded(painter, style, text, (int)width);
}

/* A cell with letters behind its text shows one of the two. */
static void draw_value(const struct table *table, struct painter *painter, size_t column,
		       char *cell, size_t width)
{
	char *letters = table->columns.items[column].letters ? strchr(cell, '\n') : NULL;

	if (letters) {
		*letters = '\0';
		if (table->columns.items[column].is_letters)
			cell = letters + 1;
	}
	draw_cell(table, painter, column, style_of(table, column), cell, width);
}

static size_t shown_count(const struct table *table)
{
	size_t count = 0;

	for (size_t i = 0; i < table->columns.count; i++)
		count += !table->columns.items[i].dropped;
	return count;
}

static void draw_heading(struct table *table, struct painter *painter, const size_t *widths)
{
	for (size_t i = 0; i < table->columns.count; i++)
		if (!table->columns.items[i].dropped)
			draw_cell(table, painter, i, STYLE_HEADING,
				  column_of(table, &table->columns.items[i])->heading, widths[i]);
	paint_newline(painter);
	table->heading_drawn = true;
}

void table_draw(struct table *table, struct painter *painter)
{
	size_t columns = table->columns.count, shown;
	_cleanup_(freep)
	size_t *widths = NULL;

	if (!columns || !table->cells.count)
		return;
	widths = reallocarray(NULL, columns, sizeof(*widths));
	if (!widths) {
		painter->text.failed = true;
		return;
	}
	shown = shown_count(table);
	fit(table, painter, widths);
	/* A later part that needed more room has fewer columns. */
	if (!table->heading_drawn || shown_count(table) != shown)
		draw_heading(table, painter, widths);
	for (size_t at = 0; at < table->cells.count; at++) {
		size_t column = at % columns;
		char *cell = table->cells.items[at];

		if (table->columns.items[column].dropped)
			;
		else if (cell)
			draw_value(table, painter, column, cell, widths[column]);
		else
			draw_cell(table, painter, column, STYLE_DIM, "-", widths[column]);
		if (column + 1 == columns)
			paint_newline(painter);
	}
	forget_rows(table);
}
