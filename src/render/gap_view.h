/* SPDX-License-Identifier: MIT */
#ifndef RENDER_GAP_VIEW_H
#define RENDER_GAP_VIEW_H

#include "render/view.h"

enum gap_column { GAP_COLUMN_WHY, GAP_COLUMN_FILE, GAP_COLUMN_TEXT };

/** What an answer lacks, and why. */
extern const struct dill_record_kind gap_kind;

#endif
