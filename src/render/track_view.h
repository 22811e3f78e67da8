/* SPDX-License-Identifier: MIT */
#ifndef RENDER_TRACK_VIEW_H
#define RENDER_TRACK_VIEW_H

#include "render/view.h"

/**
 * Draw a track as lines: who, then the stack, one function a line.
 * @param indent  blanks in front of each line
 * @param label   columns for the verb; the rest stands behind it
 */
void draw_track(struct painter *painter, unsigned indent, unsigned label,
		const struct dill_record *track);

#endif
