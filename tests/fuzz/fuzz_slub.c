/* SPDX-License-Identifier: MIT */
/*
 * The whole heap walk with the fuzzer as the one who corrupts: the input is a list of patches (12
 * bytes: where, what) that are written into a healthy heap. Whatever they do, the walk ends, stays
 * in bounds, and keeps its memory small.
 */
#include <stdlib.h>

#include "heap_image.h"
#include "slub/encoding.h"
#include "slub/object.h"
#include "slub/slab_order.h"
#include "slub/survey.h"

#define PAGES 32u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
	image_cache(image, "b", 192);
}

static void corrupt(struct image *image, const uint8_t *data, size_t size)
{
	struct span bytes = {data, size};
	size_t memory = (size_t)PAGES * DILL_PAGE_SIZE, map = (size_t)PAGES * IMAGE_PAGE_STRUCT;

	for (size_t at = 0; span_holds(bytes, at, 12); at += 12) {
		uint64_t where = span_u32(bytes, at) % (memory + map - 8);
		uint64_t what = span_u64(bytes, at + 4);

		if (where < memory - 8)
			image_set_u64(image, IMAGE_BASE + where, what);
		else if (where >= memory)
			image_set_u64(image, IMAGE_VMEMMAP + (where - memory), what);
	}
}

/* The answer for an address in every page. */
static struct dill_error *ask_all(struct survey *survey, struct arena *arena)
{
	struct findings said = {.arena = arena};
	struct objects objects;

	TRY(objects_init(survey, arena, &objects));
	for (dill_virt page = 0; page < PAGES; page++) {
		struct object_answer answer;
		struct located located;

		TRY(heap_locate(survey->heap, &survey->all, IMAGE_BASE + page * DILL_PAGE_SIZE + 72,
				&said, &located));
		if (located.in_slot)
			TRY(object_find(&objects, &located, &said, &answer));
	}
	return NULL;
}

/* The state of every object, and the order of the slabs. */
static struct dill_error *map_all(struct image *image, struct arena *arena,
				  struct findings *findings)
{
	const struct slab_filter filter = {.cpu = 1, .node = -1};
	_cleanup_(survey_deinitp)
	struct survey survey = {0};

	image->heap.checked =
		true; /* such a heap may well fail the check of dill's understanding */
	TRY(survey_init(&image->heap, arena, findings, &survey));
	TRY(ask_all(&survey, arena));
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
	corrupt(&image, data, size);
	image.heap.encoding = FREELIST_UNDECIDED;
	if (arena_new(&arena))
		abort();
	struct findings findings = {.arena = arena};
	struct contents *contents = NULL;
	struct dill_error *error = caches_read(&image.heap, arena, &findings, &caches);

	if (!error)
		error = encoding_learn(&image.heap, &caches);
	if (!error)
		contents = arena_alloc_array(arena, caches.count + 1, sizeof(*contents));
	if (contents)
		error = contents_read(&image.heap, caches.items, caches.count, CONTENTS_FREELISTS,
				      arena, &findings, contents);
	if (!error)
		error = map_all(&image, arena, &findings);
	/* Nothing here is lost or interrupted, so nothing is fatal. */
	if (error)
		abort();
	image_deinit(&image);
	return 0;
}
