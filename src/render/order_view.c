/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "answer/order_record.h"
#include "render/views.h"
#include "slub/order.h"

#define POSITION_WIDTH 6
/* "0x" and 16 digits. */
#define ADDRESS_WIDTH 18

static unsigned long number(const struct dill_record *record, size_t column)
{
	return (unsigned long)record_number(record, column);
}

/* --- what it is about --- */

static const char *engine_text(enum order_engine engine)
{
	switch (engine) {
	case ORDER_CPU_SLABS:
		return "from the CPU's own slab, its partial slabs, then the node's";
	case ORDER_SHEAVES:
		return "from the CPU's sheaves, the node's barn, then refills from slabs";
	case ORDER_SHEAVES_ON_CPUS:
		return "from the CPU's sheaves, the node's barn, then refills from the CPU's slab";
	case ORDER_SLABS:
		return "one at a time from the node's first partial slab";
	}
	return "";
}

static const char *cpu_text(enum order_cpu_source from)
{
	switch (from) {
	case ORDER_CPU_SELECTED:
		return " (its thread is selected)";
	case ORDER_CPU_DEFAULT:
		return " (say --cpu for another)";
	case ORDER_CPU_OPTION:
		break;
	}
	return "";
}

static struct dill_error *draw_head(struct painter *painter, const struct dill_record *record)
{
	paint(painter, STYLE_NAME, record_text(record, ORDER_COLUMN_CACHE));
	paint(painter, STYLE_DIM, "  kmem_cache ");
	paint_address(painter, number(record, ORDER_COLUMN_ADDRESS));
	paint_newline(painter);
	paint_format(painter, STYLE_HEADING, "CPU %lu", number(record, ORDER_COLUMN_CPU));
	paint(painter, STYLE_DIM,
	      cpu_text((enum order_cpu_source)number(record, ORDER_COLUMN_CPU_FROM)));
	paint_format(painter, STYLE_PLAIN, " of node %lu: %s", number(record, ORDER_COLUMN_NODE),
		     engine_text((enum order_engine)number(record, ORDER_COLUMN_ENGINE)));
	paint_newline(painter);
	return NULL;
}

const struct record_view order_head_view = {draw_head};

/* --- objects --- */

/* Parts of the sentence that says where an object is. */
static const struct place_text {
	const char *owner; /* of this CPU or node; NULL = nothing is handed out from there */
	const char *list;  /* numbered; NULL = there is only one */
	const char *slot;
} places[PLACE_KINDS] = {
	[PLACE_CPU_FREELIST] = {"CPU %lu's freelist", NULL, "position"},
	[PLACE_CPU_SLAB] = {"freelist of CPU %lu's slab", NULL, "position"},
	[PLACE_CPU_PARTIAL] = {"CPU %lu's", "partial slab", "freelist position"},
	[PLACE_MAIN_SHEAF] = {"CPU %lu's main sheaf", NULL, "slot"},
	[PLACE_SPARE_SHEAF] = {"CPU %lu's spare sheaf", NULL, "slot"},
	[PLACE_BARN] = {"barn of node %lu,", "full sheaf", "slot"},
	[PLACE_NODE_PARTIAL] = {"node %lu's", "partial slab", "freelist position"},
};

static void draw_owner(struct painter *painter, const char *owner, unsigned long which)
{
	const char *gap = strstr(owner, "%lu");

	paint_format(painter, STYLE_PLAIN, "%.*s%lu%s", (int)(gap - owner), owner, which, gap + 3);
}

static void draw_place(struct painter *painter, const struct dill_record *record)
{
	const struct place_text *text = &places[number(record, NEXT_COLUMN_PLACE)];
	bool cpu = record->fields[NEXT_COLUMN_CPU].present;

	if (!text->owner)
		return;
	draw_owner(painter, text->owner, number(record, cpu ? NEXT_COLUMN_CPU : NEXT_COLUMN_NODE));
	if (text->list)
		paint_format(painter, STYLE_PLAIN, " %s %lu", text->list,
			     number(record, NEXT_COLUMN_LIST));
	paint_format(painter, STYLE_PLAIN, ", %s %lu", text->slot,
		     number(record, NEXT_COLUMN_SLOT));
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
	bool broken = number(record, NOTE_COLUMN_KIND) == NOTE_BROKEN;

	paint_format(painter, STYLE_DIM, "%*lu  ", POSITION_WIDTH,
		     number(record, NOTE_COLUMN_POSITION));
	paint(painter, STYLE_DIM,
	      record->fields[NOTE_COLUMN_COUNT].present ? "from here: " : "from here on: ");
	paint(painter, broken ? STYLE_BAD : STYLE_WARN, record_text(record, NOTE_COLUMN_TEXT));
	paint_newline(painter);
	return NULL;
}

const struct record_view order_note_view = {draw_note};
