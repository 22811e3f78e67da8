/* SPDX-License-Identifier: MIT */
#include "kernel/direct_map.h"

#include "kernel/state.h"
#include "kernel/vm.h"

/* Where it may begin: behind the hole of non-canonical addresses, and before KASAN's shadow, which
 * maps one page again and again. Source: Documentation/arch/x86/x86_64/mm.rst */
#define FIRST_4 UINT64_C(0xffff800000000000)
#define LAST_4	UINT64_C(0xffffebffffffffff)
#define FIRST_5 UINT64_C(0xff00000000000000)
#define LAST_5	UINT64_C(0xffdeffffffffffff)
#define STEP_4	(UINT64_C(1) << 39)
#define STEP_5	(UINT64_C(1) << 48)
#define ALIGN	(UINT64_C(1) << 30)
/* Distances that are counted; there is one, and few others by chance. */
#define DISTANCES_MAX 64u

struct distance {
	uint64_t value;	     /* virtual - physical */
	uint64_t bytes, end; /* mapped so; behind the last physical address */
};

struct counting {
	struct distance items[DISTANCES_MAX];
	unsigned count;
};

static struct dill_error *visit(void *context, const struct mapping_run *run)
{
	struct counting *counting = context;
	uint64_t value = run->first - run->phys;
	unsigned i = 0;

	if (value % ALIGN)
		return NULL;
	while (i < counting->count && counting->items[i].value != value)
		i++;
	if (i == DISTANCES_MAX)
		return NULL;
	if (i == counting->count)
		counting->items[counting->count++] = (struct distance){.value = value};
	counting->items[i].bytes += run->size;
	if (run->phys + run->size > counting->items[i].end)
		counting->items[i].end = run->phys + run->size;
	return NULL;
}

/* Each part by itself: forged tables that have no end spoil one of them. */
static struct dill_error *count_all(struct kernel *kernel, struct counting *counting)
{
	bool five = kernel->facts.paging_levels == 5;
	uint64_t step = five ? STEP_5 : STEP_4, last = five ? LAST_5 : LAST_4;

	for (dill_virt at = five ? FIRST_5 : FIRST_4; at < last; at += step) {
		struct dill_error *error =
			kernel_mapped_runs(kernel, at, at + step - 1, visit, counting);

		if (error && error_is_fatal(error))
			return error;
		dill_error_free(error);
		TRY(target_check_interrupt(kernel->target));
	}
	return NULL;
}

struct dill_error *direct_map_find(struct kernel *kernel, struct memory_map *ret)
{
	struct counting counting = {0};
	const struct distance *best = NULL;

	if (!kernel->vm.paged)
		return NULL;
	TRY(count_all(kernel, &counting));
	for (unsigned i = 0; i < counting.count; i++)
		if (!best || counting.items[i].bytes > best->bytes)
			best = &counting.items[i];
	if (best) {
		ret->page_offset = best->value;
		ret->direct_size = best->end;
	}
	return NULL;
}
