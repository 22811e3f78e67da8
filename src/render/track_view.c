/* SPDX-License-Identifier: MIT */
#include "render/track_view.h"

static const struct column columns[] = {
	[TRACK_COLUMN_CALLER] = {"caller", COLUMN_ADDRESS, NULL, "return address of the call"},
	[TRACK_COLUMN_CALLER_NAME] = {"caller_name", COLUMN_TEXT, NULL,
				      "the same as function+offset"},
	[TRACK_COLUMN_CPU] = {"cpu", COLUMN_COUNT, NULL, "CPU it ran on"},
	[TRACK_COLUMN_PID] = {"pid", COLUMN_SIGNED, NULL, "process that ran, 0 while idle"},
	[TRACK_COLUMN_WHEN] = {"when", COLUMN_COUNT, NULL, "time in jiffies"},
	[TRACK_COLUMN_STACK] = {"stack", COLUMN_ADDRESSES, NULL,
				"return addresses, innermost first"},
	[TRACK_COLUMN_STACK_NAMES] = {"stack_names", COLUMN_TEXTS, NULL,
				      "the same as function+offset"},
};

const struct record_kind track_kind = {
	.name = "track",
	.doc = "Who allocated or freed an object, as slub_debug=U records it.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
};

void draw_track(struct painter *painter, unsigned indent, const char *verb,
		const struct record *track)
{
	const struct field *names = &track->fields[TRACK_COLUMN_STACK_NAMES];

	paint_format(painter, STYLE_DIM, "%*s%s by ", (int)indent, "", verb);
	paint(painter, STYLE_NAME, record_text(track, TRACK_COLUMN_CALLER_NAME));
	paint_format(painter, STYLE_PLAIN, ", process %ld on CPU %lu",
		     (long)track->fields[TRACK_COLUMN_PID].integer,
		     (unsigned long)record_number(track, TRACK_COLUMN_CPU));
	paint_newline(painter);
	for (size_t i = 0; names->present && i < names->texts.count; i++) {
		paint_format(painter, STYLE_DIM, "%*s%s", (int)indent + 4, "",
			     names->texts.items[i]);
		paint_newline(painter);
	}
}
