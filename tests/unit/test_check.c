/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "heap_fixture.h"
#include "slub/check.h"
#include "slub/encoding.h"
#include "slub/waiting.h"

#define RED_ZONE      0x400u
#define POISON	      0x800u
#define KMALLOC	      0x1000u
#define STORE_USER    0x10000u
#define OBJECT_POISON 0x80000000u

/* Slots of the debug cache: 16 bytes of red zone, 40 of content, 8 of red zone, free pointer, two
 * tracks, requested size, 16 of padding. 23 of them leave 48 bytes of the page. */
#define LEFT	  16u
#define CONTENT	  40u
#define INUSE	  48u
#define TRACK	  24u
#define ORIG_SIZE (INUSE + 8u + 2 * TRACK)
#define END	  (ORIG_SIZE + 8u)
#define SLOT	  (LEFT + END + 16u)
#define PER_SLAB  (DILL_PAGE_SIZE / SLOT)

/*
 * One healthy heap, made anew for every test: two CPUs, two nodes. Cache a of 64 bytes has partial
 * slabs on both nodes, a slab and two partial slabs of CPU 1, and a full slab; d is a debug cache
 * with a partial slab.
 */
struct fixture {
	HEAP_FIXTURE;
	struct layout *layout;
	struct cache_list caches;
	struct waiting waiting;
	struct slab_scan scan;
	struct contents contents[2];
	struct cache_map maps[2];
	struct check_counts counts;
	dill_virt a, d;
	dill_virt partial[3]; /* of a: two on node 0, one on node 1 */
	dill_virt cpu_slab, cpu_partial[2], full;
	dill_virt debug; /* of d */
};

static const uint32_t order[] = {5, 20, 0, 17, 18};

static void set_u32(struct fixture *f, dill_virt address, uint32_t value)
{
	memcpy(image_at(&f->image, address, 4), &value, 4);
}

static void fill(struct fixture *f, dill_virt address, size_t length, uint8_t value)
{
	memset(image_at(&f->image, address, length), value, length);
}

/* The bytes of an object as mm/slub.c init_object() and setup_slab_debug() leave them. */
static void write_object(struct fixture *f, uint32_t index, bool live)
{
	dill_virt object = image_object(&f->image, f->d, f->debug, index);
	uint8_t red = live ? 0xcc : 0xbb;

	fill(f, object - LEFT, LEFT, red);
	fill(f, object, CONTENT, live ? 'x' : 0x6b);
	if (!live)
		fill(f, object + CONTENT - 1, 1, 0xa5);
	fill(f, object + CONTENT, INUSE - CONTENT, red);
	fill(f, object + INUSE + 8, 2 * TRACK, 0);
	/* Of 40 bytes 33 were asked for. */
	set_u32(f, object + ORIG_SIZE, 33);
	fill(f, object + ORIG_SIZE + 4, 4, 0x5a);
	if (live)
		fill(f, object + 33, CONTENT - 33, 0xcc);
}

static void make_debug_cache(struct fixture *f)
{
	const struct layout *l = f->layout;

	f->d = image_cache(&f->image, "d", SLOT);
	set_u32(f, f->d + l->cache_flags.offset,
		RED_ZONE | POISON | OBJECT_POISON | STORE_USER | KMALLOC);
	set_u32(f, f->d + l->cache_object_size.offset, CONTENT);
	set_u32(f, f->d + l->cache_inuse.offset, INUSE);
	set_u32(f, f->d + l->cache_offset.offset, INUSE);
	set_u32(f, f->d + l->cache_red_left_pad.offset, LEFT);
	f->debug = image_slab(&f->image, f->d, NULL, 0);
	/* Everything is padding at first, then free, then live but for the freelist. */
	fill(f, image_object(&f->image, f->d, f->debug, 0) - LEFT, DILL_PAGE_SIZE, 0x5a);
	for (uint32_t i = 0; i < PER_SLAB; i++)
		write_object(f, i, true);
	for (unsigned i = 0; i < 3; i++)
		write_object(f, order[i], false);
	image_set_u64(&f->image, f->debug + l->slab_freelist.offset,
		      image_chain(&f->image, f->d, f->debug, order, 3));
	set_u32(f, f->debug + l->slab_inuse.offset, PER_SLAB << 16 | (PER_SLAB - 3));
	image_add_partial(&f->image, f->d, 0, f->debug);
}

static void add_flags(struct layout *layout)
{
	static const struct cache_flag flags[] = {{RED_ZONE, "RED_ZONE"},
						  {POISON, "POISON"},
						  {KMALLOC, "KMALLOC"},
						  {OBJECT_POISON, "OBJECT_POISON"},
						  {0x80000, "TYPESAFE_BY_RCU"}};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		layout->flags[layout->flag_count++] = flags[i];
}

static int setup(void **state)
{
	struct fixture *f = heap_fixture_new(state, sizeof(*f), 64, 2, 2, FREELIST_XOR_SWAPPED);

	f->layout = &f->image.heap.layout;
	add_flags(f->layout);
	f->layout->track_addr = (struct member){.present = true, .offset = 0, .size = 8};
	f->layout->track_struct_size = TRACK;
	f->image.symbols[0].name = "skip_orig_size_check";
	f->a = image_cache(&f->image, "a", 64);
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
	f->full = image_slab(&f->image, f->a, NULL, 0);
	make_debug_cache(f);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	slab_scan_deinit(&f->scan);
	return heap_fixture_free(state);
}

/* All that kcheck does, but for the tracks. */
static void look(struct fixture *f)
{
	struct heap *heap = &f->image.heap;
	const struct reading reading = heap_fixture_reading(&f->heap_fixture);

	assert_null(caches_read(heap, f->arena, &f->findings, &f->caches));
	assert_null(waiting_read(heap, &f->caches, f->arena, &f->findings, &f->waiting));
	slab_scan_deinit(&f->scan); /* of the look before */
	f->scan = (struct slab_scan){0};
	assert_null(slabs_scan(heap, &f->caches, &f->caches, &f->scan));
	for (size_t i = 0; i < f->caches.count; i++) {
		assert_null(contents_read(&reading, &f->caches.items[i], 1, &f->contents[i]));
		assert_null(cache_map_make(&reading, &f->contents[i], &f->waiting, &f->scan,
					   &f->maps[i]));
		lists_check(heap, &f->contents[i], &f->findings);
		assert_null(
			bytes_check(heap, &f->contents[i], &f->maps[i], &f->findings, &f->counts));
	}
}

static void say(const struct finding *finding)
{
	for (; finding; finding = finding->next)
		print_message("%s at %#lx: %s\n", finding_kind_name(finding->kind),
			      (unsigned long)finding->address, finding->text);
}

/* Exactly one finding, of this kind, at this address. */
static struct finding *expect(struct fixture *f, enum finding_kind kind, dill_virt address)
{
	look(f);
	if (f->findings.count != 1)
		say(f->findings.first);
	assert_int_equal(f->findings.count, 1);
	assert_string_equal(finding_kind_name(f->findings.first->kind), finding_kind_name(kind));
	assert_int_equal(f->findings.first->address, address);
	return f->findings.first;
}

/* No finding, but something that is said to be in motion. */
static void expect_motion(struct fixture *f)
{
	look(f);
	say(f->findings.first);
	assert_int_equal(f->findings.count, 0);
	assert_true(f->findings.remarks.count > 0);
	assert_non_null(f->findings.remarks.first->place.moving);
}

static dill_virt debug_object(struct fixture *f, uint32_t index)
{
	return image_object(&f->image, f->d, f->debug, index);
}

static void test_healthy(void **state)
{
	struct fixture *f = *state;

	look(f);
	say(f->findings.first);
	assert_int_equal(f->findings.count, 0);
	assert_int_equal(f->findings.remarks.count, 0);
	assert_int_equal(f->counts.byte_objects, PER_SLAB);
	assert_int_equal(f->maps[0].count, 7);
}

/* --- lists --- */

static void test_object_on_two_freelists(void **state)
{
	struct fixture *f = *state;
	dill_virt second = image_object(&f->image, f->a, f->cpu_slab, order[1]);

	/* The CPU's freelist has five, the slab's gets the last four of them. */
	image_set_u64(&f->image, f->cpu_slab + f->layout->slab_freelist.offset, second);
	set_u32(f, f->cpu_slab + f->layout->slab_inuse.offset, 1u << 31 | 64 << 16 | 60);

	struct finding *finding = expect(f, FINDING_OBJECT_TWICE, second);

	assert_int_equal(finding->object, second);
	assert_non_null(strstr(finding->text, "and 3 more behind it"));
}

static void test_object_on_two_freelists_inside_the_allocator(void **state)
{
	struct fixture *f = *state;

	image_set_u64(&f->image, f->cpu_slab + f->layout->slab_freelist.offset,
		      image_object(&f->image, f->a, f->cpu_slab, order[1]));
	set_u32(f, f->cpu_slab + f->layout->slab_inuse.offset, 1u << 31 | 64 << 16 | 60);
	f->image.inside_allocator = 1u << 1;
	expect_motion(f);
}

/* A thread that was preempted with the lock: the CPU is elsewhere. */
static void test_object_on_two_freelists_under_the_lock(void **state)
{
	struct fixture *f = *state;
	struct member owner = {.present = true, .offset = 0, .size = 8};
	dill_virt second = image_object(&f->image, f->a, f->cpu_slab, order[1]);

	f->image.heap.layout.cpu_lock = (struct lock){owner, LOCK_OWNER};
	image_set_u64(&f->image, f->cpu_slab + f->layout->slab_freelist.offset, second);
	set_u32(f, f->cpu_slab + f->layout->slab_inuse.offset, 1u << 31 | 64 << 16 | 60);
	expect(f, FINDING_OBJECT_TWICE, second);
	f->findings = (struct findings){.arena = f->arena};
	image_set_u64(&f->image, image_cpu(&f->image, f->a, 1), UINT64_C(0xffff888001234500));
	expect_motion(f);
}

static void test_another_cpu_inside_the_allocator_is_no_excuse(void **state)
{
	struct fixture *f = *state;
	dill_virt second = image_object(&f->image, f->a, f->cpu_slab, order[1]);

	image_set_u64(&f->image, f->cpu_slab + f->layout->slab_freelist.offset, second);
	set_u32(f, f->cpu_slab + f->layout->slab_inuse.offset, 1u << 31 | 64 << 16 | 60);
	f->image.inside_allocator = 1u << 0;
	expect(f, FINDING_OBJECT_TWICE, second);
}

static void test_slab_on_two_lists(void **state)
{
	struct fixture *f = *state;

	image_set_u64(&f->image, image_cpu(&f->image, f->a, 0) + f->layout->cpu_slab.offset,
		      f->partial[1]);
	expect(f, FINDING_SLAB_STATE, image_cpu(&f->image, f->a, 0) + f->layout->cpu_slab.offset);
}

static void test_freelist_cycle(void **state)
{
	struct fixture *f = *state;
	dill_virt last = image_object(&f->image, f->a, f->partial[2], order[3]);
	dill_virt first = image_object(&f->image, f->a, f->partial[2], order[0]);

	image_link(&f->image, f->a, last, first);
	assert_int_equal(
		expect(f, FINDING_FREELIST_CYCLE, image_slot(&f->image, f->a, last))->object, last);
}

static void test_cpu_freelist_cycle_inside_the_allocator(void **state)
{
	struct fixture *f = *state;
	dill_virt last = image_object(&f->image, f->a, f->cpu_slab, order[4]);

	image_link(&f->image, f->a, last, last);
	f->image.inside_allocator = 1u << 1;
	expect_motion(f);
	assert_true(f->contents[0].in_motion);
}

static void test_slab_of_another_node(void **state)
{
	struct fixture *f = *state;

	image_set_u64(&f->image, f->partial[1] + f->layout->page_flags.offset, 1);
	expect(f, FINDING_SLAB_STATE, f->partial[1]);
}

static void test_frozen_slab_on_a_node_list(void **state)
{
	struct fixture *f = *state;

	set_u32(f, f->partial[1] + f->layout->slab_inuse.offset, 1u << 31 | 64 << 16 | (64 - 3));
	expect(f, FINDING_SLAB_STATE, f->partial[1] + f->layout->slab_inuse.offset);
}

static void test_full_slab_on_the_partial_list(void **state)
{
	struct fixture *f = *state;

	set_u32(f, f->partial[1] + f->layout->slab_inuse.offset, 64 << 16 | 64);
	image_set_u64(&f->image, f->partial[1] + f->layout->slab_freelist.offset, 0);
	expect(f, FINDING_SLAB_COUNTERS, f->partial[1] + f->layout->slab_inuse.offset);
}

static void test_cpu_partial_counter(void **state)
{
	struct fixture *f = *state;
	dill_virt counter = f->cpu_partial[1] + f->layout->slab_partial_count.offset;

	set_u32(f, counter, 7);
	assert_int_equal(expect(f, FINDING_LIST_COUNT, counter)->expected, 2);
}

static void test_inuse_of_a_listed_slab(void **state)
{
	struct fixture *f = *state;

	set_u32(f, f->partial[0] + f->layout->slab_inuse.offset, 64 << 16 | 50);
	expect(f, FINDING_FREELIST_COUNT, f->partial[0] + f->layout->slab_inuse.offset);
}

static void test_inuse_of_a_full_slab(void **state)
{
	struct fixture *f = *state;

	set_u32(f, f->full + f->layout->slab_inuse.offset, 64 << 16 | 63);
	expect(f, FINDING_FREELIST_COUNT, f->full + f->layout->slab_inuse.offset);
}

static void test_objects_of_a_slab(void **state)
{
	struct fixture *f = *state;

	set_u32(f, f->full + f->layout->slab_inuse.offset, 63 << 16 | 63);
	expect(f, FINDING_SLAB_COUNTERS, f->full + f->layout->slab_objects.offset);
}

static void test_slab_given_to_another_cache(void **state)
{
	struct fixture *f = *state;
	dill_virt owner = f->partial[0] + f->layout->slab_cache.offset;

	image_set_u64(&f->image, owner, IMAGE_BASE);
	expect(f, FINDING_SLAB_CACHE, owner);
}

static void test_slabs_of_no_cache(void **state)
{
	struct fixture *f = *state;
	dill_virt owner = f->full + f->layout->slab_cache.offset;
	const struct lost_slabs *lost;
	const struct finding *finding;

	image_set_u64(&f->image, owner, 0x4141414141414141);
	look(f);
	f->findings = (struct findings){.arena = f->arena}; /* the cache misses it, too */
	assert_int_equal(f->scan.lost_count, 1);
	lost = &f->scan.lost[0];
	assert_int_equal(lost->cache, 0x4141414141414141);
	assert_int_equal(lost->slabs, 1);
	assert_int_equal(lost->objects, 64);
	assert_int_equal(lost->inuse, 64);
	assert_int_equal(lost->size_max, DILL_PAGE_SIZE / 64);
	assert_false(lost->fresh);
	lost_slabs_check(&f->image.heap, &f->scan, &f->findings);
	finding = f->findings.first;
	assert_int_equal(f->findings.count, 1);
	assert_true(finding && finding->kind == FINDING_SLAB_CACHE && finding->address == owner &&
		    finding->seen == 0x4141414141414141);
}

static void test_list_broken_under_the_lock(void **state)
{
	struct fixture *f = *state;

	image_set_u64(&f->image, f->partial[0] + f->layout->slab_list.offset, 0x10);
	set_u32(f, image_node(&f->image, f->a, 0) + f->layout->node_lock.word.offset, 1);
	expect_motion(f);
}

/* --- totals --- */

static void add_to_counter(struct fixture *f, struct member member, int64_t distance)
{
	dill_virt counter = image_node(&f->image, f->a, 0) + member.offset;

	image_set_u64(&f->image, counter, image_u64(&f->image, counter) + (uint64_t)distance);
}

static void test_more_slabs_counted_than_there_are(void **state)
{
	struct fixture *f = *state;

	add_to_counter(f, f->layout->node_nr_slabs, 1);
	expect(f, FINDING_SLAB_TOTAL,
	       image_node(&f->image, f->a, 0) + f->layout->node_nr_slabs.offset);
	assert_int_equal(f->findings.first->expected, 8);
	assert_int_equal(f->findings.first->seen, 7);
}

static void test_fewer_slabs_counted_than_there_are(void **state)
{
	struct fixture *f = *state;

	add_to_counter(f, f->layout->node_nr_slabs, -1);
	expect(f, FINDING_SLAB_TOTAL,
	       image_node(&f->image, f->a, 0) + f->layout->node_nr_slabs.offset);
}

static void test_objects_counted_wrong(void **state)
{
	struct fixture *f = *state;

	add_to_counter(f, f->layout->node_total_objects, -5);
	expect(f, FINDING_SLAB_TOTAL,
	       image_node(&f->image, f->a, 0) + f->layout->node_total_objects.offset);
}

/* Counted last: the mark of a new slab is there before. */
static void test_slab_that_is_not_counted_yet(void **state)
{
	struct fixture *f = *state;

	add_to_counter(f, f->layout->node_nr_slabs, -1);
	add_to_counter(f, f->layout->node_total_objects, -64);
	expect_motion(f);
}

/* 64 objects are no multiple of the 3 in a slab of the smaller order. */
static void test_slab_that_is_not_counted_yet_of_two_orders(void **state)
{
	struct fixture *f = *state;

	set_u32(f, f->a + f->layout->cache_min.offset, 3);
	add_to_counter(f, f->layout->node_nr_slabs, -1);
	add_to_counter(f, f->layout->node_total_objects, -64);
	expect_motion(f);
}

static void test_slab_of_which_only_the_objects_are_missing(void **state)
{
	struct fixture *f = *state;

	set_u32(f, f->a + f->layout->cache_min.offset, 3);
	add_to_counter(f, f->layout->node_total_objects, -64);
	expect_motion(f);
}

static void test_new_slab(void **state)
{
	struct fixture *f = *state;
	dill_virt slab = image_slab(&f->image, f->a, NULL, 0);

	/* Its counters are not written yet, its freelist is what the page was before. */
	set_u32(f, slab + f->layout->slab_inuse.offset, 64 << 16);
	image_set_u64(&f->image, slab + f->layout->slab_freelist.offset, 0x1234);
	add_to_counter(f, f->layout->node_nr_slabs, -1);
	add_to_counter(f, f->layout->node_total_objects, -64);
	look(f);
	say(f->findings.first);
	assert_int_equal(f->findings.count, 0);
	assert_int_equal(f->maps[0].moving_slabs, 1);
	assert_true(f->maps[0].in_motion);
}

static void test_new_slab_before_its_counters(void **state)
{
	struct fixture *f = *state;
	dill_virt slab = image_slab(&f->image, f->a, NULL, 0);

	set_u32(f, slab + f->layout->slab_inuse.offset, 0);
	add_to_counter(f, f->layout->node_nr_slabs, -1);
	add_to_counter(f, f->layout->node_total_objects, -64);
	expect_motion(f);
}

/* --- bytes --- */

static void expect_bytes(struct fixture *f, enum finding_kind kind, dill_virt address,
			 uint8_t expected, dill_virt object)
{
	uint8_t seen = 0x41;
	struct finding *finding;

	fill(f, address, 1, seen);
	finding = expect(f, kind, address);
	assert_int_equal(finding->expected, expected);
	assert_int_equal(finding->seen, seen);
	assert_int_equal(finding->seen_byte_count, 1);
	assert_int_equal(finding->seen_bytes[0], seen);
	assert_int_equal(finding->object, object);
	assert_int_equal(finding->place.slab, f->debug);
}

#define BYTE_TEST(name, index, kind, offset, expected)                                             \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		struct fixture *f = *state;                                                        \
		dill_virt object = debug_object(f, index);                                         \
                                                                                                   \
		expect_bytes(f, kind, object + (offset), expected, object);                        \
	}

/* Object 3 is live, 20 is free. */
BYTE_TEST(left_red_zone_of_live, 3, FINDING_RED_ZONE, -1, 0xcc)
BYTE_TEST(left_red_zone_of_free, 20, FINDING_RED_ZONE, -(int)LEFT, 0xbb)
BYTE_TEST(right_red_zone_of_live, 3, FINDING_RED_ZONE, CONTENT, 0xcc)
BYTE_TEST(right_red_zone_of_free, 20, FINDING_RED_ZONE, INUSE - 1, 0xbb)
BYTE_TEST(zone_behind_the_request, 3, FINDING_RED_ZONE, 33, 0xcc)
BYTE_TEST(poison, 20, FINDING_POISON, 7, 0x6b)
BYTE_TEST(end_of_poison, 20, FINDING_POISON, CONTENT - 1, 0xa5)
BYTE_TEST(padding_of_live, 3, FINDING_PADDING, END, 0x5a)
BYTE_TEST(padding_of_free, 20, FINDING_PADDING, END + 15, 0x5a)
BYTE_TEST(padding_behind_the_request, 3, FINDING_PADDING, ORIG_SIZE + 5, 0x5a)
BYTE_TEST(last_object, PER_SLAB - 1, FINDING_RED_ZONE, CONTENT, 0xcc)

static void test_content_of_live_is_its_own(void **state)
{
	struct fixture *f = *state;

	fill(f, debug_object(f, 3), 33, 0x41);
	look(f);
	assert_int_equal(f->findings.count, 0);
}

static void test_no_zone_behind_the_request_before_6_2(void **state)
{
	struct fixture *f = *state;

	f->image.symbols[0].name = NULL;
	fill(f, debug_object(f, 3) + 33, CONTENT - 33, 0x41);
	look(f);
	assert_int_equal(f->findings.count, 0);
}

static void test_requested_size_of_8_bytes(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < PER_SLAB; i++)
		fill(f, debug_object(f, i) + ORIG_SIZE + 4, 4, 0);
	look(f);
	assert_int_equal(f->findings.count, 0);
}

static void test_requested_size_too_large(void **state)
{
	struct fixture *f = *state;

	set_u32(f, debug_object(f, 3) + ORIG_SIZE, CONTENT + 1);
	expect(f, FINDING_TRACK, debug_object(f, 3) + ORIG_SIZE);
}

static void test_end_of_slab(void **state)
{
	struct fixture *f = *state;
	dill_virt end = debug_object(f, 0) - LEFT + PER_SLAB * SLOT;

	expect_bytes(f, FINDING_PADDING, end + 2, 0x5a, 0);
}

static void test_many_bytes_are_one_finding(void **state)
{
	struct fixture *f = *state;
	struct finding *finding;

	fill(f, debug_object(f, 3) - 9, 8, 0x41);
	finding = expect(f, FINDING_RED_ZONE, debug_object(f, 3) - 9);
	assert_int_equal(finding->seen_byte_count, 8);
	assert_non_null(strstr(finding->text, "8 bytes"));
}

static void test_live_object_on_a_freelist(void **state)
{
	struct fixture *f = *state;

	write_object(f, 20, true);
	image_chain(&f->image, f->d, f->debug, order, 3);
	expect(f, FINDING_STATE, debug_object(f, 20));
}

/* Freed, and stopped in front of its freelist. */
static void test_free_object_on_no_list(void **state)
{
	struct fixture *f = *state;

	write_object(f, 3, false);
	expect_motion(f);
}

static void test_bytes_under_the_lock(void **state)
{
	struct fixture *f = *state;

	fill(f, debug_object(f, 3) - 1, 1, 0x41);
	set_u32(f, image_node(&f->image, f->d, 0) + f->layout->node_lock.word.offset, 1);
	expect_motion(f);
}

/* What is behind a break is on no list either, but nobody knows that it is live. */
static void test_objects_behind_a_broken_freelist_are_left_alone(void **state)
{
	struct fixture *f = *state;

	image_link(&f->image, f->d, debug_object(f, order[0]), 0x41414141);
	expect(f, FINDING_FREELIST_OUTSIDE, image_slot(&f->image, f->d, debug_object(f, order[0])));
	assert_int_equal(f->counts.unknown_objects, PER_SLAB - 1);
}

static void test_forged_sizes(void **state)
{
	struct fixture *f = *state;

	set_u32(f, f->d + f->layout->cache_inuse.offset, 0xffffff00);
	look(f);
	assert_int_equal(f->counts.byte_objects, 0);
}

#define CHECK_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_TEST(test_healthy),
		CHECK_TEST(test_object_on_two_freelists),
		CHECK_TEST(test_object_on_two_freelists_inside_the_allocator),
		CHECK_TEST(test_object_on_two_freelists_under_the_lock),
		CHECK_TEST(test_another_cpu_inside_the_allocator_is_no_excuse),
		CHECK_TEST(test_slab_on_two_lists),
		CHECK_TEST(test_freelist_cycle),
		CHECK_TEST(test_cpu_freelist_cycle_inside_the_allocator),
		CHECK_TEST(test_slab_of_another_node),
		CHECK_TEST(test_frozen_slab_on_a_node_list),
		CHECK_TEST(test_full_slab_on_the_partial_list),
		CHECK_TEST(test_cpu_partial_counter),
		CHECK_TEST(test_inuse_of_a_listed_slab),
		CHECK_TEST(test_inuse_of_a_full_slab),
		CHECK_TEST(test_objects_of_a_slab),
		CHECK_TEST(test_slab_given_to_another_cache),
		CHECK_TEST(test_list_broken_under_the_lock),
		CHECK_TEST(test_more_slabs_counted_than_there_are),
		CHECK_TEST(test_fewer_slabs_counted_than_there_are),
		CHECK_TEST(test_objects_counted_wrong),
		CHECK_TEST(test_slab_that_is_not_counted_yet),
		CHECK_TEST(test_slab_that_is_not_counted_yet_of_two_orders),
		CHECK_TEST(test_slab_of_which_only_the_objects_are_missing),
		CHECK_TEST(test_new_slab),
		CHECK_TEST(test_new_slab_before_its_counters),
		CHECK_TEST(test_slabs_of_no_cache),
		CHECK_TEST(test_left_red_zone_of_live),
		CHECK_TEST(test_left_red_zone_of_free),
		CHECK_TEST(test_right_red_zone_of_live),
		CHECK_TEST(test_right_red_zone_of_free),
		CHECK_TEST(test_zone_behind_the_request),
		CHECK_TEST(test_poison),
		CHECK_TEST(test_end_of_poison),
		CHECK_TEST(test_padding_of_live),
		CHECK_TEST(test_padding_of_free),
		CHECK_TEST(test_padding_behind_the_request),
		CHECK_TEST(test_last_object),
		CHECK_TEST(test_content_of_live_is_its_own),
		CHECK_TEST(test_no_zone_behind_the_request_before_6_2),
		CHECK_TEST(test_requested_size_of_8_bytes),
		CHECK_TEST(test_requested_size_too_large),
		CHECK_TEST(test_end_of_slab),
		CHECK_TEST(test_many_bytes_are_one_finding),
		CHECK_TEST(test_live_object_on_a_freelist),
		CHECK_TEST(test_free_object_on_no_list),
		CHECK_TEST(test_bytes_under_the_lock),
		CHECK_TEST(test_objects_behind_a_broken_freelist_are_left_alone),
		CHECK_TEST(test_forged_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
