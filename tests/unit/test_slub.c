/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "heap_fixture.h"
#include "slub/again.h"
#include "slub/encoding.h"
#include "slub/free_pointer.h"
#include "slub/survey.h"

/* One healthy heap, made anew for every test: two CPUs, two nodes, caches a (64 bytes) and b (96
 * bytes). */
struct fixture {
	HEAP_FIXTURE;
	struct cache_list caches;
	struct contents *contents;
	dill_virt a, b;
	dill_virt partial[3]; /* slabs of a: two on node 0, one on node 1 */
	dill_virt cpu_slab, cpu_partial[2];
};

static const uint32_t order[] = {5, 63, 0, 17, 18};

static int make(void **state, enum freelist_encoding encoding)
{
	struct fixture *f = heap_fixture_new(state, sizeof(*f), 64, 2, 2, encoding);

	f->a = image_cache(&f->image, "a", 64);
	f->b = image_cache(&f->image, "b", 96);
	for (int i = 0; i < 3; i++) {
		f->partial[i] = image_slab(&f->image, f->a, order, 2 + (size_t)i);
		image_add_partial(&f->image, f->a, i / 2, f->partial[i]);
	}
	f->cpu_slab = image_slab(&f->image, f->a, NULL, 0);
	image_set_cpu_slab(&f->image, f->a, 1, f->cpu_slab, order, 5);
	for (int i = 0; i < 2; i++) {
		f->cpu_partial[i] = image_slab(&f->image, f->a, order, 1 + (size_t)i);
		image_add_cpu_partial(&f->image, f->a, 1, f->cpu_partial[i]);
	}
	return 0;
}

static int setup(void **state)
{
	return make(state, FREELIST_XOR_SWAPPED);
}

static int setup_xor(void **state)
{
	return make(state, FREELIST_XOR);
}

static int setup_plain(void **state)
{
	return make(state, FREELIST_PLAIN);
}

/* Read the whole heap, without knowing the encoding unless it is plain. */
static void look(struct fixture *f)
{
	struct heap heap = f->image.heap;
	const struct reading reading =
		reading_start(&heap, CONTENTS_FREELISTS, f->arena, &f->findings);

	if (heap.encoding != FREELIST_PLAIN)
		heap.encoding = FREELIST_UNDECIDED;
	assert_null(caches_read(&heap, f->arena, &f->findings, &f->caches));
	assert_null(encoding_learn(&heap, &f->caches));
	assert_int_equal(heap.encoding, f->image.heap.encoding);
	f->contents = arena_alloc_array(f->arena, f->caches.count + 1, sizeof(*f->contents));
	assert_null(contents_read(&reading, f->caches.items, f->caches.count, f->contents));
}

/* Exactly one finding, of this kind, at this address. */
static void expect_finding(struct fixture *f, enum finding_kind kind, dill_virt address)
{
	assert_int_equal(f->findings.count, 1);
	assert_string_equal(finding_kind_name(f->findings.first->kind), finding_kind_name(kind));
	assert_int_equal(f->findings.first->address, address);
}

/* The word that memory has there. */
static void expect_stored(struct fixture *f, uint64_t stored)
{
	assert_true(f->findings.first->has_stored);
	assert_int_equal(f->findings.first->stored, stored);
}

static void expect_objects(struct fixture *f, dill_virt slab, const struct freelist *list,
			   size_t count)
{
	assert_int_equal(list->count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(list->objects[i], image_object(&f->image, f->a, slab, order[i]));
}

static void test_healthy(void **state)
{
	struct fixture *f = *state;

	look(f);
	assert_int_equal(f->findings.count, 0);
	assert_int_equal(f->caches.count, 2);
	assert_string_equal(f->caches.items[0].name, "a");
	assert_string_equal(f->caches.items[1].name, "b");
	assert_int_equal(f->caches.items[1].objects_per_slab, 42);

	const struct contents *a = &f->contents[0];

	assert_int_equal(a->slabs, 6);
	assert_int_equal(a->objects, 6 * 64);
	assert_int_equal(a->active, 6 * 64 - 2 - 3 - 4);
	assert_int_equal(a->partial_slabs, 3);
	assert_int_equal(a->cpu_slabs, 3);
	for (size_t i = 0; i < 3; i++)
		expect_objects(f, f->partial[i], &a->nodes[i / 2].partial.items[i % 2].freelist,
			       2 + i);
	assert_false(a->cpus[0].has_slab);
	assert_true(a->cpus[1].has_slab);
	expect_objects(f, f->cpu_slab, &a->cpus[1].lockless, 5);
	assert_int_equal(a->cpus[1].remote.count, 0);
	/* The slab that was put there last comes first. */
	expect_objects(f, f->cpu_partial[1], &a->cpus[1].partial.items[0].freelist, 2);
	expect_objects(f, f->cpu_partial[0], &a->cpus[1].partial.items[1].freelist, 1);
	assert_int_equal(f->contents[1].objects, 0);
}

/* A pointer that would have fitted is no one value: none is given. */
static void expect_seen_only(const struct fixture *f, uint64_t seen)
{
	assert_false(f->findings.first->has_expected);
	assert_true(f->findings.first->has_seen);
	assert_int_equal(f->findings.first->seen, seen);
}

static void test_freelist_cycle(void **state)
{
	struct fixture *f = *state;
	dill_virt last = image_object(&f->image, f->a, f->cpu_slab, order[4]);

	image_link(&f->image, f->a, last, image_object(&f->image, f->a, f->cpu_slab, order[1]));
	look(f);
	expect_finding(f, FINDING_FREELIST_CYCLE, image_slot(&f->image, f->a, last));
	expect_seen_only(f, image_object(&f->image, f->a, f->cpu_slab, order[1]));
	assert_true(f->contents[0].cpus[1].lockless.broken);
	expect_objects(f, f->cpu_slab, &f->contents[0].cpus[1].lockless, 5);
	assert_int_equal(f->contents[0].nodes[0].partial.items[1].freelist.count, 3);
}

/* On a system that runs, a list that fits together when it is read again was only torn. */
static void test_torn_list_is_read_again(void **state)
{
	struct fixture *f = *state;
	dill_virt last = image_object(&f->image, f->a, f->cpu_slab, order[4]);
	dill_virt slot = image_slot(&f->image, f->a, last);
	uint64_t whole = image_u64(&f->image, slot);

	image_link(&f->image, f->a, last, image_object(&f->image, f->a, f->cpu_slab, order[1]));
	f->image.motion = (struct image_motion){true, 0, 2, slot, whole};
	f->findings.moving = "it runs";
	look(f);
	assert_int_equal(f->findings.count, 0);
	assert_int_equal(f->findings.remarks.count, 0);
	assert_int_equal(f->image.motion.invalidated, 2);
	expect_objects(f, f->cpu_slab, &f->contents[0].cpus[1].lockless, 5);
}

/* One that never does is told all the same, as a remark; on a target at rest nothing is read twice.
 */
static void test_list_that_stays_torn(void **state)
{
	struct fixture *f = *state;
	dill_virt last = image_object(&f->image, f->a, f->cpu_slab, order[4]);

	image_link(&f->image, f->a, last, image_object(&f->image, f->a, f->cpu_slab, order[1]));
	f->image.motion.moves = true;
	f->findings.moving = "it runs";
	look(f);
	assert_int_equal(f->findings.count, 0);
	assert_int_equal(f->findings.remarks.count, 1);
	assert_string_equal(f->findings.remarks.first->place.moving, "it runs");
	assert_int_equal(f->image.motion.invalidated, AGAIN_MAX - 1);
	f->image.motion = (struct image_motion){0};
	f->findings = (struct findings){.arena = f->arena};
	look(f);
	assert_int_equal(f->findings.count, 1);
	assert_int_equal(f->image.motion.invalidated, 0);
	assert_false(f->image.heap.is_read_again);
}

/* A map of a cache reads its contents, too: four times in all, not four times four. */
static void test_map_is_read_four_times(void **state)
{
	struct fixture *f = *state;
	dill_virt last = image_object(&f->image, f->a, f->cpu_slab, order[4]);
	struct survey survey = {.heap = &f->image.heap, .arena = f->arena};
	struct contents contents;
	struct cache_map map;

	survey.findings = &f->findings;
	assert_null(caches_read(survey.heap, f->arena, &f->findings, &survey.all));
	image_link(&f->image, f->a, last, image_object(&f->image, f->a, f->cpu_slab, order[1]));
	f->image.motion.moves = true;
	f->findings.moving = "it runs";
	assert_null(survey_map(&survey, &survey.all.items[0], f->arena, &contents, &map));
	assert_int_equal(f->findings.count, 0);
	assert_in_range(f->findings.remarks.count, 1, 2);
	assert_int_equal(f->image.motion.invalidated, AGAIN_MAX - 1);
}

static void test_freelist_leaves_slab(void **state)
{
	struct fixture *f = *state;
	dill_virt object = image_object(&f->image, f->a, f->partial[1], order[1]);

	image_link(&f->image, f->a, object, image_object(&f->image, f->a, f->partial[0], 3));
	look(f);
	expect_finding(f, FINDING_FREELIST_OUTSIDE, image_slot(&f->image, f->a, object));
	expect_seen_only(f, image_object(&f->image, f->a, f->partial[0], 3));
	expect_objects(f, f->partial[1], &f->contents[0].nodes[0].partial.items[1].freelist, 2);
	expect_objects(f, f->partial[2], &f->contents[0].nodes[1].partial.items[0].freelist, 4);
}

static void test_freelist_misaligned(void **state)
{
	struct fixture *f = *state;
	dill_virt object = image_object(&f->image, f->a, f->partial[2], order[0]);

	image_link(&f->image, f->a, object,
		   image_object(&f->image, f->a, f->partial[2], order[1]) + 8);
	look(f);
	expect_finding(f, FINDING_FREELIST_MISALIGNED, image_slot(&f->image, f->a, object));
	expect_seen_only(f, image_object(&f->image, f->a, f->partial[2], order[1]) + 8);
}

static void test_freelist_overwritten_with_text(void **state)
{
	struct fixture *f = *state;
	dill_virt object = image_object(&f->image, f->a, f->partial[2], order[2]);

	image_set_u64(&f->image, image_slot(&f->image, f->a, object), UINT64_C(0x4141414141414141));
	look(f);
	expect_finding(f, FINDING_FREELIST_OUTSIDE, image_slot(&f->image, f->a, object));
}

static void test_freelist_shorter_than_counters(void **state)
{
	struct fixture *f = *state;

	image_link(&f->image, f->a, image_object(&f->image, f->a, f->partial[2], order[1]), 0);
	look(f);
	expect_finding(f, FINDING_FREELIST_COUNT,
		       f->partial[2] + f->image.heap.layout.slab_inuse.offset);
	assert_int_equal(f->findings.first->expected, 4);
	assert_int_equal(f->findings.first->seen, 2);
}

static void test_cpu_freelist_longer_than_taken(void **state)
{
	struct fixture *f = *state;
	uint16_t inuse = 3;

	memcpy(image_at(&f->image, f->cpu_slab + f->image.heap.layout.slab_inuse.offset, 2), &inuse,
	       2);
	look(f);
	/* Both readings of the counter are wrong then: 61 free on the slab, and 5 taken of 3. */
	assert_int_equal(f->findings.count, 2);
	assert_int_equal(f->findings.first->kind, FINDING_FREELIST_COUNT);
	assert_int_equal(f->findings.last->kind, FINDING_FREELIST_COUNT);
}

static void test_slab_of_another_cache(void **state)
{
	struct fixture *f = *state;

	image_set_u64(&f->image, f->partial[0] + f->image.heap.layout.slab_cache.offset, f->b);
	look(f);
	expect_finding(f, FINDING_SLAB_CACHE,
		       f->partial[0] + f->image.heap.layout.slab_cache.offset);
	assert_int_equal(f->findings.first->expected, f->a);
	assert_int_equal(f->findings.first->seen, f->b);
	assert_int_equal(f->contents[0].nodes[0].partial.count, 2);
	assert_false(f->contents[0].nodes[0].partial.items[0].slab.usable);
	expect_objects(f, f->partial[1], &f->contents[0].nodes[0].partial.items[1].freelist, 3);
}

static void test_page_without_mark(void **state)
{
	struct fixture *f = *state;

	memset(image_at(&f->image, f->partial[0] + f->image.heap.layout.page_type.offset, 4), 0xff,
	       4);
	look(f);
	expect_finding(f, FINDING_SLAB_MARK, f->partial[0] + f->image.heap.layout.page_type.offset);
}

static void test_impossible_counters(void **state)
{
	struct fixture *f = *state;

	memset(image_at(&f->image, f->partial[0] + f->image.heap.layout.slab_objects.offset, 2),
	       0x7f, 2);
	look(f);
	expect_finding(f, FINDING_SLAB_COUNTERS,
		       f->partial[0] + f->image.heap.layout.slab_objects.offset);
}

static void test_node_list_broken_in_the_middle(void **state)
{
	struct fixture *f = *state;
	dill_virt link = f->partial[0] + f->image.heap.layout.slab_list.offset;

	image_set_u64(&f->image, link, UINT64_C(0x4242424242424242));
	look(f);
	assert_int_equal(f->findings.count, 1);
	expect_finding(f, FINDING_LIST_BROKEN, link);
	assert_int_equal(f->findings.first->expected,
			 f->partial[1] + f->image.heap.layout.slab_list.offset);
	expect_stored(f, UINT64_C(0x4242424242424242));
	/* The slab behind the break is found from the other end. */
	assert_true(f->contents[0].nodes[0].partial.broken);
	assert_int_equal(f->contents[0].nodes[0].partial.count, 2);
	assert_int_equal(f->contents[0].nodes[0].partial.items[1].slab.address, f->partial[1]);
}

static void test_node_list_cycle(void **state)
{
	struct fixture *f = *state;
	dill_virt first = f->partial[0] + f->image.heap.layout.slab_list.offset;
	dill_virt second = f->partial[1] + f->image.heap.layout.slab_list.offset;

	image_set_u64(&f->image, second, first);
	look(f);
	expect_finding(f, FINDING_LIST_CYCLE, second);
	assert_int_equal(f->findings.first->expected,
			 image_node(&f->image, f->a, 0) + f->image.heap.layout.node_partial.offset);
	expect_stored(f, first);
	assert_int_equal(f->contents[0].nodes[0].partial.count, 2);
}

static void test_nr_partial_disagrees(void **state)
{
	struct fixture *f = *state;
	dill_virt counter =
		image_node(&f->image, f->a, 0) + f->image.heap.layout.node_nr_partial.offset;

	image_set_u64(&f->image, counter, 7);
	look(f);
	expect_finding(f, FINDING_LIST_COUNT, counter);
	assert_int_equal(f->findings.first->expected, 2);
	assert_int_equal(f->findings.first->seen, 7);
}

static void test_nr_partial_under_lock_is_no_finding(void **state)
{
	struct fixture *f = *state;
	dill_virt node = image_node(&f->image, f->a, 0);

	image_set_u64(&f->image, node + f->image.heap.layout.node_nr_partial.offset, 1);
	image_set_u64(&f->image, node, 1);
	look(f);
	assert_int_equal(f->findings.count, 0);
	assert_true(f->contents[0].nodes[0].moving);
}

static void test_cpu_partial_cycle(void **state)
{
	struct fixture *f = *state;

	image_set_u64(&f->image, f->cpu_partial[0] + f->image.heap.layout.slab_next.offset,
		      f->cpu_partial[1]);
	look(f);
	expect_finding(f, FINDING_LIST_CYCLE,
		       f->cpu_partial[0] + f->image.heap.layout.slab_next.offset);
	expect_stored(f, f->cpu_partial[1]);
	assert_int_equal(f->contents[0].cpus[1].partial.count, 2);
	assert_true(f->contents[0].cpus[1].partial.broken);
}

static void test_cpu_slab_pointer_wild(void **state)
{
	struct fixture *f = *state;

	dill_virt slot = image_cpu(&f->image, f->a, 1) + f->image.heap.layout.cpu_slab.offset;

	image_set_u64(&f->image, slot, IMAGE_VMEMMAP + 24);
	look(f);
	expect_finding(f, FINDING_POINTER, slot);
	expect_stored(f, IMAGE_VMEMMAP + 24);
	/* The CPU's freelist tells what it should be. */
	assert_int_equal(f->findings.first->expected, f->cpu_slab);
}

/* The head of a CPU's freelist is a word of its struct kmem_cache_cpu. */
static void test_cpu_freelist_head(void **state)
{
	struct fixture *f = *state;
	dill_virt slot = image_cpu(&f->image, f->a, 1) + f->image.heap.layout.cpu_freelist.offset;

	image_set_u64(&f->image, slot, UINT64_C(0x4141414141414141));
	look(f);
	expect_finding(f, FINDING_FREELIST_OUTSIDE, slot);
	expect_stored(f, UINT64_C(0x4141414141414141));
	expect_seen_only(f, UINT64_C(0x4141414141414141));
	assert_int_equal(f->findings.first->object, 0);
}

static void test_cpu_partial_head(void **state)
{
	struct fixture *f = *state;
	dill_virt slot = image_cpu(&f->image, f->a, 1) + f->image.heap.layout.cpu_partial.offset;

	image_set_u64(&f->image, slot, f->b);
	look(f);
	expect_finding(f, FINDING_POINTER, slot);
	expect_stored(f, f->b);
}

static void test_cpu_slab_pointer_gone(void **state)
{
	struct fixture *f = *state;
	dill_virt slot = image_cpu(&f->image, f->a, 1) + f->image.heap.layout.cpu_slab.offset;

	image_set_u64(&f->image, slot, 0);
	look(f);
	expect_finding(f, FINDING_POINTER, slot);
	assert_int_equal(f->findings.first->expected, f->cpu_slab);
}

/* A slab of this cache, but another than that of the CPU's freelist. */
static void test_cpu_slab_pointer_to_a_sibling(void **state)
{
	struct fixture *f = *state;
	dill_virt slot = image_cpu(&f->image, f->a, 1) + f->image.heap.layout.cpu_slab.offset;

	image_set_u64(&f->image, slot, f->partial[0]);
	look(f);
	expect_finding(f, FINDING_POINTER, slot);
	assert_int_equal(f->findings.first->expected, f->cpu_slab);
}

static void test_head_of_a_node_list(void **state)
{
	struct fixture *f = *state;
	dill_virt head = image_node(&f->image, f->a, 0) + f->image.heap.layout.node_partial.offset;
	dill_virt first = f->partial[0] + f->image.heap.layout.slab_list.offset;

	image_set_u64(&f->image, head, first ^ 0x100); /* one bit */
	look(f);
	expect_finding(f, FINDING_LIST_BROKEN, head);
	expect_stored(f, first ^ 0x100);
	assert_int_equal(f->findings.first->expected, first);
	assert_int_equal(f->findings.first->flipped_bits, 1);
	assert_int_equal(f->contents[0].nodes[0].partial.count, 2);
}

static void test_back_link_of_a_head(void **state)
{
	struct fixture *f = *state;
	dill_virt head = image_node(&f->image, f->a, 0) + f->image.heap.layout.node_partial.offset;

	image_set_u64(&f->image, head + 8, 0x10);
	look(f);
	expect_finding(f, FINDING_LIST_BROKEN, head + 8);
	assert_int_equal(f->findings.first->expected,
			 f->partial[1] + f->image.heap.layout.slab_list.offset);
	assert_int_equal(f->contents[0].nodes[0].partial.count, 2);
}

/* What runs over a node of the list takes both its links; it is found all the same. */
static void test_both_links_of_a_node(void **state)
{
	struct fixture *f = *state;
	dill_virt node = f->partial[0] + f->image.heap.layout.slab_list.offset;

	image_set_u64(&f->image, node, UINT64_C(0x4141414141414141));
	image_set_u64(&f->image, node + 8, UINT64_C(0x4141414141414141));
	look(f);
	assert_int_equal(f->findings.count, 2);
	assert_int_equal(f->findings.first->address, node + 8);
	assert_int_equal(f->findings.last->address, node);
	assert_int_equal(f->contents[0].nodes[0].partial.count, 2);
	assert_int_equal(f->contents[0].nodes[0].partial.items[0].slab.address, f->partial[0]);
}

/* Decoding moves bits about: one that flips in memory is one in the pointer. */
static void test_flipped_bit_of_a_free_pointer(void **state)
{
	struct fixture *f = *state;
	dill_virt object = image_object(&f->image, f->a, f->partial[1], order[1]);
	dill_virt slot = image_slot(&f->image, f->a, object);
	uint64_t stored = image_u64(&f->image, slot) ^ UINT64_C(1) << 41;

	image_set_u64(&f->image, slot, stored);
	look(f);
	expect_finding(f, FINDING_FREELIST_OUTSIDE, slot);
	expect_stored(f, stored);
	assert_int_equal(f->findings.first->flipped_bits, 1);
	assert_int_equal(f->findings.first->nearest,
			 image_object(&f->image, f->a, f->partial[1], order[2]));
}

static void test_cache_with_impossible_sizes(void **state)
{
	struct fixture *f = *state;

	memset(image_at(&f->image, f->b + f->image.heap.layout.cache_size.offset, 4), 0, 4);
	look(f);
	expect_finding(f, FINDING_CACHE, f->b + f->image.heap.layout.cache_size.offset);
	assert_false(f->caches.items[1].usable);
	assert_int_equal(f->contents[0].nodes[0].partial.count, 2);
}

static void test_cache_list_broken(void **state)
{
	struct fixture *f = *state;

	image_set_u64(&f->image, f->a + f->image.heap.layout.cache_list.offset, 0);
	look(f);
	assert_int_equal(f->findings.count, 1);
	assert_int_equal(f->caches.count, 2);
	assert_string_equal(f->caches.items[1].name, "b");
}

static void test_name_is_escaped(void **state)
{
	struct fixture *f = *state;
	dill_virt name = image_u64(&f->image, f->b + f->image.heap.layout.cache_name.offset);

	memcpy(image_at(&f->image, name, 5), "\033[2J", 5);
	look(f);
	assert_string_equal(f->caches.items[1].name, "\\x1b[2J");
}

static void test_decode_is_its_own_inverse(void **state)
{
	(void)state;
	for (uint64_t i = 1; i < 1000; i++) {
		uint64_t random = i * UINT64_C(0x2545f4914f6cdd1d), slot = IMAGE_BASE + i * 8;
		uint64_t pointer = IMAGE_BASE + i * 64;

		for (int e = FREELIST_PLAIN; e <= FREELIST_XOR_SWAPPED; e++)
			assert_int_equal(freelist_decode(e, random,
							 freelist_decode(e, random, pointer, slot),
							 slot),
					 pointer);
	}
	/* One value worked out by hand from mm/slub.c of 6.1. */
	assert_int_equal(freelist_decode(FREELIST_XOR_SWAPPED, 0, 0, UINT64_C(0x0102030405060708)),
			 UINT64_C(0x0807060504030201));
}

#define HEAP_TEST(function) cmocka_unit_test_setup_teardown(function, setup, heap_fixture_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HEAP_TEST(test_healthy),
		cmocka_unit_test_setup_teardown(test_healthy, setup_xor, heap_fixture_free),
		cmocka_unit_test_setup_teardown(test_healthy, setup_plain, heap_fixture_free),
		HEAP_TEST(test_freelist_cycle),
		cmocka_unit_test_setup_teardown(test_freelist_cycle, setup_plain,
						heap_fixture_free),
		HEAP_TEST(test_torn_list_is_read_again),
		HEAP_TEST(test_list_that_stays_torn),
		HEAP_TEST(test_map_is_read_four_times),
		HEAP_TEST(test_freelist_leaves_slab),
		HEAP_TEST(test_freelist_misaligned),
		HEAP_TEST(test_freelist_overwritten_with_text),
		cmocka_unit_test_setup_teardown(test_freelist_overwritten_with_text, setup_plain,
						heap_fixture_free),
		HEAP_TEST(test_freelist_shorter_than_counters),
		HEAP_TEST(test_cpu_freelist_longer_than_taken),
		HEAP_TEST(test_slab_of_another_cache),
		HEAP_TEST(test_page_without_mark),
		HEAP_TEST(test_impossible_counters),
		HEAP_TEST(test_node_list_broken_in_the_middle),
		HEAP_TEST(test_node_list_cycle),
		HEAP_TEST(test_nr_partial_disagrees),
		HEAP_TEST(test_nr_partial_under_lock_is_no_finding),
		HEAP_TEST(test_cpu_partial_cycle),
		HEAP_TEST(test_cpu_slab_pointer_wild),
		HEAP_TEST(test_cpu_freelist_head),
		HEAP_TEST(test_cpu_partial_head),
		HEAP_TEST(test_cpu_slab_pointer_gone),
		HEAP_TEST(test_cpu_slab_pointer_to_a_sibling),
		HEAP_TEST(test_head_of_a_node_list),
		HEAP_TEST(test_back_link_of_a_head),
		HEAP_TEST(test_both_links_of_a_node),
		HEAP_TEST(test_flipped_bit_of_a_free_pointer),
		HEAP_TEST(test_cache_with_impossible_sizes),
		HEAP_TEST(test_cache_list_broken),
		HEAP_TEST(test_name_is_escaped),
		cmocka_unit_test(test_decode_is_its_own_inverse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
