/* SPDX-License-Identifier: MIT */
#include "slub/kasan_track.h"

#include <string.h>

#include "slub/depot.h"

/* kasan_set_track(): the clock's lower bits are left out. */
#define TIMESTAMP_SHIFT 9

/* Beginnings of names of functions that every stack of KASAN's begins with. */
static const char *const inner[] = {
	"kasan_",  "__kasan_",	    "stack_trace_", "kmem_cache_", "__kmem_cache_",
	"kmalloc", "__kmalloc",	    "__do_kmalloc", "kfree",	   "__kfree",
	"kvfree",  "kvmalloc",	    "__kvmalloc",   "krealloc",	   "slab_",
	"__slab_", "___cache_free", "kmemdup",	    "kstrdup",
};

/* The first return address outside of the allocator; 0 when all lie in it. */
struct dill_error *kasan_track_find_caller(struct heap *heap, struct track *track)
{
	for (size_t i = 0; i < track->stack_count; i++) {
		struct symbol symbol;
		struct dill_error *error = kernel_symbol_at(heap->kernel, track->stack[i], &symbol);
		bool is_inner = false;

		if (error && error_is_fatal(error))
			return error;
		for (size_t j = 0; !error && j < sizeof(inner) / sizeof(*inner); j++)
			is_inner |= !strncmp(symbol.name, inner[j], strlen(inner[j]));
		dill_error_free(error); /* a module: nothing of the allocator is in one */
		if (!is_inner) {
			track->caller = track->stack[i];
			return NULL;
		}
	}
	return NULL;
}

struct dill_error *kasan_track_parse(const struct reading *reading, struct span bytes,
				     dill_virt address, struct track *ret)
{
	struct heap *heap = reading->heap;
	const struct layout *l = &heap->layout;
	uint32_t handle = (uint32_t)member_get(l->kasan_stack, bytes);
	struct dill_error *error;

	if (!handle)
		return NULL; /* never recorded */
	*ret = (struct track){
		.known = true,
		.pid = (int)member_get(l->kasan_pid, bytes),
		.clock = TRACK_NO_CLOCK,
		.without_cpu = !l->kasan_cpu.present,
		.cpu = (unsigned)member_get(l->kasan_cpu, bytes),
	};
	if (l->kasan_time.present) {
		ret->clock = TRACK_NANOSECONDS;
		ret->when = member_get(l->kasan_time, bytes) << TIMESTAMP_SHIFT;
	}
	error = depot_fetch(heap, handle, reading->arena, &ret->stack, &ret->stack_count);
	if (error && dill_error_code(error) == DILL_ERROR_BAD_DATA) {
		findings_add(reading->findings, FINDING_TRACK, &reading->where, address,
			     "KASAN's record of an object: %s", dill_error_text(error));
		dill_error_free(error);
		return NULL;
	}
	if (error && dill_error_code(error) == DILL_ERROR_UNSUPPORTED) {
		dill_error_free(error); /* the thread is known all the same */
		return NULL;
	}
	TRY(findings_absorb(reading->findings, &reading->where, error));
	return kasan_track_find_caller(heap, ret);
}
