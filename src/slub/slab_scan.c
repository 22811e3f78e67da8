/* SPDX-License-Identifier: MIT */
#include "slub/slab_scan.h"

#include <string.h>

#include "base/array.h"

/* Bytes of struct pages that are read at a time; a part of what one page-table entry maps. */
#define RUN_BYTES ((size_t)1 << 20)

/* Sorted for bsearch(): every descriptor names its cache by address. */
struct index_entry {
	dill_virt address;
	const struct cache *cache; /* NULL: known, but not wanted */
};

struct scanner {
	struct heap *heap;
	struct index_entry *index;
	size_t index_count;
	size_t page_struct;
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

static struct dill_error *look(struct scanner *scanner, dill_virt first, const uint8_t *bytes,
			       size_t size)
{
	size_t step = scanner->page_struct;

	scanner->ret->pages_seen += size / step;
	for (size_t at = 0; at + step <= size; at += step) {
		struct span one = {bytes + at, step};

		if (slab_is_marked(scanner->heap, one))
			TRY(take(scanner, first + at, one));
	}
	return NULL;
}

/*
 * A run that cannot be read whole: a hole in memory, of which the kernel maps no struct pages, or
 * pages that a dump left out. Holes come in sizes of a section, so only a run that begins mapped is
 * worth single pages.
 */
static struct dill_error *look_piecewise(struct scanner *scanner, dill_virt first, uint8_t *buffer,
					 size_t size)
{
	struct kernel *kernel = scanner->heap->kernel;

	for (size_t at = 0; at < size; at += DILL_PAGE_SIZE) {
		size_t part = size - at < DILL_PAGE_SIZE ? size - at : DILL_PAGE_SIZE;
		struct mapping mapping;
		struct dill_error *error = kernel_read_uncached(kernel, first + at, buffer, part);

		if (!error) {
			TRY(look(scanner, first + at, buffer, part));
			continue;
		}
		if (error_is_fatal(error))
			return error;
		dill_error_free(error);
		error = kernel_translate(kernel, first + at, &mapping);
		if (!error)
			scanner->ret->unreadable += part / scanner->page_struct;
		else if (error_is_fatal(error))
			return error;
		dill_error_free(error);
	}
	return NULL;
}

/* Whether anything is mapped at an address; a target that cannot tell says yes. */
static struct dill_error *is_mapped(struct kernel *kernel, dill_virt address, bool *ret)
{
	struct mapping mapping;
	struct dill_error *error = kernel_translate(kernel, address, &mapping);

	*ret = !error || dill_error_code(error) == DILL_ERROR_UNSUPPORTED;
	if (error && error_is_fatal(error))
		return error;
	dill_error_free(error);
	return NULL;
}

static struct dill_error *scan_runs(struct scanner *scanner)
{
	struct kernel *kernel = scanner->heap->kernel;
	const struct memory_map *map = kernel_memory_map(kernel);
	uint64_t total = map->direct_size / DILL_PAGE_SIZE * scanner->page_struct;
	size_t step = RUN_BYTES / scanner->page_struct * scanner->page_struct;
	_cleanup_(freep)
	uint8_t *buffer = malloc(step);

	if (!buffer)
		return error_no_memory();
	for (uint64_t at = 0; at < total; at += step) {
		size_t size = total - at < step ? (size_t)(total - at) : step;
		struct dill_error *error;
		bool first, last;

		TRY(memory_check_interrupt(kernel_memory(kernel)));
		TRY(is_mapped(kernel, map->vmemmap + at, &first));
		TRY(is_mapped(kernel, map->vmemmap + at + size - 1, &last));
		if (!first && !last)
			continue;
		error = kernel_read_uncached(kernel, map->vmemmap + at, buffer, size);
		if (!error)
			error = look(scanner, map->vmemmap + at, buffer, size);
		else if (!error_is_fatal(error)) {
			dill_error_free(error);
			error = look_piecewise(scanner, map->vmemmap + at, buffer, size);
		}
		if (error)
			return error;
	}
	return NULL;
}

struct dill_error *slabs_scan(struct heap *heap, const struct cache_list *caches,
			      const struct cache_list *all, struct slab_scan *ret)
{
	struct scanner scanner = {.heap = heap, .ret = ret};
	struct dill_error *error;

	*ret = (struct slab_scan){0};
	scanner.page_struct = kernel_memory_map(heap->kernel)->page_struct_size;
	if (!scanner.page_struct)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "the size of struct page is not known");
	error = make_index(&scanner, caches, all);
	if (!error)
		error = scan_runs(&scanner);
	free(scanner.index);
	if (error) {
		array_free(&scanner.found);
		return error;
	}
	if (scanner.found.count)
		qsort(scanner.found.items, scanner.found.count, sizeof(*scanner.found.items),
		      by_cache_and_slab);
	ret->items = scanner.found.items;
	ret->count = scanner.found.count;
	ret->complete = !ret->unreadable;
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
