/* SPDX-License-Identifier: MIT */
#include "slub/slab.h"

#include <inttypes.h>

#include "base/plural.h"
#include "slub/free_pointer.h"

/* More than sizeof(struct page) of any configuration. */
#define DESCRIPTOR_MAX 256

bool slab_is_marked(const struct heap *heap, struct span bytes)
{
	const struct layout *l = &heap->layout;
	uint64_t type = member_get(l->page_type, bytes);

	switch (l->slab_mark) {
	case SLAB_MARK_FLAG:
		return member_get(l->page_flags, bytes) >> l->slab_mark_value & 1;
	case SLAB_MARK_TYPE_MASK:
		/*
		 * A page has a type when the top bits are set as in PAGE_TYPE_BASE, and the type's
		 * own bit is cleared. Without a type the word is a map count: small, or -1 with
		 * every bit set.
		 */
		return (type & 0xf0000000) >= 0x80000000 && !(type & l->slab_mark_value);
	case SLAB_MARK_TYPE_BYTE:
		return (type >> 24 & 0xff) == l->slab_mark_value;
	}
	return false;
}

/* Bytes of the descriptor that dill looks at. */
static size_t descriptor_bytes(const struct heap *heap)
{
	uint64_t size = kernel_memory_map(heap->kernel)->page_struct_size;

	return size < DESCRIPTOR_MAX ? (size_t)size : DESCRIPTOR_MAX;
}

static void fill(const struct heap *heap, struct span bytes, struct slab *slab)
{
	const struct layout *l = &heap->layout;

	slab->freelist = member_get(l->slab_freelist, bytes);
	slab->objects = (uint32_t)member_get(l->slab_objects, bytes);
	slab->inuse = (uint32_t)member_get(l->slab_inuse, bytes);
	slab->frozen = member_get(l->slab_frozen, bytes);
	slab->reserved = member_get(l->page_flags, bytes) & l->reserve_mask;
	slab->next = member_get(l->slab_next, bytes);
	slab->exts = member_get(l->slab_exts, bytes) & ~UINT64_C(7); /* the low bits are flags */
	slab->partial_count = (uint32_t)member_get(l->slab_partial_count, bytes);
}

/* A slab is of one of the cache's two orders; of any where the lower one is not known. */
static bool has_an_order(const struct cache *cache, const struct slab *slab)
{
	return !cache->min_objects_per_slab || slab->objects == cache->objects_per_slab ||
	       slab->objects == cache->min_objects_per_slab;
}

static void check_counters(const struct reading *reading, struct slab *slab)
{
	const struct cache *cache = reading->cache;
	const struct finding_place *place = &reading->where;
	struct findings *findings = reading->findings;
	dill_virt counters = slab->address + reading->heap->layout.slab_objects.offset;

	if (slab->objects > cache->objects_per_slab || slab->objects == 0) {
		findings_add_values(findings, FINDING_SLAB_COUNTERS, place, counters,
				    cache->objects_per_slab, slab->objects,
				    "slab counts %u object%s, its cache puts %u in a slab",
				    slab->objects, plural(slab->objects), cache->objects_per_slab);
		slab->usable = false;
	} else if (!has_an_order(cache, slab)) {
		findings_add_values(findings, FINDING_SLAB_COUNTERS, place, counters,
				    cache->objects_per_slab, slab->objects,
				    "slab counts %u object%s, its cache puts %u or %u in a slab",
				    slab->objects, plural(slab->objects), cache->objects_per_slab,
				    cache->min_objects_per_slab);
		slab->usable = false;
	} else if (slab->inuse > slab->objects) {
		findings_add_values(findings, FINDING_SLAB_COUNTERS, place, counters, slab->objects,
				    slab->inuse, "slab counts %u of %u object%s in use",
				    slab->inuse, slab->objects, plural(slab->objects));
		slab->usable = false;
	}
}

void slab_parse(struct heap *heap, dill_virt address, struct span bytes, struct slab *ret,
		bool *ret_marked, dill_virt *ret_owner)
{
	const struct layout *l = &heap->layout;

	*ret = (struct slab){.address = address};
	*ret_marked = slab_is_marked(heap, bytes);
	*ret_owner = member_get(l->slab_cache, bytes);
	fill(heap, bytes, ret);
	ret->base = kernel_page_to_virt(heap->kernel, address);
	ret->has_node = kernel_page_nodes_known(heap->kernel);
	ret->node = kernel_page_flags_node(heap->kernel, member_get(l->page_flags, bytes));
}

struct dill_error *slab_peek(struct heap *heap, dill_virt address, struct slab *ret,
			     bool *ret_marked, dill_virt *ret_owner)
{
	uint8_t buffer[DESCRIPTOR_MAX];
	struct span bytes = {buffer, descriptor_bytes(heap)};

	if (!kernel_is_page_struct(heap->kernel, address))
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "0x%" PRIx64 " is not the address of a struct page", address);
	TRY(kernel_read(heap->kernel, address, buffer, bytes.size));
	slab_parse(heap, address, bytes, ret, ret_marked, ret_owner);
	return NULL;
}

bool slab_counters_fit(const struct cache *cache, const struct slab *slab)
{
	return cache->usable && slab->objects && has_an_order(cache, slab) &&
	       slab->inuse <= slab->objects;
}

void slab_check(const struct reading *reading, struct slab *slab)
{
	const struct reading here = reading_of_slab(reading, slab->address);
	const struct heap *heap = reading->heap;

	slab->usable = reading->cache->usable;
	if (slab->node >= kernel_node_limit(heap->kernel)) {
		findings_add(here.findings, FINDING_SLAB_STATE, &here.where,
			     slab->address + heap->layout.page_flags.offset,
			     "slab is on node %u, which does not exist", slab->node);
		slab->node = 0;
	}
	if (slab->usable)
		check_counters(&here, slab);
}

/* Where a page is marked as a slab. */
static dill_virt mark_address(const struct heap *heap, dill_virt page)
{
	const struct layout *l = &heap->layout;

	return page + (l->slab_mark == SLAB_MARK_FLAG ? l->page_flags : l->page_type).offset;
}

/*
 * Whether a slab that names another cache is one of this cache all the same: the first pointer on
 * its freelist leads to another of its objects, decoded with this cache's key.
 */
static struct dill_error *looks_like_ours(struct heap *heap, const struct cache *cache,
					  const struct slab *slab, bool *ret)
{
	dill_virt slot = slab->freelist + cache->offset, next;
	struct dill_error *error;
	uint64_t stored;
	uint32_t index;

	*ret = false;
	if (!slab_counters_fit(cache, slab) ||
	    !slab_object_index(cache, slab, slab->freelist, &index))
		return NULL;
	error = kernel_read_u64(heap->kernel, slot, &stored);
	if (error) {
		if (error_is_fatal(error))
			return error;
		dill_error_free(error);
		return NULL;
	}
	next = freelist_decode(heap->encoding, cache->random, stored, slot);
	*ret = !next || slab_object_index(cache, slab, next, &index);
	return NULL;
}

/* What is at @p address is no slab of the cache, and the pointer to it is to blame. */
static void blame_pointer(const struct reading *reading, enum finding_kind kind,
			  const struct slab_pointer *from, dill_virt address, const char *why)
{
	struct finding *finding =
		from->expected
			? findings_add_values(reading->findings, kind, &reading->where, from->slot,
					      from->expected, address, "0x%" PRIx64 " %s", address,
					      why)
			: findings_add_seen(reading->findings, kind, &reading->where, from->slot,
					    address, "0x%" PRIx64 " %s", address, why);

	finding_set_pointer(finding);
}

/* A slab's descriptor without the mark, or with the name of another cache. */
static struct dill_error *report_stranger(const struct reading *reading, bool marked,
					  dill_virt owner, const struct slab_pointer *from,
					  const struct slab *slab)
{
	struct heap *heap = reading->heap;
	const struct cache *cache = reading->cache;
	bool ours = from->sure || owner == cache->address;

	if (!ours)
		TRY(looks_like_ours(heap, cache, slab, &ours));
	if (!ours && !marked)
		blame_pointer(reading, FINDING_SLAB_MARK, from, slab->address,
			      "is a page that is not marked as a slab");
	else if (!ours)
		blame_pointer(reading, FINDING_SLAB_CACHE, from, slab->address,
			      "is a slab of another cache");
	else if (!marked)
		findings_add(reading->findings, FINDING_SLAB_MARK, &reading->where,
			     mark_address(heap, slab->address), "page is not marked as a slab");
	else
		finding_set_pointer(findings_add_values(
			reading->findings, FINDING_SLAB_CACHE, &reading->where,
			slab->address + heap->layout.slab_cache.offset, cache->address, owner,
			"slab belongs to another cache"));
	return NULL;
}

struct dill_error *slab_read(const struct reading *reading, dill_virt address,
			     const struct slab_pointer *from, struct slab *ret)
{
	const struct slab_pointer nobody = {.sure = true};
	const struct reading here = reading_of_slab(reading, address);
	struct dill_error *error;
	dill_virt owner;
	bool marked;

	*ret = (struct slab){.address = address};
	if (!from)
		from = &nobody;
	if (!kernel_is_page_struct(reading->heap->kernel, address)) {
		struct slab_pointer pointer = *from;

		if (!pointer.slot)
			pointer.slot = address;
		blame_pointer(reading, FINDING_POINTER, &pointer, address,
			      "is not the address of a struct page");
		return NULL;
	}
	error = slab_peek(reading->heap, address, ret, &marked, &owner);
	if (error)
		return findings_absorb_at(here.findings, &here.where, from->slot, address,
					  dill_error_add_context(error, "struct slab"));
	if (marked && owner == reading->cache->address) {
		slab_check(reading, ret);
		return NULL;
	}
	return report_stranger(&here, marked, owner, from, ret);
}

bool slab_object_index(const struct cache *cache, const struct slab *slab, dill_virt object,
		       uint32_t *ret)
{
	dill_virt first = slab->base + cache->red_left_pad;
	uint64_t distance = object - first;

	if (!cache->size) /* a broken cache; sheaves are read all the same */
		return false;
	if (object < first || distance % cache->size || distance / cache->size >= slab->objects)
		return false;
	*ret = (uint32_t)(distance / cache->size);
	return true;
}

struct dill_error *slabs_prefetch(struct heap *heap, const struct cache *cache,
				  const struct slab *const *slabs, size_t count)
{
	/* Enough to keep a connection busy, little enough to stay in the page cache. */
	dill_virt pages[2048];
	size_t used = 0;

	if (heap_is_mapped(heap))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		uint64_t size = (uint64_t)slabs[i]->objects * cache->size;

		if (!slabs[i]->usable)
			continue;
		for (uint64_t offset = 0; offset < size; offset += DILL_PAGE_SIZE) {
			if (used == sizeof(pages) / sizeof(pages[0]))
				return kernel_prefetch(heap->kernel, pages, used);
			pages[used++] = slabs[i]->base + offset;
		}
	}
	return kernel_prefetch(heap->kernel, pages, used);
}

struct dill_error *slab_head(struct heap *heap, dill_virt address, dill_virt *ret)
{
	struct dill_error *error;
	dill_virt page;

	*ret = 0;
	error = kernel_virt_to_page(heap->kernel, address, &page);
	if (error && dill_error_code(error) == DILL_ERROR_INVALID_ARGUMENT) {
		dill_error_free(error);
		return NULL;
	}
	if (error)
		return error;
	return kernel_page_head(heap->kernel, page, ret);
}
