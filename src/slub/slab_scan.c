/* SPDX-License-Identifier: MIT */
#include "slub/slab_scan.h"

#include <string.h>

#include "base/array.h"
#include "slub/page_walk.h"

/* Sorted for bsearch(): every descriptor names its cache by address. */
struct index_entry {
	dill_virt address;
	const struct cache *cache; /* NULL: known, but not wanted */
};

struct scanner {
	struct heap *heap;
	struct index_entry *index;
	size_t index_count;
	ARRAY(struct scanned_slab) found;
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

static struct dill_error *make_index(struct scanner *scanner, const struct cache_list *caches,
				     const struct cache_list *all)
{
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
	if (!entry) {
		/* Memory that is offline has struct pages full of ones, which bear every mark. */
		scanner->ret->orphans += key.address != UINT64_MAX;
		return NULL;
	}
	if (!entry->cache)
		return NULL;
	item.cache = entry->cache;
	item.slab.usable = slab_counters_fit(entry->cache, &item.slab);
	return array_push(&scanner->found, item);
}

static struct dill_error *look(void *context, dill_virt first, const uint8_t *bytes, size_t size)
{
	struct scanner *scanner = context;
	size_t step = (size_t)kernel_memory_map(scanner->heap->kernel)->page_struct_size;

	for (size_t at = 0; at + step <= size; at += step) {
		struct span one = {bytes + at, step};

		if (slab_is_marked(scanner->heap, one))
			TRY(take(scanner, first + at, one));
	}
	return NULL;
}

struct dill_error *slabs_scan(struct heap *heap, const struct cache_list *caches,
			      const struct cache_list *all, struct slab_scan *ret)
{
	struct scanner scanner = {.heap = heap, .ret = ret};
	struct page_walk walk;
	struct dill_error *error;

	*ret = (struct slab_scan){0};
	error = make_index(&scanner, caches, all);
	if (!error)
		error = pages_walk(heap, look, &scanner, &walk);
	free(scanner.index);
	memory_trim(kernel_memory(heap->kernel));
	if (error) {
		array_free(&scanner.found);
		return error;
	}
	if (scanner.found.count)
		qsort(scanner.found.items, scanner.found.count, sizeof(*scanner.found.items),
		      by_cache_and_slab);
	ret->items = scanner.found.items;
	ret->count = scanner.found.count;
	ret->pages_seen = walk.seen;
	ret->unreadable = walk.unreadable;
	ret->complete = !walk.unreadable && !walk.cut;
	return NULL;
}

void slab_scan_deinit(struct slab_scan *scan)
{
	free(scan->items);
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
