/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "answer/order_record.h"
#include "render/views.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define POSITION_WIDTH 6
/* "0x" and 16 digits. */
#define ADDRESS_WIDTH 18

static unsigned long number(const struct dill_record *record, size_t column)
{
	return (unsigned long)record_number(record, column);
}

/* --- what it is about --- */

static const char *engine_text(const char *engine)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
		{"cpu_slabs", "from the CPU's own slab, its partial slabs, then the node's"},
		{"sheaves", "from the CPU's sheaves, the node's barn, then refills from slabs"},
		{"sheaves_on_cpu_slabs",
		 "from the CPU's sheaves, the node's barn, then refills from the CPU's slab"},
		{"slabs", "one at a time from the node's first partial slab"},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(engine, rows[i].name) == 0)
			return rows[i].text;
	return engine;
}

static const char *cpu_text(const char *from)
{
	if (strcmp(from, "selected") == 0)
		return " (its thread is selected)";
	return strcmp(from, "default") == 0 ? " (say --cpu for another)" : "";
}

static struct dill_error *draw_head(struct painter *painter, const struct dill_record *record)
{
	paint(painter, STYLE_NAME, record_text(record, ORDER_COLUMN_CACHE));
	paint(painter, STYLE_DIM, "  kmem_cache ");
	paint_address(painter, number(record, ORDER_COLUMN_ADDRESS));
	paint_newline(painter);
	paint_format(painter, STYLE_HEADING, "CPU %lu", number(record, ORDER_COLUMN_CPU));
	paint(painter, STYLE_DIM, cpu_text(record_text(record, ORDER_COLUMN_CPU_FROM)));
	paint_format(painter, STYLE_PLAIN, " of node %lu: %s", number(record, ORDER_COLUMN_NODE),
		     engine_text(record_text(record, ORDER_COLUMN_ENGINE)));
	paint_newline(painter);
	return NULL;
}

const struct record_view order_head_view = {draw_head};

/* --- objects --- */

/* Parts of the sentence that says where an object is. */
static const struct {
	const char *name;
	const char *owner; /* of this CPU or node */
	const char *list;  /* numbered; NULL = there is only one */
	const char *slot;
} places[] = {
	{"cpu_freelist", "CPU %lu's freelist", NULL, "position"},
	{"cpu_slab", "freelist of CPU %lu's slab", NULL, "position"},
	{"cpu_partial", "CPU %lu's", "partial slab", "freelist position"},
	{"main_sheaf", "CPU %lu's main sheaf", NULL, "slot"},
	{"spare_sheaf", "CPU %lu's spare sheaf", NULL, "slot"},
	{"barn", "barn of node %lu,", "full sheaf", "slot"},
	{"node_partial", "node %lu's", "partial slab", "freelist position"},
};

static void draw_owner(struct painter *painter, const char *owner, unsigned long which)
{
	const char *gap = strstr(owner, "%lu");

	paint_format(painter, STYLE_PLAIN, "%.*s%lu%s", (int)(gap - owner), owner, which, gap + 3);
}

static void draw_place(struct painter *painter, const struct dill_record *record)
{
	bool cpu = record->fields[NEXT_COLUMN_CPU].present;
	unsigned long owner = number(record, cpu ? NEXT_COLUMN_CPU : NEXT_COLUMN_NODE);

	for (size_t i = 0; i < COUNT(places); i++) {
		if (strcmp(places[i].name, record_text(record, NEXT_COLUMN_PLACE)) != 0)
			continue;
		draw_owner(painter, places[i].owner, owner);
		if (places[i].list)
			paint_format(painter, STYLE_PLAIN, " %s %lu", places[i].list,
				     number(record, NEXT_COLUMN_LIST));
		paint_format(painter, STYLE_PLAIN, ", %s %lu", places[i].slot,
			     number(record, NEXT_COLUMN_SLOT));
	}
}

static struct dill_error *draw_next(struct painter *painter, const struct dill_record *record)
{
	bool certain = record->fields[NEXT_COLUMN_CERTAIN].flag;

	paint_format(painter, STYLE_DIM, "%*lu  ", POSITION_WIDTH,
		     number(record, NEXT_COLUMN_POSITION));
	paint_format(painter, certain ? STYLE_FREE : STYLE_WARN, "%#0*lx", ADDRESS_WIDTH,
		     number(record, NEXT_COLUMN_OBJECT));
	paint(painter, certain ? STYLE_PLAIN : STYLE_WARN, certain ? "  " : " ?");
	paint(painter, STYLE_PLAIN, " ");
	draw_place(painter, record);
	paint_newline(painter);
	return NULL;
}

const struct record_view order_next_view = {draw_next};

/* --- notes --- */

static struct dill_error *draw_note(struct painter *painter, const struct dill_record *record)
{
	bool broken = strcmp(record_text(record, NOTE_COLUMN_KIND), "broken") == 0;

	paint_format(painter, STYLE_DIM, "%*lu  ", POSITION_WIDTH,
		     number(record, NOTE_COLUMN_POSITION));
	paint(painter, STYLE_DIM,
	      record->fields[NOTE_COLUMN_COUNT].present ? "from here: " : "from here on: ");
	paint(painter, broken ? STYLE_BAD : STYLE_WARN, record_text(record, NOTE_COLUMN_TEXT));
	paint_newline(painter);
	return NULL;
}

const struct record_view order_note_view = {draw_note};
