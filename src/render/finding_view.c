/* SPDX-License-Identifier: MIT */
#include "render/finding_view.h"

#include "render/track_view.h"

static const struct column columns[] = {
	[FINDING_COLUMN_KIND] = {"kind", COLUMN_TEXT, NULL,
				 "what is wrong, as a stable word such as freelist_cycle"},
	[FINDING_COLUMN_CACHE] = {"cache", COLUMN_TEXT, NULL, "name of the cache it was found in"},
	[FINDING_COLUMN_CPU] = {"cpu", COLUMN_COUNT, NULL, "CPU whose lists it was found on"},
	[FINDING_COLUMN_NODE] = {"node", COLUMN_COUNT, NULL,
				 "NUMA node whose lists it was found on"},
	[FINDING_COLUMN_SLAB] = {"slab", COLUMN_ADDRESS, NULL,
				 "descriptor of the slab it was found in"},
	[FINDING_COLUMN_ADDRESS] = {"address", COLUMN_ADDRESS, NULL,
				    "where the wrong value was read"},
	[FINDING_COLUMN_EXPECTED] = {"expected", COLUMN_ADDRESS, NULL,
				     "value that would have fitted; absent when several would"},
	[FINDING_COLUMN_SEEN] = {"seen", COLUMN_ADDRESS, NULL, "value that was there"},
	[FINDING_COLUMN_OBJECT] = {"object", COLUMN_ADDRESS, NULL,
				   "object it is about, as callers got it"},
	[FINDING_COLUMN_SEEN_BYTES] = {"seen_bytes", COLUMN_TEXT, NULL,
				       "bytes from address on, each of which should be expected"},
	[FINDING_COLUMN_TRACKS] = {"tracks", COLUMN_RECORDS, NULL,
				   "who allocated and who freed the object, where recorded",
				   &track_kind},
	[FINDING_COLUMN_TEXT] = {"text", COLUMN_TEXT, NULL, "the same in a sentence"},
};

/* What was there instead of what. */
static void draw_values(struct painter *painter, const struct record *record)
{
	const struct field *bytes = &record->fields[FINDING_COLUMN_SEEN_BYTES];

	if (!record->fields[FINDING_COLUMN_SEEN].present)
		return;
	paint(painter, STYLE_DIM, "  ");
	if (record->fields[FINDING_COLUMN_EXPECTED].present)
		paint_format(painter, STYLE_DIM, "expected %#lx, ",
			     (unsigned long)record_number(record, FINDING_COLUMN_EXPECTED));
	paint(painter, STYLE_DIM, "seen ");
	if (bytes->present)
		paint(painter, STYLE_WARN, bytes->text);
	else
		paint_format(painter, STYLE_WARN, "%#lx",
			     (unsigned long)record_number(record, FINDING_COLUMN_SEEN));
	paint_newline(painter);
}

static struct dill_error *draw(struct painter *painter, const struct record *record)
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
		paint(painter, STYLE_DIM, ")");
	}
	paint_newline(painter);
	draw_values(painter, record);
	for (const struct record *track = fields[FINDING_COLUMN_TRACKS].records.first; track;
	     track = track->next)
		draw_track(painter, 4, 10, track);
	return NULL;
}

static const struct record_view view = {draw};

const struct record_kind finding_record_kind = {
	.name = "finding",
	.doc = "Something broken in the target's heap. The walk went on behind it.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.view = &view,
};
