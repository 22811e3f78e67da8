/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "heap_fixture.h"
#include "slub/tracks.h"

#define STORE_USER 0x10000u
#define KMALLOC	   0x1000u

/* One object with its metadata, at page 8 of the image; pages 9 and 10 are the stack depot's. */
#define OBJECT (IMAGE_BASE + 8 * DILL_PAGE_SIZE)
#define POOLS  (IMAGE_BASE + 9 * DILL_PAGE_SIZE)
#define POOL   (IMAGE_BASE + 10 * DILL_PAGE_SIZE)

struct fixture {
	HEAP_FIXTURE;
	struct layout *layout;
	struct cache cache;
	struct track alloc, free;
};

static struct member at(uint32_t offset, uint32_t size)
{
	return (struct member){.present = true, .offset = offset, .size = size};
}

static struct member bits(uint8_t shift, uint8_t size)
{
	return (struct member){.present = true, .size = 4, .bit_shift = shift, .bit_size = size};
}

static int setup(void **state)
{
	struct fixture *f = heap_fixture_new(state, sizeof(*f), 16, 1, 1, FREELIST_PLAIN);

	f->layout = &f->image.heap.layout;
	f->layout->flags[f->layout->flag_count++] = (struct cache_flag){KMALLOC, "KMALLOC"};
	f->layout->track_addr = at(8, 8);
	f->layout->track_cpu = at(20, 4);
	f->layout->track_pid = at(24, 4);
	f->layout->track_when = at(32, 8);
	f->layout->track_struct_size = 40;
	/* Free pointer at 72 behind the object, so the tracks are at 80 and 120, then the size. */
	f->cache = (struct cache){.name = "a",
				  .flags = STORE_USER | KMALLOC,
				  .object_size = 64,
				  .inuse = 72,
				  .offset = 72,
				  .size = 192,
				  .red_left_pad = 8};
	return 0;
}

/* Stacks in the track itself, as to 5.18. */
static int setup_addrs(void **state)
{
	setup(state);
	struct fixture *f = *state;

	f->layout->track_addrs = at(40, 32);
	f->layout->track_struct_size = 40 + 32;
	f->cache.size = 256;
	return 0;
}

/* Stacks in the depot. */
static int setup_depot(void **state)
{
	setup(state);
	struct fixture *f = *state;

	f->layout->track_handle = at(16, 4);
	f->layout->depot_pool_plus_1 = bits(0, 17);
	f->layout->depot_offset = bits(17, 10);
	f->layout->record_size = at(4, 4);
	f->layout->record_handle = at(8, 4);
	f->layout->record_entries = at(16, 32);
	f->image.symbols[0].name = "stack_pools";
	f->image.symbols[0].address = POOLS;
	return 0;
}

static void set_u32(struct fixture *f, dill_virt address, uint32_t value)
{
	memcpy(image_at(&f->image, address, 4), &value, 4);
}

static void set_track(struct fixture *f, dill_virt track, uint64_t caller)
{
	image_set_u64(&f->image, track + 8, caller);
	set_u32(f, track + 20, 3);
	set_u32(f, track + 24, 77);
	image_set_u64(&f->image, track + 32, 123456);
}

static void look(struct fixture *f)
{
	const struct reading all =
		reading_start(&f->image.heap, CONTENTS_COUNTS, f->arena, &f->findings);
	const struct reading reading = reading_of(&all, &f->cache);

	assert_null(tracks_read(&reading, OBJECT, &f->alloc, &f->free));
}

/* Pool 2 has a record with three frames at offset 0x30. */
static uint32_t make_record(struct fixture *f, dill_virt pools)
{
	uint32_t handle = (2 + 1) | 3u << 17;

	image_set_u64(&f->image, pools + 2 * 8, POOL);
	set_u32(f, POOL + 0x30 + 4, 3);
	set_u32(f, POOL + 0x30 + 8, handle);
	for (unsigned i = 0; i < 3; i++)
		image_set_u64(&f->image, POOL + 0x30 + 16 + i * 8, 0x1000 + i);
	return handle;
}

static void expect_stack(const struct track *track)
{
	assert_int_equal(track->stack_count, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(track->stack[i], 0x1000 + i);
}

static void test_fields(void **state)
{
	struct fixture *f = *state;

	set_track(f, OBJECT + 80, 0xffffffff81000010);
	look(f);
	assert_int_equal(f->findings.count, 0);
	assert_true(f->alloc.known);
	assert_int_equal(f->alloc.caller, 0xffffffff81000010);
	assert_int_equal(f->alloc.cpu, 3);
	assert_int_equal(f->alloc.pid, 77);
	assert_int_equal(f->alloc.when, 123456);
	assert_int_equal(f->alloc.stack_count, 0);
	assert_false(f->free.known);
}

static void test_second_is_of_the_free(void **state)
{
	struct fixture *f = *state;

	set_track(f, OBJECT + 120, 0xffffffff81000020);
	look(f);
	assert_false(f->alloc.known);
	assert_int_equal(f->free.caller, 0xffffffff81000020);
}

static void test_nothing_without_store_user(void **state)
{
	struct fixture *f = *state;
	struct object_metadata metadata;
	uint32_t size;
	bool known;

	set_track(f, OBJECT + 80, 1);
	f->cache.flags = KMALLOC;
	object_metadata_get(&f->image.heap, &f->cache, &metadata);
	assert_int_equal(metadata.tracks, 0);
	assert_int_equal(metadata.orig_size, 0);
	assert_int_equal(metadata.end, 80);
	look(f);
	assert_false(f->alloc.known);
	assert_null(requested_size_read(&f->image.heap, &f->cache, OBJECT, &size, &known));
	assert_false(known);
}

static void test_forged_sizes_give_nothing(void **state)
{
	struct fixture *f = *state;
	struct object_metadata metadata;

	f->cache.inuse = 0xfffffff0;
	object_metadata_get(&f->image.heap, &f->cache, &metadata);
	assert_int_equal(metadata.tracks, 0);
	f->cache.inuse = f->cache.offset = 72;
	f->cache.size = 160;
	object_metadata_get(&f->image.heap, &f->cache, &metadata);
	assert_int_equal(metadata.tracks, 0);
}

static void test_requested_size(void **state)
{
	struct fixture *f = *state;
	uint32_t size;
	bool known;

	set_u32(f, OBJECT + 160, 51);
	assert_null(requested_size_read(&f->image.heap, &f->cache, OBJECT, &size, &known));
	assert_true(known);
	assert_int_equal(size, 51);
	f->cache.flags = STORE_USER;
	assert_null(requested_size_read(&f->image.heap, &f->cache, OBJECT, &size, &known));
	assert_false(known);
}

static void test_stack_in_the_track(void **state)
{
	struct fixture *f = *state;

	set_track(f, OBJECT + 80, 1);
	for (unsigned i = 0; i < 3; i++)
		image_set_u64(&f->image, OBJECT + 80 + 40 + i * 8, 0x1000 + i);
	look(f);
	expect_stack(&f->alloc);
}

static void test_stack_in_the_depot(void **state)
{
	struct fixture *f = *state;

	set_track(f, OBJECT + 80, 1);
	set_u32(f, OBJECT + 80 + 16, make_record(f, POOLS));
	look(f);
	assert_int_equal(f->findings.count, 0);
	expect_stack(&f->alloc);
}

static void test_depot_behind_a_pointer(void **state)
{
	struct fixture *f = *state;

	set_track(f, OBJECT + 80, 1);
	set_u32(f, OBJECT + 80 + 16, make_record(f, POOLS + 0x800));
	image_set_u64(&f->image, POOLS, POOLS + 0x800);
	look(f);
	assert_int_equal(f->findings.count, 0);
	expect_stack(&f->alloc);
}

static void test_pool_counted_from_0(void **state)
{
	struct fixture *f = *state;

	f->layout->depot_pool = f->layout->depot_pool_plus_1;
	f->layout->depot_pool_plus_1.present = false;
	set_track(f, OBJECT + 80, 1);
	set_u32(f, OBJECT + 80 + 16, make_record(f, POOLS + 8));
	look(f);
	expect_stack(&f->alloc);
}

static void test_handle_of_no_record(void **state)
{
	struct fixture *f = *state;

	set_track(f, OBJECT + 80, 1);
	set_u32(f, OBJECT + 80 + 16, make_record(f, POOLS) + (1u << 17));
	look(f);
	assert_int_equal(f->findings.count, 1);
	assert_int_equal(f->findings.first->kind, FINDING_TRACK);
	assert_int_equal(f->findings.first->address, OBJECT + 80);
	assert_int_equal(f->alloc.caller, 1);
	assert_int_equal(f->alloc.stack_count, 0);
}

static void test_record_with_too_many_frames(void **state)
{
	struct fixture *f = *state;

	set_track(f, OBJECT + 80, 1);
	set_u32(f, OBJECT + 80 + 16, make_record(f, POOLS));
	set_u32(f, POOL + 0x30 + 4, UINT32_MAX);
	look(f);
	assert_int_equal(f->findings.count, 1);
	assert_int_equal(f->findings.first->kind, FINDING_TRACK);
}

static void test_depot_unknown_leaves_the_caller(void **state)
{
	struct fixture *f = *state;

	f->image.symbols[0].name = NULL;
	set_track(f, OBJECT + 80, 1);
	set_u32(f, OBJECT + 80 + 16, 0x1234);
	look(f);
	assert_int_equal(f->findings.count, 0);
	assert_true(f->alloc.known);
}

#define TRACK_TEST(function, set) cmocka_unit_test_setup_teardown(function, set, heap_fixture_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRACK_TEST(test_fields, setup),
		TRACK_TEST(test_second_is_of_the_free, setup),
		TRACK_TEST(test_nothing_without_store_user, setup),
		TRACK_TEST(test_forged_sizes_give_nothing, setup),
		TRACK_TEST(test_requested_size, setup),
		TRACK_TEST(test_stack_in_the_track, setup_addrs),
		TRACK_TEST(test_stack_in_the_depot, setup_depot),
		TRACK_TEST(test_depot_behind_a_pointer, setup_depot),
		TRACK_TEST(test_pool_counted_from_0, setup_depot),
		TRACK_TEST(test_handle_of_no_record, setup_depot),
		TRACK_TEST(test_record_with_too_many_frames, setup_depot),
		TRACK_TEST(test_depot_unknown_leaves_the_caller, setup_depot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
