/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "heap_fixture.h"
#include "slub/kasan.h"
#include "slub/survey.h"
#include "slub/tracks.h"

#define BATCHES 4u
#define QUEUE	24u
#define ENTRY	32u
#define RING	4u

/* Live objects of one cache, which the tests put into the quarantine. */
struct fixture {
	HEAP_FIXTURE;
	struct survey survey;
	dill_virt cache, slab, objects[8], batches, queue;
};

static struct member at(uint32_t offset, uint32_t size)
{
	return (struct member){.present = true, .offset = offset, .size = size};
}

static void set(struct fixture *f, dill_virt address, uint64_t value)
{
	image_set_u64(&f->image, address, value);
}

static int set_up(void **state)
{
	struct fixture *f = heap_fixture_new(state, sizeof(*f), 48, 2, 1, FREELIST_XOR_SWAPPED);
	struct layout *l = &f->image.heap.layout;

	f->image.heap.checked = true; /* a made-up kernel has no cache of caches */
	l->qlist_head = at(0, 8);
	l->qlist_tail = at(8, 8);
	l->qlist_bytes = at(16, 8);
	l->qlist_struct_size = QUEUE;
	f->cache = image_cache(&f->image, "a", 128);
	f->slab = image_slab(&f->image, f->cache, NULL, 0);
	for (uint32_t i = 0; i < 8; i++)
		f->objects[i] = image_object(&f->image, f->cache, f->slab, i);
	f->batches = image_bytes(&f->image, BATCHES * QUEUE);
	f->queue = image_percpu(&f->image, QUEUE);
	image_symbol(&f->image, "kasan_quarantine_put", 0x1000);
	image_symbol(&f->image, "global_quarantine", f->batches);
	image_symbol(&f->image, "quarantine_size", f->batches + BATCHES * QUEUE);
	image_symbol(&f->image, "cpu_quarantine", f->queue);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	survey_deinit(&f->survey);
	return heap_fixture_free(state);
}

static void look(struct fixture *f)
{
	f->findings = (struct findings){.arena = f->arena};
	assert_null(survey_init(&f->image.heap, f->arena, &f->findings, &f->survey));
}

/* Objects @p first to @p last as the queue at @p queue, each linked at its start. */
static void fill(struct fixture *f, dill_virt queue, uint32_t first, uint32_t last)
{
	set(f, queue, f->objects[first]);
	set(f, queue + 8, f->objects[last]);
	set(f, queue + 16, (last - first + 1) * UINT64_C(128));
	for (uint32_t i = first; i < last; i++)
		set(f, f->objects[i], f->objects[i + 1]);
	set(f, f->objects[last], 0);
}

static dill_virt queue_of(struct fixture *f, unsigned cpu)
{
	return kernel_percpu_address(f->image.heap.kernel, f->queue, cpu);
}

static void assert_queued(struct fixture *f, size_t index, uint32_t object, int cpu)
{
	const struct waiting_object *item = &f->survey.waiting.items[index];

	assert_int_equal(item->object, f->objects[object]);
	assert_int_equal(item->kind, PLACE_QUARANTINE);
	assert_int_equal(item->cpu, cpu);
}

static void test_quarantine(void **state)
{
	struct fixture *f = *state;

	fill(f, queue_of(f, 1), 0, 2);
	fill(f, f->batches + 2 * QUEUE, 4, 5);
	look(f);
	assert_int_equal(f->findings.count, 0);
	assert_false(f->survey.waiting.incomplete);
	assert_int_equal(f->survey.waiting.count, 5);
	assert_queued(f, 0, 0, 1);
	assert_queued(f, 2, 2, 1);
	assert_queued(f, 3, 4, -1);
	assert_queued(f, 4, 5, -1);
}

/* The tail is the end, whatever its own link says: it is written last. */
static void test_link_behind_the_tail(void **state)
{
	struct fixture *f = *state;

	fill(f, queue_of(f, 0), 0, 1);
	set(f, f->objects[1], UINT64_C(0x4141414141414141));
	look(f);
	assert_int_equal(f->findings.count, 0);
	assert_int_equal(f->survey.waiting.count, 2);
}

static void test_broken_queues(void **state)
{
	static const struct {
		const char *text;
		uint32_t where; /* object whose link is written, or 8 for the queue's counter */
		int to;		/* object; -1 = nowhere, -2 = the end */
	} cases[] = {
		{"has no end", 1, 0},
		{"ends before its last object", 1, -2},
		{"cannot read", 1, -1},
		{"holds objects of 512 bytes, its counter says 7", 8, 7},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture *f = *state;
		dill_virt queue = f->batches + QUEUE;

		fill(f, queue, 0, 3);
		if (cases[i].where == 8)
			set(f, queue + 16, 7);
		else
			set(f, f->objects[cases[i].where],
			    cases[i].to == -2	? 0
			    : cases[i].to == -1 ? UINT64_C(0x4141414141414141)
						: f->objects[cases[i].to]);
		look(f);
		assert_true(f->findings.count >= 1);
		assert_non_null(strstr(f->findings.last->text, cases[i].text));
		assert_int_equal(f->survey.waiting.incomplete, cases[i].where != 8);
	}
}

/* A CPU that was stopped while it changed its queue has half a one. */
static void test_queue_in_motion(void **state)
{
	struct fixture *f = *state;

	fill(f, queue_of(f, 1), 0, 2);
	set(f, f->objects[1], 0);
	f->image.inside_allocator = 1u << 1;
	look(f);
	assert_int_equal(f->findings.count, 0);
	assert_int_equal(f->findings.remarks.count, 1);
}

/* Without the names of its variables nothing is known of it, and that is said. */
static void test_without_symbols(void **state)
{
	struct fixture *f = *state;

	f->image.symbols[1].name = "another";
	look(f);
	assert_true(f->survey.waiting.incomplete);
	assert_non_null(strstr(f->survey.waiting.why, "symbols"));
}

/* --- tags --- */

static dill_virt tagged(dill_virt address, uint8_t tag)
{
	return (address & ~(UINT64_C(0xff) << 56)) | (uint64_t)tag << 56;
}

/* Pointers on freelists have the tags of their objects' last users (or 0xff, of nobody). */
static void test_tagged_freelist(void **state)
{
	static const uint32_t free[] = {3, 0, 5};
	struct fixture *f = *state;
	dill_virt slab = image_slab(&f->image, f->cache, free, 3), objects[3];
	struct contents contents;
	struct findings findings = {.arena = f->arena};
	struct reading reading;

	f->image.heap.tagged = true;
	for (int i = 0; i < 3; i++)
		objects[i] = image_object(&f->image, f->cache, slab, free[i]);
	image_link(&f->image, f->cache, objects[0], tagged(objects[1], 0xf4));
	image_link(&f->image, f->cache, objects[1], tagged(objects[2], 0x12));
	image_add_partial(&f->image, f->cache, 0, slab);
	look(f);
	reading = reading_start(&f->image.heap, CONTENTS_FREELISTS, f->arena, &findings);
	assert_null(contents_read(&reading, &f->survey.all.items[0], 1, &contents));
	assert_int_equal(findings.count, 0);
	assert_int_equal(contents.nodes[0].partial.items[0].freelist.count, 3);
	assert_int_equal(contents.nodes[0].partial.items[0].freelist.objects[2], objects[2]);
}

static void add_ring(struct fixture *f, dill_virt *ret)
{
	struct layout *l = &f->image.heap.layout;
	dill_virt ring = image_bytes(&f->image, 24);

	l->ring_size = at(0, 8);
	l->ring_pos = at(8, 8);
	l->ring_entries = at(16, 8);
	l->ring_entry_struct_size = ENTRY;
	l->ring_ptr = at(0, 8);
	l->ring_track = at(16, 8);
	l->ring_is_free = at(24, 1);
	l->kasan_track_struct_size = 8;
	l->kasan_pid = at(0, 4);
	l->kasan_stack = at(4, 4);
	f->image.heap.tagged = true;
	*ret = image_bytes(&f->image, RING * ENTRY);
	set(f, ring, RING);
	set(f, ring + 16, *ret);
	image_symbol(&f->image, "stack_ring", ring);
}

static void add_entry(struct fixture *f, dill_virt entries, uint64_t number, dill_virt object,
		      unsigned pid, bool is_free)
{
	dill_virt entry = entries + number % RING * ENTRY;
	dill_virt ring = f->image.symbols[4].address;

	set(f, entry, tagged(object, (uint8_t)(0xf0 + number)));
	set(f, entry + 16, pid | UINT64_C(1) << 32);
	set(f, entry + 24, is_free);
	set(f, ring + 8, number + 1);
}

/* The newest entries count; those that were written over are forgotten. */
static void test_ring(void **state)
{
	struct fixture *f = *state;
	struct reading reading = heap_fixture_reading(&f->heap_fixture);
	struct track alloc, free;
	dill_virt entries;

	add_ring(f, &entries);
	add_entry(f, entries, 0, f->objects[1], 10, false);
	add_entry(f, entries, 1, f->objects[0], 11, false);
	add_entry(f, entries, 2, f->objects[0], 12, true);
	add_entry(f, entries, 3, f->objects[0], 13, false);
	add_entry(f, entries, 4, f->objects[2], 14, false);
	look(f);
	reading = reading_of(&reading, &f->survey.all.items[0]);
	assert_null(tracks_read(&reading, f->objects[0], &alloc, &free));
	assert_true(alloc.known && free.known);
	assert_int_equal(alloc.pid, 13);
	assert_int_equal(free.pid, 12);
	assert_true(alloc.without_cpu);
	assert_null(tracks_read(&reading, f->objects[1], &alloc, &free));
	assert_false(alloc.known || free.known);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_quarantine),
		TEST(test_link_behind_the_tail),
		TEST(test_broken_queues),
		TEST(test_queue_in_motion),
		TEST(test_without_symbols),
		TEST(test_tagged_freelist),
		TEST(test_ring),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
