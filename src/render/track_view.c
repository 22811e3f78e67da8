/* SPDX-License-Identifier: MIT */
#include "render/track_view.h"

#include <inttypes.h>
#include <string.h>

static const struct column columns[] = {
	[TRACK_COLUMN_EVENT] = {"event", DILL_COLUMN_TEXT, NULL, "alloc or free"},
	[TRACK_COLUMN_PID] = {"pid", DILL_COLUMN_SIGNED, NULL, "thread that did it"},
	[TRACK_COLUMN_COMM] = {"comm", DILL_COLUMN_TEXT, NULL,
			       "name of the thread that has this number now, escaped for display; "
			       "missing when none has"},
	[TRACK_COLUMN_CPU] = {"cpu", DILL_COLUMN_COUNT, NULL, "CPU it ran on"},
	[TRACK_COLUMN_JIFFIES] = {"jiffies", DILL_COLUMN_COUNT, NULL, "when, in jiffies"},
	[TRACK_COLUMN_NANOSECONDS] = {"nanoseconds", DILL_COLUMN_COUNT, NULL,
				      "when, in nanoseconds since boot (KFENCE)"},
	[TRACK_COLUMN_CALLER] = {"caller", DILL_COLUMN_TEXT, NULL,
				 "who called the allocator, as symbol+offset"},
	[TRACK_COLUMN_STACK] = {"stack", DILL_COLUMN_TEXTS, NULL,
				"return addresses as symbol+offset, innermost first"},
	[TRACK_COLUMN_ADDRESSES] = {"addresses", DILL_COLUMN_ADDRESSES, NULL,
				    "the same as numbers"},
};

const struct dill_record_kind track_kind = {
	.name = "track",
	.doc = "Who allocated or freed an object.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
};

static bool has(const struct dill_record *track, size_t column)
{
	return track->fields[column].present;
}

void draw_track(struct painter *painter, unsigned indent, unsigned label,
		const struct dill_record *track)
{
	const struct field *stack = &track->fields[TRACK_COLUMN_STACK];
	bool freed = strcmp(record_text(track, TRACK_COLUMN_EVENT), "free") == 0;

	paint_format(painter, STYLE_DIM, "%*s%-*s", (int)indent, "", (int)label,
		     freed ? "freed" : "allocated");
	if (has(track, TRACK_COLUMN_CALLER))
		paint_format(painter, STYLE_NAME, "%s ", record_text(track, TRACK_COLUMN_CALLER));
	paint_format(painter, STYLE_PLAIN, "by thread %" PRId64,
		     track->fields[TRACK_COLUMN_PID].integer);
	if (has(track, TRACK_COLUMN_COMM)) {
		paint(painter, STYLE_PLAIN, " (now ");
		paint(painter, STYLE_NAME, record_text(track, TRACK_COLUMN_COMM));
		paint(painter, STYLE_PLAIN, ")");
	}
	if (has(track, TRACK_COLUMN_CPU))
		paint_format(painter, STYLE_PLAIN, " on CPU %" PRIu64,
			     record_number(track, TRACK_COLUMN_CPU));
	if (has(track, TRACK_COLUMN_JIFFIES))
		paint_format(painter, STYLE_DIM, ", jiffies %" PRIu64,
			     record_number(track, TRACK_COLUMN_JIFFIES));
	if (has(track, TRACK_COLUMN_NANOSECONDS))
		paint_format(painter, STYLE_DIM, ", %.6f s after boot",
			     (double)record_number(track, TRACK_COLUMN_NANOSECONDS) / 1e9);
	paint_newline(painter);
	for (size_t i = 0; stack->present && i < stack->texts.count; i++) {
		paint_format(painter, STYLE_PLAIN, "%*s  %s", (int)(indent + label), "",
			     stack->texts.items[i]);
		paint_newline(painter);
	}
}
