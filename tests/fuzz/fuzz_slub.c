/* SPDX-License-Identifier: MIT */
/*
 * The whole heap walk with the fuzzer as the one who corrupts: the input is a list of patches (12
 * bytes: where, what) that are written into a healthy heap. Whatever they do, the walk ends, stays
 * in bounds, and keeps its memory small.
 */
#include <stdlib.h>
#include <string.h>

#include "heap_image.h"
#include "slub/check.h"
#include "slub/encoding.h"
#include "slub/object.h"
#include "slub/slab_order.h"
#include "slub/survey.h"

#define PAGES 32u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void set_u32(struct image *image, dill_virt address, uint32_t value)
{
	memcpy(image_at(image, address, sizeof(value)), &value, sizeof(value));
}

/* A cache with red zones, poison and tracks, all of whose bytes are wrong. */
static void build_debug(struct image *image)
{
	static const struct cache_flag flags[] = {{0x400, "RED_ZONE"},
						  {0x800, "POISON"},
						  {0x1000, "KMALLOC"},
						  {0x4000, "OBJECT_POISON"}};
	static const uint32_t order[] = {7, 3};
	struct layout *l = &image->heap.layout;
	dill_virt cache;

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		l->flags[l->flag_count++] = flags[i];
	l->track_addr = (struct member){.present = true, .size = 8};
	l->track_struct_size = 24;
	image->symbols[0].name = "skip_orig_size_check";
	cache = image_cache(image, "b", 192);
	set_u32(image, cache + l->cache_flags.offset, 0x15c00);
	set_u32(image, cache + l->cache_object_size.offset, 96);
	set_u32(image, cache + l->cache_inuse.offset, 104);
	set_u32(image, cache + l->cache_offset.offset, 104);
	set_u32(image, cache + l->cache_red_left_pad.offset, 16);
	image_add_partial(image, cache, 0, image_slab(image, cache, order, 2));
}

static void build(struct image *image)
{
	static const uint32_t order[] = {5, 2, 0, 17, 18};
	dill_virt cache, slab;

	image_init(image, PAGES, 2, 2, FREELIST_XOR_SWAPPED);
	cache = image_cache(image, "a", 64);
	for (unsigned i = 0; i < 4; i++) {
		slab = image_slab(image, cache, order, 1 + i);
		image_add_partial(image, cache, i % 2, slab);
	}
	slab = image_slab(image, cache, NULL, 0);
	image_set_cpu_slab(image, cache, 1, slab, order, 5);
	for (unsigned i = 0; i < 2; i++)
		image_add_cpu_partial(image, cache, 1, image_slab(image, cache, order, 2));
	build_debug(image);
}

/* The state of every object, and the order of the slabs. */
static struct dill_error *map_all(struct image *image, struct arena *arena,
				  struct findings *findings)
{
	const struct slab_filter filter = {.cpu = 1, .node = -1};
	_cleanup_(survey_deinitp)
	struct survey survey = {0};
	struct check_counts counts = {0};

	image->heap.checked =
		true; /* such a heap may well fail the check of dill's understanding */
	TRY(survey_init(&image->heap, arena, findings, &survey));
	TRY(survey_scan(&survey, &survey.all));
	for (size_t i = 0; i < survey.all.count; i++) {
		const struct mapped_slab *const *slabs;
		struct contents contents;
		struct cache_map map;
		size_t count;

		TRY(survey_map(&survey, &survey.all.items[i], arena, &contents, &map));
		TRY(slabs_in_order(&map, &contents, &survey.waiting, &filter, arena, &slabs,
				   &count));
		if (count > map.count)
			abort();
		lists_check(&image->heap, &contents, findings);
		TRY(bytes_check(&image->heap, &contents, &map, findings, &counts));
	}
	return NULL;
}

/* Ask about an address in every page. */
static struct dill_error *ask(struct image *image, struct arena *arena)
{
	struct findings findings = {.arena = arena}, said = {.arena = arena};
	_cleanup_(survey_deinitp)
	struct survey survey = {0};
	struct objects objects;

	TRY(survey_init(&image->heap, arena, &findings, &survey));
	TRY(objects_init(&survey, arena, &objects));
	for (dill_virt page = 0; page < PAGES; page++) {
		struct object_answer answer;
		struct located located;

		TRY(heap_locate(&image->heap, &survey.all, IMAGE_BASE + page * DILL_PAGE_SIZE + 72,
				&said, &located));
		if (located.in_slot)
			TRY(object_find(&objects, &located, &said, &answer));
	}
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct cache_list caches;
	struct image image;

	build(&image);
	image_patch(&image, (struct span){data, size});
	image.heap.encoding = FREELIST_UNDECIDED;
	/* A heap of two caches, one of them broken, would be refused as not understood. */
	image.heap.checked = true;
	if (arena_new(&arena))
		abort();
	struct findings findings = {.arena = arena};
	const struct reading reading =
		reading_start(&image.heap, CONTENTS_FREELISTS, arena, &findings);
	struct contents *contents = NULL;
	struct dill_error *error = caches_read(&image.heap, arena, &findings, &caches);

	if (!error)
		error = encoding_learn(&image.heap, &caches);
	if (!error)
		contents = arena_alloc_array(arena, caches.count + 1, sizeof(*contents));
	if (contents)
		error = contents_read(&reading, caches.items, caches.count, contents);
	if (!error)
		error = map_all(&image, arena, &findings);
	if (!error)
		error = ask(&image, arena);
	/* Nothing here is lost or interrupted, so nothing is fatal. */
	if (error)
		abort();
	image_deinit(&image);
	return 0;
}
