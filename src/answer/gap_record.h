/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_GAP_RECORD_H
#define ANSWER_GAP_RECORD_H

#include "answer/record.h"

enum gap_column { GAP_COLUMN_WHY, GAP_COLUMN_FILE, GAP_COLUMN_TEXT };

/** What an answer lacks, and why. */
extern const struct dill_record_kind gap_kind;

#endif
