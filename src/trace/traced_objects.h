/* SPDX-License-Identifier: MIT */
#ifndef TRACE_TRACED_OBJECTS_H
#define TRACE_TRACED_OBJECTS_H

#include "base/number_map.h"
#include "trace/event.h"

/**
 * What a trace knows of objects: which are live and since when, which were freed last. An object is
 * in one of the two at a time.
 */
struct traced_objects {
	struct number_map allocated; /**< sequence by address */
	struct number_map times;     /**< and when, + 1 */
	struct number_map freed;     /**< sequence of the free, of those not allocated since */
};

/** An object was given out. */
DILL_MUST_CHECK struct dill_error *objects_allocate(struct traced_objects *objects,
						    const struct trace_event *event);
/** True when the trace saw its allocation, and no free since. */
bool objects_is_live(const struct traced_objects *objects, dill_virt object);
/** True when the trace saw its allocation or a free: a free of it would be an event. */
bool objects_is_known(const struct traced_objects *objects, dill_virt object);
/** Set the members and flags of a free or request that its object's past gives. */
void objects_look_up(const struct traced_objects *objects, struct trace_event *event);
/** An object was given back. */
DILL_MUST_CHECK struct dill_error *objects_free(struct traced_objects *objects,
						const struct trace_event *event);
/** A freed object turned out to have been given out again, to somebody who is not followed. */
void objects_forget(struct traced_objects *objects, dill_virt object);
void objects_deinit(struct traced_objects *objects);

#endif
