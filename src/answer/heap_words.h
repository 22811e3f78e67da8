/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_HEAP_WORDS_H
#define ANSWER_HEAP_WORDS_H

#include "answer/record.h"
#include "trace/event.h"

/* Words of the slab model and of traces that several records have. */

/** By enum object_state. */
extern const struct enumeration object_states;
/** By enum place_kind; PLACE_NONE is left absent. */
extern const struct enumeration place_kinds;
/** By enum slab_where. */
extern const struct enumeration slab_wheres;
/** By enum type_source and enum type_trust of graph/type_words.h; those of what is not known are
 * left absent. */
extern const struct enumeration type_sources, type_trusts;
/** What an event of a trace is. */
enum event_word { EVENT_ALLOC, EVENT_FREE, EVENT_REQUEST, EVENT_DOUBLE_FREE };
extern const struct enumeration event_words;
/** @param again  a free of what was free already */
enum event_word event_word(enum trace_kind kind, bool again);

#endif
