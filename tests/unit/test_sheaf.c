/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "heap_fixture.h"
#include "slub/survey.h"

#define CAPACITY 4

/* A cache with a slab of live objects, of which three lie in CPU 0's main sheaf. */
struct fixture {
	HEAP_FIXTURE;
	struct contents contents;
	dill_virt cache, sheaf, objects[3];
};

static int set_up(void **state)
{
	struct fixture *f = heap_fixture_new(state, sizeof(*f), 32, 2, 1, FREELIST_XOR_SWAPPED);
	dill_virt slab;

	f->cache = image_cache(&f->image, "a", 64);
	slab = image_slab(&f->image, f->cache, NULL, 0);
	image_give_sheaves(&f->image, f->cache, CAPACITY);
	for (uint32_t i = 0; i < 3; i++)
		f->objects[i] = image_object(&f->image, f->cache, slab, 10 + i);
	f->sheaf = image_set_sheaf(&f->image, f->cache, 0, IMAGE_MAIN, f->objects, 3);
	return 0;
}

static const struct sheaf *read_main(struct fixture *f)
{
	const struct reading reading = heap_fixture_reading(&f->heap_fixture);
	struct cache_list caches;

	assert_null(caches_read(&f->image.heap, f->arena, &f->findings, &caches));
	assert_int_equal(caches.count, 1);
	assert_null(contents_read(&reading, caches.items, 1, &f->contents));
	return &f->contents.cpus[0].sheaves.main;
}

/* Mark a page as a slab of the cache, as KFENCE does with those of its pool; no node counts it. */
static void make_slab_page(struct fixture *f, dill_virt page)
{
	const struct layout *l = &f->image.heap.layout;
	dill_virt slab = IMAGE_VMEMMAP + (page - IMAGE_BASE) / DILL_PAGE_SIZE * IMAGE_PAGE_STRUCT;
	uint32_t *type = image_at(&f->image, slab + l->page_type.offset, 4);

	*type = l->slab_mark_value << 24;
	image_set_u64(&f->image, slab + l->slab_cache.offset, f->cache);
}

static void test_healthy(void **state)
{
	struct fixture *f = *state;
	const struct sheaf *sheaf = read_main(f);

	assert_int_equal(f->findings.count, 0);
	assert_int_equal(sheaf->address, f->sheaf);
	assert_int_equal(sheaf->size, 3);
	assert_memory_equal(sheaf->objects, f->objects, sizeof(f->objects));
	assert_false(sheaf->broken);
}

/* A kernel that has the pointers in another order. */
static void test_order_of_members(void **state)
{
	struct fixture *f = *state;
	struct layout *l = &f->image.heap.layout;
	struct member first = l->pcs_main;

	l->pcs_main = l->pcs_rcu_free;
	l->pcs_rcu_free = first;
	image_set_sheaf(&f->image, f->cache, 0, IMAGE_MAIN, f->objects, 2);
	image_set_sheaf(&f->image, f->cache, 0, IMAGE_RCU_FREE, f->objects + 2, 1);
	assert_int_equal(read_main(f)->size, 2);
	assert_int_equal(f->contents.cpus[0].sheaves.rcu_free.size, 1);
	assert_int_equal(f->findings.count, 0);
}

/* A cache whose objects have no size: what a sheaf's entries are cannot be told. */
static void test_cache_without_size(void **state)
{
	struct fixture *f = *state;
	uint32_t *size = image_at(&f->image, f->cache + f->image.heap.layout.cache_size.offset, 4);

	*size = 0;

	const struct sheaf *sheaf = read_main(f);

	assert_int_equal(f->findings.count, 1);
	assert_int_equal(f->findings.first->kind, FINDING_CACHE);
	assert_true(sheaf->broken);
	assert_int_equal(sheaf->size, 3);
	assert_null(sheaf->objects);
	assert_true(f->contents.incomplete);
}

/* Of two objects that wait for RCU one is KFENCE's: the cache's own objects are one fewer. */
static void test_kfence_waits_uncounted(void **state)
{
	static const enum contents_detail details[] = {CONTENTS_COUNTS, CONTENTS_FREELISTS};
	struct fixture *f = *state;
	struct survey survey = {.heap = &f->image.heap};
	dill_virt pool = image_page(&f->image);
	dill_virt waiting[] = {f->objects[0] - 64, pool + 1000};
	struct state_counts counts;
	struct cache_list caches;

	make_slab_page(f, pool);
	f->image.heap.kfence_base = pool;
	f->image.heap.kfence_size = DILL_PAGE_SIZE;
	image_set_sheaf(&f->image, f->cache, 0, IMAGE_RCU_FREE, waiting, 2);
	assert_null(caches_read(&f->image.heap, f->arena, &f->findings, &caches));
	for (size_t i = 0; i < 2; i++) {
		struct reading reading = heap_fixture_reading(&f->heap_fixture);

		reading.detail = details[i];
		assert_null(contents_read(&reading, caches.items, 1, &f->contents));
		survey_count(&survey, &f->contents, &counts);
		assert_int_equal(f->findings.count, 0);
		assert_int_equal(counts.counts[OBJECT_WAITING], 1);
		assert_int_equal(counts.counts[OBJECT_CACHED], 3);
		assert_int_equal(counts.counts[OBJECT_LIVE], 64 - 1 - 3);
	}
}

/* PREEMPT_RT: the locks' first words say nothing, their owners do. */
static void test_locks_with_owners(void **state)
{
	struct fixture *f = *state;
	struct layout *l = &f->image.heap.layout;
	dill_virt thread = UINT64_C(0xffff888001234500), barn;
	dill_virt pcs =
		kernel_percpu_address(f->image.heap.kernel, image_u64(&f->image, f->cache), 0);

	barn = image_u64(&f->image, image_node(&f->image, f->cache, 0) + l->node_barn.offset);
	l->pcs_lock = (struct lock){{.present = true, .size = 8}, LOCK_OWNER};
	l->barn_lock = (struct lock){{.present = true, .offset = 40, .size = 8}, LOCK_OWNER};
	read_main(f);
	assert_null(f->contents.cpus[0].sheaves.moving);
	assert_null(f->contents.nodes[0].barn.moving);
	image_set_u64(&f->image, pcs, 1);
	image_set_u64(&f->image, barn + l->barn_lock.word.offset, 1);
	read_main(f);
	assert_null(f->contents.cpus[0].sheaves.moving);
	assert_null(f->contents.nodes[0].barn.moving);
	image_set_u64(&f->image, pcs, thread | 1);
	image_set_u64(&f->image, barn + l->barn_lock.word.offset, thread);
	read_main(f);
	assert_string_equal(f->contents.cpus[0].sheaves.moving, "the CPU's sheaves are locked");
	assert_string_equal(f->contents.nodes[0].barn.moving, "the node's barn is locked");
	assert_int_equal(f->findings.count, 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, heap_fixture_free)
	const struct CMUnitTest tests[] = {
		TEST(test_healthy),
		TEST(test_order_of_members),
		TEST(test_cache_without_size),
		TEST(test_kfence_waits_uncounted),
		TEST(test_locks_with_owners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
