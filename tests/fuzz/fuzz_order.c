/* SPDX-License-Identifier: MIT */
/*
 * The prediction of allocations on corrupted heaps. The first two bytes of the input choose the
 * kernel's engine and habits, and how far to look; the rest is a list of patches (12 bytes: where,
 * what). Whatever they do, the prediction ends, and its positions grow and stay below the limit.
 */
#include <stdlib.h>

#include "heap_image.h"
#include "slub/encoding.h"
#include "slub/order.h"

#define PAGES	 32u
#define CAPACITY 6u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t order_of_freelists[] = {5, 2, 0, 17, 18};

static void build_sheaves(struct image *image, dill_virt cache)
{
	dill_virt slab = image_slab(image, cache, NULL, 0), objects[CAPACITY];

	image_give_sheaves(image, cache, CAPACITY);
	for (uint32_t i = 0; i < CAPACITY; i++)
		objects[i] = image_object(image, cache, slab, i);
	image_set_sheaf(image, cache, 0, IMAGE_MAIN, objects, 2);
	image_set_sheaf(image, cache, 0, IMAGE_SPARE, objects + 2, 1);
	image_add_full_sheaf(image, cache, 0, objects + 3, 3);
}

static void build(struct image *image, uint8_t habits)
{
	struct layout *layout = &image->heap.layout;
	dill_virt cache, slab;

	image_init(image, PAGES, 1, 2, FREELIST_XOR_SWAPPED);
	layout->cache_cpu_partial_slabs.present = habits & 1;
	layout->obj_info.present = habits & 2;
	layout->slab_iterator.present = habits & 4;
	cache = image_cache(image, "a", 64);
	for (unsigned i = 0; i < 4; i++) {
		slab = image_slab(image, cache, order_of_freelists, 1 + i);
		image_add_partial(image, cache, i % 2, slab);
	}
	slab = image_slab(image, cache, NULL, 0);
	image_set_cpu_slab(image, cache, 0, slab, order_of_freelists, 5);
	image_add_cpu_partial(image, cache, 0, image_slab(image, cache, order_of_freelists, 2));
	if (habits & 8)
		build_sheaves(image, cache);
	if (habits & 16)
		image_set_u64(image, cache + layout->cache_cpu_slab.offset, 0);
	if (habits & 32)
		image_set_u64(image, cache + layout->cache_flags.offset, 0x10000); /* STORE_USER */
}

static void check(const struct order *order, size_t limit)
{
	for (size_t i = 0; i < order->count; i++)
		if (order->items[i].position >= limit ||
		    (i && order->items[i].position <= order->items[i - 1].position))
			abort();
	for (size_t i = 1; i < order->note_count; i++)
		if (order->notes[i].position < order->notes[i - 1].position)
			abort();
}

static struct dill_error *predict(struct image *image, size_t limit, struct arena *arena)
{
	struct findings findings = {.arena = arena};
	const struct reading reading =
		reading_start(&image->heap, CONTENTS_FREELISTS, arena, &findings);
	struct cache_list caches;

	TRY(caches_read(&image->heap, arena, &findings, &caches));
	TRY(encoding_learn(&image->heap, &caches));
	for (size_t i = 0; i < caches.count; i++) {
		struct contents contents;
		struct order order;

		TRY(contents_read(&reading, &caches.items[i], 1, &contents));
		TRY(order_predict(&image->heap, &contents, 0, limit, arena, &order));
		check(&order, limit);
	}
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct image image;

	if (size < 2)
		return 0;
	build(&image, data[0]);
	image_patch(&image, (struct span){data + 2, size - 2});
	image.heap.encoding = FREELIST_UNDECIDED;
	/* Nothing here is lost or interrupted, so nothing is fatal. */
	if (arena_new(&arena) || predict(&image, data[1], arena))
		abort();
	image_deinit(&image);
	return 0;
}
