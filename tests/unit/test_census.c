/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "heap_fixture.h"
#include "slub/census.h"
#include "slub/site.h"

/* Caches "c" with 8 objects of 512 bytes in a slab, and "d" with 40 of 100 bytes. */
struct fixture {
	HEAP_FIXTURE;
	struct survey survey;
	dill_virt c, d;
	dill_virt broken; /* a partial slab of "d" */
};

static const uint32_t some[] = {5, 0, 2};

static int setup(void **state)
{
	struct fixture *f = heap_fixture_new(state, sizeof(*f), 64, 2, 2, FREELIST_XOR_SWAPPED);
	dill_virt slab;

	f->c = image_cache(&f->image, "c", 512);
	f->d = image_cache(&f->image, "d", 100);
	image_slab(&f->image, f->c, NULL, 0);
	image_add_partial(&f->image, f->c, 1, image_slab(&f->image, f->c, some, 3));
	slab = image_slab(&f->image, f->c, NULL, 0);
	image_set_cpu_slab(&f->image, f->c, 0, slab, some, 2);
	f->broken = image_slab(&f->image, f->d, some, 3);
	image_add_partial(&f->image, f->d, 0, f->broken);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	survey_deinit(&f->survey);
	return heap_fixture_free(state);
}

/* What a walk has shown of one cache. */
struct seen {
	struct census_sums sums[2]; /* of c and d */
	size_t at;
	uint64_t slabs, bytes;
	bool wanted;
	const char *names[2];
	dill_virt last;
	uint8_t first; /* byte of the first slab that was read */
};

static bool wants_bytes(void *context, const struct cache *cache)
{
	struct seen *seen = context;

	(void)cache;
	return seen->wanted;
}

static struct dill_error *visit_slab(void *context, const struct cache_map *map,
				     const struct mapped_slab *slab, struct span bytes)
{
	struct seen *seen = context;

	assert_true(seen->at < 2);
	assert_true(slab->slab.base > seen->last); /* in order of address */
	seen->last = slab->slab.base;
	census_add_slab(&seen->sums[seen->at], map, slab);
	seen->slabs++;
	seen->bytes += bytes.size;
	if (bytes.size)
		assert_int_equal(bytes.size, slab->slab.objects * map->cache->size);
	return NULL;
}

static struct dill_error *end_cache(void *context, const struct contents *contents,
				    const struct cache_map *map)
{
	struct seen *seen = context;

	assert_ptr_equal(contents->cache, map->cache);
	seen->names[seen->at++] = map->cache->name;
	seen->last = 0;
	return NULL;
}

static void walk(struct fixture *f, struct seen *seen)
{
	const struct census_visitor visitor = {visit_slab, end_cache, seen, wants_bytes};

	assert_null(survey_init(&f->image.heap, f->arena, &f->findings, &f->survey));
	assert_null(census_walk(&f->survey, &f->survey.all, &visitor));
}

static void check_bytes(const struct census_sums *sums)
{
	uint64_t objects = 0;

	assert_int_equal(sums->memory, sums->used_bytes + sums->free_bytes + sums->around_bytes +
					       sums->tail_bytes);
	assert_int_equal(sums->slabs, sums->empty + sums->partly + sums->full);
	for (int state = 0; state < OBJECT_STATES; state++)
		objects += sums->counts[state];
	assert_int_equal(sums->objects, objects);
}

static void test_sums(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	struct census_sums both = {0};
	const struct census_sums *c, *d;

	walk(f, &seen);
	assert_int_equal(seen.at, 2);
	assert_int_equal(seen.bytes, 0);
	c = &seen.sums[strcmp(seen.names[0], "c") != 0];
	d = &seen.sums[strcmp(seen.names[0], "d") != 0];
	check_bytes(c);
	check_bytes(d);
	assert_int_equal(c->slabs, 3);
	assert_int_equal(c->full, 1);
	assert_int_equal(c->partly, 2);
	assert_int_equal(c->counts[OBJECT_LIVE], 8 + 5 + 6);
	assert_int_equal(c->counts[OBJECT_FREE], 3);
	assert_int_equal(c->counts[OBJECT_CACHED], 2);
	assert_int_equal(c->memory, 3 * 4096);
	assert_int_equal(c->tail_bytes, 0);
	assert_int_equal(c->hole_bytes, 5 * 512);
	assert_true(d->tail_bytes > 0 && d->tail_bytes < 200);
	census_add(&both, c);
	census_add(&both, d);
	check_bytes(&both);
	assert_int_equal(both.slabs, 4);
	assert_int_equal(both.memory, 4 * 4096);
}

static void test_bytes_are_read(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {.wanted = true};

	walk(f, &seen);
	assert_int_equal(seen.slabs, 4);
	assert_true(seen.bytes > 3 * 4096 && seen.bytes <= 4 * 4096);
}

/* Objects that a broken list could hold are unknown: in use, and not live. */
static void test_broken_list(void **state)
{
	struct fixture *f = *state;
	struct seen seen = {0};
	const struct census_sums *d;

	image_link(&f->image, f->d, image_object(&f->image, f->d, f->broken, 0), 0xdead);
	walk(f, &seen);
	assert_true(f->findings.count > 0);
	d = &seen.sums[strcmp(seen.names[0], "d") != 0];
	check_bytes(d);
	assert_int_equal(d->counts[OBJECT_LIVE], 0);
	assert_int_equal(d->counts[OBJECT_FREE], 2);
	assert_int_equal(d->counts[OBJECT_UNKNOWN], d->objects - 2);
	assert_int_equal(d->used_bytes, (d->objects - 2) * 100);
}

/* --- sites --- */

static void test_sites(void **state)
{
	const struct cache one = {.size = 64, .object_size = 48}, two = {.size = 32};
	struct origin here = {ORIGIN_CALLER, 0x1000, .has_requested = true, .requested = 40};
	struct origin there = {ORIGIN_CALLER, 0x2000}, nowhere = {0};
	uint64_t young = 5, old = 50;
	struct site_table table = {0};
	size_t index;

	(void)state;
	assert_null(site_table_add(&table, &one, &here, &old, &index));
	assert_int_equal(index, 0);
	assert_null(site_table_add(&table, &one, &nowhere, NULL, &index));
	assert_int_equal(index, 1);
	assert_null(site_table_add(&table, &one, &here, &young, &index));
	assert_int_equal(index, 0);
	for (int i = 0; i < 5; i++)
		assert_null(site_table_add(&table, &one, &there, NULL, &index));
	assert_int_equal(index, 2);
	site_table_end_cache(&table);
	assert_null(site_table_add(&table, &two, &here, NULL, &index)); /* another cache's */
	assert_int_equal(index, 3);
	assert_int_equal(table.items.items[0].objects, 2);
	assert_int_equal(table.items.items[0].requested, 80);
	assert_int_equal(table.items.items[0].waste, 16);
	assert_int_equal(table.items.items[0].youngest, 5);
	assert_int_equal(table.items.items[0].oldest, 50);
	assert_false(table.items.items[1].has_age);
	site_table_sort(&table);
	assert_int_equal(table.items.items[0].address, 0x2000);
	assert_int_equal(table.items.items[0].memory, 5 * 64);
	assert_int_equal(table.items.items[3].memory, 32);
	site_table_deinit(&table);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_sums),
		TEST(test_bytes_are_read),
		TEST(test_broken_list),
		cmocka_unit_test(test_sites),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
