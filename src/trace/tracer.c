/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "trace/tracer_private.h"

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* --- life --- */

/* The size from which on kmalloc() goes to the page allocator: that of the largest size class. */
static uint64_t find_largest(const struct cache_list *caches)
{
	uint64_t largest = 0;

	for (size_t i = 0; i < caches->count; i++) {
		const struct cache *cache = &caches->items[i];

		if (cache->usable && !strncmp(cache->name, "kmalloc-", strlen("kmalloc-")) &&
		    cache->object_size > largest)
			largest = cache->object_size;
	}
	return largest;
}

static struct dill_error *find_all(struct tracer *tracer)
{
	struct findings findings = {0};
	struct cache_list caches;

	TRY(arena_new(&tracer->arena));
	findings.arena = tracer->arena;
	TRY(probes_find(tracer->kernel, tracer->arena, &tracer->probes));
	if (tracer->options.kinds)
		probes_keep(&tracer->probes, tracer->options.kinds);
	TRY(current_layout_find(tracer->kernel, &tracer->current_layout));
	TRY(gfp_names_read(tracer->kernel, tracer->arena, &tracer->gfp_names));
	TRY(caches_read(tracer->heap, tracer->arena, &findings, &caches));
	tracer->largest = find_largest(&caches);
	tracer->caches = (struct known_caches){.heap = tracer->heap, .arena = tracer->arena};
	TRY(known_caches_add(&tracer->caches, &caches));
	if (!tracer->options.stacks)
		return NULL;
	return unwinder_new(tracer->kernel, tracer->options.peek, &tracer->probes,
			    &tracer->unwinder);
}

static struct dill_error *find_returns(struct tracer *tracer)
{
	for (size_t i = 0; i < tracer->probes.count; i++) {
		const struct probe *probe = &tracer->probes.items[i];

		if (probe->kind < PROBE_FREE)
			TRY(returns_find(tracer->kernel, probe->address, &tracer->returns));
	}
	return NULL;
}

struct dill_error *tracer_new(struct heap *heap, const struct tracer_options *options,
			      struct tracer **ret)
{
	_cleanup_(tracer_freep)
	struct tracer *tracer = calloc(1, sizeof(*tracer));

	if (!tracer)
		return error_no_memory();
	tracer->heap = heap;
	tracer->kernel = heap->kernel;
	tracer->options = *options;
	tracer->calls.breakpoints = options->breakpoints;
	tracer->start_ns = now_ns();
	TRY(find_all(tracer));
	if (options->breakpoints.fixed)
		TRY(find_returns(tracer));
	*ret = steal(tracer);
	return NULL;
}

void tracer_free(struct tracer *tracer)
{
	if (!tracer)
		return;
	calls_deinit(&tracer->calls);
	array_free(&tracer->returns.list);
	known_caches_deinit(&tracer->caches);
	objects_deinit(&tracer->objects);
	unwinder_free(tracer->unwinder);
	number_map_deinit(&tracer->names);
	strbuf_deinit(&tracer->gfp_text);
	strbuf_deinit(&tracer->comm_text);
	arena_free(tracer->arena);
	free(tracer);
}

/* Where the breakpoint number @p index is: those of probes come first. */
static dill_virt breakpoint_address(const struct tracer *tracer, size_t index)
{
	size_t probes = tracer->probes.count;

	return index < probes ? tracer->probes.items[index].address
			      : tracer->returns.list.items[index - probes];
}

struct dill_error *tracer_arm(struct tracer *tracer)
{
	const struct trace_breakpoints *breakpoints = &tracer->options.breakpoints;

	while (tracer->armed < tracer->probes.count + tracer->returns.list.count) {
		dill_virt address = breakpoint_address(tracer, tracer->armed);

		tracer->armed++; /* also when it fails: nobody knows then */
		TRY(breakpoints->insert(breakpoints->context, address));
	}
	return NULL;
}

struct dill_error *tracer_disarm(struct tracer *tracer)
{
	const struct trace_breakpoints *breakpoints = &tracer->options.breakpoints;
	struct dill_error *first = calls_disarm(&tracer->calls);

	while (tracer->armed) {
		dill_virt address = breakpoint_address(tracer, --tracer->armed);
		struct dill_error *error = breakpoints->remove(breakpoints->context, address);

		first = error_join(first, error);
	}
	return first;
}

bool tracer_is_armed(const struct tracer *tracer)
{
	return tracer->armed || tracer->calls.waiting.count;
}

bool tracer_is_return(const struct tracer *tracer, dill_virt address)
{
	for (size_t i = 0; i < tracer->returns.list.count; i++)
		if (tracer->returns.list.items[i] == address)
			return true;
	return false;
}

bool tracer_is_mine(const struct tracer *tracer, dill_virt address)
{
	return tracer_is_return(tracer, address) || calls_has_breakpoint(&tracer->calls, address) ||
	       probe_at(&tracer->probes, address);
}

void tracer_set_filter(struct tracer *tracer, const struct trace_filter *filter)
{
	tracer->options.filter = *filter;
}

void tracer_mute(struct tracer *tracer, bool muted)
{
	tracer->muted = muted;
}

struct tracer_counts tracer_counts(const struct tracer *tracer)
{
	struct tracer_counts counts = tracer->counts;

	counts.lost += tracer->calls.lost;
	return counts;
}

uint64_t tracer_elapsed(const struct tracer *tracer)
{
	return now_ns() - tracer->start_ns;
}

const char *tracer_backtraces(const struct tracer *tracer)
{
	return tracer->unwinder ? unwinder_method(tracer->unwinder) : NULL;
}

const char *tracer_untraced(const struct tracer *tracer)
{
	return tracer->probes.untraced;
}

size_t tracer_probes(const struct tracer *tracer)
{
	return tracer->probes.count;
}
