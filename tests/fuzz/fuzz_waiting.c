/* SPDX-License-Identifier: MIT */
/*
 * The whole heap walk with the fuzzer as the one who corrupts: the first byte of the input chooses
 * what the kernel has, the rest is a list of patches (12 bytes: where, what) that are written into
 * a healthy heap of CPU slabs, sheaves, barns and lists of objects that wait. Whatever they do, the
 * walk ends, stays in bounds, keeps its memory small, and gives every object exactly one state.
 */
#include <stdlib.h>

#include "heap_image.h"
#include "slub/survey.h"

#define PAGES	 48u
#define CAPACITY 8u
/* Per-CPU variables, behind what heap_image.c puts there. */
#define KRC	      UINT64_C(0x1f00)
#define DEFERRED      UINT64_C(0x1f80)
#define RCU_DATA      UINT64_C(0x1fa0)
#define FREES_A_SHEAF UINT64_C(0xffffffff81234560)

/* What the first byte chooses. */
enum {
	HAS_LISTS_OF_BLOCKS = 1, /* of kfree_rcu(), since 6.4 */
	HAS_FULL_LISTS = 2,	 /* STORE_USER */
	HAS_NO_SHEAVES = 4,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint32_t order[] = {5, 2, 0, 17, 18};

static struct member at(uint32_t offset, uint32_t size)
{
	return (struct member){.present = true, .offset = offset, .size = size};
}

static void add_symbol(struct image *image, size_t number, const char *name, dill_virt address)
{
	image->symbols[number].name = name;
	image->symbols[number].address = address;
}

static dill_virt percpu(struct image *image, dill_virt pointer, unsigned cpu)
{
	return kernel_percpu_address(image->heap.kernel, pointer, cpu);
}

static void add_waiting_layout(struct image *image, uint8_t habits)
{
	struct layout *l = &image->heap.layout;

	l->krc_head = at(0, 8);
	l->krc_bulk = at(8, 16);
	l->krc_works = at(32, 48);
	l->krw_struct_size = 24;
	l->krw_head = at(0, 8);
	l->krw_bulk = at(8, 16);
	l->bulk_count = at(0, 8);
	if (habits & HAS_LISTS_OF_BLOCKS)
		l->bulk_list = at(8, 16);
	else
		l->bulk_next = at(8, 8);
	l->bulk_records = at(24, 0);
	l->defer_objects = at(0, 8);
	l->defer_sheaves = at(8, 8);
	l->sheaf_llnode = at(8, 8);
	l->rcu_cblist = at(0, 8);
	l->rcu_bypass = at(8, 8);
	l->rcu_next = at(0, 8);
	l->rcu_func = at(8, 8);
	l->sheaf_rcu = at(8, 16);
	add_symbol(image, 0, "krc", KRC);
	add_symbol(image, 1, "defer_free_objects", DEFERRED);
	add_symbol(image, 2, "rcu_data", RCU_DATA);
	add_symbol(image, 3, "rcu_free_sheaf", FREES_A_SHEAF);
}

/* Lists of waiting objects of CPU 0, made of live objects of a slab of @p cache. */
static void build_waiting(struct image *image, dill_virt cache, dill_virt slab, uint8_t habits)
{
	dill_virt krc = percpu(image, KRC, 0), deferred = percpu(image, DEFERRED, 0);
	dill_virt objects[12];

	for (uint32_t i = 0; i < 12; i++)
		objects[i] = image_object(image, cache, slab, 20 + i);
	/* Objects that are their own list: of the CPU, of a batch, of deferred frees. */
	image_set_u64(image, krc, objects[0]);
	image_set_u64(image, objects[0], objects[1]);
	image_set_u64(image, krc + 32, objects[2]);
	image_set_u64(image, deferred, objects[3]);
	image_set_u64(image, objects[3], objects[4]);
	/* A block with two records; as a chain or as a list. */
	image_set_u64(image, objects[5], 2);
	image_set_u64(image, objects[5] + 24, objects[6]);
	image_set_u64(image, objects[5] + 32, objects[7]);
	if (!(habits & HAS_LISTS_OF_BLOCKS)) {
		image_set_u64(image, krc + 8, objects[5]);
		return;
	}
	image_set_u64(image, krc + 8, objects[5] + 8);
	image_set_u64(image, krc + 16, objects[5] + 8);
	image_set_u64(image, objects[5] + 8, krc + 8);
	image_set_u64(image, objects[5] + 16, krc + 8);
}

static void build_sheaves(struct image *image, dill_virt cache)
{
	dill_virt slab = image_slab(image, cache, NULL, 0), objects[32], sheaf;

	image_give_sheaves(image, cache, CAPACITY);
	for (uint32_t i = 0; i < 32; i++)
		objects[i] = image_object(image, cache, slab, i);
	image_set_sheaf(image, cache, 0, IMAGE_MAIN, objects, 4);
	image_set_sheaf(image, cache, 0, IMAGE_SPARE, objects + 4, 2);
	image_set_sheaf(image, cache, 0, IMAGE_RCU_FREE, objects + 6, 1);
	image_add_full_sheaf(image, cache, 0, objects + 8, 8);
	image_add_full_sheaf(image, cache, 1, objects + 16, 8);
	/* One that waits for a grace period, and one on the deferred list. */
	sheaf = image_set_sheaf(image, cache, 1, IMAGE_SPARE, objects + 24, 2);
	image_set_u64(image, percpu(image, RCU_DATA, 0), sheaf + 8);
	image_set_u64(image, sheaf + 16, FREES_A_SHEAF);
	sheaf = image_set_sheaf(image, cache, 1, IMAGE_SPARE, objects + 26, 2);
	image_set_u64(image, percpu(image, DEFERRED, 1) + 8, sheaf + 8);
	image_set_sheaf(image, cache, 1, IMAGE_SPARE, objects + 28, 1);
}

static void build(struct image *image, uint8_t habits)
{
	dill_virt cache, slab;

	image_init(image, PAGES, 2, 2, FREELIST_XOR_SWAPPED);
	image->heap.checked = true; /* a made-up kernel has no cache of caches */
	add_waiting_layout(image, habits);
	cache = image_cache(image, "a", 64);
	for (unsigned i = 0; i < 4; i++) {
		slab = image_slab(image, cache, order, 1 + i);
		image_add_partial(image, cache, i % 2, slab);
	}
	build_waiting(image, cache, slab, habits);
	slab = image_slab(image, cache, NULL, 0);
	image_set_cpu_slab(image, cache, 1, slab, order, 5);
	for (unsigned i = 0; i < 2; i++)
		image_add_cpu_partial(image, cache, 1, image_slab(image, cache, order, 2));
	image_slab(image, cache, NULL, 0);  /* full, on no list */
	image_slab(image, cache, order, 3); /* in motion between two lists */
	image_cache(image, "b", 192);
	if (habits & HAS_FULL_LISTS)
		image_set_u64(image, cache + image->heap.layout.cache_flags.offset, 0x10000);
	if (!(habits & HAS_NO_SHEAVES))
		build_sheaves(image, image_cache(image, "c", 64));
}

static void corrupt(struct image *image, struct span bytes)
{
	size_t memory = (size_t)PAGES * DILL_PAGE_SIZE, map = (size_t)PAGES * IMAGE_PAGE_STRUCT;

	for (size_t i = 1; span_holds(bytes, i, 12); i += 12) {
		uint64_t where = span_u32(bytes, i) % (memory + map - 8);
		uint64_t what = span_u64(bytes, i + 4);

		if (where < memory - 8)
			image_set_u64(image, IMAGE_BASE + where, what);
		else if (where >= memory)
			image_set_u64(image, IMAGE_VMEMMAP + (where - memory), what);
	}
}

/* Every object has one state, and sums are sums. */
static void check(const struct cache_map *map)
{
	uint64_t sums[OBJECT_STATES] = {0}, all = 0, counted = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct mapped_slab *slab = &map->slabs[i];

		for (uint32_t j = 0; j < slab->slab.objects; j++) {
			if (slab->kinds[j] >= PLACE_KINDS)
				abort();
			sums[cache_map_state(map, slab, j)] += slab->where != SLAB_DYING;
		}
		all += slab->slab.objects;
	}
	for (int state = 0; state < OBJECT_STATES; state++)
		if (sums[state] != map->counts[state])
			abort();
	for (int kind = 0; kind < PLACE_KINDS; kind++)
		counted += map->kind_counts[kind];
	if (counted != all)
		abort();
}

static struct dill_error *look(struct survey *survey, struct arena *arena)
{
	TRY(survey_scan(survey, &survey->all));
	for (size_t i = 0; i < survey->all.count; i++) {
		struct state_counts states;
		struct contents contents;
		struct cache_map map;

		TRY(survey_map(survey, &survey->all.items[i], arena, &contents, &map));
		check(&map);
		survey_count(survey, &contents, &states);
		arena_reset(arena);
	}
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena, *of_cache;
	struct survey survey = {0};
	struct image image;

	if (!size)
		return 0;
	if (arena_new(&arena) || arena_new(&of_cache))
		abort();
	build(&image, data[0]);
	corrupt(&image, (struct span){data, size});
	image.heap.encoding = FREELIST_UNDECIDED;

	struct findings findings = {.arena = arena};
	struct dill_error *error = survey_init(&image.heap, arena, &findings, &survey);

	if (!error)
		error = look(&survey, of_cache);
	/* Nothing here is lost or interrupted, so nothing is fatal. */
	if (error)
		abort();
	survey_deinit(&survey);
	arena_free(of_cache);
	arena_free(arena);
	image_deinit(&image);
	return 0;
}
