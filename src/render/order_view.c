/* SPDX-License-Identifier: MIT */
#include "render/order_view.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define POSITION_WIDTH 6
/* "0x" and 16 digits. */
#define ADDRESS_WIDTH 18

static unsigned long number(const struct dill_record *record, size_t column)
{
	return (unsigned long)record_number(record, column);
}

/* --- what it is about --- */

static const struct column head_columns[] = {
	[ORDER_COLUMN_CACHE] = {"cache", DILL_COLUMN_TEXT, NULL, "name of the cache"},
	[ORDER_COLUMN_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL, "its struct kmem_cache"},
	[ORDER_COLUMN_CPU] = {"cpu", DILL_COLUMN_COUNT, NULL, "the CPU that allocates"},
	[ORDER_COLUMN_CPU_FROM] =
		{"cpu_from", DILL_COLUMN_TEXT, NULL,
		 "why this CPU: option, selected (its thread is selected in GDB), or default"},
	[ORDER_COLUMN_NODE] = {"node", DILL_COLUMN_COUNT, NULL, "the CPU's NUMA node"},
	[ORDER_COLUMN_ENGINE] = {"engine", DILL_COLUMN_TEXT, NULL,
				 "what hands objects out: cpu_slabs, sheaves, "
				 "sheaves_on_cpu_slabs, or slabs (one at a time)"},
	[ORDER_COLUMN_SHEAF_CAPACITY] =
		{"sheaf_capacity", DILL_COLUMN_COUNT, NULL,
		 "objects that a sheaf has room for; absent without sheaves"},
};

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

static const struct record_view head_view = {draw_head};

const struct dill_record_kind order_head_kind = {
	.name = "knext",
	.doc = "Whose next objects the records behind it are.",
	.columns = head_columns,
	.column_count = COUNT(head_columns),
	.view = &head_view,
};

/* --- objects --- */

static const struct column next_columns[] = {
	[NEXT_COLUMN_POSITION] = {"position", DILL_COLUMN_COUNT, NULL,
				  "0 = the next allocation; there are gaps where a note says so"},
	[NEXT_COLUMN_OBJECT] = {"object", DILL_COLUMN_ADDRESS, NULL,
				"what that allocation returns"},
	[NEXT_COLUMN_PLACE] =
		{"place", DILL_COLUMN_TEXT, NULL,
		 "where it is now: cpu_freelist, cpu_slab (its slab's freelist), cpu_partial, "
		 "main_sheaf, spare_sheaf, barn, or node_partial"},
	[NEXT_COLUMN_CPU] = {"cpu", DILL_COLUMN_COUNT, NULL, "whose it is"},
	[NEXT_COLUMN_NODE] = {"node", DILL_COLUMN_COUNT, NULL, "whose it is"},
	[NEXT_COLUMN_LIST] =
		{"list", DILL_COLUMN_COUNT, NULL,
		 "number of the slab on its list, or of the sheaf in its barn, from 0"},
	[NEXT_COLUMN_SLOT] = {"slot", DILL_COLUMN_COUNT, NULL,
			      "slot of the sheaf, or place on the freelist, from 0"},
	[NEXT_COLUMN_CONTAINER] = {"container", DILL_COLUMN_ADDRESS, NULL,
				   "the sheaf, or the slab's descriptor"},
	[NEXT_COLUMN_CERTAIN] = {"certain", DILL_COLUMN_BOOL, NULL,
				 "false: only if what the notes before it say comes true"},
};

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

static const struct record_view next_view = {draw_next};

const struct dill_record_kind order_next_kind = {
	.name = "next",
	.doc = "An object that a coming allocation gets.",
	.columns = next_columns,
	.column_count = COUNT(next_columns),
	.view = &next_view,
};

/* --- notes --- */

static const struct column note_columns[] = {
	[NOTE_COLUMN_POSITION] = {"position", DILL_COLUMN_COUNT, NULL,
				  "of the first object that it is about"},
	[NOTE_COLUMN_COUNT] = {"count", DILL_COLUMN_COUNT, NULL,
			       "objects that it is about; absent: all from there on"},
	[NOTE_COLUMN_KIND] =
		{"kind", DILL_COLUMN_TEXT, NULL,
		 "new_slab, other_nodes, may_sleep, new_sheaf, broken, in_motion, reserves, "
		 "offline, kfence, or kfence_due"},
	[NOTE_COLUMN_TEXT] = {"text", DILL_COLUMN_TEXT, NULL, "the same in words"},
};

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

static const struct record_view note_view = {draw_note};

const struct dill_record_kind order_note_kind = {
	.name = "next_note",
	.doc = "Where the certainty of a prediction ends or changes.",
	.columns = note_columns,
	.column_count = COUNT(note_columns),
	.view = &note_view,
};
