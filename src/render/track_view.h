/* SPDX-License-Identifier: MIT */
#ifndef RENDER_TRACK_VIEW_H
#define RENDER_TRACK_VIEW_H

#include "render/view.h"

/** Who allocated or freed an object; lies inside of other records. */
enum track_column {
	TRACK_COLUMN_CALLER,
	TRACK_COLUMN_CALLER_NAME,
	TRACK_COLUMN_CPU,
	TRACK_COLUMN_PID,
	TRACK_COLUMN_WHEN,
	TRACK_COLUMN_STACK,
	TRACK_COLUMN_STACK_NAMES,
};
extern const struct record_kind track_kind;

/**
 * Draw a track as lines: who, then the stack, one function a line.
 * @param indent  blanks in front of the first line; the stack stands further right
 * @param verb    "allocated" or "freed"
 */
void draw_track(struct painter *painter, unsigned indent, const char *verb,
		const struct record *track);

#endif
