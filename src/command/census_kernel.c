/* SPDX-License-Identifier: MIT */
#include "command/census.h"
#include "command/session.h"

/* Bytes of slabs that were found on a node. */
struct kernel_share {
	uint64_t reclaimable, unreclaimable;
};

struct dill_error *kernel_census_init(struct heap *heap, struct arena *arena,
				      struct kernel_census *ret)
{
	*ret = (struct kernel_census){.heap = heap, .count = kernel_node_limit(heap->kernel)};
	ret->nodes = arena_alloc_array(arena, ret->count + 1, sizeof(*ret->nodes));
	return ret->nodes ? NULL : error_no_memory();
}

/* A forged node counts as the first one, as everywhere. */
static unsigned node_of(unsigned node, unsigned limit)
{
	return node < limit ? node : 0;
}

void kernel_census_add_slab(struct kernel_census *census, const struct cache_map *map,
			    const struct mapped_slab *slab)
{
	struct kernel_share *share = &census->nodes[node_of(slab->slab.node, census->count)];
	uint64_t bytes = slab_bytes(map->cache, &slab->slab);

	if (map->cache->flags & layout_flag(&census->heap->layout, "RECLAIM_ACCOUNT"))
		share->reclaimable += bytes;
	else
		share->unreclaimable += bytes;
}

/* --- blocks of large kmalloc() --- */

/* Orders that large_block_parse() lets through, and then some. */
#define ORDERS 32u

static struct dill_error *emit_large(struct command_call *call, const struct slab_scan *scan,
				     int node, unsigned limit)
{
	uint64_t blocks[ORDERS] = {0}, bytes[ORDERS] = {0};
	bool certain = true;

	for (size_t i = 0; i < scan->large_count; i++) {
		const struct large_block *block = &scan->large[i];

		if (node >= 0 && node_of(block->node, limit) != (unsigned)node)
			continue;
		blocks[block->order % ORDERS]++;
		bytes[block->order % ORDERS] = large_block_bytes(block);
		certain &= block->marked;
	}
	for (unsigned order = ORDERS; order-- > 0;) {
		struct dill_record *record;

		if (!blocks[order])
			continue;
		record = record_new(call->arena,
				    node < 0 ? &census_large_kind : &census_large_node_kind);
		if (!record)
			return error_no_memory();
		record_set_text(record, CENSUS_LARGE_NAME, LARGE_BLOCK_NAME);
		if (node >= 0)
			record_set_number(record, CENSUS_LARGE_NODE, (uint64_t)node);
		record_set_number(record, CENSUS_LARGE_SIZE, bytes[order]);
		record_set_number(record, CENSUS_LARGE_BLOCKS, blocks[order]);
		record_set_number(record, CENSUS_LARGE_MEMORY, blocks[order] * bytes[order]);
		record_set_bool(record, CENSUS_LARGE_CERTAIN, certain);
		TRY(call->sink->emit(call->sink, record));
	}
	return NULL;
}

struct dill_error *large_blocks_emit(struct command_call *call, const struct slab_scan *scan,
				     bool by_node)
{
	struct kernel *kernel;
	unsigned limit;

	TRY(session_kernel(call->session, &kernel));
	limit = kernel_node_limit(kernel);
	if (!by_node)
		return emit_large(call, scan, -1, limit);
	for (unsigned node = 0; node < limit; node++)
		TRY(emit_large(call, scan, (int)node, limit));
	return NULL;
}

/* --- beside the kernel's counters --- */

static struct dill_error *emit(struct command_call *call, const struct heap *heap,
			       const struct kernel_comparison *all, bool known, const char *note,
			       int node)
{
	struct dill_record *record =
		record_new(call->arena, node < 0 ? &census_kernel_kind : &census_kernel_node_kind);
	uint64_t slabs = all->slabs_reclaimable + all->slabs_unreclaimable;
	uint64_t counted = all->counters.reclaimable + all->counters.unreclaimable;
	int64_t rest = (int64_t)(counted - slabs - all->large - all->lost);

	if (!record)
		return error_no_memory();
	if (node >= 0)
		record_set_number(record, CENSUS_KERNEL_NODE, (uint64_t)node);
	record_set_number(record, CENSUS_KERNEL_SLABS, slabs);
	if (!heap->layout.is_solved || layout_flag(&heap->layout, "RECLAIM_ACCOUNT")) {
		record_set_number(record, CENSUS_KERNEL_SLABS_RECLAIMABLE, all->slabs_reclaimable);
		record_set_number(record, CENSUS_KERNEL_SLABS_UNRECLAIMABLE,
				  all->slabs_unreclaimable);
	}
	if (large_blocks_are_known(heap))
		record_set_number(record, CENSUS_KERNEL_LARGE, all->large);
	record_set_number(record, CENSUS_KERNEL_LOST, all->lost);
	if (!known || rest) /* what adds up to the last byte needs no excuse */
		record_set_text(record, CENSUS_KERNEL_NOTE, note);
	if (known) {
		record_set_number(record, CENSUS_KERNEL_RECLAIMABLE, all->counters.reclaimable);
		record_set_number(record, CENSUS_KERNEL_UNRECLAIMABLE, all->counters.unreclaimable);
		record_set_number(record, CENSUS_KERNEL_ALL, counted);
		record_set_signed(record, CENSUS_KERNEL_UNEXPLAINED, rest);
	}
	return call->sink->emit(call->sink, record);
}

static const char *note(const struct node_counters *counters, const struct slab_scan *scan,
			struct arena *arena)
{
	if (counters->why)
		return arena_format(arena, "the kernel's counters are not known: %s",
				    counters->why);
	if (!scan->complete)
		return "some struct pages could not be read";
	if (scan->large_count && !scan->large[0].marked)
		return "large blocks are known by their looks";
	return NULL;
}

void kernel_census_compare(const struct kernel_census *census, const struct slab_scan *scan,
			   const struct node_counters *counters, int node,
			   struct kernel_comparison *ret)
{
	*ret = (struct kernel_comparison){0};
	for (unsigned i = 0; i < census->count; i++) {
		if (node >= 0 && i != (unsigned)node)
			continue;
		ret->slabs_reclaimable += census->nodes[i].reclaimable;
		ret->slabs_unreclaimable += census->nodes[i].unreclaimable;
	}
	for (size_t i = 0; i < scan->large_count; i++)
		if (node < 0 || node_of(scan->large[i].node, census->count) == (unsigned)node)
			ret->large += large_block_bytes(&scan->large[i]);
	for (size_t i = 0; i < scan->lost_count; i++)
		if (node < 0 || node_of(scan->lost[i].node, census->count) == (unsigned)node)
			ret->lost += scan->lost[i].memory;
	ret->counters = node < 0 ? counters->all : counters->nodes[node];
}

struct dill_error *kernel_census_emit(struct command_call *call, struct kernel_census *census,
				      const struct slab_scan *scan, bool by_node)
{
	int first = by_node ? 0 : -1, end = by_node ? (int)census->count : 0;
	struct node_counters counters;
	const char *why;

	TRY(slab_counters_read(census->heap, call->arena, &counters));
	why = note(&counters, scan, call->arena);
	for (int node = first; node < end; node++) {
		struct kernel_comparison comparison;

		kernel_census_compare(census, scan, &counters, node, &comparison);
		TRY(emit(call, census->heap, &comparison, !counters.why, why, node));
	}
	return NULL;
}
