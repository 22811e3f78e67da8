/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_ORDER_RECORD_H
#define ANSWER_ORDER_RECORD_H

#include "answer/record.h"

/** Why a prediction is about this CPU. */
enum order_cpu_source { ORDER_CPU_OPTION, ORDER_CPU_SELECTED, ORDER_CPU_DEFAULT };

/** What a prediction is about. */
enum order_head_column {
	ORDER_COLUMN_CACHE,
	ORDER_COLUMN_ADDRESS,
	ORDER_COLUMN_CPU,
	ORDER_COLUMN_CPU_FROM,
	ORDER_COLUMN_NODE,
	ORDER_COLUMN_ENGINE,
	ORDER_COLUMN_SHEAF_CAPACITY,
};

extern const struct dill_record_kind order_head_kind;

/** One of the next objects. */
enum order_next_column {
	NEXT_COLUMN_POSITION,
	NEXT_COLUMN_OBJECT,
	NEXT_COLUMN_PLACE,
	NEXT_COLUMN_CPU,
	NEXT_COLUMN_NODE,
	NEXT_COLUMN_LIST,
	NEXT_COLUMN_SLOT,
	NEXT_COLUMN_CONTAINER,
	NEXT_COLUMN_CERTAIN,
};

extern const struct dill_record_kind order_next_kind;

/** Where certainty changes. */
enum order_note_column {
	NOTE_COLUMN_POSITION,
	NOTE_COLUMN_COUNT,
	NOTE_COLUMN_KIND,
	NOTE_COLUMN_TEXT,
};

extern const struct dill_record_kind order_note_kind;

#endif
