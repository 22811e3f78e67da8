/* SPDX-License-Identifier: MIT */
#include "slub/again.h"

struct again again_start(struct heap *heap, struct findings *findings)
{
	struct again again = {
		.heap = heap,
		.findings = findings,
		.mark = findings_mark(findings),
		.is_inner = heap->is_read_again,
	};

	heap->is_read_again = true;
	return again;
}

void again_end(struct again *again)
{
	again->heap->is_read_again = again->is_inner;
}

bool again_needed(struct again *again)
{
	struct kernel *kernel = again->heap->kernel;

	if (again->is_inner || !target_moves(kernel_target(kernel)) ||
	    ++again->reads >= AGAIN_MAX || !findings_since(again->findings, again->mark))
		return false;
	findings_drop(again->findings, again->mark);
	kernel_forget(kernel);
	return true;
}
