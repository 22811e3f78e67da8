/* SPDX-License-Identifier: MIT */
#include "trace/traced_objects.h"

struct dill_error *objects_allocate(struct traced_objects *objects, const struct trace_event *event)
{
	number_map_remove(&objects->freed, event->object);
	TRY(number_map_put(&objects->allocated, event->object, event->sequence));
	return number_map_put(&objects->times, event->object, event->time_ns);
}

bool objects_is_live(const struct traced_objects *objects, dill_virt object)
{
	return number_map_get(&objects->allocated, object, NULL);
}

bool objects_is_known(const struct traced_objects *objects, dill_virt object)
{
	return objects_is_live(objects, object) || number_map_get(&objects->freed, object, NULL);
}

void objects_look_up(const struct traced_objects *objects, struct trace_event *event)
{
	if (number_map_get(&objects->allocated, event->object, &event->alloc_sequence)) {
		event->flags |= TRACE_KNOWN;
		number_map_get(&objects->times, event->object, &event->alloc_time_ns);
	} else if (event->kind == TRACE_FREE &&
		   number_map_get(&objects->freed, event->object, NULL)) {
		event->flags |= TRACE_DOUBLE;
	}
}

struct dill_error *objects_free(struct traced_objects *objects, const struct trace_event *event)
{
	number_map_remove(&objects->allocated, event->object);
	number_map_remove(&objects->times, event->object);
	return number_map_put(&objects->freed, event->object, event->sequence);
}

void objects_forget(struct traced_objects *objects, dill_virt object)
{
	number_map_remove(&objects->freed, object);
}

void objects_deinit(struct traced_objects *objects)
{
	number_map_deinit(&objects->allocated);
	number_map_deinit(&objects->times);
	number_map_deinit(&objects->freed);
}
