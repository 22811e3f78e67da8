/* SPDX-License-Identifier: MIT */
#include "slub/depot.h"

#include <inttypes.h>

/* lib/stackdepot.c DEPOT_STACK_ALIGN: records begin at multiples of 16 bytes. */
#define RECORD_SHIFT 4
/* lib/stackdepot.c DEPOT_MAX_POOLS, and STACK_ALLOC_MAX_SLABS before. */
#define POOLS_MAX 8192u
/* More frames than any user of the depot saves (CONFIG_STACKDEPOT_MAX_FRAMES is 64). */
#define FRAMES_MAX 256u
/* More than what a record has before its entries. */
#define HEADER_MAX 128u

/* A handle, taken apart. */
struct parts {
	uint64_t pool, offset;
};

static bool known(const struct layout *l)
{
	return (l->depot_pool.present || l->depot_pool_plus_1.present) && l->depot_offset.present &&
	       l->record_size.present && l->record_handle.present && l->record_entries.present &&
	       l->record_entries.offset <= HEADER_MAX;
}

static struct parts take_apart(const struct layout *l, uint64_t handle)
{
	struct span bytes = {(const uint8_t *)&handle, sizeof(handle)};
	struct parts parts = {.offset = member_get(l->depot_offset, bytes) << RECORD_SHIFT};

	if (l->depot_pool_plus_1.present)
		parts.pool = member_get(l->depot_pool_plus_1, bytes) - 1;
	else
		parts.pool = member_get(l->depot_pool, bytes);
	return parts;
}

static struct dill_error *read_entries(struct heap *heap, dill_virt record, uint64_t count,
				       struct arena *arena, const dill_virt **ret,
				       size_t *ret_count)
{
	dill_virt *entries;

	if (count > FRAMES_MAX)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "stack record 0x%" PRIx64 " counts %lu frames", record,
				      (unsigned long)count);
	entries = arena_alloc_array(arena, count + 1, sizeof(*entries));
	if (!entries)
		return error_no_memory();
	TRY(kernel_read(heap->kernel, record + heap->layout.record_entries.offset, entries,
			count * sizeof(*entries)));
	*ret = entries;
	*ret_count = count;
	return NULL;
}

/* Look in a pool; *ret_count stays 0 and *ret NULL when the record there is another one. */
static struct dill_error *look(struct heap *heap, dill_virt pools, struct parts parts,
			       struct arena *arena, const dill_virt **ret, size_t *ret_count)
{
	const struct layout *l = &heap->layout;
	uint8_t buffer[HEADER_MAX];
	struct span header = {buffer, l->record_entries.offset};
	dill_virt pool, record;
	struct parts own;

	TRY(kernel_read_u64(heap->kernel, pools + parts.pool * sizeof(pool), &pool));
	record = pool + parts.offset;
	TRY(kernel_read(heap->kernel, record, buffer, header.size));
	own = take_apart(l, member_get(l->record_handle, header));
	if (own.pool != parts.pool || own.offset != parts.offset)
		return NULL;
	return read_entries(heap, record, member_get(l->record_size, header), arena, ret,
			    ret_count);
}

/* NULL for a read that merely failed: the pools may be elsewhere. */
static struct dill_error *pass_over(struct dill_error *error)
{
	if (error && dill_error_code(error) == DILL_ERROR_FAULT) {
		dill_error_free(error);
		return NULL;
	}
	return error;
}

struct dill_error *depot_fetch(struct heap *heap, uint32_t handle, struct arena *arena,
			       const dill_virt **ret, size_t *ret_count)
{
	struct parts parts = take_apart(&heap->layout, handle);
	dill_virt pools, behind = 0;

	*ret = NULL;
	*ret_count = 0;
	if (!handle)
		return NULL;
	if (!known(&heap->layout) || (!kernel_has_symbol(heap->kernel, "stack_pools", &pools) &&
				      !kernel_has_symbol(heap->kernel, "stack_slabs", &pools)))
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "this kernel does not describe its stack depot");
	if (parts.pool < POOLS_MAX) {
		TRY(pass_over(look(heap, pools, parts, arena, ret, ret_count)));
		if (*ret)
			return NULL;
		TRY(pass_over(kernel_read_u64(heap->kernel, pools, &behind)));
		if (behind)
			TRY(pass_over(look(heap, behind, parts, arena, ret, ret_count)));
		if (*ret)
			return NULL;
	}
	return dill_error_new(DILL_ERROR_BAD_DATA, "0x%x is the handle of no stack", handle);
}
