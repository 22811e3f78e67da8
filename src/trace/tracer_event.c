/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <inttypes.h>
#include <string.h>

#include "kernel/module_symbol.h"
#include "trace/free_state.h"
#include "trace/tracer_private.h"

/* kmalloc(0) gives this instead of memory (include/linux/slab.h ZERO_SIZE_PTR). */
#define ZERO_SIZE_PTR 16u

/* --- filter --- */

bool tracer_follows(const struct tracer *tracer, const struct current *current)
{
	const struct trace_filter *filter = &tracer->options.filter;

	if (filter->has_pid && current->pid != filter->pid && current->tgid != filter->pid)
		return false;
	return !filter->name || !fnmatch(filter->name, current->comm, 0);
}

bool tracer_takes_cache(const struct tracer *tracer, const struct known_cache *cache)
{
	const char *pattern = tracer->options.filter.caches;

	return !pattern || (cache && !fnmatch(pattern, cache->name, 0));
}

bool tracer_takes_size(const struct tracer *tracer, uint64_t size)
{
	const struct trace_filter *filter = &tracer->options.filter;

	return size >= filter->size_min && (!filter->size_max || size <= filter->size_max);
}

/* --- names --- */

static struct dill_error *make_name(struct kernel *kernel, dill_virt address, struct strbuf *text)
{
	struct symbol symbol;
	struct dill_error *error = kernel_symbol_at(kernel, address, &symbol);

	if (error && error_is_fatal(error))
		return error;
	if (error) {
		dill_error_free(error);
		kernel_forget(kernel); /* it may have been loaded just now */
		return module_append_symbol(kernel, address, true, text);
	}
	strbuf_append_format(text, "%s+0x%" PRIx64, symbol.name, address - symbol.address);
	return NULL;
}

/* The name of an address in code, made once; NULL when it has none. */
static struct dill_error *find_name(struct tracer *tracer, dill_virt address, const char **ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	uint64_t known;
	char *copy;

	*ret = NULL;
	if (!address)
		return NULL;
	if (!number_map_get(&tracer->names, address, &known)) {
		TRY(make_name(tracer->kernel, address, &text));
		TRY(strbuf_error(&text));
		copy = arena_copy_text(tracer->arena, strbuf_get(&text), text.length);
		if (!copy)
			return error_no_memory();
		known = (uintptr_t)copy;
		TRY(number_map_put(&tracer->names, address, known));
	}
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): it was put in as a pointer */
	*ret = (const char *)(uintptr_t)known;
	if (!**ret)
		*ret = NULL;
	return NULL;
}

struct dill_error *tracer_name_address(void *context, dill_virt address, struct strbuf *text)
{
	const char *name;

	TRY(find_name(context, address, &name));
	if (name)
		strbuf_append(text, name);
	return NULL;
}

static struct dill_error *set_names(struct tracer *tracer, const struct current *current,
				    struct trace_event *event)
{
	strbuf_clear(&tracer->comm_text);
	strbuf_append_escaped(&tracer->comm_text, current->comm, strlen(current->comm));
	TRY(strbuf_error(&tracer->comm_text));
	event->comm = strbuf_get(&tracer->comm_text);
	if (event->kind == TRACE_ALLOC) {
		strbuf_clear(&tracer->gfp_text);
		gfp_append(&tracer->gfp_names, event->gfp, &tracer->gfp_text);
		TRY(strbuf_error(&tracer->gfp_text));
		event->gfp_names = strbuf_get(&tracer->gfp_text);
	}
	return find_name(tracer, event->caller, &event->caller_name);
}

/* --- backtraces --- */

struct dill_error *tracer_take_stack(struct tracer *tracer, const struct dill_stop *stop,
				     struct backtrace *ret)
{
	ret->count = 0;
	return tracer->unwinder ? unwinder_walk(tracer->unwinder, stop->registers, ret) : NULL;
}

/* What is behind the caller, which the kernel may have chosen a few frames further out. */
static void set_stack(const struct backtrace *backtrace, struct trace_event *event)
{
	size_t skipped = 0;

	for (size_t i = 0; i < backtrace->count && !skipped; i++)
		if (backtrace->addresses[i] == event->caller)
			skipped = i + 1;
	event->stack = backtrace->addresses + skipped;
	event->stack_count = backtrace->count - skipped;
	if (event->stack_count > TRACE_STACK_MAX)
		event->stack_count = TRACE_STACK_MAX;
}

/* --- sizes --- */

/* Bytes of the whole pages that a large allocation takes (include/asm-generic/getorder.h). */
static uint64_t whole_pages(uint64_t size, uint32_t page_size)
{
	uint64_t bytes = page_size;

	while (bytes < size && bytes <= UINT64_MAX / 2)
		bytes *= 2;
	return bytes;
}

static void set_sizes(const struct occasion *occasion, const struct known_cache *cache,
		      uint32_t page_size, struct trace_event *event)
{
	bool says_size =
		occasion->probe->arguments[ROLE_SIZE] >= 0 && occasion->probe->kind == PROBE_ALLOC;

	if (event->kind != TRACE_ALLOC)
		return;
	if (says_size)
		event->bytes_requested = occasion->size;
	else if (cache)
		event->bytes_requested = cache->object_size;
	if (cache)
		event->bytes_given = cache->size;
	else if (event->object)
		event->bytes_given = whole_pages(occasion->size, page_size);
}

/* --- events --- */

/* The cache and slab of an object, by its page, or by what the caller knows when there is none. */
static struct dill_error *find_owner(struct tracer *tracer, const struct occasion *occasion,
				     dill_virt object, struct trace_event *event,
				     const struct known_cache **ret)
{
	struct owner owner = {0};

	if (object)
		TRY(owner_read(tracer->heap, tracer->options.peek, object, &owner));
	event->cache = owner.cache ? owner.cache : occasion->cache;
	event->slab = owner.slab;
	event->slab_objects = owner.objects;
	TRY(known_caches_find(&tracer->caches, tracer->options.peek, event->cache, ret));
	event->cache_name = *ret ? (*ret)->name : NULL;
	if (!*ret)
		event->cache = 0;
	if (object && !owner.cache)
		event->flags |= TRACE_LARGE;
	return NULL;
}

/* Whether memory without a slab is in no direct map either: vmalloc(), which is not traced. */
static bool is_elsewhere(const struct tracer *tracer, dill_virt object)
{
	return !kernel_is_direct(tracer->kernel, object);
}

static bool is_wanted(const struct tracer *tracer, const struct known_cache *cache,
		      const struct trace_event *event)
{
	if (event->flags & (TRACE_KNOWN | TRACE_DOUBLE)) /* its allocation, or first free, was */
		return true;
	if (!tracer_takes_cache(tracer, cache))
		return false;
	return event->kind == TRACE_ALLOC
		       ? tracer_takes_size(tracer, event->bytes_requested)
		       : tracer_takes_size(tracer, cache ? cache->object_size : UINT64_MAX);
}

/* A free by a task or on a CPU that is not followed, of an object that others have by now. */
static bool is_others(const struct trace_event *event, bool is_foreign)
{
	return is_foreign && event->kind != TRACE_ALLOC &&
	       !(event->flags & (TRACE_KNOWN | TRACE_DOUBLE));
}

static struct dill_error *remember(struct tracer *tracer, const struct trace_event *event)
{
	if (!event->object)
		return NULL;
	switch (event->kind) {
	case TRACE_ALLOC:
		return objects_allocate(&tracer->objects, event);
	case TRACE_FREE:
		known_caches_forget(&tracer->caches, event->object);
		return objects_free(&tracer->objects, event);
	case TRACE_REQUEST:
		break;
	}
	return NULL;
}

/* Whether every allocation that may give an object out again makes an event. One of another size,
 * task or CPU does not; one from another cache gives other objects. */
static bool sees_allocations(const struct trace_filter *filter)
{
	return !filter->name && !filter->has_pid && !filter->has_cpu && !filter->size_min &&
	       !filter->size_max;
}

/* Whether the first free was of the same call: the allocator's lists do not have it yet. */
static bool is_same_call(const struct tracer *tracer, const struct occasion *occasion,
			 dill_virt object)
{
	uint64_t freed;

	return occasion->flags & TRACE_BULK &&
	       number_map_get(&tracer->objects.freed, object, &freed) &&
	       freed >= occasion->first_sequence;
}

/*
 * A second free without an allocation in between that was seen. With a filter others may have
 * allocated the object; without one somebody who was in the allocator already when the trace began.
 * The allocator itself knows. What it does not confirm is another's object now: it is not asked
 * about again, so that there are no more such questions than frees that were followed.
 */
static struct dill_error *confirm_double(struct tracer *tracer, const struct occasion *occasion,
					 struct trace_event *event)
{
	bool free = sees_allocations(&tracer->options.filter);

	if (is_same_call(tracer, occasion, event->object))
		return NULL;
	if (tracer->options.confirms)
		TRY(free_state_read(tracer->heap, event->object, occasion->sheaf, &free));
	if (free)
		return NULL;
	event->flags &= ~(unsigned)TRACE_DOUBLE;
	objects_forget(&tracer->objects, event->object);
	return NULL;
}

struct dill_error *tracer_emit(struct tracer *tracer, const struct occasion *occasion,
			       dill_virt object)
{
	struct trace_event event = {
		.sequence = tracer->counts.events + 1,
		.time_ns = tracer_elapsed(tracer),
		.kind = occasion->kind,
		.flags = occasion->flags,
		.cpu = occasion->cpu,
		.pid = occasion->current->pid,
		.tgid = occasion->current->tgid,
		.function = occasion->probe->function,
		.object = object,
		.gfp = occasion->gfp,
		.caller = occasion->caller,
	};
	const struct trace_filter *filter = &tracer->options.filter;
	const struct known_cache *cache;
	bool foreign, elsewhere;

	/* A call of many objects may come to the limit in the middle. */
	if (tracer->options.events_max && tracer->counts.events >= tracer->options.events_max)
		return NULL;
	if (object == ZERO_SIZE_PTR || (!object && occasion->kind != TRACE_ALLOC) ||
	    (object && is_elsewhere(tracer, object)))
		return NULL;
	foreign = !tracer_follows(tracer, occasion->current);
	elsewhere = filter->has_cpu && occasion->cpu != filter->cpu;
	/* Of the objects of one bulk call some may be followed. */
	if ((foreign || elsewhere) && occasion->kind != TRACE_ALLOC &&
	    !objects_is_known(&tracer->objects, object)) {
		tracer->counts.dismissed++;
		return NULL;
	}
	TRY(find_owner(tracer, occasion, object, &event, &cache));
	set_sizes(occasion, cache, kernel_page_size(tracer->kernel), &event);
	if (event.kind != TRACE_ALLOC)
		objects_look_up(&tracer->objects, &event);
	if (event.flags & TRACE_DOUBLE)
		TRY(confirm_double(tracer, occasion, &event));
	if (is_others(&event, foreign || elsewhere) || !is_wanted(tracer, cache, &event)) {
		tracer->counts.dismissed++;
		return NULL;
	}
	if ((foreign || elsewhere) && occasion->kind != TRACE_ALLOC)
		event.flags |= TRACE_FOREIGN;
	TRY(remember(tracer, &event));
	tracer->counts.events++;
	if (tracer->muted)
		return NULL;
	if (occasion->stop && !occasion->backtrace->count)
		TRY(tracer_take_stack(tracer, occasion->stop, occasion->backtrace));
	set_stack(occasion->backtrace, &event);
	TRY(set_names(tracer, occasion->current, &event));
	return tracer->options.sink->event(tracer->options.sink, &event);
}
