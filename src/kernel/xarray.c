/* SPDX-License-Identifier: MIT */
#include "kernel/xarray.h"

#include <inttypes.h>

#include "kernel/kernel_members.h"
#include "kernel/kernel_types.h"
#include "kernel/vm.h"

/* An index has 64 bits and every level takes at least one. */
#define DEPTH_MAX 64
#define SLOTS_MAX 64

/* Entries below are markers (sibling, retry, zero), not nodes: xa_is_node(). */
#define NODE_MIN 4096

static bool entry_is_node(uint64_t entry)
{
	return (entry & 3) == 2 && entry > NODE_MIN;
}

static bool entry_is_pointer(uint64_t entry)
{
	return entry && (entry & 3) == 0;
}

static dill_virt node_address(uint64_t entry)
{
	return entry - 2;
}

struct dill_error *xarray_layout_find(struct kernel *kernel, struct xarray_layout *ret)
{
	const struct kernel_members *members;
	uint32_t count;

	TRY(kernel_members(kernel, NEED_XARRAY, &members));
	count = members->xa_slots.size / (uint32_t)sizeof(uint64_t);
	if (!count || count > SLOTS_MAX || count & (count - 1) || members->xa_shift.size != 1)
		return dill_error_new(DILL_ERROR_BAD_DATA, "struct xa_node has an unknown shape");
	ret->shift = members->xa_shift.offset;
	ret->slots = members->xa_slots.offset;
	ret->slot_count = count;
	return NULL;
}

struct dill_error *xarray_load(struct kernel *kernel, const struct xarray_layout *layout,
			       uint64_t head, uint64_t index, uint64_t *ret)
{
	unsigned limit = DEPTH_MAX;
	uint64_t entry = head;

	while (entry_is_node(entry)) {
		dill_virt node = node_address(entry);
		uint64_t slot;
		uint8_t shift;

		TRY(kernel_read_u8(kernel, node + layout->shift, &shift));
		if (shift >= limit)
			return dill_error_new(DILL_ERROR_BAD_DATA,
					      "xa_node 0x%" PRIx64
					      ": shift %u is not below its parent's",
					      node, shift);
		slot = index >> shift;
		/* Only the topmost node can be asked for more than it holds. */
		if (limit == DEPTH_MAX && slot >= layout->slot_count) {
			*ret = 0;
			return NULL;
		}
		limit = shift;
		slot &= layout->slot_count - 1;
		TRY(kernel_read_u64(kernel, node + layout->slots + slot * sizeof(uint64_t),
				    &entry));
	}
	/* A tree without nodes holds index 0 only. */
	*ret = limit == DEPTH_MAX && index ? 0 : entry;
	return NULL;
}

static struct dill_error *expand(struct kernel *kernel, const struct xarray_layout *layout,
				 uint64_t entry, size_t limit, struct xarray_entries *nodes,
				 struct xarray_entries *leaves)
{
	uint64_t slots[SLOTS_MAX];
	struct dill_error *error;

	error = kernel_read(kernel, node_address(entry) + layout->slots, slots,
			    layout->slot_count * sizeof(*slots));
	if (error) {
		if (error_is_fatal(error))
			return error;
		dill_error_free(error);
		return NULL;
	}
	for (uint32_t i = 0; i < layout->slot_count; i++) {
		if (entry_is_node(slots[i]) && nodes->found.count < limit)
			TRY(array_push(&nodes->found, slots[i]));
		else if (entry_is_pointer(slots[i]) && leaves->found.count < limit)
			TRY(array_push(&leaves->found, slots[i]));
	}
	return NULL;
}

static struct dill_error *collect_levels(struct kernel *kernel, const struct xarray_layout *layout,
					 size_t limit, struct xarray_entries *level,
					 struct xarray_entries *below, struct xarray_entries *ret)
{
	/* A broken tree may lead back to itself; no healthy one is deeper. */
	for (unsigned depth = 0; level->found.count && depth < DEPTH_MAX; depth++) {
		struct xarray_entries swap;

		TRY(kernel_prefetch(kernel, level->found.items, level->found.count));
		for (size_t i = 0; i < level->found.count; i++) {
			TRY(target_check_interrupt(kernel_target(kernel)));
			TRY(expand(kernel, layout, level->found.items[i], limit, below, ret));
		}
		if (ret->found.count >= limit)
			break;
		swap = *level;
		*level = *below;
		*below = swap;
		below->found.count = 0;
	}
	return NULL;
}

struct dill_error *xarray_collect(struct kernel *kernel, const struct xarray_layout *layout,
				  uint64_t head, size_t limit, struct xarray_entries *ret)
{
	struct xarray_entries level = {0}, below = {0};
	struct dill_error *error = NULL;

	if (entry_is_pointer(head))
		return array_push(&ret->found, head);
	if (entry_is_node(head))
		error = array_push(&level.found, head);
	if (!error)
		error = collect_levels(kernel, layout, limit, &level, &below, ret);
	array_free(&level.found);
	array_free(&below.found);
	return error;
}
