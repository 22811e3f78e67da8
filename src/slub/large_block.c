/* SPDX-License-Identifier: MIT */
#include "slub/large_block.h"

/* Largest order of a compound page, a huge page of 1 GiB. */
#define ORDER_MAX 18u
/* kmalloc() takes no more than the page allocator has (MAX_PAGE_ORDER: 10, MAX_ORDER before 6.8).
 */
#define BLOCK_ORDER_MAX 11u

/* Pages of most drivers and of page frags have more than one reference, those of processes, files
 * and huge pages a mapping, a type, or further flags. */
static bool looks_like_one(const struct layout *l, struct span bytes)
{
	uint64_t flags = member_get(l->page_flags, bytes);

	return l->page_head_mask && flags & l->page_head_mask && !(flags & l->page_other_flags) &&
	       (int32_t)member_get(l->page_refcount, bytes) == 1 &&
	       !member_get(l->page_mapping, bytes) &&
	       (uint32_t)member_get(l->page_type, bytes) == UINT32_MAX;
}

bool large_blocks_are_known(const struct heap *heap)
{
	const struct layout *l = &heap->layout;

	return !l->is_solved || l->has_large_type || l->page_head_mask;
}

bool large_block_begins(const struct heap *heap, struct span bytes)
{
	const struct layout *l = &heap->layout;

	if (l->has_large_type)
		return (member_get(l->page_type, bytes) >> 24 & 0xff) == l->large_type;
	return looks_like_one(l, bytes);
}

struct dill_error *compound_order(struct heap *heap, dill_virt page, struct span bytes,
				  unsigned *ret, bool *ret_has)
{
	const struct layout *l = &heap->layout;
	uint64_t step = kernel_memory_map(heap->kernel)->page_struct_size, offset;
	uint8_t order;

	*ret = 0;
	*ret_has = false;
	if (!(member_get(l->page_flags, bytes) & l->page_head_mask) ||
	    (!l->page_order.present && !l->folio_order.present))
		return NULL;
	offset = l->page_order.present ? step + l->page_order.offset : l->folio_order.offset;
	if (span_holds(bytes, offset, sizeof(order)))
		order = bytes.data[offset];
	else
		TRY(kernel_read_u8(heap->kernel, page + offset, &order));
	*ret_has = order <= ORDER_MAX;
	*ret = *ret_has ? order : 0;
	return NULL;
}

struct dill_error *large_block_parse(struct heap *heap, dill_virt page, struct span bytes,
				     struct large_block *ret, bool *ret_has)
{
	const struct layout *l = &heap->layout;
	uint64_t flags = member_get(l->page_flags, bytes);

	*ret = (struct large_block){
		.page = page,
		.base = kernel_page_to_virt(heap->kernel, page),
		.page_size = kernel_page_size(heap->kernel),
		.node = kernel_page_flags_node(heap->kernel, flags),
		.marked = l->has_large_type,
	};
	TRY(compound_order(heap, page, bytes, &ret->order, ret_has));
	if (!*ret_has && l->has_large_type && !(flags & l->page_head_mask))
		*ret_has = true; /* a single page */
	*ret_has = *ret_has && ret->order <= BLOCK_ORDER_MAX &&
		   (ret->marked || ret->order >= LARGE_BLOCK_ORDER_MIN);
	return NULL;
}
