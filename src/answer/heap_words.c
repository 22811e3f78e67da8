/* SPDX-License-Identifier: MIT */
#include "answer/heap_words.h"

#include "graph/type_words.h"
#include "slub/cache_map.h"
#include "slub/place.h"

ENUMERATION(object_states, object_state_name, OBJECT_STATES);
ENUMERATION(place_kinds, place_kind_name, PLACE_KINDS);
ENUMERATION(slab_wheres, slab_where_name, SLAB_DYING + 1);
ENUMERATION(type_sources, type_source_name, TYPE_SOURCES);
ENUMERATION(type_trusts, type_trust_name, TYPE_TRUSTS);

static const char *event_text(enum event_word word)
{
	static const char *const words[] = {
		[EVENT_ALLOC] = "alloc",
		[EVENT_FREE] = "free",
		[EVENT_REQUEST] = "request",
		[EVENT_DOUBLE_FREE] = "double free",
	};

	return words[word];
}

ENUMERATION(event_words, event_text, EVENT_DOUBLE_FREE + 1);

enum event_word event_word(enum trace_kind kind, bool again)
{
	if (again)
		return EVENT_DOUBLE_FREE;
	switch (kind) {
	case TRACE_ALLOC:
		return EVENT_ALLOC;
	case TRACE_FREE:
		return EVENT_FREE;
	case TRACE_REQUEST:
		break;
	}
	return EVENT_REQUEST;
}
