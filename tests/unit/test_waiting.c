/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "heap_fixture.h"
#include "slub/survey.h"
#include "slub/waiting.h"

#define CAPACITY      4
#define KRC	      UINT64_C(0x1f00)
#define DEFERRED      UINT64_C(0x1f40)
#define RCU_DATA      UINT64_C(0x1f80)
#define FREES_A_SHEAF UINT64_C(0xffffffff81234560)

/* Live objects of one cache, which the tests put on lists of CPU 0. */
struct fixture {
	HEAP_FIXTURE;
	struct survey survey;
	dill_virt cache, objects[8];
};

static struct member at(uint32_t offset, uint32_t size)
{
	return (struct member){.present = true, .offset = offset, .size = size};
}

static void add_layout(struct image *image)
{
	struct layout *l = &image->heap.layout;

	l->krc_head = at(0, 8);
	l->krc_bulk = at(8, 8);
	l->bulk_count = at(0, 8);
	l->bulk_next = at(8, 8);
	l->bulk_records = at(16, 0);
	l->rcu_cblist = at(0, 8);
	l->rcu_next = at(0, 8);
	l->rcu_func = at(8, 8);
	l->sheaf_rcu = at(8, 16);
	image->symbols[0].name = "krc";
	image->symbols[0].address = KRC;
	image->symbols[1].name = "rcu_data";
	image->symbols[1].address = RCU_DATA;
	image->symbols[2].name = "rcu_free_sheaf";
	image->symbols[2].address = FREES_A_SHEAF;
}

static int set_up(void **state)
{
	struct fixture *f = heap_fixture_new(state, sizeof(*f), 48, 2, 1, FREELIST_XOR_SWAPPED);
	dill_virt slab;

	f->image.heap.checked = true; /* a made-up kernel has no cache of caches */
	add_layout(&f->image);
	f->cache = image_cache(&f->image, "a", 128);
	slab = image_slab(&f->image, f->cache, NULL, 0);
	image_give_sheaves(&f->image, f->cache, CAPACITY);
	for (uint32_t i = 0; i < 8; i++)
		f->objects[i] = image_object(&f->image, f->cache, slab, i);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	survey_deinit(&f->survey);
	return heap_fixture_free(state);
}

static dill_virt variable(struct fixture *f, dill_virt pointer)
{
	return kernel_percpu_address(f->image.heap.kernel, pointer, 0);
}

static void set(struct fixture *f, dill_virt address, uint64_t value)
{
	image_set_u64(&f->image, address, value);
}

static void look(struct fixture *f)
{
	assert_null(survey_init(&f->image.heap, f->arena, &f->findings, &f->survey));
}

/* One finding that says so; each object was met a few times at most. */
static void assert_circle(struct fixture *f, size_t objects)
{
	const struct waiting *waiting = &f->survey.waiting;

	assert_int_equal(f->findings.count, 1);
	assert_int_equal(f->findings.first->kind, FINDING_WAITING);
	assert_non_null(strstr(f->findings.first->text, "has no end"));
	assert_true(waiting->incomplete);
	assert_in_range(waiting->count, objects, 4 * objects + 4);
}

static void test_chain(void **state)
{
	struct fixture *f = *state;

	set(f, variable(f, KRC), f->objects[0]);
	set(f, f->objects[0], f->objects[3] + 16);
	look(f);
	assert_int_equal(f->findings.count, 0);
	assert_int_equal(f->survey.waiting.count, 2);
	assert_int_equal(f->survey.waiting.items[1].object, f->objects[3]);
	assert_int_equal(f->survey.waiting.items[1].kind, PLACE_KFREE_RCU);
}

/* What lies where the lock would be is no lock, and it is one. */
static void test_lock(void **state)
{
	struct fixture *f = *state;
	struct member word = {.present = true, .offset = 24, .size = 4};

	set(f, variable(f, KRC) + word.offset, 1);
	f->image.heap.layout.krc_lock = (struct lock){.form = LOCK_EMPTY};
	look(f);
	assert_null(f->survey.waiting.moving);
	survey_deinit(&f->survey);
	f->image.heap.layout.krc_lock = (struct lock){word, LOCK_WORD};
	look(f);
	assert_string_equal(f->survey.waiting.moving, "a CPU's kfree_rcu() list is locked");
}

/* Circles of every length, entered from outside. */
static void test_chain_in_a_circle(void **state)
{
	struct fixture *f = *state;

	set(f, variable(f, KRC), f->objects[0]);
	for (int i = 0; i < 7; i++)
		set(f, f->objects[i], f->objects[i + 1]);
	for (int back = 0; back < 8; back++) {
		set(f, f->objects[7], f->objects[back]);
		f->findings = (struct findings){.arena = f->arena};
		look(f);
		assert_circle(f, 8);
	}
}

/* One list on every CPU of a forged kernel: what is followed is counted over all of them. */
static void test_chain_of_all_cpus(void **state)
{
	struct fixture *f = *state;
	struct kernel *kernel = f->image.heap.kernel;
	struct waiting waiting;

	look(f);
	for (unsigned cpu = 0; cpu < 2; cpu++)
		set(f, kernel_percpu_address(kernel, KRC, cpu), f->objects[0]);
	for (int i = 0; i < 7; i++)
		set(f, f->objects[i], f->objects[i + 1]);
	assert_null(waiting_read_some(&f->image.heap, &f->survey.all, f->arena, &f->findings, 16,
				      &waiting));
	assert_int_equal(waiting.count, 16);
	assert_int_equal(f->findings.count, 0);
	assert_null(waiting_read_some(&f->image.heap, &f->survey.all, f->arena, &f->findings, 5,
				      &waiting));
	assert_int_equal(waiting.count, 5);
	assert_true(waiting.incomplete);
	assert_int_equal(f->findings.count, 1); /* not one for each CPU */
	assert_non_null(strstr(f->findings.first->text, "more objects wait than are followed"));
}

/* How often a look at @count deferred sheaves asks whether the user wants to stop. */
static unsigned asked_with_deferred(struct fixture *f, size_t count)
{
	struct layout *l = &f->image.heap.layout;
	dill_virt next = 0;
	unsigned before;

	l->defer_objects = at(0, 8);
	l->defer_sheaves = at(8, 8);
	l->sheaf_llnode = at(8, 8);
	image_symbol(&f->image, "defer_free_objects", DEFERRED);
	while (count--) {
		dill_virt sheaf = image_set_sheaf(&f->image, f->cache, 1, IMAGE_SPARE, NULL, 0);

		set(f, sheaf + 8, next);
		next = sheaf + 8;
	}
	image_set_sheaf(&f->image, f->cache, 1, IMAGE_SPARE, NULL, 0);
	set(f, variable(f, DEFERRED) + 8, next);
	before = f->image.asked;
	look(f);
	assert_int_equal(f->findings.count, 0);
	return f->image.asked - before;
}

static void test_deferred_sheaves_can_be_interrupted(void **state)
{
	struct fixture *f = *state;
	unsigned one = asked_with_deferred(f, 1);

	assert_int_equal(asked_with_deferred(f, 4), one + 3);
}

static void test_blocks_in_a_circle(void **state)
{
	struct fixture *f = *state;

	set(f, variable(f, KRC) + 8, f->objects[0]);
	set(f, f->objects[0], 2); /* records */
	set(f, f->objects[0] + 8, f->objects[0]);
	set(f, f->objects[0] + 16, f->objects[1]);
	set(f, f->objects[0] + 24, f->objects[2]);
	look(f);
	assert_circle(f, 2);
}

static void test_callbacks_in_a_circle(void **state)
{
	struct fixture *f = *state;
	dill_virt sheaf =
		image_set_sheaf(&f->image, f->cache, 1, IMAGE_SPARE, f->objects, CAPACITY);

	image_set_sheaf(&f->image, f->cache, 1, IMAGE_SPARE, NULL, 0);
	set(f, variable(f, RCU_DATA), sheaf + 8);
	set(f, sheaf + 8, sheaf + 8);
	set(f, sheaf + 16, FREES_A_SHEAF);
	look(f);
	assert_circle(f, CAPACITY);
}

/* --- kfree_rcu() without batches --- */

#define FREES_ONE  UINT64_C(0xffffffff81234800)
#define OTHER_CALL UINT64_C(0xffffffff81234900)

/* A list of callbacks, each with its head at a distance in objects 0, 3, 5 and 6; a function of 0
 * stands for the distance itself, as in TINY_RCU. */
static void make_callbacks(struct fixture *f, dill_virt pointer, const uint64_t functions[static 4])
{
	static const uint32_t indices[] = {0, 3, 5, 6}, distances[] = {24, 0, 112, 8};
	dill_virt at = pointer;

	for (size_t i = 0; i < 4; i++) {
		dill_virt head = f->objects[indices[i]] + distances[i];

		set(f, at, head);
		set(f, head + 8, functions[i] ? functions[i] : distances[i]);
		at = head;
	}
	set(f, at, 0);
}

static void assert_waiting(struct fixture *f, size_t count)
{
	static const uint32_t indices[] = {0, 3, 6}, positions[] = {0, 1, 3};

	assert_int_equal(f->findings.count, 0);
	assert_false(f->survey.waiting.incomplete);
	assert_int_equal(f->survey.waiting.count, count);
	for (size_t i = 0; i < count; i++) {
		const struct waiting_object *item = &f->survey.waiting.items[i];

		assert_int_equal(item->object, f->objects[indices[i]]);
		assert_int_equal(item->kind, PLACE_KFREE_CALLBACK);
		assert_int_equal(item->cpu, 0);
		assert_int_equal(item->position, positions[i]);
	}
}

static dill_virt add_tiny(struct fixture *f)
{
	dill_virt control = image_bytes(&f->image, 32);

	f->image.symbols[0].name = "rcu_ctrlblk"; /* instead of krc */
	f->image.symbols[0].address = control;
	f->image.heap.layout.rcu_tiny = at(8, 8);
	return control + 8;
}

static void test_tiny_distances(void **state)
{
	struct fixture *f = *state;

	make_callbacks(f, add_tiny(f), (const uint64_t[]){0, 0, OTHER_CALL, 0});
	look(f);
	assert_waiting(f, 3);
}

/* Where there is a function for it, a small number is no distance. */
static void test_tiny_function(void **state)
{
	struct fixture *f = *state;
	dill_virt list = add_tiny(f);

	image_symbol(&f->image, "kvfree_rcu_cb", FREES_ONE);
	make_callbacks(f, list, (const uint64_t[]){FREES_ONE, FREES_ONE, 0, FREES_ONE});
	look(f);
	assert_waiting(f, 3);
}

static void test_tiny_in_a_circle(void **state)
{
	struct fixture *f = *state;

	make_callbacks(f, add_tiny(f), (const uint64_t[]){0, 0, 0, 0});
	set(f, f->objects[6] + 8, f->objects[0] + 24);
	look(f);
	assert_circle(f, 4);
}

/* Forged distances lead nowhere in particular: they are no objects, and no error. */
static void test_tiny_forged_distance(void **state)
{
	struct fixture *f = *state;

	make_callbacks(f, add_tiny(f), (const uint64_t[]){0, 0, 4095, 0});
	look(f);
	assert_in_range(f->survey.waiting.count, 3, 4);
	assert_int_equal(f->survey.waiting.items[1].object, f->objects[3]);
}

static void test_tiny_of_unknown_type(void **state)
{
	struct fixture *f = *state;

	add_tiny(f);
	f->image.heap.layout.rcu_tiny.present = false;
	look(f);
	assert_true(f->survey.waiting.incomplete);
	assert_non_null(strstr(f->survey.waiting.why, "rcu_ctrlblk"));
}

/* Neither sheaves nor batches, as with SLUB_TINY: the callbacks of each CPU are read for these. */
static void test_callbacks_of_cpus(void **state)
{
	struct fixture *f = *state;

	f->image.symbols[0].name = "kvfree_rcu_cb";
	f->image.symbols[0].address = FREES_ONE;
	f->image.heap.layout.cache_cpu_sheaves.present = false;
	make_callbacks(f, variable(f, RCU_DATA),
		       (const uint64_t[]){FREES_ONE, FREES_ONE, OTHER_CALL, FREES_ONE});
	look(f);
	assert_waiting(f, 3);
}

/*
 * A sheaf that no list leads to is looked for in the caches that sheaves come from. One of those
 * may be forged to have objects that are shorter than a sheaf without objects.
 */
static void test_sheaf_in_a_short_object(void **state)
{
	struct fixture *f = *state;
	const struct layout *l = &f->image.heap.layout;
	dill_virt pcs =
		kernel_percpu_address(f->image.heap.kernel, image_u64(&f->image, f->cache), 0);
	uint32_t object_size = (uint32_t)l->sheaf_objects.offset - 2, size = 4000;
	dill_virt sheaf = f->objects[0] + 31 * 128; /* the slab's last object */

	/* The CPU's spare sheaf makes this cache one of those. */
	set(f, pcs + l->pcs_spare.offset, f->objects[0]);
	set(f, f->objects[0] + l->sheaf_cache.offset, f->cache);
	set(f, sheaf + l->sheaf_cache.offset, f->cache);
	memcpy(image_at(&f->image, sheaf + l->sheaf_size.offset, 4), &size, 4);
	for (uint32_t entry = l->sheaf_objects.offset; entry < 128; entry += 8)
		set(f, sheaf + entry, f->objects[1]);
	memcpy(image_at(&f->image, f->cache + l->cache_object_size.offset, 4), &object_size, 4);
	look(f);
	assert_null(survey_scan(&f->survey, &f->survey.all));
	assert_int_equal(f->survey.waiting.count, 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_chain),
		TEST(test_lock),
		TEST(test_chain_in_a_circle),
		TEST(test_chain_of_all_cpus),
		TEST(test_deferred_sheaves_can_be_interrupted),
		TEST(test_blocks_in_a_circle),
		TEST(test_callbacks_in_a_circle),
		TEST(test_tiny_distances),
		TEST(test_tiny_function),
		TEST(test_tiny_in_a_circle),
		TEST(test_tiny_forged_distance),
		TEST(test_tiny_of_unknown_type),
		TEST(test_callbacks_of_cpus),
		TEST(test_sheaf_in_a_short_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
