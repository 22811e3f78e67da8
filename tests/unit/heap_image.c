/* SPDX-License-Identifier: MIT */
#include "heap_image.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "heap_image_build.h"

#define RANDOM	    UINT64_C(0x9e3779b97f4a7c15)
#define SLAB_MARK   0xf5u
#define CACHE_BYTES 256u
#define NODE_BYTES  64u

/* Offsets that no kernel has, so that a hard-coded one would show. */
static const struct layout image_layout = {
	.cache_flags = AT(16, 4),
	.cache_min_partial = AT(24, 8),
	.cache_size = AT(32, 4),
	.cache_object_size = AT(36, 4),
	.cache_offset = AT(40, 4),
	.cache_oo = AT(44, 4),
	.cache_min = AT(48, 4),
	.cache_refcount = AT(52, 4),
	.cache_ctor = AT(56, 8),
	.cache_inuse = AT(64, 4),
	.cache_align = AT(68, 4),
	.cache_red_left_pad = AT(72, 4),
	.cache_name = AT(80, 8),
	.cache_list = AT(88, 16),
	.cache_random = AT(104, 8),
	.cache_cpu_slab = AT(112, 8),
	.cache_cpu_partial = AT(120, 4),
	.cache_cpu_partial_slabs = AT(124, 4),
	.cache_node = AT(128, 8),
	.cpu_freelist = AT(8, 8),
	.cpu_slab = AT(16, 8),
	.cpu_partial = AT(24, 8),
	.node_lock = {AT(0, 4), LOCK_WORD},
	.node_nr_partial = AT(8, 8),
	.node_partial = AT(16, 16),
	.node_nr_slabs = AT(32, 8),
	.node_total_objects = AT(40, 8),
	.slab_cache = AT(8, 8),
	.slab_list = AT(16, 16),
	.slab_next = AT(16, 8),
	.slab_partial_count = AT(24, 4),
	.slab_freelist = AT(32, 8),
	.slab_inuse = {.present = true, .offset = 40, .size = 2, .bit_size = 16},
	.slab_objects = {.present = true, .offset = 42, .size = 2, .bit_size = 15},
	.slab_frozen = {.present = true, .offset = 43, .size = 1, .bit_shift = 7, .bit_size = 1},
	.page_flags = AT(0, 8),
	.page_type = AT(48, 4),
	.list_next = AT(0, 8),
	.list_prev = AT(8, 8),
	.cache_struct_size = CACHE_BYTES,
	.cpu_struct_size = IMAGE_CPU_BYTES,
	.node_struct_size = NODE_BYTES,
	.slab_struct_size = IMAGE_PAGE_STRUCT,
	.node_slots = 8,
	.slab_mark = SLAB_MARK_TYPE_BYTE,
	.slab_mark_value = SLAB_MARK,
	.reserve_mask = IMAGE_RESERVED,
	.flags = {{0x10000, "STORE_USER"}, {0x2000, "HWCACHE_ALIGN"}},
	.flag_count = 2,
};

void *image_find(struct image *image, dill_virt address, size_t length)
{
	uint64_t size = image->pages * (uint64_t)DILL_PAGE_SIZE;
	uint64_t map = image->pages * (uint64_t)IMAGE_PAGE_STRUCT;

	if (address >= IMAGE_BASE && length <= size && address - IMAGE_BASE <= size - length)
		return image->memory + (address - IMAGE_BASE);
	if (address >= IMAGE_VMEMMAP && length <= map && address - IMAGE_VMEMMAP <= map - length)
		return image->vmemmap + (address - IMAGE_VMEMMAP);
	return NULL;
}

void *image_at(struct image *image, dill_virt address, size_t length)
{
	void *bytes = image_find(image, address, length);

	assert(bytes);
	return bytes;
}

uint64_t image_u64(struct image *image, dill_virt address)
{
	uint64_t value;

	memcpy(&value, image_at(image, address, 8), 8);
	return value;
}

void image_set_u64(struct image *image, dill_virt address, uint64_t value)
{
	memcpy(image_at(image, address, 8), &value, 8);
}

void image_patch(struct image *image, struct span patches)
{
	uint64_t memory = image->pages * (uint64_t)DILL_PAGE_SIZE;
	uint64_t map = image->pages * (uint64_t)IMAGE_PAGE_STRUCT;

	for (size_t at = 0; span_holds(patches, at, 12); at += 12) {
		uint64_t where = span_u32(patches, at) % (memory + map - 8);
		uint64_t what = span_u64(patches, at + 4);

		if (where < memory - 8)
			image_set_u64(image, IMAGE_BASE + where, what);
		else if (where >= memory)
			image_set_u64(image, IMAGE_VMEMMAP + (where - memory), what);
	}
}

void image_set(struct image *image, dill_virt address, struct member member, uint64_t value)
{
	uint8_t *bytes = image_at(image, address + member.offset, member.size);
	uint64_t old = 0,
		 mask = member.bit_size ? (UINT64_C(1) << member.bit_size) - 1 : UINT64_MAX;

	memcpy(&old, bytes, member.size);
	old = (old & ~(mask << member.bit_shift)) | (value & mask) << member.bit_shift;
	memcpy(bytes, &old, member.size);
}

uint64_t image_get(struct image *image, dill_virt address, struct member member)
{
	struct span bytes = {image_at(image, address, member.offset + member.size),
			     member.offset + member.size};

	return member_get(member, bytes);
}

static dill_virt take_page(struct image *image)
{
	assert(image->used_pages < image->pages - image->cpus);
	return IMAGE_BASE + image->used_pages++ * DILL_PAGE_SIZE;
}

static dill_virt take_bytes(struct image *image, size_t size)
{
	if (!image->small || image->used_bytes + size > DILL_PAGE_SIZE) {
		image->small = take_page(image);
		image->used_bytes = 0;
	}
	dill_virt address = image->small + image->used_bytes;

	image->used_bytes += (size + 15) / 16 * 16;
	return address;
}

dill_virt image_page(struct image *image)
{
	return take_page(image);
}

dill_virt image_bytes(struct image *image, size_t size)
{
	return take_bytes(image, size);
}

/* From the end of the CPUs' pages: caches take theirs from the start. */
dill_virt image_percpu(struct image *image, size_t size)
{
	image->percpu_bytes += size;
	return IMAGE_PERCPU_BASE + DILL_PAGE_SIZE - image->percpu_bytes;
}

void image_symbol(struct image *image, const char *name, dill_virt address)
{
	size_t limit = sizeof(image->symbols) / sizeof(*image->symbols), used = 0;

	while (used < limit && image->symbols[used].name)
		used++;
	assert(used < limit);
	image->symbols[used].name = name;
	image->symbols[used].address = address;
}

void image_list_init(struct image *image, dill_virt head)
{
	image_set_u64(image, head, head);
	image_set_u64(image, head + 8, head);
}

void image_list_append(struct image *image, dill_virt head, dill_virt link)
{
	dill_virt last = image_u64(image, head + 8);

	image_set_u64(image, last, link);
	image_set_u64(image, link, head);
	image_set_u64(image, link + 8, last);
	image_set_u64(image, head + 8, link);
}

void image_init(struct image *image, size_t pages, unsigned cpus, unsigned nodes,
		enum freelist_encoding encoding)
{
	*image = (struct image){.pages = pages, .cpus = cpus, .nodes = nodes};
	image->memory = calloc(pages, DILL_PAGE_SIZE);
	image->vmemmap = calloc(pages, IMAGE_PAGE_STRUCT);
	assert(image->memory && image->vmemmap);
	image->heap = (struct heap){
		.kernel = image_kernel(image),
		.layout = image_layout,
		.encoding = encoding,
		.slab_caches = take_bytes(image, 16),
	};
	if (encoding == FREELIST_PLAIN)
		image->heap.layout.cache_random.present = false;
	image_list_init(image, image->heap.slab_caches);
}

void image_deinit(struct image *image)
{
	free(image->memory);
	free(image->vmemmap);
}

dill_virt image_cpu(struct image *image, dill_virt cache, unsigned cpu)
{
	return kernel_percpu_address(image->heap.kernel,
				     image_get(image, cache, image_layout.cache_cpu_slab), cpu);
}

dill_virt image_node(struct image *image, dill_virt cache, unsigned node)
{
	return image_u64(image, cache + image_layout.cache_node.offset + node * 8);
}

dill_virt image_cache(struct image *image, const char *name, uint32_t size)
{
	const struct layout *l = &image->heap.layout;
	dill_virt cache = take_bytes(image, CACHE_BYTES);
	dill_virt text = take_bytes(image, strlen(name) + 1);
	uint64_t oo = DILL_PAGE_SIZE / size;

	memcpy(image_at(image, text, strlen(name) + 1), name, strlen(name) + 1);
	image_set(image, cache, l->cache_size, size);
	image_set(image, cache, l->cache_object_size, size);
	image_set(image, cache, l->cache_inuse, size);
	image_set(image, cache, l->cache_offset, size / 2 / 8 * 8);
	image_set(image, cache, l->cache_align, 8);
	image_set(image, cache, l->cache_oo, oo);
	image_set(image, cache, l->cache_min, oo);
	image_set(image, cache, l->cache_refcount, 1);
	image_set(image, cache, l->cache_name, text);
	if (l->cache_random.present)
		image_set(image, cache, l->cache_random, RANDOM * (image->cache_count + 1));
	/* A __percpu pointer: the offset of this cache's struct within each CPU's page. */
	image_set(image, cache, l->cache_cpu_slab,
		  IMAGE_PERCPU_BASE + image->cache_count * IMAGE_CPU_BYTES);
	for (unsigned n = 0; n < image->nodes; n++) {
		dill_virt node = take_bytes(image, NODE_BYTES);

		image_set_u64(image, cache + l->cache_node.offset + n * 8, node);
		image_list_init(image, node + l->node_partial.offset);
	}
	image_list_append(image, image->heap.slab_caches, cache + l->cache_list.offset);
	image->caches[image->cache_count++] = cache;
	return cache;
}

dill_virt image_object(struct image *image, dill_virt cache, dill_virt slab, uint32_t index)
{
	uint64_t page = (slab - IMAGE_VMEMMAP) / IMAGE_PAGE_STRUCT;

	return IMAGE_BASE + page * DILL_PAGE_SIZE +
	       index * image_get(image, cache, image_layout.cache_size) +
	       image_get(image, cache, image_layout.cache_red_left_pad);
}

dill_virt image_slot(struct image *image, dill_virt cache, dill_virt object)
{
	return object + image_get(image, cache, image_layout.cache_offset);
}

void image_link(struct image *image, dill_virt cache, dill_virt object, dill_virt next)
{
	dill_virt slot = image_slot(image, cache, object);
	uint64_t random = image_get(image, cache, image_layout.cache_random);

	/* Encoding and decoding are the same operation; spelled out here, not borrowed from the
	 * code under test. */
	if (image->heap.layout.cache_random.present)
		next ^= random ^
			(image->heap.encoding == FREELIST_XOR ? slot : __builtin_bswap64(slot));
	image_set_u64(image, slot, next);
}

dill_virt image_chain(struct image *image, dill_virt cache, dill_virt slab,
		      const uint32_t *free_list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		image_link(image, cache, image_object(image, cache, slab, free_list[i]),
			   i + 1 < count ? image_object(image, cache, slab, free_list[i + 1]) : 0);
	return count ? image_object(image, cache, slab, free_list[0]) : 0;
}

dill_virt image_slab(struct image *image, dill_virt cache, const uint32_t *free_list, size_t count)
{
	const struct layout *l = &image->heap.layout;
	dill_virt page = take_page(image);
	dill_virt slab = IMAGE_VMEMMAP + (page - IMAGE_BASE) / DILL_PAGE_SIZE * IMAGE_PAGE_STRUCT;
	uint64_t objects = image_get(image, cache, l->cache_oo) & 0xffff;
	dill_virt node = image_node(image, cache, 0);

	image_set(image, slab, l->page_type, SLAB_MARK << 24);
	image_set(image, slab, l->slab_cache, cache);
	image_set(image, slab, l->slab_objects, objects);
	image_set(image, slab, l->slab_inuse, objects - count);
	image_set(image, slab, l->slab_freelist, image_chain(image, cache, slab, free_list, count));
	image_set(image, node, l->node_nr_slabs, image_get(image, node, l->node_nr_slabs) + 1);
	image_set(image, node, l->node_total_objects,
		  image_get(image, node, l->node_total_objects) + objects);
	return slab;
}

/* A new slab counts as one of node 0. */
static void move_to_node(struct image *image, dill_virt cache, unsigned node, dill_virt slab)
{
	const struct member counters[] = {image->heap.layout.node_nr_slabs,
					  image->heap.layout.node_total_objects};
	uint64_t amounts[] = {1, image_get(image, slab, image->heap.layout.slab_objects)};
	dill_virt from = image_node(image, cache, 0), to = image_node(image, cache, node);

	for (size_t i = 0; i < 2; i++) {
		image_set(image, from, counters[i],
			  image_get(image, from, counters[i]) - amounts[i]);
		image_set(image, to, counters[i], image_get(image, to, counters[i]) + amounts[i]);
	}
	image_set(image, slab, image->heap.layout.page_flags, node);
}

void image_add_partial(struct image *image, dill_virt cache, unsigned node, dill_virt slab)
{
	const struct layout *l = &image->heap.layout;
	dill_virt address = image_node(image, cache, node);

	move_to_node(image, cache, node, slab);
	image_list_append(image, address + l->node_partial.offset, slab + l->slab_list.offset);
	image_set(image, address, l->node_nr_partial,
		  image_get(image, address, l->node_nr_partial) + 1);
}

void image_set_cpu_slab(struct image *image, dill_virt cache, unsigned cpu, dill_virt slab,
			const uint32_t *free_list, size_t count)
{
	const struct layout *l = &image->heap.layout;
	dill_virt address = image_cpu(image, cache, cpu);

	image_set(image, slab, l->slab_inuse, image_get(image, slab, l->slab_objects));
	image_set(image, slab, l->slab_frozen, 1);
	image_set(image, slab, l->slab_freelist, 0);
	image_set(image, address, l->cpu_slab, slab);
	image_set(image, address, l->cpu_freelist,
		  image_chain(image, cache, slab, free_list, count));
}

void image_add_cpu_partial(struct image *image, dill_virt cache, unsigned cpu, dill_virt slab)
{
	const struct layout *l = &image->heap.layout;
	dill_virt address = image_cpu(image, cache, cpu);

	dill_virt before = image_get(image, address, l->cpu_partial);

	image_set(image, slab, l->slab_next, before);
	image_set(image, slab, l->slab_partial_count,
		  1 + (before ? image_get(image, before, l->slab_partial_count) : 0));
	image_set(image, slab, l->slab_frozen, 1);
	image_set(image, address, l->cpu_partial, slab);
}
