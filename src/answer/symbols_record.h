/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_SYMBOLS_RECORD_H
#define ANSWER_SYMBOLS_RECORD_H

#include "answer/record.h"

enum symbols_column {
	SYMBOLS_COLUMN_FILE,
	SYMBOLS_COLUMN_FORMAT,
	SYMBOLS_COLUMN_BYTES,
	SYMBOLS_COLUMN_SYMBOLS,
	SYMBOLS_COLUMN_MODULES,
	SYMBOLS_COLUMN_TYPES,
	SYMBOLS_COLUMN_FUNCTIONS,
	SYMBOLS_COLUMN_VARIABLES,
	SYMBOLS_COLUMN_ROWS
};

/** A file of symbols, types and unwinding that was written. */
extern const struct dill_record_kind symbols_kind;

enum symbols_gap_column { SYMBOLS_GAP_COLUMN_WHY };

/** What such a file lacks. */
extern const struct dill_record_kind symbols_gap_kind;

#endif
