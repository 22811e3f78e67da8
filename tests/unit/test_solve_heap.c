/* SPDX-License-Identifier: MIT */
/* The layout of a made-up heap is solved from its memory: as it is, and with one thing broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "heap_image_build.h"
#include "solve/solution.h"
#include "solve_image.h"

struct heap_to_solve {
	struct image image;
	struct solution *solution;
	struct dill_error *error;
};

static void setup(struct heap_to_solve *heap, enum solve_image_engine engine)
{
	solve_image_init(&heap->image, engine);
	heap->solution = NULL;
}

static void solve(struct heap_to_solve *heap)
{
	const char *wrong;

	heap->error = solve_heap(heap->image.heap.kernel, &heap->solution);
	if (heap->error)
		return;
	if (solve_image_count_wrong(&heap->image, heap->solution, &wrong))
		fail_msg("%s was found where it is not", wrong);
}

static void assert_all(const struct heap_to_solve *heap, const char *const *ids)
{
	for (; *ids; ids++)
		if (!solution_has(heap->solution, *ids))
			fail_msg("%s was not found", *ids);
}

static void assert_solved(struct heap_to_solve *heap, const char *const *ids)
{
	solve(heap);
	if (heap->error)
		fail_msg("%s", dill_error_text(heap->error));
	assert_all(heap, ids);
}

static void teardown(struct heap_to_solve *heap)
{
	dill_error_free(heap->error);
	free(heap->solution);
	image_deinit(&heap->image);
}

/* What every heap tells, by all of the rules. */
static const char *const skeleton[] = {
	"cache_name",	"cache_list",	   "cache_object_size", "cache_size",
	"cache_oo",	"cache_offset",	   "cache_random",	"cache_refcount",
	"node_partial", "node_nr_partial", "node_nr_slabs",	"slab_cache",
	"slab_list",	"slab_freelist",   "slab_inuse",	"slab_objects",
	"slab_frozen",	"page_type",	   "cache_node",	"node_total_objects",
	NULL,
};
static const char *const cpu_slabs[] = {
	"cache_cpu_slab", "cpu_freelist",	"cpu_slab", "cpu_partial",
	"slab_next",	  "slab_partial_count", NULL};
static const char *const sheaves[] = {
	"cache_cpu_sheaves", "pcs_main",   "pcs_spare",	    "pcs_rcu_free",
	"sheaf_cache",	     "sheaf_size", "sheaf_objects", "cache_sheaf_capacity",
	"node_barn",	     "barn_full",  "barn_empty",    "barn_nr_full",
	"barn_nr_empty",     NULL,
};

static void test_cpu_slabs(void **state)
{
	struct heap_to_solve heap;

	(void)state;
	setup(&heap, SOLVE_IMAGE_CPU_SLABS);
	assert_solved(&heap, skeleton);
	assert_all(&heap, cpu_slabs);
	assert_false(solution_has(heap.solution, "cache_cpu_sheaves"));
	teardown(&heap);
}

static void test_sheaves(void **state)
{
	struct heap_to_solve heap;

	(void)state;
	setup(&heap, SOLVE_IMAGE_SHEAVES);
	assert_solved(&heap, skeleton);
	assert_all(&heap, sheaves);
	assert_false(heap.solution->no_sheaves);
	assert_false(solution_has(heap.solution, "cache_cpu_slab"));
	teardown(&heap);
}

/* --- one thing broken --- */

static dill_virt slab_of_node(struct heap_to_solve *heap, unsigned cache, unsigned node)
{
	struct image *image = &heap->image;
	dill_virt head = image_node(image, image->caches[cache], node) +
			 image->heap.layout.node_partial.offset;

	return image_u64(image, head) - image->heap.layout.slab_list.offset;
}

/* A freelist that leads nowhere: one of many. */
static void test_corrupt_freelist(void **state)
{
	struct heap_to_solve heap;

	(void)state;
	setup(&heap, SOLVE_IMAGE_CPU_SLABS);
	image_set(&heap.image, slab_of_node(&heap, 13, 0), heap.image.heap.layout.slab_freelist,
		  0x6b6b6b6b6b6b6b6b);
	assert_solved(&heap, skeleton);
	teardown(&heap);
}

/* A slab of another cache on a node's list. */
static void test_foreign_slab(void **state)
{
	struct heap_to_solve heap;
	struct image *image = &heap.image;

	(void)state;
	setup(&heap, SOLVE_IMAGE_CPU_SLABS);
	image_set(image, slab_of_node(&heap, 12, 1), image->heap.layout.slab_cache,
		  image->caches[3]);
	assert_solved(&heap, skeleton);
	teardown(&heap);
}

/* A heap that lost one cache of a few is solved as far as votes go, and never wrongly. */
static void test_zeroed_cache(void **state)
{
	struct heap_to_solve heap;
	struct image *image = &heap.image;
	dill_virt links[2], list;

	(void)state;
	setup(&heap, SOLVE_IMAGE_CPU_SLABS);
	list = image->caches[9] + image->heap.layout.cache_list.offset;
	links[0] = image_u64(image, list);
	links[1] = image_u64(image, list + 8);
	memset(image_at(image, image->caches[9], image->heap.layout.cache_struct_size), 0,
	       image->heap.layout.cache_struct_size);
	image_set_u64(image, list, links[0]);
	image_set_u64(image, list + 8, links[1]);
	solve(&heap);
	teardown(&heap);
}

/* Nothing but the list of caches is left: it is said what is missing. */
static void test_no_slabs(void **state)
{
	struct heap_to_solve heap;

	(void)state;
	setup(&heap, SOLVE_IMAGE_CPU_SLABS);
	memset(heap.image.vmemmap, 0, heap.image.pages * IMAGE_PAGE_STRUCT);
	solve(&heap);
	assert_non_null(heap.error);
	assert_int_equal(dill_error_code(heap.error), DILL_ERROR_UNSUPPORTED);
	teardown(&heap);
}

/* Every word of what describes the heap, in turn, is another: nothing is found at a wrong place. */
static void test_no_word_deceives(void **state)
{
	static const uint64_t lies[] = {0, 1, UINT64_C(0xdead000000000100)};
	struct heap_to_solve heap;
	dill_virt slab;

	(void)state;
	setup(&heap, SOLVE_IMAGE_CPU_SLABS);
	slab = slab_of_node(&heap, 8, 0);
	for (unsigned i = 0; i < 3; i++)
		for (unsigned at = 0; at < 32 + 8; at++) {
			dill_virt address =
				at < 32 ? heap.image.caches[8] + at * 8 : slab + (at - 32) * 8;
			uint64_t was = image_u64(&heap.image, address);

			image_set_u64(&heap.image, address, lies[i]);
			solve(&heap);
			image_set_u64(&heap.image, address, was);
			free(heap.solution);
			dill_error_free(heap.error);
			heap.solution = NULL;
			heap.error = NULL;
		}
	teardown(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpu_slabs),	 cmocka_unit_test(test_sheaves),
		cmocka_unit_test(test_corrupt_freelist), cmocka_unit_test(test_foreign_slab),
		cmocka_unit_test(test_zeroed_cache),	 cmocka_unit_test(test_no_slabs),
		cmocka_unit_test(test_no_word_deceives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
