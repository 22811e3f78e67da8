/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "heap_fixture.h"
#include "slub/selfcheck.h"

struct fixture {
	HEAP_FIXTURE;
	struct cache_list caches;
};

static const uint32_t order[] = {5, 63, 0, 17, 18};

static int setup(void **state)
{
	struct fixture *f = heap_fixture_new(state, sizeof(*f), 64, 2, 2, FREELIST_XOR_SWAPPED);
	static const char *const names[] = {"kmalloc-64", "kmalloc-cg-64", "a"};

	for (size_t i = 0; i < 3; i++) {
		dill_virt cache = image_cache(&f->image, names[i], 64);

		image_add_partial(&f->image, cache, 0, image_slab(&f->image, cache, order, 3));
	}
	assert_null(caches_read(&f->image.heap, f->arena, &f->findings, &f->caches));
	return 0;
}

static const struct self_check *check_named(struct fixture *f, const char *name)
{
	static struct self_check checks[SELF_CHECKS];

	assert_null(self_check(&f->image.heap, &f->caches, f->arena, checks));
	for (size_t i = 0; i < SELF_CHECKS; i++)
		if (!strcmp(checks[i].name, name))
			return &checks[i];
	fail_msg("no check %s", name);
	return NULL;
}

static void expect(struct fixture *f, const char *name, enum self_check_result result)
{
	assert_string_equal(self_check_result_name(check_named(f, name)->result),
			    self_check_result_name(result));
}

static void test_healthy(void **state)
{
	struct fixture *f = *state;

	expect(f, "cache_list", SELF_CHECK_PASSED);
	expect(f, "kmalloc_sizes", SELF_CHECK_PASSED);
	expect(f, "slabs_point_back", SELF_CHECK_PASSED);
	expect(f, "free_pointers", SELF_CHECK_PASSED);
	/* The image has no cache of caches. */
	expect(f, "own_sizes", SELF_CHECK_IMPOSSIBLE);
	expect(f, "caches_in_slabs", SELF_CHECK_IMPOSSIBLE);
	assert_null(self_check_require(&f->image.heap, &f->caches));
	assert_true(f->image.heap.checked);
}

/* As if dill took the wrong word for the owner: no answer, and the reason in one line. */
static void test_misunderstood_slab(void **state)
{
	struct fixture *f = *state;

	f->image.heap.layout.slab_cache.offset += 8;
	expect(f, "slabs_point_back", SELF_CHECK_FAILED);

	struct dill_error *error = self_check_require(&f->image.heap, &f->caches);

	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_UNSUPPORTED);
	assert_non_null(strstr(dill_error_text(error), "0 of 3 sampled slabs"));
	assert_false(f->image.heap.checked);
	dill_error_free(error);
}

static void test_misunderstood_sizes(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < f->caches.count; i++)
		f->caches.items[i].object_size = 72;
	expect(f, "kmalloc_sizes", SELF_CHECK_FAILED);
}

/* One corrupt slab of three is a corrupt heap, not a misunderstanding. */
static void test_corrupt_slab_does_not_lock_out(void **state)
{
	struct fixture *f = *state;
	dill_virt head = image_node(&f->image, f->image.caches[0], 0) +
			 f->image.heap.layout.node_partial.offset;
	dill_virt slab = image_u64(&f->image, head) - f->image.heap.layout.slab_list.offset;

	image_set_u64(&f->image, slab + f->image.heap.layout.slab_cache.offset, 0x1234);
	expect(f, "slabs_point_back", SELF_CHECK_PASSED);
	assert_null(self_check_require(&f->image.heap, &f->caches));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_healthy, setup, heap_fixture_free),
		cmocka_unit_test_setup_teardown(test_misunderstood_slab, setup, heap_fixture_free),
		cmocka_unit_test_setup_teardown(test_misunderstood_sizes, setup, heap_fixture_free),
		cmocka_unit_test_setup_teardown(test_corrupt_slab_does_not_lock_out, setup,
						heap_fixture_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
