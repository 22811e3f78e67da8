/* SPDX-License-Identifier: MIT */
#include "slub/again.h"

bool again_needed(struct again *again)
{
	struct memory *memory = kernel_memory(again->heap->kernel);

	if (!memory_moves(memory) || ++again->reads >= AGAIN_MAX ||
	    !findings_since(again->findings, again->mark))
		return false;
	findings_drop(again->findings, again->mark);
	memory_invalidate(memory);
	return true;
}
