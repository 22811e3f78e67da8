/* SPDX-License-Identifier: MIT */
#ifndef RENDER_FINDING_VIEW_H
#define RENDER_FINDING_VIEW_H

#include "render/view.h"

/** Something broken in the target's heap; one line of text each, and indented details. */
enum finding_column {
	FINDING_COLUMN_KIND,
	FINDING_COLUMN_CACHE,
	FINDING_COLUMN_CPU,
	FINDING_COLUMN_NODE,
	FINDING_COLUMN_SLAB,
	FINDING_COLUMN_ADDRESS,
	FINDING_COLUMN_EXPECTED,
	FINDING_COLUMN_SEEN,
	FINDING_COLUMN_OBJECT,
	FINDING_COLUMN_SEEN_BYTES,
	FINDING_COLUMN_TRACKS,
	FINDING_COLUMN_TEXT,
};
extern const struct record_kind finding_record_kind;

#endif
