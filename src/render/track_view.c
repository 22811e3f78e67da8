/* SPDX-License-Identifier: MIT */
#include "render/track_view.h"

#include <inttypes.h>

#include "answer/heap_words.h"
#include "answer/track_record.h"

static bool has(const struct dill_record *track, size_t column)
{
	return track->fields[column].present;
}

void draw_track(struct painter *painter, unsigned indent, unsigned label,
		const struct dill_record *track)
{
	const struct field *stack = &track->fields[TRACK_COLUMN_STACK];
	bool freed = record_number(track, TRACK_COLUMN_EVENT) == EVENT_FREE;

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
