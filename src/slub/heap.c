/* SPDX-License-Identifier: MIT */
#include "slub/heap.h"

#include <stdlib.h>

void heap_free(struct heap *heap)
{
	if (!heap)
		return;
	number_map_deinit(&heap->kasan_callers);
	free(heap->solution);
	free(heap);
}
