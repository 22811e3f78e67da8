/* SPDX-License-Identifier: MIT */
#include "slub/slab_scan.h"

#include <string.h>

#include "base/array.h"
#include "slub/gone_cache.h"
#include "slub/page_walk.h"

/* Sorted for bsearch(): every descriptor names its cache by address. */
struct index_entry {
	dill_virt address;
	const struct cache *cache; /* NULL: known, but not wanted */
};

/* A slab that names none of the caches known so far. */
struct orphan {
	dill_virt owner;
	struct slab slab;
	unsigned order;
};

struct scanner {
	struct heap *heap;
	const struct cache_list *caches;
	struct cache_list *all;
	struct index_entry *index;
	size_t index_count;
	ARRAY(struct scanned_slab) found;
	ARRAY(struct orphan) orphans;
	ARRAY(struct lost_slabs) lost;
	ARRAY(struct large_block) large;
	struct slab_scan *ret;
};

static int by_address(const void *a, const void *b)
{
	const struct index_entry *one = a, *two = b;

	return (one->address > two->address) - (one->address < two->address);
}

static int by_cache_and_slab(const void *a, const void *b)
{
	const struct scanned_slab *one = a, *two = b;

	if (one->cache->address != two->cache->address)
		return one->cache->address < two->cache->address ? -1 : 1;
	return (one->slab.address > two->slab.address) - (one->slab.address < two->slab.address);
}

static int by_owner_and_slab(const void *a, const void *b)
{
	const struct orphan *one = a, *two = b;

	if (one->owner != two->owner)
		return one->owner < two->owner ? -1 : 1;
	return (one->slab.address > two->slab.address) - (one->slab.address < two->slab.address);
}

static int by_base(const void *a, const void *b)
{
	const struct large_block *one = a, *two = b;

	return (one->base > two->base) - (one->base < two->base);
}

static struct dill_error *make_index(struct scanner *scanner)
{
	const struct cache_list *caches = scanner->caches, *all = scanner->all;
	size_t used = 0;

	scanner->index = calloc(all->count + caches->count + 1, sizeof(*scanner->index));
	if (!scanner->index)
		return error_no_memory();
	for (size_t i = 0; i < caches->count; i++)
		scanner->index[used++] =
			(struct index_entry){caches->items[i].address, &caches->items[i]};
	qsort(scanner->index, used, sizeof(*scanner->index), by_address);
	scanner->index_count = used;
	for (size_t i = 0; i < all->count; i++) {
		struct index_entry entry = {all->items[i].address, NULL};

		if (!bsearch(&entry, scanner->index, scanner->index_count, sizeof(entry),
			     by_address))
			scanner->index[used++] = entry;
	}
	qsort(scanner->index, used, sizeof(*scanner->index), by_address);
	scanner->index_count = used;
	return NULL;
}

static struct dill_error *take_orphan(struct scanner *scanner, dill_virt owner,
				      const struct slab *slab, struct span bytes)
{
	struct orphan orphan = {.owner = owner, .slab = *slab};
	struct dill_error *error;
	bool has;

	/* Memory that is offline has struct pages full of ones, which bear every mark. */
	if (owner == UINT64_MAX || scanner->all->is_part)
		return NULL;
	error = compound_order(scanner->heap, slab->address, bytes, &orphan.order, &has);
	TRY(error_forgive(error));
	return array_push(&scanner->orphans, orphan);
}

/* @param bytes  struct pages from this one on */
static struct dill_error *take(struct scanner *scanner, dill_virt address, struct span bytes)
{
	struct scanned_slab item = {0};
	struct index_entry key = {0};
	const struct index_entry *entry;
	bool marked;

	if (heap_is_kfence(scanner->heap, kernel_page_to_virt(scanner->heap->kernel, address)))
		return NULL;
	slab_parse(scanner->heap, address, bytes, &item.slab, &marked, &key.address);
	entry = bsearch(&key, scanner->index, scanner->index_count, sizeof(key), by_address);
	if (!entry)
		return take_orphan(scanner, key.address, &item.slab, bytes);
	if (!entry->cache)
		return NULL;
	item.cache = entry->cache;
	item.slab.usable = slab_counters_fit(entry->cache, &item.slab);
	return array_push(&scanner->found, item);
}

static struct dill_error *take_large(struct scanner *scanner, dill_virt address, struct span bytes)
{
	struct large_block block;
	struct dill_error *error;
	bool has = false;

	if (!large_block_begins(scanner->heap, bytes))
		return NULL;
	error = large_block_parse(scanner->heap, address, bytes, &block, &has);
	TRY(error_forgive(error));
	return has ? array_push(&scanner->large, block) : NULL;
}

static struct dill_error *look(void *context, dill_virt first, const uint8_t *bytes, size_t size)
{
	struct scanner *scanner = context;
	size_t step = (size_t)kernel_memory_map(scanner->heap->kernel)->page_struct_size;

	for (size_t at = 0; at + step <= size; at += step) {
		struct span from_here = {bytes + at, size - at};

		if (slab_is_marked(scanner->heap, from_here))
			TRY(take(scanner, first + at, from_here));
		else
			TRY(take_large(scanner, first + at, from_here));
	}
	return NULL;
}

/* --- what names no cache of the list --- */

static bool is_wanted(const struct scanner *scanner, const struct cache *cache)
{
	if (scanner->caches == scanner->all)
		return true;
	for (size_t i = 0; i < scanner->caches->count; i++)
		if (scanner->caches->items[i].address == cache->address)
			return true;
	return false;
}

static struct dill_error *adopt(struct scanner *scanner, const struct cache *cache,
				const struct orphan *orphans, size_t count)
{
	for (size_t i = 0; i < count && is_wanted(scanner, cache); i++) {
		struct scanned_slab item = {orphans[i].slab, cache};

		item.slab.usable = slab_counters_fit(cache, &item.slab);
		TRY(array_push(&scanner->found, item));
	}
	return NULL;
}

static struct dill_error *lose(struct scanner *scanner, const struct orphan *orphans, size_t count)
{
	struct lost_slabs lost = {.cache = orphans[0].owner,
				  .slab = orphans[0].slab.address,
				  .node = orphans[0].slab.node,
				  .fresh = true};

	for (size_t i = 0; i < count; i++) {
		const struct slab *slab = &orphans[i].slab;
		uint64_t memory = (uint64_t)kernel_page_size(scanner->heap->kernel)
				  << orphans[i].order;
		uint64_t room = slab->objects ? memory / slab->objects : 0;

		lost.slabs++;
		lost.objects += slab->objects;
		lost.inuse += slab->inuse;
		lost.memory += memory;
		lost.size_max = room > lost.size_max ? room : lost.size_max;
		/* Its cache may be written before its counters, which are 0 until then. */
		lost.fresh &= !slab->objects && !slab->inuse && !slab->frozen;
	}
	TRY(gone_cache_text(scanner->heap, scanner->all, lost.cache, &lost.what));
	return array_push(&scanner->lost, lost);
}

/* Forged struct pages may name as many caches as there are pages: so many are looked up. */
#define LOST_MAX 256u

static struct dill_error *sort_orphans(struct scanner *scanner)
{
	const struct orphan *items = scanner->orphans.items;
	size_t count = scanner->orphans.count, end;

	if (!count)
		return NULL;
	qsort(scanner->orphans.items, count, sizeof(*items), by_owner_and_slab);
	for (size_t i = 0; i < count && scanner->lost.count < LOST_MAX; i = end) {
		struct cache *cache;

		for (end = i + 1; end < count && items[end].owner == items[i].owner; end++)
			continue;
		TRY(gone_cache_find(scanner->heap, scanner->all, items[i].owner, &cache));
		if (cache)
			TRY(adopt(scanner, cache, items + i, end - i));
		else
			TRY(lose(scanner, items + i, end - i));
	}
	return NULL;
}

/* --- the results --- */

/* Blocks do not overlap: the first one counts. */
static void sort_large(struct scanner *scanner)
{
	struct large_block *items = scanner->large.items;
	size_t used = 0;

	if (!scanner->large.count)
		return;
	qsort(items, scanner->large.count, sizeof(*items), by_base);
	for (size_t i = 0; i < scanner->large.count; i++)
		if (!used ||
		    items[i].base - items[used - 1].base >= large_block_bytes(&items[used - 1]))
			items[used++] = items[i];
	scanner->large.count = used;
}

static void hand_over(struct scanner *scanner, const struct page_walk *walk)
{
	struct slab_scan *ret = scanner->ret;

	if (scanner->found.count)
		qsort(scanner->found.items, scanner->found.count, sizeof(*scanner->found.items),
		      by_cache_and_slab);
	sort_large(scanner);
	*ret = (struct slab_scan){
		.items = scanner->found.items,
		.count = scanner->found.count,
		.lost = scanner->lost.items,
		.lost_count = scanner->lost.count,
		.large = scanner->large.items,
		.large_count = scanner->large.count,
		.pages_seen = walk->seen,
		.unreadable = walk->unreadable,
		.complete = !walk->unreadable && !walk->cut,
	};
}

struct dill_error *slabs_scan(struct heap *heap, const struct cache_list *caches,
			      struct cache_list *all, struct slab_scan *ret)
{
	struct scanner scanner = {.heap = heap, .caches = caches, .all = all, .ret = ret};
	struct page_walk walk;
	struct dill_error *error;

	*ret = (struct slab_scan){0};
	error = make_index(&scanner);
	if (!error)
		error = pages_walk(heap, look, &scanner, &walk);
	free(scanner.index);
	target_trim(kernel_target(heap->kernel));
	if (!error)
		error = sort_orphans(&scanner);
	array_free(&scanner.orphans);
	if (!error) {
		hand_over(&scanner, &walk);
		return NULL;
	}
	array_free(&scanner.found);
	array_free(&scanner.lost);
	array_free(&scanner.large);
	return error;
}

void slab_scan_deinit(struct slab_scan *scan)
{
	free(scan->items);
	free(scan->lost);
	free(scan->large);
	*scan = (struct slab_scan){0};
}

const struct scanned_slab *slab_scan_of(const struct slab_scan *scan, const struct cache *cache,
					size_t *ret_count)
{
	size_t low = 0, high = scan->count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (scan->items[middle].cache->address < cache->address)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < scan->count && scan->items[end].cache->address == cache->address;
	     end++)
		continue;
	*ret_count = end - low;
	return scan->items ? scan->items + low : NULL;
}
