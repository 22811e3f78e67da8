/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "answer/object_record.h"
#include "answer/track_record.h"
#include "base/plural.h"
#include "graph/type_words.h"
#include "render/hexdump.h"
#include "render/track_view.h"
#include "render/views.h"
#include "slub/page_use.h"
#include "slub/place.h"

#define LABEL_WIDTH 11

static bool has(const struct dill_record *record, size_t column)
{
	return record->fields[column].present;
}

static bool flag(const struct dill_record *record, size_t column)
{
	return has(record, column) && record->fields[column].flag;
}

static uint64_t number(const struct dill_record *record, size_t column)
{
	return record_number(record, column);
}

static void label(struct painter *painter, const char *text)
{
	paint(painter, STYLE_PLAIN, "  ");
	paint_padded(painter, STYLE_DIM, text, LABEL_WIDTH);
}

/* "  label   text" when the record has the text. */
static void draw_text(struct painter *painter, const char *name, const struct dill_record *record,
		      size_t column)
{
	if (!has(record, column))
		return;
	label(painter, name);
	paint(painter, STYLE_PLAIN, record_text(record, column));
	paint_newline(painter);
}

static void draw_named(struct painter *painter, const char *name, const struct dill_record *record,
		       size_t column)
{
	if (!has(record, column))
		return;
	paint_format(painter, STYLE_DIM, "  %s ", name);
	paint_address(painter, number(record, column));
}

/* --- what it is --- */

static const char *heading_of(enum object_kind_word kind)
{
	switch (kind) {
	case OBJECT_IS_SLAB_OBJECT:
		return "object of ";
	case OBJECT_IS_SLAB:
		return "slab of ";
	case OBJECT_IS_KFENCE:
		return "KFENCE object of ";
	case OBJECT_IS_LARGE_KMALLOC:
		return "large kmalloc()";
	case OBJECT_IS_PAGE:
		return "page, no slab";
	case OBJECT_IS_PERCPU:
		return "per-CPU data";
	case OBJECT_IS_VMALLOC:
		return "vmalloc";
	case OBJECT_IS_IMAGE:
		return "kernel image";
	case OBJECT_IS_MODULE:
		return "module ";
	case OBJECT_IS_USER:
		return "user space";
	case OBJECT_IS_UNMAPPED:
		return "nothing is mapped there";
	case OBJECT_IS_NON_CANONICAL:
		return "no address";
	case OBJECT_IS_OTHER:
		break;
	}
	return "address";
}

static enum style state_style(const struct dill_record *record)
{
	switch ((enum object_state)number(record, OBJECT_COLUMN_STATE)) {
	case OBJECT_LIVE:
		return STYLE_LIVE;
	case OBJECT_WAITING:
		return STYLE_WARN;
	case OBJECT_UNKNOWN:
		return STYLE_BAD;
	default:
		return STYLE_FREE;
	}
}

static void draw_heading(struct painter *painter, const struct dill_record *record)
{
	bool known = has(record, OBJECT_COLUMN_KIND);
	const char *text =
		heading_of(known ? (enum object_kind_word)number(record, OBJECT_COLUMN_KIND)
				 : OBJECT_IS_OTHER);

	paint_address(painter, number(record, OBJECT_COLUMN_ADDRESS));
	paint_format(painter, STYLE_HEADING, "  %s", text);
	if (has(record, OBJECT_COLUMN_CACHE))
		paint(painter, STYLE_NAME, record_text(record, OBJECT_COLUMN_CACHE));
	else if (strstr(text, " of "))
		paint(painter, STYLE_WARN, "an unknown cache");
	if (has(record, OBJECT_COLUMN_CPU))
		paint_format(painter, STYLE_HEADING, " of CPU %" PRIu64,
			     number(record, OBJECT_COLUMN_CPU));
	if (has(record, OBJECT_COLUMN_MODULE))
		paint(painter, STYLE_NAME, record_text(record, OBJECT_COLUMN_MODULE));
	if (has(record, OBJECT_COLUMN_STATE))
		paint_format(painter, state_style(record), ", %s",
			     record_text(record, OBJECT_COLUMN_STATE));
	paint_newline(painter);
}

/* --- what is no object --- */

static void draw_area(struct painter *painter, const struct dill_record *record)
{
	if (!has(record, OBJECT_COLUMN_AREA))
		return;

	uint64_t start = number(record, OBJECT_COLUMN_AREA);

	label(painter, "area");
	paint_address(painter, start);
	paint_format(painter, STYLE_PLAIN,
		     "  %" PRIu64 " byte%s; the address is at offset %#" PRIx64,
		     number(record, OBJECT_COLUMN_AREA_SIZE),
		     plural(number(record, OBJECT_COLUMN_AREA_SIZE)),
		     number(record, OBJECT_COLUMN_ADDRESS) - start);
	paint_newline(painter);
	draw_text(painter, "from", record, OBJECT_COLUMN_AREA_CALLER);
	if (!has(record, OBJECT_COLUMN_TASK))
		return;
	label(painter, "stack of");
	paint_format(painter, STYLE_PLAIN, "thread %" PRIu64 " ",
		     number(record, OBJECT_COLUMN_PID));
	paint(painter, STYLE_NAME, record_text(record, OBJECT_COLUMN_COMM));
	draw_named(painter, "task_struct", record, OBJECT_COLUMN_TASK);
	paint_newline(painter);
}

/* What a page's use means, where its name does not say it. */
static const char *use_text(const struct dill_record *record)
{
	switch ((enum page_use)number(record, OBJECT_COLUMN_PAGE_USE)) {
	case PAGE_LARGE_KMALLOC:
		return "large kmalloc(), says its type";
	case PAGE_COMPOUND:
		return "perhaps a large kmalloc(): a compound page of which nothing tells more";
	case PAGE_BUDDY:
		return "free, the first page of its block";
	case PAGE_FREE:
		return "free, or between two users: nobody holds a reference";
	case PAGE_RESERVED:
		return "reserved: kernel image, firmware, memory of early boot";
	case PAGE_ANONYMOUS:
		return "anonymous memory of a process";
	case PAGE_FILE:
		return "page cache";
	case PAGE_UNKNOWN:
		return "in use, the page does not tell for what";
	case PAGE_TYPED:
		break;
	}
	return record_text(record, OBJECT_COLUMN_PAGE_TYPE);
}

static void draw_page(struct painter *painter, const struct dill_record *record)
{
	if (!has(record, OBJECT_COLUMN_PAGE))
		return;
	label(painter, "page");
	paint_address(painter, number(record, OBJECT_COLUMN_PAGE));
	draw_named(painter, "memory", record, OBJECT_COLUMN_PAGE_BASE);
	if (has(record, OBJECT_COLUMN_PAGE_ORDER))
		paint_format(painter, STYLE_PLAIN, "  order %" PRIu64,
			     number(record, OBJECT_COLUMN_PAGE_ORDER));
	paint_format(painter, STYLE_PLAIN, "  %" PRId64 " reference%s",
		     record->fields[OBJECT_COLUMN_PAGE_REFCOUNT].integer,
		     plural((uint64_t)record->fields[OBJECT_COLUMN_PAGE_REFCOUNT].integer));
	paint_newline(painter);
	label(painter, "use");
	paint(painter, STYLE_PLAIN, use_text(record));
	paint_newline(painter);
}

/* Kinds that do not say by themselves where they are. */
static bool is_anywhere(enum object_kind_word kind)
{
	switch (kind) {
	case OBJECT_IS_PAGE:
	case OBJECT_IS_LARGE_KMALLOC:
	case OBJECT_IS_PERCPU:
	case OBJECT_IS_UNMAPPED:
	case OBJECT_IS_OTHER:
		return true;
	default:
		return false;
	}
}

static void draw_place_in_kernel(struct painter *painter, const struct dill_record *record)
{
	draw_text(painter, "means", record, OBJECT_COLUMN_MEANING);
	if (has(record, OBJECT_COLUMN_KIND) &&
	    is_anywhere((enum object_kind_word)number(record, OBJECT_COLUMN_KIND)))
		draw_text(painter, "region", record, OBJECT_COLUMN_REGION);
	if (has(record, OBJECT_COLUMN_DESCRIBES)) {
		label(painter, "describes");
		paint(painter, STYLE_PLAIN, "it is a struct page; the answer is about its memory ");
		paint_address(painter, number(record, OBJECT_COLUMN_DESCRIBES));
		paint_newline(painter);
	}
	draw_text(painter, "symbol", record, OBJECT_COLUMN_SYMBOL);
	draw_text(painter, "section", record, OBJECT_COLUMN_SECTION);
	draw_area(painter, record);
	draw_page(painter, record);
}

/* --- objects --- */

static const char *part_text(enum object_part_word part)
{
	switch (part) {
	case OBJECT_IN_LEFT_RED_ZONE:
		return ", in the red zone in front of it";
	case OBJECT_IN_RIGHT_RED_ZONE:
		return ", in the red zone or padding behind it";
	case OBJECT_IN_FREE_POINTER:
		return ", in the free pointer behind it";
	case OBJECT_IN_METADATA:
		return ", in the metadata behind it";
	case OBJECT_IN_GUARD_PAGE:
		return ", in the guard page behind it";
	case OBJECT_IN_UNUSED:
		return ", in the part of its page that it does not use";
	case OBJECT_IN_OBJECT:
		break;
	}
	return "";
}

static void draw_object(struct painter *painter, const struct dill_record *record)
{
	enum object_part_word part = (enum object_part_word)number(record, OBJECT_COLUMN_PART);
	int64_t offset = record->fields[OBJECT_COLUMN_OFFSET].integer;

	if (!has(record, OBJECT_COLUMN_OBJECT))
		return;
	label(painter, "object");
	paint_address(painter, number(record, OBJECT_COLUMN_OBJECT));
	if (has(record, OBJECT_COLUMN_INDEX))
		paint_format(painter, STYLE_PLAIN, "  number %" PRIu64 " of %" PRIu64,
			     number(record, OBJECT_COLUMN_INDEX),
			     number(record, OBJECT_COLUMN_SLAB_OBJECTS));
	if (has(record, OBJECT_COLUMN_KFENCE_INDEX))
		paint_format(painter, STYLE_PLAIN, "  number %" PRIu64 " of KFENCE's pool",
			     number(record, OBJECT_COLUMN_KFENCE_INDEX));
	paint_format(painter, STYLE_PLAIN, ", %" PRIu64 " byte%s",
		     number(record, OBJECT_COLUMN_OBJECT_SIZE),
		     plural(number(record, OBJECT_COLUMN_OBJECT_SIZE)));
	if (offset)
		paint_format(painter, STYLE_PLAIN, "; the address is at offset %" PRId64, offset);
	paint(painter, part == OBJECT_IN_OBJECT ? STYLE_PLAIN : STYLE_WARN, part_text(part));
	paint_newline(painter);
	if (has(record, OBJECT_COLUMN_REQUESTED_SIZE)) {
		label(painter, "asked for");
		paint_format(painter, STYLE_PLAIN, "%" PRIu64 " byte%s",
			     number(record, OBJECT_COLUMN_REQUESTED_SIZE),
			     plural(number(record, OBJECT_COLUMN_REQUESTED_SIZE)));
		paint_newline(painter);
	}
}

static void draw_type(struct painter *painter, const struct dill_record *record)
{
	bool begins = number(record, OBJECT_COLUMN_TYPE_TRUST) == TYPE_BEGINS;

	if (!has(record, OBJECT_COLUMN_TYPE))
		return;
	label(painter, "type");
	paint(painter, STYLE_PLAIN, begins ? "begins with " : "");
	paint(painter, STYLE_NAME, record_text(record, OBJECT_COLUMN_TYPE));
	if (has(record, OBJECT_COLUMN_TYPE_MEMBER))
		paint_format(painter, STYLE_PLAIN, ", at %s",
			     record_text(record, OBJECT_COLUMN_TYPE_MEMBER));
	paint_format(painter, STYLE_DIM, "; %s, %s",
		     begins ? "what holds it is not known"
			    : record_text(record, OBJECT_COLUMN_TYPE_TRUST),
		     record_text(record, OBJECT_COLUMN_TYPE_TEXT));
	paint_newline(painter);
	if (!has(record, OBJECT_COLUMN_TYPE_AGAINST))
		return;
	label(painter, "");
	paint_format(painter, STYLE_WARN, "but %s leads there, of another type",
		     record_text(record, OBJECT_COLUMN_TYPE_AGAINST));
	paint_newline(painter);
}

static void draw_ahead(struct painter *painter, const struct dill_record *record)
{
	const char *why = record_text(record, OBJECT_COLUMN_AHEAD_WHY);
	uint64_t count = number(record, OBJECT_COLUMN_AHEAD);

	if (!has(record, OBJECT_COLUMN_AHEAD) && !*why)
		return;
	label(painter, "its turn");
	if (!has(record, OBJECT_COLUMN_AHEAD)) {
		paint_format(painter, STYLE_PLAIN, "not determined: %s", why);
	} else {
		paint_format(painter, STYLE_PLAIN,
			     "after %s%" PRIu64 " allocation%s on CPU %" PRIu64,
			     flag(record, OBJECT_COLUMN_AHEAD_EXACT) ? "" : "perhaps ", count,
			     plural(count), number(record, OBJECT_COLUMN_AHEAD_CPU));
		if (*why)
			paint_format(painter, STYLE_DIM, "; %s", why);
	}
	paint_newline(painter);
}

static void draw_state(struct painter *painter, const struct dill_record *record)
{
	if (!has(record, OBJECT_COLUMN_STATE))
		return;
	label(painter, "state");
	paint(painter, state_style(record), record_text(record, OBJECT_COLUMN_STATE));
	if (has(record, OBJECT_COLUMN_PLACE_TEXT))
		paint_format(painter, STYLE_PLAIN, ": %s",
			     record_text(record, OBJECT_COLUMN_PLACE_TEXT));
	if (has(record, OBJECT_COLUMN_WHY))
		paint_format(painter, STYLE_PLAIN, ": %s", record_text(record, OBJECT_COLUMN_WHY));
	if (flag(record, OBJECT_COLUMN_IN_MOTION))
		paint(painter, STYLE_WARN,
		      "  (a CPU was stopped while it changed the cache's lists)");
	paint_newline(painter);
	if (has(record, OBJECT_COLUMN_SECOND_PLACE_TEXT)) {
		label(painter, "");
		paint_format(painter, STYLE_BAD, "and in a second place: %s",
			     record_text(record, OBJECT_COLUMN_SECOND_PLACE_TEXT));
		paint_newline(painter);
	}
	draw_ahead(painter, record);
}

static void draw_slab(struct painter *painter, const struct dill_record *record)
{
	if (has(record, OBJECT_COLUMN_CACHE_ADDRESS)) {
		label(painter, "cache");
		paint(painter, STYLE_NAME, record_text(record, OBJECT_COLUMN_CACHE));
		draw_named(painter, "kmem_cache", record, OBJECT_COLUMN_CACHE_ADDRESS);
		paint_newline(painter);
	}
	if (!has(record, OBJECT_COLUMN_SLAB))
		return;
	label(painter, "slab");
	paint_address(painter, number(record, OBJECT_COLUMN_SLAB));
	draw_named(painter, "memory", record, OBJECT_COLUMN_SLAB_BASE);
	paint_format(painter, STYLE_PLAIN, "  %" PRIu64 "/%" PRIu64 " in use",
		     number(record, OBJECT_COLUMN_SLAB_INUSE),
		     number(record, OBJECT_COLUMN_SLAB_OBJECTS));
	if (has(record, OBJECT_COLUMN_SLAB_WHERE))
		paint_format(painter, STYLE_DIM, "  %s",
			     record_text(record, OBJECT_COLUMN_SLAB_WHERE));
	if (has(record, OBJECT_COLUMN_SLAB_CPU))
		paint_format(painter, STYLE_DIM, " %" PRIu64,
			     number(record, OBJECT_COLUMN_SLAB_CPU));
	paint_format(painter, STYLE_DIM, "  node %" PRIu64,
		     number(record, OBJECT_COLUMN_SLAB_NODE));
	paint_newline(painter);
}

/* --- who and what --- */

static void draw_bytes(struct painter *painter, const struct dill_record *record)
{
	uint64_t address = number(record, OBJECT_COLUMN_BYTES_ADDRESS);

	draw_text(painter, "memory", record, OBJECT_COLUMN_BYTES_PROBLEM);
	if (has(record, OBJECT_COLUMN_BYTES))
		hexdump_draw(painter, record_text(record, OBJECT_COLUMN_BYTES), address,
			     has(record, OBJECT_COLUMN_OBJECT)
				     ? number(record, OBJECT_COLUMN_OBJECT)
				     : address);
}

/* What to do next, for an object. */
static void draw_search(struct painter *painter, const struct dill_record *record)
{
	if (!has(record, OBJECT_COLUMN_OBJECT))
		return;
	label(painter, "pointers");
	paint_format(painter, STYLE_DIM, "kfind --ptr 0x%" PRIx64 " shows who points at it",
		     number(record, OBJECT_COLUMN_OBJECT));
	paint_newline(painter);
}

static struct dill_error *draw(struct painter *painter, const struct dill_record *record)
{
	const struct field *tracks = &record->fields[OBJECT_COLUMN_TRACKS];

	draw_heading(painter, record);
	draw_text(painter, "is", record, OBJECT_COLUMN_ROLE_TEXT);
	draw_place_in_kernel(painter, record);
	draw_object(painter, record);
	draw_type(painter, record);
	draw_state(painter, record);
	draw_slab(painter, record);
	draw_text(painter, "KASAN says", record, OBJECT_COLUMN_SHADOW_TEXT);
	draw_text(painter, "from", record, OBJECT_COLUMN_ALLOC_TAG);
	draw_text(painter, "", record, OBJECT_COLUMN_ALLOC_TAG_DOUBT);
	for (const struct dill_record *track = tracks->present ? tracks->records.first : NULL;
	     track; track = track->next)
		draw_track(painter, 2, LABEL_WIDTH, track);
	draw_bytes(painter, record);
	draw_search(painter, record);
	return NULL;
}

const struct record_view object_view = {draw};
