/* SPDX-License-Identifier: MIT */
#include "solve_image.h"

#include <stdio.h>

#include "heap_image_build.h"
#include "slub/layout.h"
#include "solve/solution.h"

#define CPUS	 2u
#define NODES	 2u
#define CAPACITY 12u

static const uint32_t free_list[] = {6, 2, 0, 7, 3, 1};

/* A slab, and behind most of them a page that is none: else neighbours would tell as much. */
static dill_virt new_slab(struct image *image, dill_virt cache, size_t count)
{
	dill_virt slab = image_slab(image, cache, count ? free_list : NULL, count);

	if (image->used_pages % 3)
		image_page(image);
	return slab;
}

static dill_virt new_cache(struct image *image, unsigned i)
{
	static const char *const own[] = {"kmem_cache", "kmem_cache_node"};
	const struct layout *l = &image->heap.layout;
	uint32_t size = i < 2 ? (i ? (uint32_t)l->node_struct_size : (uint32_t)l->cache_struct_size)
			      : 16u << (i % 5);
	char name[24];
	dill_virt cache;

	if (i < 2)
		snprintf(name, sizeof(name), "%s", own[i]);
	else if (i < 7)
		snprintf(name, sizeof(name), "kmalloc-%u", size);
	else if (i < 12)
		snprintf(name, sizeof(name), "kmalloc-rcl-%u", size);
	else
		snprintf(name, sizeof(name), "cache %u", i);
	cache = image_cache(image, name, size);
	image_set(image, cache, l->cache_refcount, i < 2 ? UINT32_MAX : 1 + i % 3);
	image_set(image, cache, l->cache_min_partial, 5);
	image_set(image, cache, l->cache_align, i % 2 ? 8 : 16);
	if (i > 11) { /* a size that is not the objects' */
		image_set(image, cache, l->cache_object_size, size - 12);
		image_set(image, cache, l->cache_inuse, size - 8);
	}
	/* Aligned to cache lines, or to the part of one that holds an object. */
	image_set(image, cache, l->cache_flags, i < 2 || i > 11 ? 0x2000 : i > 6 ? 0x20000 : 0);
	return cache;
}

static void add_node_slabs(struct image *image, dill_virt cache, unsigned i)
{
	for (unsigned n = 0; n < NODES; n++) {
		dill_virt slab = new_slab(image, cache, 1 + (i + n) % 6);

		image_add_partial(image, cache, n, slab);
	}
}

static void add_cpu_slabs(struct image *image, dill_virt cache, unsigned i)
{
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		image_set_cpu_slab(image, cache, cpu, new_slab(image, cache, 0), free_list,
				   1 + (i + cpu) % 6);
		for (unsigned more = 0; more < i % 3; more++)
			image_add_cpu_partial(image, cache, cpu, new_slab(image, cache, 1 + more));
	}
}

static void add_sheaves(struct image *image, dill_virt cache, unsigned i)
{
	dill_virt slab = new_slab(image, cache, 0), objects[8];

	for (uint32_t o = 0; o < 8; o++)
		objects[o] = image_object(image, cache, slab, o);
	for (unsigned cpu = 0; cpu < CPUS; cpu++) {
		image_set_sheaf(image, cache, cpu, IMAGE_MAIN, objects + cpu * 2, 1 + i % 2);
		if (i % 3)
			image_set_sheaf(image, cache, cpu, IMAGE_SPARE, objects + 6, i % 2);
	}
	if (i % 4 == 0)
		image_add_full_sheaf(image, cache, 0, objects + 4, 2);
}

void solve_image_init(struct image *image, enum solve_image_engine engine)
{
	dill_virt caches[SOLVE_IMAGE_CACHES];

	image_init(image, SOLVE_IMAGE_PAGES, CPUS, NODES, FREELIST_XOR_SWAPPED);
	image_symbol(image, "slab_caches", image->heap.slab_caches);
	for (unsigned i = 0; i < SOLVE_IMAGE_CACHES; i++)
		caches[i] = new_cache(image, i);
	for (unsigned i = 0; i < SOLVE_IMAGE_CACHES; i++) {
		if (engine == SOLVE_IMAGE_CPU_SLABS) {
			add_cpu_slabs(image, caches[i], i);
		} else {
			image_set(image, caches[i], image->heap.layout.cache_cpu_slab, 0);
			image_give_sheaves(image, caches[i], CAPACITY);
			add_sheaves(image, caches[i], i);
		}
		add_node_slabs(image, caches[i], i);
	}
}

unsigned solve_image_count_wrong(const struct image *image, struct solution *solution,
				 const char **ret_wrong)
{
	struct layout solved = {0};
	unsigned wrong = 0;

	layout_members(members_of_solution(solution), &solved);
	*ret_wrong = NULL;
#define MEMBER(id, structs, paths, need, note)                                                     \
	if (solved.id.present && image->heap.layout.id.present &&                                  \
	    solved.id.offset != image->heap.layout.id.offset) {                                    \
		wrong++;                                                                           \
		*ret_wrong = #id;                                                                  \
	}
#define LOCK(id, structs, paths, note)
#include "slub/layout.def"
#undef MEMBER
	return wrong;
}
