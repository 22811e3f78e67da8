/* SPDX-License-Identifier: MIT */
#include "slub/slab_counters.h"

struct reader {
	struct heap *heap;
	struct arena *arena;
	uint64_t diff_size; /* bytes of one of a CPU's differences */
};

/* The struct pglist_data of a node; 0 when it has none. */
static struct dill_error *find_node(struct heap *heap, unsigned node, dill_virt *ret)
{
	dill_virt symbol;

	*ret = 0;
	if (kernel_has_symbol(heap->kernel, "node_data", &symbol))
		return kernel_read_u64(heap->kernel, symbol + (uint64_t)node * 8, ret);
	if (node == 0 && kernel_has_symbol(heap->kernel, "contig_page_data", &symbol))
		*ret = symbol;
	return NULL;
}

/* What a CPU has counted and not added to its node's counter yet: a small signed number. */
static struct dill_error *read_diff(const struct reader *reader, dill_virt stats, uint32_t item,
				    int64_t *ret)
{
	dill_virt at = stats + reader->heap->layout.nodestat_diff.offset + item * reader->diff_size;
	uint8_t bytes[8] = {0};

	TRY(kernel_read(reader->heap->kernel, at, bytes, reader->diff_size));
	*ret = reader->diff_size == 1 ? (int8_t)bytes[0]
				      : (int16_t)((uint16_t)bytes[0] | (uint16_t)bytes[1] << 8);
	return NULL;
}

static struct dill_error *read_item(const struct reader *reader, dill_virt node, uint32_t item,
				    uint64_t *ret)
{
	const struct layout *l = &reader->heap->layout;
	struct kernel *kernel = reader->heap->kernel;
	dill_virt stats;
	uint64_t value;

	TRY(kernel_read_u64(kernel, node + l->pgdat_stat.offset + (uint64_t)item * 8, &value));
	TRY(kernel_read_u64(kernel, node + l->pgdat_cpu_stat.offset, &stats));
	for (unsigned cpu = 0; cpu < kernel_cpu_limit(kernel); cpu++) {
		int64_t diff;

		if (!kernel_cpu_possible(kernel, cpu))
			continue;
		TRY(read_diff(reader, kernel_percpu_address(kernel, stats, cpu), item, &diff));
		value += (uint64_t)diff;
	}
	*ret = value * kernel_page_size(kernel);
	return NULL;
}

static struct dill_error *read_node(const struct reader *reader, unsigned number,
				    struct slab_counters *ret)
{
	const struct layout *l = &reader->heap->layout;
	dill_virt node;

	TRY(find_node(reader->heap, number, &node));
	if (!node)
		return NULL;
	TRY(read_item(reader, node, l->stat_reclaimable, &ret->reclaimable));
	return read_item(reader, node, l->stat_unreclaimable, &ret->unreclaimable);
}

static const char *missing(const struct heap *heap)
{
	const struct layout *l = &heap->layout;

	if (!l->stat_items || !l->pgdat_stat.present || !l->pgdat_cpu_stat.present ||
	    !l->nodestat_diff.present || l->pgdat_stat.size != (uint64_t)l->stat_items * 8 ||
	    l->nodestat_diff.size % l->stat_items || l->nodestat_diff.size / l->stat_items > 2)
		return "the kernel's types do not tell where they are";
	if (!kernel_has_symbol(heap->kernel, "node_data", NULL) &&
	    !kernel_has_symbol(heap->kernel, "contig_page_data", NULL))
		return "the kernel has neither symbol, node_data nor contig_page_data";
	return NULL;
}

static struct dill_error *read_all(const struct reader *reader, struct node_counters *ret)
{
	for (unsigned i = 0; i < ret->count; i++) {
		TRY(read_node(reader, i, &ret->nodes[i]));
		ret->all.reclaimable += ret->nodes[i].reclaimable;
		ret->all.unreclaimable += ret->nodes[i].unreclaimable;
	}
	return NULL;
}

struct dill_error *slab_counters_read(struct heap *heap, struct arena *arena,
				      struct node_counters *ret)
{
	struct reader reader = {.heap = heap, .arena = arena};
	struct dill_error *error;

	*ret = (struct node_counters){.count = kernel_node_limit(heap->kernel)};
	ret->nodes = arena_alloc_array(arena, ret->count + 1, sizeof(*ret->nodes));
	if (!ret->nodes)
		return error_no_memory();
	ret->why = missing(heap);
	if (ret->why)
		return NULL;
	reader.diff_size = heap->layout.nodestat_diff.size / heap->layout.stat_items;
	error = read_all(&reader, ret);
	if (!error || error_is_fatal(error))
		return error;
	ret->why = arena_format(arena, "%s", dill_error_text(error));
	dill_error_free(error);
	return ret->why ? NULL : error_no_memory();
}
