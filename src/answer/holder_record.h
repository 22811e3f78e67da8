/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_HOLDER_RECORD_H
#define ANSWER_HOLDER_RECORD_H

#include "answer/record.h"

/** What a pointer to an object stands in. */
enum holder_word {
	HOLDER_OBJECT,
	HOLDER_SYMBOL,
	HOLDER_PERCPU,
	HOLDER_STACK,
	HOLDER_MODULE,
	HOLDER_VMALLOC,
	HOLDER_PAGE,
	HOLDER_PAGE_STRUCT,
	HOLDER_WAITING,
	HOLDER_WORDS,
};

/** What kwhy is about. */
enum {
	HELD_OBJECT,
	HELD_CACHE,
	HELD_TYPE,
	HELD_SIZE,
	HELD_STATE,
	HELD_REACHED,
	HELD_HOLDERS,
	HELD_RETAINED_OBJECTS,
	HELD_RETAINED_BYTES,
};
extern const struct dill_record_kind held_kind;

/** A pointer on the way to it, or to it. */
enum {
	HOLDER_STEP,
	HOLDER_KIND,
	HOLDER_NAME,
	HOLDER_HOLDER,
	HOLDER_CACHE,
	HOLDER_TYPE,
	HOLDER_MEMBER,
	HOLDER_POINTER,
	HOLDER_TO,
	HOLDER_OFFSET,
};
extern const struct dill_record_kind holder_kind;

/** Objects that nothing reaches. */
enum {
	LEAK_TYPE,
	LEAK_CACHE,
	LEAK_SITE,
	LEAK_SIZE,
	LEAK_OBJECTS,
	LEAK_BYTES,
	LEAK_HEADS,
	LEAK_SURE,
	LEAK_OBJECT,
};
extern const struct dill_record_kind leak_kind;

enum {
	LEAK_TOTAL_OBJECTS,
	LEAK_TOTAL_LOST,
	LEAK_TOTAL_BYTES,
	LEAK_TOTAL_SURE,
	LEAK_TOTAL_UNREADABLE,
};
extern const struct dill_record_kind leak_total_kind;

/** How sure it is that objects are lost. */
enum leak_word { LEAK_PERHAPS, LEAK_LIKELY, LEAK_CERTAIN, LEAK_WORDS };

#endif
