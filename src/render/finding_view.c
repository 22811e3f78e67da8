/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "answer/finding_record.h"
#include "answer/track_record.h"
#include "base/plural.h"
#include "render/track_view.h"
#include "render/views.h"

static bool has(const struct dill_record *record, enum finding_column column)
{
	return record->fields[column].present;
}

static void draw_number(struct painter *painter, const char *label, enum style style,
			const struct dill_record *record, enum finding_column column)
{
	paint_format(painter, STYLE_DIM, "%s ", label);
	paint_format(painter, style, "0x%" PRIx64, record_number(record, column));
}

static void draw_stored_text(struct painter *painter, const struct dill_record *record)
{
	if (has(record, FINDING_COLUMN_STORED_TEXT))
		paint_format(painter, STYLE_WARN, " \"%s\"",
			     record_text(record, FINDING_COLUMN_STORED_TEXT));
}

/* Of a pointer: the word in memory, what that means, and what it should be. */
static void draw_pointer(struct painter *painter, const struct dill_record *record)
{
	draw_number(painter, "  stored", STYLE_WARN, record, FINDING_COLUMN_STORED);
	draw_stored_text(painter, record);
	if (has(record, FINDING_COLUMN_SEEN) &&
	    record_number(record, FINDING_COLUMN_SEEN) !=
		    record_number(record, FINDING_COLUMN_STORED))
		draw_number(painter, ", decoded", STYLE_WARN, record, FINDING_COLUMN_SEEN);
	if (has(record, FINDING_COLUMN_EXPECTED))
		draw_number(painter, ", expected", STYLE_PLAIN, record, FINDING_COLUMN_EXPECTED);
	else if (!strncmp(record_text(record, FINDING_COLUMN_KIND), "freelist_", 9))
		paint(painter, STYLE_DIM, ", expected another object of the slab, or 0 at the end");
	paint_newline(painter);
}

/* Of bytes and counters: what was there instead of what. */
static void draw_values(struct painter *painter, const struct dill_record *record)
{
	if (!has(record, FINDING_COLUMN_SEEN))
		return;
	paint(painter, STYLE_DIM, "  ");
	if (has(record, FINDING_COLUMN_EXPECTED)) {
		draw_number(painter, "expected", STYLE_DIM, record, FINDING_COLUMN_EXPECTED);
		paint(painter, STYLE_DIM, ", ");
	}
	paint(painter, STYLE_DIM, "seen ");
	if (has(record, FINDING_COLUMN_SEEN_BYTES))
		paint(painter, STYLE_WARN, record_text(record, FINDING_COLUMN_SEEN_BYTES));
	else
		paint_format(painter, STYLE_WARN, "0x%" PRIx64,
			     record_number(record, FINDING_COLUMN_SEEN));
	draw_stored_text(painter, record);
	paint_newline(painter);
}

static void draw_flips(struct painter *painter, const struct dill_record *record)
{
	uint64_t bits = record_number(record, FINDING_COLUMN_FLIPPED_BITS);

	if (!bits)
		return;
	paint_format(painter, STYLE_WARN, "  %s differ%s from what should be there",
		     bits == 1 ? "one bit" : "two bits", bits == 1 ? "s" : "");
	if (has(record, FINDING_COLUMN_NEAREST))
		draw_number(painter, ",", STYLE_PLAIN, record, FINDING_COLUMN_NEAREST);
	paint(painter, STYLE_DIM, ": faulty memory leaves it so");
	paint_newline(painter);
}

static void draw_tracks(struct painter *painter, const struct field *tracks)
{
	for (const struct dill_record *track = tracks->records.first; track; track = track->next)
		draw_track(painter, 4, 10, track);
}

static void draw_before(struct painter *painter, const struct dill_record *record)
{
	unsigned long size = record_number(record, NEIGHBOUR_COLUMN_OBJECT_SIZE);

	paint(painter, STYLE_DIM, "  before it: ");
	paint(painter, STYLE_PLAIN, "object ");
	paint_address(painter, record_number(record, NEIGHBOUR_COLUMN_OBJECT));
	paint_format(painter, STYLE_PLAIN, " of %s, %lu byte%s, %s",
		     record_text(record, NEIGHBOUR_COLUMN_CACHE), size, plural(size),
		     record_text(record, NEIGHBOUR_COLUMN_STATE));
	if (record->fields[NEIGHBOUR_COLUMN_ROLE_TEXT].present)
		paint_format(painter, STYLE_PLAIN, ": %s",
			     record_text(record, NEIGHBOUR_COLUMN_ROLE_TEXT));
	if (record->fields[NEIGHBOUR_COLUMN_ALLOC_TAG].present)
		paint_format(painter, STYLE_PLAIN, ", from %s",
			     record_text(record, NEIGHBOUR_COLUMN_ALLOC_TAG));
	if (record->fields[NEIGHBOUR_COLUMN_ALLOC_TAG_DOUBT].present)
		paint_format(painter, STYLE_DIM, " (%s)",
			     record_text(record, NEIGHBOUR_COLUMN_ALLOC_TAG_DOUBT));
	paint_newline(painter);
	draw_tracks(painter, &record->fields[NEIGHBOUR_COLUMN_TRACKS]);
}

static struct dill_error *draw(struct painter *painter, const struct dill_record *record)
{
	const struct field *fields = record->fields;

	paint(painter, STYLE_BAD, "! ");
	if (fields[FINDING_COLUMN_CACHE].present)
		paint_format(painter, STYLE_NAME, "%s: ", fields[FINDING_COLUMN_CACHE].text);
	if (fields[FINDING_COLUMN_CPU].present)
		paint_format(painter, STYLE_PLAIN,
			     "CPU %lu: ", (unsigned long)fields[FINDING_COLUMN_CPU].number);
	if (fields[FINDING_COLUMN_NODE].present)
		paint_format(painter, STYLE_PLAIN,
			     "node %lu: ", (unsigned long)fields[FINDING_COLUMN_NODE].number);
	if (fields[FINDING_COLUMN_SLAB].present) {
		paint(painter, STYLE_PLAIN, "slab ");
		paint_address(painter, fields[FINDING_COLUMN_SLAB].number);
		paint(painter, STYLE_PLAIN, ": ");
	}
	paint(painter, STYLE_BAD, record_text(record, FINDING_COLUMN_TEXT));
	if (fields[FINDING_COLUMN_ADDRESS].present && fields[FINDING_COLUMN_ADDRESS].number) {
		paint(painter, STYLE_DIM, " (read at ");
		paint_address(painter, fields[FINDING_COLUMN_ADDRESS].number);
		if (fields[FINDING_COLUMN_WORD].present)
			paint_format(painter, STYLE_DIM, ", %s", fields[FINDING_COLUMN_WORD].text);
		paint(painter, STYLE_DIM, ")");
	}
	paint_newline(painter);
	if (fields[FINDING_COLUMN_STORED].present)
		draw_pointer(painter, record);
	else
		draw_values(painter, record);
	draw_flips(painter, record);
	draw_tracks(painter, &fields[FINDING_COLUMN_TRACKS]);
	if (fields[FINDING_COLUMN_BEFORE].present)
		draw_before(painter, fields[FINDING_COLUMN_BEFORE].records.first);
	return NULL;
}

const struct record_view finding_view = {draw};
