/* SPDX-License-Identifier: MIT */
#ifndef RENDER_TRACK_VIEW_H
#define RENDER_TRACK_VIEW_H

#include "render/view.h"

/** Who allocated or freed an object; lies inside of other records. */
enum track_column {
	TRACK_COLUMN_EVENT,
	TRACK_COLUMN_PID,
	TRACK_COLUMN_COMM,
	TRACK_COLUMN_CPU,
	TRACK_COLUMN_JIFFIES,
	TRACK_COLUMN_NANOSECONDS,
	TRACK_COLUMN_CALLER,
	TRACK_COLUMN_STACK,
	TRACK_COLUMN_ADDRESSES,
};
extern const struct dill_record_kind track_kind;

/**
 * Draw a track as lines: who, then the stack, one function a line.
 * @param indent  blanks in front of each line
 * @param label   columns for the verb; the rest stands behind it
 */
void draw_track(struct painter *painter, unsigned indent, unsigned label,
		const struct dill_record *track);

#endif
