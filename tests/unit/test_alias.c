/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "heap_fixture.h"
#include "slub/alias.h"

/* A made-up /sys/kernel/slab in an unused page of the image: caches a and b, of which a has two
 * links besides its own. */
struct fixture {
	HEAP_FIXTURE;
	struct cache_list caches;
	struct alias_list list;
	dill_virt next; /* free bytes */
	dill_virt set, root, a, b, a_folder, b_folder;
	dill_virt entries[5];
};

#define AT(at, bytes)                                                                              \
	(struct member)                                                                            \
	{                                                                                          \
		.present = true, .offset = (at), .size = (bytes)                                   \
	}
#define KIND_FOLDER 1u
#define KIND_LINK   4u
#define NODE_BYTES  96u

static dill_virt take(struct fixture *f, size_t size)
{
	dill_virt address = f->next;

	f->next += (size + 15) / 16 * 16;
	return address;
}

/* A kernfs_node that is in no tree yet. */
static dill_virt node(struct fixture *f, const char *name, unsigned kind, dill_virt target)
{
	dill_virt text = take(f, strlen(name) + 1), address = take(f, NODE_BYTES);

	memcpy(image_at(&f->image, text, strlen(name) + 1), name, strlen(name) + 1);
	image_set_u64(&f->image, address + 8, text);
	image_set_u64(&f->image, address + 48, target);
	image_set_u64(&f->image, address + 64, 0xffe0 | kind); /* with flags above the type */
	return address;
}

static void set_layout(struct layout *l)
{
	l->cache_kobj_sd = AT(200, 8);
	l->cache_kobj_kset = AT(208, 8);
	l->kset_sd = AT(24, 8);
	l->kernfs_name = AT(8, 8);
	l->kernfs_rb = AT(16, 24);
	l->kernfs_children = AT(40, 8);
	l->kernfs_target = AT(48, 8);
	l->kernfs_flags = AT(64, 2);
	l->rb_parent = AT(0, 8);
	l->rb_right = AT(8, 8);
	l->rb_left = AT(16, 8);
}

/* Hang @child below @parent; the parent's link is red or black at will. */
static void hang(struct fixture *f, dill_virt child, dill_virt parent, bool left)
{
	image_set_u64(&f->image, child + 16, (parent + 16) | left);
	image_set_u64(&f->image, parent + 16 + (left ? 16 : 8), child + 16);
}

static dill_virt with_folder(struct fixture *f, dill_virt cache, const char *name)
{
	dill_virt folder = node(f, name, KIND_FOLDER, 0);

	image_set_u64(&f->image, cache + 200, folder);
	image_set_u64(&f->image, cache + 208, f->set);
	return folder;
}

static int setup(void **state)
{
	struct fixture *f = heap_fixture_new(state, sizeof(*f), 64, 1, 1, FREELIST_PLAIN);

	f->next = IMAGE_BASE + UINT64_C(40) * DILL_PAGE_SIZE;
	set_layout(&f->image.heap.layout);
	f->a = image_cache(&f->image, "a", 64);
	f->b = image_cache(&f->image, "b", 128);
	f->set = take(f, 32);
	f->root = node(f, "slab", KIND_FOLDER, 0);
	image_set_u64(&f->image, f->set + 24, f->root);
	f->a_folder = with_folder(f, f->a, ":0000064");
	f->b_folder = with_folder(f, f->b, "b");
	f->entries[0] = node(f, "zebra", KIND_LINK, f->a_folder);
	f->entries[1] = node(f, "a", KIND_LINK, f->a_folder);
	f->entries[2] = node(f, "bee\033", KIND_LINK, f->a_folder);
	f->entries[3] = f->b_folder;
	f->entries[4] = f->a_folder;
	image_set_u64(&f->image, f->root + 40, f->entries[0] + 16);
	image_set_u64(&f->image, f->entries[0] + 16, 1); /* the root has no parent and is black */
	hang(f, f->entries[1], f->entries[0], true);
	hang(f, f->entries[2], f->entries[0], false);
	hang(f, f->entries[3], f->entries[1], true);
	hang(f, f->entries[4], f->entries[1], false);
	return 0;
}

static void look(struct fixture *f)
{
	assert_null(caches_read(&f->image.heap, f->arena, &f->findings, &f->caches));
	assert_null(aliases_read(&f->image.heap, &f->caches, f->arena, &f->findings, &f->list));
}

static void expect_finding(struct fixture *f, enum finding_kind kind)
{
	assert_int_equal(f->findings.count, 1);
	assert_string_equal(finding_kind_name(f->findings.first->kind), finding_kind_name(kind));
}

static void test_healthy(void **state)
{
	struct fixture *f = *state;

	look(f);
	assert_int_equal(f->findings.count, 0);
	assert_int_equal(f->list.count, 2);
	assert_string_equal(f->list.items[0].folder, ":0000064");
	assert_int_equal(f->list.items[0].count, 2);
	assert_string_equal(f->list.items[0].names[0], "bee\\x1b");
	assert_string_equal(f->list.items[0].names[1], "zebra");
	assert_string_equal(f->list.items[1].folder, "b");
	assert_int_equal(f->list.items[1].count, 0);
	assert_ptr_equal(aliases_of(&f->list, &f->caches.items[1]), &f->list.items[1]);
}

/* Each cycle would need an entry with two parents. */
static void test_cycles(void **state)
{
	struct fixture *f = *state;

	image_set_u64(&f->image, f->entries[4] + 16 + 8, f->entries[0] + 16);
	look(f);
	expect_finding(f, FINDING_SYSFS);
	assert_int_equal(f->list.items[0].count, 2);
}

static void test_same_entry_on_both_sides(void **state)
{
	struct fixture *f = *state;

	image_set_u64(&f->image, f->entries[0] + 16 + 8, f->entries[1] + 16);
	look(f);
	expect_finding(f, FINDING_SYSFS);
}

static void test_unreadable(void **state)
{
	struct fixture *f = *state;

	image_set_u64(&f->image, f->entries[0] + 16 + 8, 0x1000);
	image_set_u64(&f->image, f->entries[0] + 8, 0x2000); /* its name, too */
	look(f);
	assert_int_equal(f->findings.count, 2);
	assert_int_equal(f->list.items[0].count, 0);
}

static void test_link_to_no_cache(void **state)
{
	struct fixture *f = *state;

	image_set_u64(&f->image, f->entries[2] + 48, f->root);
	look(f);
	assert_int_equal(f->findings.count, 0);
	assert_int_equal(f->list.items[0].count, 1);
}

static void expect_unsupported(struct fixture *f)
{
	struct dill_error *error;

	assert_null(caches_read(&f->image.heap, f->arena, &f->findings, &f->caches));
	error = aliases_read(&f->image.heap, &f->caches, f->arena, &f->findings, &f->list);
	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_UNSUPPORTED);
	dill_error_free(error);
}

static void test_without_sysfs(void **state)
{
	struct fixture *f = *state;

	image_set_u64(&f->image, f->a + 208, 0);
	image_set_u64(&f->image, f->b + 208, 0);
	expect_unsupported(f);
	f->image.heap.layout.kernfs_name.present = false;
	expect_unsupported(f);
}

#define HEAP_TEST(function) cmocka_unit_test_setup_teardown(function, setup, heap_fixture_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HEAP_TEST(test_healthy),
		HEAP_TEST(test_cycles),
		HEAP_TEST(test_same_entry_on_both_sides),
		HEAP_TEST(test_unreadable),
		HEAP_TEST(test_link_to_no_cache),
		HEAP_TEST(test_without_sysfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
