/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "heap_fixture.h"
#include "slub/order.h"

#define CAPACITY 4

/*
 * A cache of objects of 64 bytes on two CPUs, both on node 0. Tests name its slabs with letters in
 * the order in which they make them: B7 is object 7 of the second one.
 */
struct fixture {
	HEAP_FIXTURE;
	struct contents contents;
	dill_virt cache;
	dill_virt slabs[16];
	size_t slab_count;
	char text[4096];
};

static int make(void **state, unsigned nodes)
{
	struct fixture *f = heap_fixture_new(state, sizeof(*f), 64, 2, nodes, FREELIST_XOR_SWAPPED);

	f->cache = image_cache(&f->image, "kmalloc-64", 64);
	f->image.symbols[0].name = "numa_node";
	f->image.symbols[0].address = IMAGE_PERCPU_WORD;
	f->image.heap.layout.cpu_partial.present = true;
	f->image.heap.layout.obj_info.present = true;
	f->image.heap.layout.slab_iterator.present = true;
	return 0;
}

static int setup(void **state)
{
	return make(state, 2);
}

static int setup_three_nodes(void **state)
{
	return make(state, 3);
}

/* --- making the heap --- */

static void set_member(struct fixture *f, struct member member, uint64_t value)
{
	memcpy(image_at(&f->image, f->cache + member.offset, member.size), &value, member.size);
}

/* A new slab with these free objects, on no list. */
static dill_virt slab(struct fixture *f, size_t count, ...)
{
	uint32_t objects[64];
	va_list list;

	va_start(list, count);
	for (size_t i = 0; i < count; i++)
		objects[i] = va_arg(list, unsigned);
	va_end(list);
	f->slabs[f->slab_count] = image_slab(&f->image, f->cache, objects, count);
	return f->slabs[f->slab_count++];
}

static dill_virt object(struct fixture *f, char letter, uint32_t index)
{
	return image_object(&f->image, f->cache, f->slabs[letter - 'A'], index);
}

static void on_node(struct fixture *f, unsigned node, dill_virt slab)
{
	image_add_partial(&f->image, f->cache, node, slab);
}

/* Five partial slabs of node 0 with one free object each. */
static void five_slabs(struct fixture *f)
{
	for (unsigned i = 1; i <= 5; i++)
		on_node(f, 0, slab(f, 1, i));
}

static void debug(struct fixture *f)
{
	set_member(f, f->image.heap.layout.cache_flags, 0x10000); /* STORE_USER */
}

/* No slab belongs to a CPU any more: what comes since 7.0. */
static void without_cpu_slabs(struct fixture *f)
{
	set_member(f, f->image.heap.layout.cache_cpu_slab, 0);
}

static void with_sheaves(struct fixture *f)
{
	image_give_sheaves(&f->image, f->cache, CAPACITY);
	without_cpu_slabs(f);
}

/* --- looking at what is said --- */

static char *item_text(struct fixture *f, char *at, const struct order_item *item)
{
	for (size_t i = 0; i < f->slab_count; i++)
		for (uint32_t o = 0; o < 64; o++)
			if (item->object == image_object(&f->image, f->cache, f->slabs[i], o))
				return at + sprintf(at, "%c%u%s ", 'A' + (char)i, o,
						    item->certain ? "" : "?");
	fail_msg("%#lx is no object", (unsigned long)item->object);
	return at;
}

static char *note_text(char *at, const struct order_note *note)
{
	if (note->count)
		return at + sprintf(at, "[%s %zu] ", order_note_name(note->kind), note->count);
	return at + sprintf(at, "[%s] ", order_note_name(note->kind));
}

/* "A5 A7 [new_slab] ", and the positions must fit. */
static const char *as_text(struct fixture *f, const struct order *order)
{
	char *at = f->text;
	size_t note = 0, position = 0;

	*at = '\0';
	for (size_t i = 0; i <= order->count; i++) {
		size_t limit = i < order->count ? order->items[i].position : SIZE_MAX;

		for (; note < order->note_count && order->notes[note].position <= limit; note++) {
			assert_int_equal(order->notes[note].position, position);
			position += order->notes[note].count;
			at = note_text(at, &order->notes[note]);
		}
		if (i == order->count)
			break;
		assert_int_equal(order->items[i].position, position++);
		at = item_text(f, at, &order->items[i]);
	}
	return f->text;
}

static void predict(struct fixture *f, unsigned cpu, size_t limit, struct order *ret)
{
	const struct reading reading = heap_fixture_reading(&f->heap_fixture);
	struct cache_list caches;

	assert_null(caches_read(&f->image.heap, f->arena, &f->findings, &caches));
	assert_null(contents_read(&reading, caches.items, 1, &f->contents));
	assert_null(order_predict(&f->image.heap, &f->contents, cpu, limit, f->arena, ret));
}

static void expect(struct fixture *f, unsigned cpu, size_t limit, const char *text)
{
	struct order order;

	predict(f, cpu, limit, &order);
	assert_string_equal(as_text(f, &order), text);
}

/* --- the per-CPU slab engine --- */

static void test_cpu_slab_comes_first(void **state)
{
	struct fixture *f = *state;
	dill_virt own = slab(f, 0);
	uint32_t lockless[] = {9, 3};

	image_set_cpu_slab(&f->image, f->cache, 1, own, lockless, 2);
	image_add_cpu_partial(&f->image, f->cache, 1, slab(f, 2, 1, 0));
	image_add_cpu_partial(&f->image, f->cache, 1, slab(f, 1, 5));
	on_node(f, 0, slab(f, 1, 7));
	expect(f, 1, 100, "A9 A3 C5 B1 B0 D7 [new_slab] ");
	expect(f, 0, 100, "D7 [new_slab] "); /* the other CPU gets none of it */
	expect(f, 1, 4, "A9 A3 C5 B1 ");
	expect(f, 1, 6, "A9 A3 C5 B1 B0 D7 ");
	assert_int_equal(f->findings.count, 0);
}

static void test_places_are_named(void **state)
{
	struct fixture *f = *state;
	struct order order;
	dill_virt own = slab(f, 0), partial = slab(f, 1, 5);
	uint32_t lockless[] = {9, 3};

	image_set_cpu_slab(&f->image, f->cache, 1, own, lockless, 2);
	image_add_cpu_partial(&f->image, f->cache, 1, partial);
	predict(f, 1, 3, &order);
	assert_int_equal(order.engine, ORDER_CPU_SLABS);
	assert_int_equal(order.node, 0);
	assert_int_equal(order.items[1].place.kind, PLACE_CPU_FREELIST);
	assert_int_equal(order.items[1].place.position, 1);
	assert_int_equal(order.items[1].place.container, own);
	assert_int_equal(order.items[2].place.kind, PLACE_CPU_PARTIAL);
	assert_int_equal(order.items[2].place.cpu, 1);
	assert_int_equal(order.items[2].place.container, partial);
}

static void test_slabs_are_fetched_by_number(void **state)
{
	struct fixture *f = *state;

	five_slabs(f);
	/* More than 2 / 2 slabs are put on the CPU's list, the last of them in front. */
	set_member(f, f->image.heap.layout.cache_cpu_partial_slabs, 2);
	expect(f, 0, 100, "A1 C3 B2 D4 E5 [new_slab] ");
	set_member(f, f->image.heap.layout.cache_cpu_partial_slabs, 0);
	expect(f, 0, 100, "A1 B2 C3 D4 E5 [new_slab] ");
	set_member(f, f->image.heap.layout.cache_cpu_partial_slabs, 100);
	expect(f, 0, 100, "A1 E5 D4 C3 B2 [new_slab] ");
}

static void test_slabs_are_fetched_by_objects(void **state)
{
	struct fixture *f = *state;

	five_slabs(f);
	f->image.heap.layout.cache_cpu_partial_slabs.present = false;
	set_member(f, f->image.heap.layout.cache_cpu_partial, 4); /* until more than 2 are free */
	expect(f, 0, 100, "A1 C3 B2 D4 E5 [new_slab] ");
	set_member(f, f->image.heap.layout.cache_cpu_partial, 1);
	expect(f, 0, 100, "A1 B2 C3 D4 E5 [new_slab] ");
}

static void test_slabs_are_fetched_one_by_one(void **state)
{
	struct fixture *f = *state;

	five_slabs(f);
	set_member(f, f->image.heap.layout.cache_cpu_partial_slabs, 100);
	f->image.heap.layout.cache_cpu_partial.present = false; /* no SLUB_CPU_PARTIAL */
	expect(f, 0, 100, "A1 B2 C3 D4 E5 [new_slab] ");
}

/* --- nodes --- */

static void test_another_node_helps_by_chance(void **state)
{
	struct fixture *f = *state;

	on_node(f, 0, slab(f, 1, 1));
	on_node(f, 1, slab(f, 1, 2));
	on_node(f, 1, slab(f, 1, 3));
	set_member(f, f->image.heap.layout.cache_min_partial, 1);
	f->image.heap.layout.cache_cpu_partial.present = false;
	/* It gives as long as it has more than it keeps. */
	expect(f, 0, 100, "A1 [other_nodes] B2? [new_slab] ");
	set_member(f, f->image.heap.layout.cache_min_partial, 2);
	expect(f, 0, 100, "A1 [new_slab] ");
}

static void test_one_of_several_nodes_is_not_guessed(void **state)
{
	struct fixture *f = *state;

	on_node(f, 0, slab(f, 1, 1));
	on_node(f, 1, slab(f, 1, 2));
	on_node(f, 2, slab(f, 1, 3));
	expect(f, 0, 100, "A1 [other_nodes] ");
}

static void test_the_cpu_says_which_node(void **state)
{
	struct fixture *f = *state;

	on_node(f, 0, slab(f, 1, 1));
	on_node(f, 1, slab(f, 1, 2));
	set_member(f, f->image.heap.layout.cache_min_partial, 5);
	image_set_u64(&f->image, kernel_percpu_address(f->image.heap.kernel, IMAGE_PERCPU_WORD, 1),
		      1);
	expect(f, 0, 100, "A1 [new_slab] ");
	expect(f, 1, 100, "B2 [new_slab] ");
	f->image.symbols[0].name = NULL; /* no NUMA */
	expect(f, 1, 100, "A1 [new_slab] ");
}

static void test_impossible_node_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct order order;
	struct cache_list caches;
	struct dill_error *error;
	const struct reading reading = heap_fixture_reading(&f->heap_fixture);

	image_set_u64(&f->image, kernel_percpu_address(f->image.heap.kernel, IMAGE_PERCPU_WORD, 0),
		      77);
	assert_null(caches_read(&f->image.heap, f->arena, &f->findings, &caches));
	assert_null(contents_read(&reading, caches.items, 1, &f->contents));
	error = order_predict(&f->image.heap, &f->contents, 0, 10, f->arena, &order);
	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_BAD_DATA);
	dill_error_free(error);
}

/* --- one object at a time --- */

static void test_debug_caches_pop_slab_freelists(void **state)
{
	struct fixture *f = *state;
	struct order order;

	debug(f);
	on_node(f, 0, slab(f, 3, 4, 6, 5));
	on_node(f, 0, slab(f, 2, 1, 2));
	expect(f, 0, 100, "A4 A6 A5 B1 B2 [new_slab] ");
	predict(f, 0, 1, &order);
	assert_int_equal(order.engine, ORDER_SLABS);
}

static void test_debug_caches_took_turns(void **state)
{
	struct fixture *f = *state;

	debug(f);
	on_node(f, 0, slab(f, 5, 10, 11, 12, 13, 14));
	on_node(f, 0, slab(f, 2, 1, 2));
	f->image.heap.layout.obj_info.present = false;
	expect(f, 0, 100, "A10 A14 A11 A13 A12 B1 B2 [new_slab] ");
	expect(f, 0, 2, "A10 A14 ");
}

static void test_cache_without_sheaves(void **state)
{
	struct fixture *f = *state;

	image_give_sheaves(&f->image, f->cache, 0);
	without_cpu_slabs(f);
	f->image.heap.layout.obj_info.present = false; /* means nothing without CPU slabs */
	f->image.heap.layout.cpu_freelist.present = false;
	on_node(f, 0, slab(f, 3, 4, 6, 5));
	on_node(f, 0, slab(f, 2, 1, 2));
	expect(f, 0, 100, "A4 A6 A5 B1 B2 [new_slab] ");
}

/* --- sheaves --- */

static void test_sheaves_then_barn(void **state)
{
	struct fixture *f = *state;
	struct order order;
	dill_virt objects[8];

	with_sheaves(f);
	slab(f, 0);
	for (uint32_t i = 0; i < 8; i++)
		objects[i] = object(f, 'A', i);
	image_set_sheaf(&f->image, f->cache, 1, IMAGE_MAIN, objects, 2);
	image_set_sheaf(&f->image, f->cache, 1, IMAGE_SPARE, objects + 2, 1);
	image_set_sheaf(&f->image, f->cache, 1, IMAGE_RCU_FREE, objects + 3, 1); /* not yet free */
	image_add_full_sheaf(&f->image, f->cache, 0, objects + 4, 2);
	image_add_full_sheaf(&f->image, f->cache, 0, objects + 6, 1);
	image_add_full_sheaf(&f->image, f->cache, 1, objects + 7, 1); /* another node's */
	expect(f, 1, 100, "A1 A0 A2 A5 A4 A6 [new_slab] ");
	expect(f, 0, 100, "A5 A4 A6 [new_slab] ");
	predict(f, 1, 5, &order);
	assert_int_equal(order.engine, ORDER_SHEAVES);
	assert_int_equal(order.items[0].place.kind, PLACE_MAIN_SHEAF);
	assert_int_equal(order.items[0].place.position, 1);
	assert_int_equal(order.items[4].place.kind, PLACE_BARN);
	assert_int_equal(order.items[4].place.node, 0);
	assert_int_equal(order.items[4].place.position, 0);
}

/* Three slabs with 3, 3 and 5 free objects: a sheaf of 4 takes one and a part of the next. */
static void three_slabs(struct fixture *f)
{
	on_node(f, 0, slab(f, 3, 1, 2, 3));
	on_node(f, 0, slab(f, 3, 4, 5, 6));
	on_node(f, 0, slab(f, 5, 7, 8, 9, 10, 11));
}

static void test_refills_in_list_order(void **state)
{
	struct fixture *f = *state;

	with_sheaves(f);
	image_set_sheaf(&f->image, f->cache, 0, IMAGE_SPARE, NULL, 0);
	three_slabs(f);
	/*
	 * Filled with A1 A2 A3 B4, what is left of B goes to the list's end; then with C7 ... C10,
	 * and C goes there too; then with B5 B6 C11 and one of a new slab, which lies on top.
	 */
	expect(f, 0, 100,
	       "[may_sleep] B4 A3 A2 A1 C10 C9 C8 C7 [new_slab 1] C11 B6 B5 [new_slab] ");
	expect(f, 0, 5, "[may_sleep] B4 A3 A2 A1 C10 ");
	expect(f, 0, 9, "[may_sleep] B4 A3 A2 A1 C10 C9 C8 C7 [new_slab 1] ");
}

static void test_refills_in_reverse_order(void **state)
{
	struct fixture *f = *state;

	with_sheaves(f);
	image_set_sheaf(&f->image, f->cache, 0, IMAGE_SPARE, NULL, 0);
	three_slabs(f);
	f->image.heap.layout.slab_iterator.present = false;
	/* A and B are taken, and used from B on: B4 B5 B6 A1; C7 ... C10 as before; then A and C
	 * are used from C on: C11 A2 A3. */
	expect(f, 0, 100,
	       "[may_sleep] A1 B6 B5 B4 C10 C9 C8 C7 [new_slab 1] A3 A2 C11 [new_slab] ");
}

static void test_refill_from_another_node_by_chance(void **state)
{
	struct fixture *f = *state;

	with_sheaves(f);
	image_set_sheaf(&f->image, f->cache, 0, IMAGE_SPARE, NULL, 0);
	on_node(f, 0, slab(f, 1, 1));
	on_node(f, 1, slab(f, 4, 2, 3, 4, 5));
	expect(f, 0, 100, "[may_sleep] [other_nodes] B4? B3? B2? A1? [new_slab 3] B5? [new_slab] ");
}

static void test_a_new_sheaf_may_come_from_the_cache_itself(void **state)
{
	struct fixture *f = *state;

	with_sheaves(f);
	on_node(f, 0, slab(f, 4, 1, 2, 3, 4));
	f->image.heap.layout.flags[1] = (struct cache_flag){0x2000, "KMALLOC"};
	set_member(f, f->image.heap.layout.cache_flags, 0x2000);
	/* 40 + 4 * 8 bytes are too many for an object of this cache. */
	expect(f, 0, 100, "[may_sleep] A4 A3 A2 A1 [new_slab] ");
	f->image.heap.layout.sheaf_objects.offset = 32;
	expect(f, 0, 100, "[may_sleep] [new_sheaf] A4? A3? A2? A1? [new_slab] ");
	image_set_sheaf(&f->image, f->cache, 0, IMAGE_SPARE, NULL, 0);
	expect(f, 0, 100, "[may_sleep] A4 A3 A2 A1 [new_slab] ");
}

static void test_sheaves_filled_from_cpu_slabs(void **state)
{
	struct fixture *f = *state;
	uint32_t lockless[] = {20, 21, 22};
	struct order order;
	dill_virt one;

	image_give_sheaves(&f->image, f->cache, CAPACITY);
	image_set_cpu_slab(&f->image, f->cache, 0, slab(f, 0), lockless, 3);
	one = object(f, 'A', 1);
	image_set_sheaf(&f->image, f->cache, 0, IMAGE_MAIN, &one, 1);
	image_set_sheaf(&f->image, f->cache, 0, IMAGE_SPARE, NULL, 0);
	on_node(f, 0, slab(f, 3, 7, 8, 9));
	expect(f, 0, 100, "A1 [may_sleep] B7 A22 A21 A20 [new_slab 2] B9 B8 [new_slab] ");
	predict(f, 0, 1, &order);
	assert_int_equal(order.engine, ORDER_SHEAVES_ON_CPUS);
}

/* --- slabs of the emergency reserves --- */

static void reserve(struct fixture *f, char letter)
{
	dill_virt flags = f->slabs[letter - 'A'] + f->image.heap.layout.page_flags.offset;

	image_set_u64(&f->image, flags, image_u64(&f->image, flags) | IMAGE_RESERVED);
}

/* Another CPU frees an object of a slab that all of its objects are in use of. */
static void free_remotely(struct fixture *f, char letter, uint32_t index)
{
	const struct layout *l = &f->image.heap.layout;
	dill_virt slab = f->slabs[letter - 'A'];
	uint16_t *inuse = image_at(&f->image, slab + l->slab_inuse.offset, 2);

	--*inuse;
	image_set_u64(&f->image, slab + l->slab_freelist.offset,
		      image_chain(&f->image, f->cache, slab, &index, 1));
}

/* The CPU's freelist is used up before anyone looks at the slab; the rest is given up. */
static void test_reserves_on_a_cpu(void **state)
{
	struct fixture *f = *state;
	uint32_t lockless[] = {20, 21};

	image_set_cpu_slab(&f->image, f->cache, 0, slab(f, 0), lockless, 2);
	free_remotely(f, 'A', 30);
	image_add_cpu_partial(&f->image, f->cache, 0, slab(f, 1, 1));
	image_add_cpu_partial(&f->image, f->cache, 0, slab(f, 1, 2));
	expect(f, 0, 100, "A20 A21 A30 C2 B1 [new_slab] ");
	reserve(f, 'A');
	reserve(f, 'C');
	expect(f, 0, 100, "[reserves] A20 A21 B1 [new_slab] ");
}

/* They are not among those that are fetched together, either. */
static void test_reserves_on_a_node(void **state)
{
	struct fixture *f = *state;

	set_member(f, f->image.heap.layout.cache_cpu_partial_slabs, 2);
	five_slabs(f);
	expect(f, 0, 100, "A1 C3 B2 D4 E5 [new_slab] ");
	reserve(f, 'B');
	expect(f, 0, 100, "[reserves] A1 D4 C3 E5 [new_slab] ");
}

static void test_reserves_of_another_node(void **state)
{
	struct fixture *f = *state;

	set_member(f, f->image.heap.layout.cache_min_partial, 1);
	on_node(f, 1, slab(f, 1, 1));
	on_node(f, 1, slab(f, 1, 2));
	reserve(f, 'A'); /* counts as a slab of its node all the same */
	expect(f, 0, 100, "[reserves] [other_nodes] B2? [new_slab] ");
	reserve(f, 'B');
	expect(f, 0, 100, "[reserves] [new_slab] ");
}

static void test_reserves_in_a_refill(void **state)
{
	struct fixture *f = *state;

	with_sheaves(f);
	image_set_sheaf(&f->image, f->cache, 0, IMAGE_SPARE, NULL, 0);
	on_node(f, 0, slab(f, 3, 1, 2, 3));
	on_node(f, 0, slab(f, 4, 4, 5, 6, 7));
	reserve(f, 'A');
	expect(f, 0, 100, "[reserves] [may_sleep] B7 B6 B5 B4 [new_slab] ");
}

static void test_reserves_of_debug_caches(void **state)
{
	struct fixture *f = *state;

	debug(f);
	five_slabs(f);
	reserve(f, 'A');
	reserve(f, 'E');
	expect(f, 0, 100, "[reserves] B2 C3 D4 [new_slab] ");
}

/* --- what is broken, and what interferes --- */

static void test_broken_freelist_ends_it(void **state)
{
	struct fixture *f = *state;

	on_node(f, 0, slab(f, 3, 1, 2, 3));
	on_node(f, 0, slab(f, 1, 4));
	image_set_u64(&f->image, image_slot(&f->image, f->cache, object(f, 'A', 2)), 0x4141);
	expect(f, 0, 100, "A1 A2 [broken] ");
	assert_true(f->findings.count > 0);
	debug(f);
	f->image.heap.layout.obj_info.present = false;
	expect(f, 0, 100, "A1 [broken] "); /* the second would be the one at its end */
}

static void test_broken_list_ends_it(void **state)
{
	struct fixture *f = *state;
	uint32_t lockless[] = {20};

	image_set_cpu_slab(&f->image, f->cache, 0, slab(f, 0), lockless, 1);
	on_node(f, 0, slab(f, 1, 1));
	on_node(f, 0, slab(f, 1, 2));
	image_set_u64(&f->image, f->slabs[1] + f->image.heap.layout.slab_list.offset, 0x10);
	expect(f, 0, 100, "A20 [broken] ");
}

static void test_broken_slab_in_a_refill(void **state)
{
	struct fixture *f = *state;

	with_sheaves(f);
	image_set_sheaf(&f->image, f->cache, 0, IMAGE_SPARE, NULL, 0);
	on_node(f, 0, slab(f, 4, 1, 2, 3, 4));
	on_node(f, 0, slab(f, 4, 5, 6, 7, 8));
	image_set_u64(&f->image, image_slot(&f->image, f->cache, object(f, 'B', 6)), 0x4141);
	/* The second sheaf's top is not known, so nothing of it is. */
	expect(f, 0, 100, "[may_sleep] A4 A3 A2 A1 [broken] ");
}

static void test_broken_sheaf_ends_it(void **state)
{
	struct fixture *f = *state;
	dill_virt objects[2], sheaf;

	with_sheaves(f);
	slab(f, 0);
	objects[0] = object(f, 'A', 0);
	objects[1] = object(f, 'A', 1);
	image_set_sheaf(&f->image, f->cache, 0, IMAGE_MAIN, objects, 2);
	sheaf = image_set_sheaf(&f->image, f->cache, 0, IMAGE_SPARE, objects, 0);
	image_set_u64(&f->image, sheaf + f->image.heap.layout.sheaf_size.offset, 1000);
	expect(f, 0, 100, "A1 A0 [broken] ");
}

static void test_impossible_cache_with_sheaves(void **state)
{
	struct fixture *f = *state;
	dill_virt first;

	with_sheaves(f);
	slab(f, 0);
	first = object(f, 'A', 0);
	image_set_sheaf(&f->image, f->cache, 0, IMAGE_MAIN, &first, 1);
	set_member(f, f->image.heap.layout.cache_size, 0);
	expect(f, 0, 100, "[broken] ");
}

static void test_lists_in_motion(void **state)
{
	struct fixture *f = *state;

	on_node(f, 0, slab(f, 1, 1));
	image_set_u64(&f->image, image_node(&f->image, f->cache, 0), 1); /* the lock */
	expect(f, 0, 100, "[in_motion] A1? [new_slab] ");
}

static void test_kfence(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = {"kfence_enabled", "kfence_allocation_gate",
					    "kfence_sample_interval"};
	dill_virt words = kernel_percpu_address(f->image.heap.kernel, IMAGE_PERCPU_WORD, 0) - 24;

	for (size_t i = 0; i < 3; i++) {
		f->image.symbols[1 + i].name = names[i];
		f->image.symbols[1 + i].address = words + 8 * i;
	}
	on_node(f, 0, slab(f, 1, 1));
	expect(f, 0, 100, "A1 [new_slab] ");
	image_set_u64(&f->image, words, 1);
	image_set_u64(&f->image, words + 8, 1);
	expect(f, 0, 100, "[kfence] A1 [new_slab] ");
	image_set_u64(&f->image, words + 8, 0);
	expect(f, 0, 100, "[kfence_due] A1? [new_slab] ");
}

#define ORDER_TEST(function) cmocka_unit_test_setup_teardown(function, setup, heap_fixture_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ORDER_TEST(test_cpu_slab_comes_first),
		ORDER_TEST(test_places_are_named),
		ORDER_TEST(test_slabs_are_fetched_by_number),
		ORDER_TEST(test_slabs_are_fetched_by_objects),
		ORDER_TEST(test_slabs_are_fetched_one_by_one),
		ORDER_TEST(test_another_node_helps_by_chance),
		cmocka_unit_test_setup_teardown(test_one_of_several_nodes_is_not_guessed,
						setup_three_nodes, heap_fixture_free),
		ORDER_TEST(test_the_cpu_says_which_node),
		ORDER_TEST(test_impossible_node_is_an_error),
		ORDER_TEST(test_debug_caches_pop_slab_freelists),
		ORDER_TEST(test_debug_caches_took_turns),
		ORDER_TEST(test_cache_without_sheaves),
		ORDER_TEST(test_sheaves_then_barn),
		ORDER_TEST(test_refills_in_list_order),
		ORDER_TEST(test_refills_in_reverse_order),
		ORDER_TEST(test_refill_from_another_node_by_chance),
		ORDER_TEST(test_a_new_sheaf_may_come_from_the_cache_itself),
		ORDER_TEST(test_sheaves_filled_from_cpu_slabs),
		ORDER_TEST(test_reserves_on_a_cpu),
		ORDER_TEST(test_reserves_on_a_node),
		ORDER_TEST(test_reserves_of_another_node),
		ORDER_TEST(test_reserves_in_a_refill),
		ORDER_TEST(test_reserves_of_debug_caches),
		ORDER_TEST(test_broken_freelist_ends_it),
		ORDER_TEST(test_broken_list_ends_it),
		ORDER_TEST(test_broken_slab_in_a_refill),
		ORDER_TEST(test_broken_sheaf_ends_it),
		ORDER_TEST(test_impossible_cache_with_sheaves),
		ORDER_TEST(test_lists_in_motion),
		ORDER_TEST(test_kfence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
