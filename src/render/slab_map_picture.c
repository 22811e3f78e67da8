/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "answer/slab_map_record.h"
#include "base/plural.h"
#include "render/fields.h"
#include "render/map_symbols.h"
#include "render/slab_map_view.h"
#include "render/views.h"

/* Number of a line's first object, and the blank behind it. */
#define INDEX_WIDTH 6u

static void draw_in_motion(struct painter *painter, const struct dill_record *record, size_t column)
{
	if (field_flag(record, column))
		paint(painter, STYLE_WARN, "  (lists in motion: a CPU was stopped changing them)");
}

/* --- one slab --- */

static void draw_place(struct painter *painter, const struct dill_record *slab)
{
	char owner[64];

	field_label(painter, "slab");
	paint_address(painter, field_number(slab, SLAB_MAP_SLAB));
	paint_format(painter, STYLE_PLAIN, "  order %lu (%lu KiB)  node %lu",
		     field_number(slab, SLAB_MAP_ORDER), field_number(slab, SLAB_MAP_MEMORY) / 1024,
		     field_number(slab, SLAB_MAP_NODE));
	paint_newline(painter);
	field_label(painter, "memory");
	paint_address(painter, field_number(slab, SLAB_MAP_BASE));
	paint(painter, STYLE_PLAIN, " to ");
	paint_address(painter,
		      field_number(slab, SLAB_MAP_BASE) + field_number(slab, SLAB_MAP_MEMORY) - 1);
	paint_newline(painter);
	slab_map_owner(slab, owner, sizeof(owner));
	field_label(painter, "whose");
	paint(painter, STYLE_PLAIN, owner);
	if (field_flag(slab, SLAB_MAP_FROZEN))
		paint(painter, STYLE_DIM, ", frozen");
	paint_newline(painter);
}

static void draw_counts(struct painter *painter, const struct dill_record *slab)
{
	field_label(painter, "objects");
	paint_format(painter, STYLE_PLAIN, "%lu of %lu byte%s, %lu with metadata",
		     field_number(slab, SLAB_MAP_OBJECTS), field_number(slab, SLAB_MAP_OBJECT_SIZE),
		     plural(field_number(slab, SLAB_MAP_OBJECT_SIZE)),
		     field_number(slab, SLAB_MAP_SIZE));
	draw_states(painter, slab, SLAB_MAP_LIVE);
	draw_in_motion(painter, slab, SLAB_MAP_IN_MOTION);
	if (field_flag(slab, SLAB_MAP_BROKEN))
		paint(painter, STYLE_BAD, "  ! a freelist is broken, see below");
	paint_newline(painter);
}

static const struct dill_record *object_at(const struct dill_record *slab, uint64_t index)
{
	const struct dill_record *object = slab->fields[SLAB_MAP_STATES].records.first;

	while (object && record_number(object, STATE_COLUMN_INDEX) != index)
		object = object->next;
	return object;
}

/* ": cached, in a CPU's main sheaf: CPU 1, position 17" */
static void draw_object_state(struct painter *painter, const struct dill_record *slab)
{
	const struct dill_record *object = object_at(slab, field_number(slab, SLAB_MAP_INDEX));
	const struct map_symbol *symbol = map_symbol_find(
		record_text(slab, SLAB_MAP_MAP)[field_number(slab, SLAB_MAP_INDEX)]);

	if (!object)
		return;
	paint(painter, STYLE_PLAIN, ": ");
	paint(painter, symbol->style, record_text(object, STATE_COLUMN_STATE));
	if (!object->fields[STATE_COLUMN_PLACE].present)
		return;
	paint_format(painter, STYLE_PLAIN, ", %s", symbol->text);
	if (object->fields[STATE_COLUMN_CPU].present)
		paint_format(painter, STYLE_PLAIN, ", CPU %lu",
			     field_number(object, STATE_COLUMN_CPU));
	if (object->fields[STATE_COLUMN_NODE].present)
		paint_format(painter, STYLE_PLAIN, ", node %lu",
			     field_number(object, STATE_COLUMN_NODE));
	if (object->fields[STATE_COLUMN_POSITION].present)
		paint_format(painter, STYLE_PLAIN, ", position %lu",
			     field_number(object, STATE_COLUMN_POSITION));
}

static bool is_inside(const struct dill_record *slab)
{
	return field_number(slab, SLAB_MAP_ADDRESS) - field_number(slab, SLAB_MAP_BASE) <
	       field_number(slab, SLAB_MAP_MEMORY);
}

static void draw_address(struct painter *painter, const struct dill_record *slab)
{
	long offset = (long)slab->fields[SLAB_MAP_OFFSET].integer;

	field_label(painter, "address");
	paint_address(painter, field_number(slab, SLAB_MAP_ADDRESS));
	if (!slab->fields[SLAB_MAP_INDEX].present) {
		paint(painter, STYLE_DIM,
		      is_inside(slab) ? "  behind the last object" : "  a struct page of the slab");
		paint_newline(painter);
		return;
	}
	paint_format(painter, STYLE_PLAIN, "  object %lu", field_number(slab, SLAB_MAP_INDEX));
	if (offset) {
		paint(painter, STYLE_PLAIN, " at ");
		paint_address(painter, field_number(slab, SLAB_MAP_OBJECT));
		paint_format(painter, STYLE_PLAIN, "%+ld", offset);
	}
	if (offset < 0)
		paint(painter, STYLE_DIM, " (red zone in front)");
	else if (offset >= (long)field_number(slab, SLAB_MAP_OBJECT_SIZE))
		paint(painter, STYLE_DIM, " (behind what its user gets)");
	draw_object_state(painter, slab);
	paint_newline(painter);
}

/* Objects in a line: all, or a round number that fits. */
static size_t objects_per_line(const struct painter *painter, size_t count)
{
	size_t room = map_width(painter) - INDEX_WIDTH - 2;

	if (count <= room)
		return count;
	return room >= 64 ? room / 64 * 64 : room / 16 * 16;
}

static void draw_map(struct painter *painter, const struct dill_record *slab)
{
	const char *map = record_text(slab, SLAB_MAP_MAP);
	size_t count = strlen(map), line = objects_per_line(painter, count);
	bool pointed = slab->fields[SLAB_MAP_INDEX].present;
	size_t index = field_number(slab, SLAB_MAP_INDEX);

	for (size_t at = 0; at < count; at += line) {
		paint_format(painter, STYLE_DIM, "%*zu  ", (int)INDEX_WIDTH, at);
		paint_map(painter, map + at, count - at < line ? count - at : line);
		paint_newline(painter);
		if (pointed && index >= at && index < at + line) {
			paint_format(painter, STYLE_HEADING, "%*s^",
				     (int)(INDEX_WIDTH + 2 + index - at), "");
			paint_newline(painter);
		}
	}
}

static struct dill_error *draw_slab(struct painter *painter, const struct dill_record *slab)
{
	paint(painter, STYLE_NAME, record_text(slab, SLAB_MAP_CACHE));
	paint(painter, STYLE_DIM, "  kmem_cache ");
	paint_address(painter, field_number(slab, SLAB_MAP_CACHE_ADDRESS));
	paint_newline(painter);
	draw_place(painter, slab);
	if (slab->fields[SLAB_MAP_MAP].present) {
		draw_counts(painter, slab);
		draw_address(painter, slab);
		draw_map(painter, slab);
		draw_legend(painter, &slab->fields[SLAB_MAP_PLACES].records);
	} else {
		field_label(painter, "objects");
		paint(painter, STYLE_BAD, "! its counters are impossible, see below");
		paint_newline(painter);
	}
	return NULL;
}

const struct record_view slab_detail_view = {.draw = draw_slab, .apart = true};

/* --- sums over a cache --- */

/* "12 bytes", "3.4 KiB", "5.6 MiB" */
static void paint_bytes(struct painter *painter, unsigned long bytes)
{
	if (bytes < 1024)
		paint_format(painter, STYLE_NUMBER, "%lu byte%s", bytes, plural(bytes));
	else if (bytes < 1024ul * 1024)
		paint_format(painter, STYLE_NUMBER, "%.1f KiB", (double)bytes / 1024);
	else
		paint_format(painter, STYLE_NUMBER, "%.1f MiB", (double)bytes / (1024 * 1024));
}

static void draw_slab_sums(struct painter *painter, const struct dill_record *cache)
{
	field_label(painter, "slabs");
	paint_format(painter, STYLE_PLAIN, "%lu: %lu empty, %lu partly used, %lu full",
		     field_number(cache, CACHE_MAP_SLABS), field_number(cache, CACHE_MAP_EMPTY),
		     field_number(cache, CACHE_MAP_PARTLY), field_number(cache, CACHE_MAP_FULL));
	if (field_number(cache, CACHE_MAP_DYING))
		paint_format(painter, STYLE_WARN, "; %lu dying",
			     field_number(cache, CACHE_MAP_DYING));
	paint_newline(painter);
}

static void draw_object_sums(struct painter *painter, const struct dill_record *cache)
{
	unsigned long objects = field_number(cache, CACHE_MAP_OBJECTS);
	unsigned long used =
		field_number(cache, CACHE_MAP_LIVE) + field_number(cache, CACHE_MAP_UNKNOWN);

	field_label(painter, "objects");
	paint_format(painter, STYLE_PLAIN, "%lu", objects);
	draw_states(painter, cache, CACHE_MAP_LIVE);
	if (objects)
		paint_format(painter, STYLE_PLAIN, " = %.1f%% used",
			     100 * (double)used / (double)objects);
	draw_in_motion(painter, cache, CACHE_MAP_IN_MOTION);
	paint_newline(painter);
	if (cache->fields[CACHE_MAP_INCOMPLETE].present) {
		field_label(painter, "unknown");
		paint_format(painter, STYLE_BAD, "what is on no list may be free in: %s, see below",
			     record_text(cache, CACHE_MAP_INCOMPLETE));
		paint_newline(painter);
	}
}

static void draw_memory_sums(struct painter *painter, const struct dill_record *cache)
{
	field_label(painter, "memory");
	paint_bytes(painter, field_number(cache, CACHE_MAP_MEMORY));
	paint(painter, STYLE_PLAIN, ", wasted ");
	paint_bytes(painter, field_number(cache, CACHE_MAP_WASTED));
	paint(painter, STYLE_PLAIN, ": ");
	paint_bytes(painter, field_number(cache, CACHE_MAP_FREE_BYTES));
	paint(painter, STYLE_PLAIN, " in objects not in use, ");
	paint_bytes(painter, field_number(cache, CACHE_MAP_OVERHEAD));
	paint(painter, STYLE_PLAIN, " around objects");
	paint_newline(painter);
}

static struct dill_error *draw_cache(struct painter *painter, const struct dill_record *cache)
{
	unsigned long all =
		field_number(cache, CACHE_MAP_SLABS) + field_number(cache, CACHE_MAP_DYING);

	paint(painter, STYLE_NAME, record_text(cache, CACHE_MAP_NAME));
	paint(painter, STYLE_DIM, "  kmem_cache ");
	paint_address(painter, field_number(cache, CACHE_MAP_ADDRESS));
	paint_format(painter, STYLE_PLAIN, "  %lu byte%s, order %lu, %lu object%s in a slab",
		     field_number(cache, CACHE_MAP_OBJECT_SIZE),
		     plural(field_number(cache, CACHE_MAP_OBJECT_SIZE)),
		     field_number(cache, CACHE_MAP_ORDER),
		     field_number(cache, CACHE_MAP_OBJECTS_PER_SLAB),
		     plural(field_number(cache, CACHE_MAP_OBJECTS_PER_SLAB)));
	paint_newline(painter);
	draw_slab_sums(painter, cache);
	if (!all)
		return NULL;
	draw_object_sums(painter, cache);
	draw_memory_sums(painter, cache);
	if (field_number(cache, CACHE_MAP_SHOWN) < all) {
		field_label(painter, "shown");
		paint_format(painter, STYLE_WARN, "%lu of %lu slab%s",
			     field_number(cache, CACHE_MAP_SHOWN), all, plural(all));
		paint_newline(painter);
	}
	draw_legend(painter, &cache->fields[CACHE_MAP_PLACES].records);
	return NULL;
}

const struct record_view cache_map_view = {.draw = draw_cache, .apart = true};
