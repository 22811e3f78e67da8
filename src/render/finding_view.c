/* SPDX-License-Identifier: MIT */
#include "render/finding_view.h"

#include <string.h>

#include "answer/track_record.h"
#include "base/plural.h"
#include "render/track_view.h"

static const struct column neighbour_columns[] = {
	[NEIGHBOUR_COLUMN_OBJECT] = {"object", DILL_COLUMN_ADDRESS, NULL, "as callers got it"},
	[NEIGHBOUR_COLUMN_CACHE] = {"cache", DILL_COLUMN_TEXT, NULL, "its cache"},
	[NEIGHBOUR_COLUMN_OBJECT_SIZE] = {"object_size", DILL_COLUMN_COUNT, NULL,
					  "bytes that its user may use"},
	[NEIGHBOUR_COLUMN_STATE] = {"state", DILL_COLUMN_TEXT, NULL, "as kobj tells it"},
	[NEIGHBOUR_COLUMN_ROLE_TEXT] = {"role_text", DILL_COLUMN_TEXT, NULL,
					"what it is to the allocator itself"},
	[NEIGHBOUR_COLUMN_ALLOC_TAG] = {"alloc_tag", DILL_COLUMN_TEXT, NULL,
					"source line that allocated it (MEM_ALLOC_PROFILING)"},
	[NEIGHBOUR_COLUMN_ALLOC_TAG_DOUBT] = {"alloc_tag_doubt", DILL_COLUMN_TEXT, NULL,
					      "why that may be a former owner's; else absent"},
	[NEIGHBOUR_COLUMN_TRACKS] = {"tracks", DILL_COLUMN_RECORDS, NULL,
				     "who allocated and who freed it, where recorded", &track_kind},
};

const struct dill_record_kind neighbour_kind = {
	.name = "neighbour",
	.doc = "The object in front of one that was overwritten; lies inside of a finding.",
	.columns = neighbour_columns,
	.column_count = sizeof(neighbour_columns) / sizeof(neighbour_columns[0]),
};

static const struct column columns[] = {
	[FINDING_COLUMN_KIND] = {"kind", DILL_COLUMN_TEXT, NULL,
				 "what is wrong, as a stable word such as freelist_cycle"},
	[FINDING_COLUMN_CACHE] = {"cache", DILL_COLUMN_TEXT, NULL,
				  "name of the cache it was found in"},
	[FINDING_COLUMN_CPU] = {"cpu", DILL_COLUMN_COUNT, NULL, "CPU whose lists it was found on"},
	[FINDING_COLUMN_NODE] = {"node", DILL_COLUMN_COUNT, NULL,
				 "NUMA node whose lists it was found on"},
	[FINDING_COLUMN_SLAB] = {"slab", DILL_COLUMN_ADDRESS, NULL,
				 "descriptor of the slab it was found in"},
	[FINDING_COLUMN_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL,
				    "of the word that is wrong: where a watchpoint catches who "
				    "writes it; of an object that is free twice, its own"},
	[FINDING_COLUMN_EXPECTED] = {"expected", DILL_COLUMN_ADDRESS, NULL,
				     "value that would have fitted; absent when several would"},
	[FINDING_COLUMN_SEEN] = {"seen", DILL_COLUMN_ADDRESS, NULL,
				 "value that was there, decoded where the kernel encodes it"},
	[FINDING_COLUMN_OBJECT] = {"object", DILL_COLUMN_ADDRESS, NULL,
				   "object it is about, as callers got it"},
	[FINDING_COLUMN_SEEN_BYTES] = {"seen_bytes", DILL_COLUMN_TEXT, NULL,
				       "bytes from address on, each of which should be expected"},
	[FINDING_COLUMN_STORED] = {"stored", DILL_COLUMN_ADDRESS, NULL,
				   "the word at address as memory has it, of pointers"},
	[FINDING_COLUMN_STORED_TEXT] = {"stored_text", DILL_COLUMN_TEXT, NULL,
					"stored, or the bytes seen, as text where it is text"},
	[FINDING_COLUMN_FLIPPED_BITS] =
		{"flipped_bits", DILL_COLUMN_COUNT, NULL,
		 "1 or 2: so many bits differ from what should be there, as faulty memory leaves "
		 "it; absent when it is more"},
	[FINDING_COLUMN_NEAREST] = {"nearest", DILL_COLUMN_ADDRESS, NULL,
				    "value that fits with these bits put right"},
	[FINDING_COLUMN_WORD] = {"word", DILL_COLUMN_TEXT, NULL,
				 "what the word at address is in the allocator's own structs, such "
				 "as kmem_cache_cpu.freelist of a cache"},
	[FINDING_COLUMN_BEFORE] =
		{"before", DILL_COLUMN_RECORDS, NULL,
		 "the object that ends in front of the one with the wrong word: what runs over its "
		 "end writes there; of the first 100 findings",
		 &neighbour_kind},
	[FINDING_COLUMN_TRACKS] = {"tracks", DILL_COLUMN_RECORDS, NULL,
				   "who allocated and who freed the object, where recorded",
				   &track_kind},
	[FINDING_COLUMN_TEXT] = {"text", DILL_COLUMN_TEXT, NULL, "the same in a sentence"},
};

static bool has(const struct dill_record *record, enum finding_column column)
{
	return record->fields[column].present;
}

static void draw_number(struct painter *painter, const char *label, enum style style,
			const struct dill_record *record, enum finding_column column)
{
	paint_format(painter, STYLE_DIM, "%s ", label);
	paint_format(painter, style, "%#lx", (unsigned long)record_number(record, column));
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
		paint_format(painter, STYLE_WARN, "%#lx",
			     (unsigned long)record_number(record, FINDING_COLUMN_SEEN));
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

static const struct record_view view = {draw};

const struct dill_record_kind finding_record_kind = {
	.name = "finding",
	.doc = "Something broken in the target's heap. The walk went on behind it.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.view = &view,
};
