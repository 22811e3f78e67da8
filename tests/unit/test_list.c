/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "heap_fixture.h"
#include "slub/list.h"

#define NODES_MAX 12u

/* Two lists, each of a head and of nodes that lie anywhere. */
struct fixture {
	HEAP_FIXTURE;
	dill_virt lists[2][NODES_MAX + 1]; /* the head first */
	struct list_walk walks[2];
};

static void set_next(struct fixture *f, dill_virt node, dill_virt next)
{
	image_set_u64(&f->image, node + f->image.heap.layout.list_next.offset, next);
}

static void set_prev(struct fixture *f, dill_virt node, dill_virt prev)
{
	image_set_u64(&f->image, node + f->image.heap.layout.list_prev.offset, prev);
}

static int setup(void **state)
{
	struct fixture *f = heap_fixture_new(state, sizeof(*f), 8, 1, 1, FREELIST_XOR);

	for (size_t list = 0; list < 2; list++)
		for (size_t i = 0; i <= NODES_MAX; i++)
			f->lists[list][i] = image_bytes(&f->image, 32);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (size_t list = 0; list < 2; list++)
		list_walk_deinit(&f->walks[list]);
	return heap_fixture_free(state);
}

/* Link the first @count nodes of a list. */
static void link_all(struct fixture *f, size_t list, size_t count)
{
	const dill_virt *nodes = f->lists[list];

	for (size_t i = 0; i <= count; i++) {
		set_next(f, nodes[i], nodes[i < count ? i + 1 : 0]);
		set_prev(f, nodes[i < count ? i + 1 : 0], nodes[i]);
	}
}

static void walk(struct fixture *f, size_t limit)
{
	f->findings = (struct findings){.arena = f->arena};
	for (size_t list = 0; list < 2; list++) {
		list_walk_deinit(&f->walks[list]);
		f->walks[list] = (struct list_walk){
			.head = f->lists[list][0],
			.place = {.cpu = -1, .node = -1},
			.what = "list",
			.limit = limit,
		};
	}
	assert_null(lists_collect(&f->image.heap, f->walks, 2, &f->findings));
}

/* The first @count nodes of a list were collected, in their order. */
static void expect_nodes(const struct fixture *f, size_t list, size_t count)
{
	assert_int_equal(f->walks[list].nodes.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(f->walks[list].nodes.items[i], f->lists[list][i + 1]);
}

/* What lies behind a break is in order, however long the other lists are that are read along. */
static void test_broken_beside_another(void **state)
{
	struct fixture *f = *state;

	for (size_t other = 0; other <= NODES_MAX; other++) {
		link_all(f, 0, 6);
		link_all(f, 1, other);
		set_next(f, f->lists[0][2], UINT64_C(0x4242424242424242));
		walk(f, 0);
		assert_int_equal(f->findings.count, 1);
		assert_int_equal(f->findings.first->kind, FINDING_LIST_BROKEN);
		assert_true(f->walks[0].broken);
		expect_nodes(f, 0, 6);
		assert_false(f->walks[1].broken);
		expect_nodes(f, 1, other);
	}
}

/* A list of more nodes than are followed: that is said, and the first ones are in order. */
static void test_too_long(void **state)
{
	struct fixture *f = *state;

	link_all(f, 0, 5);
	link_all(f, 1, 4);
	walk(f, 4);
	assert_int_equal(f->findings.count, 1);
	assert_int_equal(f->findings.first->kind, FINDING_LIST_BROKEN);
	assert_int_equal(f->findings.first->address, f->lists[0][0]);
	assert_string_equal(f->findings.first->text,
			    "list: it has more than the 4 nodes that are followed");
	assert_true(f->walks[0].broken);
	expect_nodes(f, 0, 4);
	assert_false(f->walks[1].broken);
	expect_nodes(f, 1, 4);
}

/* The same from the end on: the links there are right, and none of them is blamed. */
static void test_too_long_behind_a_break(void **state)
{
	struct fixture *f = *state;

	link_all(f, 0, 8);
	link_all(f, 1, 0);
	set_next(f, f->lists[0][2], UINT64_C(0x4242424242424242));
	walk(f, 5);
	assert_int_equal(f->findings.count, 1);
	assert_int_equal(f->findings.first->address, f->lists[0][0]);
	assert_true(f->walks[0].broken);
	assert_int_equal(f->walks[0].nodes.count, 5);
	assert_int_equal(f->walks[0].nodes.items[1], f->lists[0][2]);
	assert_int_equal(f->walks[0].nodes.items[2], f->lists[0][6]);
	assert_int_equal(f->walks[0].nodes.items[4], f->lists[0][8]);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_broken_beside_another),
		TEST(test_too_long),
		TEST(test_too_long_behind_a_break),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
