/* SPDX-License-Identifier: MIT */
#include "slub/layout.h"
#include "trace/tracer_private.h"

/* Objects of one bulk call that are looked at: kfree_rcu() frees some 500 at a time. */
#define BULK_MAX 16384u
/* Objects of a sheaf, more than any cache's. */
#define SHEAF_MAX 4096u
/* A call inside of another lies at most so deep below it on their stack. */
#define NESTED_DISTANCE 1024u
/* Smallest value of kvfree_call_rcu()'s second argument that is an address, not a distance
 * (include/linux/rcupdate.h __is_kvfree_rcu_offset()). */
#define OFFSET_MAX 4096u

/* --- entering --- */

static uint64_t argument(const struct probe *probe, const struct dill_stop *stop,
			 enum probe_role role)
{
	return probe->arguments[role] < 0 ? 0 : stop->registers[probe->arguments[role]];
}

/* A read that fails for the target's sake only makes an event less. */
static struct dill_error *forgive(struct tracer *tracer, struct dill_error *error)
{
	if (!error || error_is_fatal(error))
		return error;
	dill_error_free(error);
	tracer->counts.lost++;
	return NULL;
}

/* Whether a call that begins is part of one in flight, or takes its place. */
static bool is_part(struct tracer *tracer, const struct probe *probe, const struct call *call)
{
	struct call *around = calls_around(&tracer->calls, call->stack, NESTED_DISTANCE);

	if (!around || around->size != call->size || around->current.task != call->current.task ||
	    around->probe->arguments[ROLE_SIZE] < 0 || around->probe->kind != PROBE_ALLOC)
		return false;
	/* A tail jump has the same return address in the same place; it is the outer's return. */
	if (around->stack == call->stack && around->return_address == call->return_address)
		return true;
	if (around->probe->flags & PROBE_OUTER && !(probe->flags & PROBE_LARGE)) {
		around->ignored = true;
		return false;
	}
	return probe->flags & PROBE_LARGE && call->size > tracer->largest;
}

static bool wants_call(struct tracer *tracer, const struct probe *probe, const struct call *call,
		       const struct known_cache *cache)
{
	if (probe->kind == PROBE_ALLOC_BULK)
		return tracer_takes_cache(tracer, cache);
	if (probe->arguments[ROLE_SIZE] >= 0 && !tracer_takes_size(tracer, call->size))
		return false;
	return !cache || tracer_takes_cache(tracer, cache);
}

static struct dill_error *enter_call(struct tracer *tracer, const struct probe *probe,
				     const struct dill_stop *stop, const struct current *current)
{
	struct call call = {
		.probe = probe,
		.stack = stop->registers[DILL_RSP] + 8,
		.cpu = stop->cpu,
		.current = *current,
		.cache = argument(probe, stop, ROLE_CACHE),
		.size = argument(probe, stop, ROLE_SIZE),
		.gfp = (uint32_t)argument(probe, stop, ROLE_GFP),
		.array = argument(probe, stop, ROLE_ARRAY),
	};
	const struct known_cache *cache;

	TRY(peek_u64(tracer->options.peek, stop->registers[DILL_RSP], &call.return_address));
	call.caller = probe->arguments[ROLE_CALLER] < 0 ? call.return_address
							: argument(probe, stop, ROLE_CALLER);
	TRY(known_caches_find(&tracer->caches, tracer->options.peek, call.cache, &cache));
	if (!wants_call(tracer, probe, &call, cache)) {
		tracer->counts.dismissed++;
		return NULL;
	}
	/* Never a breakpoint where no code can be. */
	if (call.return_address >> 63 == 0 || is_part(tracer, probe, &call))
		return NULL;
	TRY(tracer_take_stack(tracer, stop, &call.backtrace));
	return calls_enter(&tracer->calls, &call);
}

/* --- freeing --- */

static struct dill_error *emit_list(struct tracer *tracer, struct occasion *occasion,
				    dill_virt array, uint64_t count)
{
	dill_virt objects[64];

	occasion->flags |= TRACE_BULK;
	occasion->first_sequence = tracer->counts.events + 1;
	for (uint64_t done = 0; done < count;) {
		size_t part = count - done < 64 ? (size_t)(count - done) : 64;

		TRY(tracer->options.peek->read(tracer->options.peek, array + 8 * done, objects,
					       8 * part));
		for (size_t i = 0; i < part; i++)
			TRY(tracer_emit(tracer, occasion, objects[i]));
		done += part;
	}
	return NULL;
}

/* The objects of a sheaf whose head is @p head. */
static struct dill_error *emit_sheaf(struct tracer *tracer, struct occasion *occasion,
				     dill_virt head)
{
	const struct layout *l = &tracer->heap->layout;
	dill_virt sheaf = head - l->sheaf_rcu.offset;
	uint32_t size = 0;

	if (!l->sheaf_rcu.present || !l->sheaf_size.present || !l->sheaf_objects.present)
		return NULL;
	TRY(tracer->options.peek->read(tracer->options.peek, sheaf + l->sheaf_size.offset, &size,
				       sizeof(size)));
	occasion->sheaf = sheaf;
	return emit_list(tracer, occasion, sheaf + l->sheaf_objects.offset,
			 size < SHEAF_MAX ? size : SHEAF_MAX);
}

/* kfree_rcu()'s object; see find_request() in probe.c. */
static dill_virt requested_object(const struct probe *probe, const struct dill_stop *stop)
{
	uint64_t head = argument(probe, stop, ROLE_ARRAY),
		 object = argument(probe, stop, ROLE_OBJECT);

	return object < OFFSET_MAX ? head - object : object;
}

/*
 * The object that a head lies in: of a slab, or at the start of a page, as the head lies in the
 * first one of a large kmalloc(). 0 for what is neither. Source: mm/slub.c kvfree_rcu_cb()
 */
static struct dill_error *object_around(struct tracer *tracer, dill_virt head, dill_virt *ret)
{
	const struct known_cache *cache;
	struct owner owner;

	*ret = 0;
	if (!kernel_is_direct(tracer->kernel, head)) /* vmalloc() */
		return NULL;
	TRY(owner_read(tracer->heap, tracer->options.peek, head, &owner));
	if (!owner.cache) {
		*ret = head & ~(dill_virt)(kernel_page_size(tracer->kernel) - 1);
		return NULL;
	}
	TRY(known_caches_find(&tracer->caches, tracer->options.peek, owner.cache, &cache));
	if (cache && cache->size && head >= owner.slab)
		*ret = head - (head - owner.slab) % cache->size + cache->red_left_pad;
	return NULL;
}

static struct dill_error *emit_around(struct tracer *tracer, const struct occasion *occasion,
				      dill_virt head)
{
	dill_virt object;

	TRY(object_around(tracer, head, &object));
	return object ? tracer_emit(tracer, occasion, object) : NULL;
}

static struct dill_error *emit_frees(struct tracer *tracer, struct occasion *occasion,
				     const struct dill_stop *stop)
{
	const struct probe *probe = occasion->probe;
	uint64_t count = argument(probe, stop, ROLE_SIZE);

	switch (probe->kind) {
	case PROBE_FREE:
		return tracer_emit(tracer, occasion, argument(probe, stop, ROLE_OBJECT));
	case PROBE_REQUEST:
		occasion->kind = TRACE_REQUEST;
		return tracer_emit(tracer, occasion, requested_object(probe, stop));
	case PROBE_FREE_BULK:
		return emit_list(tracer, occasion, argument(probe, stop, ROLE_ARRAY),
				 count < BULK_MAX ? count : BULK_MAX);
	case PROBE_FREE_SHEAF:
		return emit_sheaf(tracer, occasion, argument(probe, stop, ROLE_OBJECT));
	case PROBE_FREE_HEAD:
		return emit_around(tracer, occasion, argument(probe, stop, ROLE_OBJECT));
	case PROBE_ALLOC:
	case PROBE_ALLOC_BULK:
		break;
	}
	return NULL;
}

/* Frees by others matter when they are of objects that were followed: live ones, or free ones that
 * would be freed again. */
static bool concerns(const struct tracer *tracer, const struct probe *probe,
		     const struct dill_stop *stop)
{
	if (probe->kind == PROBE_FREE)
		return objects_is_known(&tracer->objects, argument(probe, stop, ROLE_OBJECT));
	if (probe->kind == PROBE_REQUEST)
		return objects_is_live(&tracer->objects, requested_object(probe, stop));
	return tracer->objects.allocated.count || tracer->objects.freed.count;
}

static struct dill_error *enter_free(struct tracer *tracer, const struct probe *probe,
				     const struct dill_stop *stop, const struct current *current)
{
	struct backtrace backtrace = {0};
	struct occasion occasion = {
		.probe = probe,
		.kind = TRACE_FREE,
		.cpu = stop->cpu,
		.current = current,
		.cache = argument(probe, stop, ROLE_CACHE),
		.backtrace = &backtrace,
		.stop = stop,
	};

	TRY(peek_u64(tracer->options.peek, stop->registers[DILL_RSP], &occasion.caller));
	return emit_frees(tracer, &occasion, stop);
}

static struct dill_error *enter(struct tracer *tracer, const struct probe *probe,
				const struct dill_stop *stop)
{
	const struct trace_filter *filter = &tracer->options.filter;
	bool is_free = probe->kind >= PROBE_FREE, other;
	struct current current;

	if (probe->flags & PROBE_DISTANCE && argument(probe, stop, ROLE_OBJECT) >= OFFSET_MAX)
		return NULL;
	if (is_free && filter->has_cpu && stop->cpu != filter->cpu &&
	    !concerns(tracer, probe, stop))
		return NULL;
	if (!is_free && filter->has_cpu && stop->cpu != filter->cpu)
		return NULL;
	TRY(current_read(tracer->kernel, &tracer->current_layout, tracer->options.peek, stop->cpu,
			 &current));
	other = !tracer_follows(tracer, &current);
	if (other && (!is_free || !concerns(tracer, probe, stop))) {
		tracer->counts.dismissed++;
		return NULL;
	}
	return is_free ? enter_free(tracer, probe, stop, &current)
		       : enter_call(tracer, probe, stop, &current);
}

/* --- returning --- */

/* How many objects a bulk call gave: all or none. 7.2 and newer return a bool. */
static uint64_t bulk_count(const struct call *call, uint64_t result)
{
	uint64_t count = (uint32_t)result & call->probe->result_mask ? call->size : 0;

	return count < BULK_MAX ? count : BULK_MAX;
}

static struct dill_error *leave(struct tracer *tracer, struct call *call,
				const struct dill_stop *stop)
{
	struct occasion occasion = {
		.probe = call->probe,
		.kind = TRACE_ALLOC,
		.cpu = call->cpu,
		.current = &call->current,
		.caller = call->caller,
		.cache = call->cache,
		.size = call->size,
		.gfp = call->gfp,
		.backtrace = &call->backtrace,
	};
	uint64_t result = stop->registers[DILL_RAX];

	if (call->ignored)
		return NULL;
	if (call->probe->kind == PROBE_ALLOC_BULK)
		return emit_list(tracer, &occasion, call->array, bulk_count(call, result));
	return tracer_emit(tracer, &occasion, result);
}

/* --- a stop --- */

static struct dill_error *hit_return(struct tracer *tracer, const struct dill_stop *stop,
				     enum trace_then *ret_then)
{
	dill_virt address = stop->registers[DILL_RIP];
	struct call call;
	bool gone;

	if (tracer_is_return(tracer, address)) {
		*ret_then = TRACE_THEN_STEP;
		return calls_leave_by_ret(&tracer->calls, stop->registers[DILL_RSP], &call)
			       ? forgive(tracer, leave(tracer, &call, stop))
			       : NULL;
	}
	if (calls_leave(&tracer->calls, address, stop->registers[DILL_RSP], &call))
		TRY(forgive(tracer, leave(tracer, &call, stop)));
	TRY(calls_settle(&tracer->calls, address, &gone));
	*ret_then = gone ? TRACE_THEN_RUN : TRACE_THEN_STEP;
	return NULL;
}

struct dill_error *tracer_hit(struct tracer *tracer, const struct dill_stop *stop,
			      enum trace_then *ret_then, dill_virt *ret_next)
{
	dill_virt address = stop->registers[DILL_RIP];
	const struct probe *probe = probe_at(&tracer->probes, address);

	tracer->counts.hits++;
	if (!probe)
		return hit_return(tracer, stop, ret_then);
	*ret_then = probe->first == FIRST_SKIP ? TRACE_THEN_SKIP : TRACE_THEN_STEP;
	*ret_next = probe->next;
	return forgive(tracer, enter(tracer, probe, stop));
}
