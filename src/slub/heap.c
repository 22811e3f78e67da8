/* SPDX-License-Identifier: MIT */
#include "slub/heap.h"

#include <stdlib.h>

struct dill_error *heap_open(struct kernel *kernel, struct heap **ret)
{
	_cleanup_(heap_freep)
	struct heap *heap = calloc(1, sizeof(*heap));

	if (!heap)
		return error_no_memory();
	heap->kernel = kernel;
	TRY(dill_error_add_context(kernel_symbol(kernel, "slab_caches", &heap->slab_caches),
				   "the list of caches"));
	TRY(layout_resolve(kernel, &heap->layout));
	if (!kernel_has_symbol(kernel, "slab_obj_ext_has_codetag_key", &heap->codetag_key))
		heap->codetag_key = 0;
	heap->tagged = heap->layout.ring_entries.present;
	heap->encoding = heap->layout.cache_random.present ? FREELIST_UNDECIDED : FREELIST_PLAIN;
	*ret = steal(heap);
	return NULL;
}

void heap_free(struct heap *heap)
{
	if (heap)
		number_map_deinit(&heap->kasan_callers);
	free(heap);
}
