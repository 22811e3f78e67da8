/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "heap_fixture.h"
#include "slub/alloc_tag.h"
#include "slub/encoding.h"
#include "slub/kfence.h"
#include "slub/object.h"
#include "slub/place_text.h"

/* Cache a works with per-CPU slabs, cache s with sheaves; two CPUs, two nodes. */
struct fixture {
	HEAP_FIXTURE;
	struct survey survey;
	struct objects objects;
	struct findings said; /* about the answers */
	dill_virt a, s;
	dill_virt cpu_slab, cpu_partial[2], partial[2], full, of_s;
};

static const uint32_t order[] = {5, 63, 0, 17, 18};

static dill_virt object_of(struct fixture *f, dill_virt cache, dill_virt slab, uint32_t index)
{
	return image_object(&f->image, cache, slab, index);
}

/* Objects of s by number: main of CPU 0 holds 0-3, its spare 4 and 5, its RCU sheaf 6; the barn of
 * node 0 holds 10 and 11, then 20-22. */
static const dill_virt *objects_of(struct fixture *f, uint32_t first, size_t count)
{
	dill_virt *objects = arena_alloc_array(f->arena, count, sizeof(*objects));

	assert_non_null(objects);
	for (size_t i = 0; i < count; i++)
		objects[i] = object_of(f, f->s, f->of_s, first + (uint32_t)i);
	return objects;
}

static dill_virt set_sheaf(struct fixture *f, unsigned cpu, enum image_sheaf which, uint32_t first,
			   size_t count)
{
	return image_set_sheaf(&f->image, f->s, cpu, which, objects_of(f, first, count), count);
}

static void make_sheaves(struct fixture *f)
{
	f->s = image_cache(&f->image, "s", 64);
	f->of_s = image_slab(&f->image, f->s, NULL, 0);
	image_give_sheaves(&f->image, f->s, 8);
	set_sheaf(f, 0, IMAGE_MAIN, 0, 4);
	set_sheaf(f, 0, IMAGE_SPARE, 4, 2);
	set_sheaf(f, 0, IMAGE_RCU_FREE, 6, 1);
	set_sheaf(f, 1, IMAGE_MAIN, 7, 1);
	image_add_full_sheaf(&f->image, f->s, 0, objects_of(f, 10, 2), 2);
	image_add_full_sheaf(&f->image, f->s, 0, objects_of(f, 20, 3), 3);
}

static int setup(void **state)
{
	struct fixture *f = heap_fixture_new(state, sizeof(*f), 96, 2, 2, FREELIST_XOR_SWAPPED);

	f->image.heap.checked = true; /* a made-up kernel has no cache of caches */
	f->a = image_cache(&f->image, "a", 64);
	for (int i = 0; i < 2; i++) {
		f->partial[i] = image_slab(&f->image, f->a, order, 2 + (size_t)i);
		image_add_partial(&f->image, f->a, 0, f->partial[i]);
		f->cpu_partial[i] = image_slab(&f->image, f->a, order, 1 + (size_t)i);
		image_add_cpu_partial(&f->image, f->a, 1, f->cpu_partial[i]);
	}
	f->cpu_slab = image_slab(&f->image, f->a, NULL, 0);
	image_set_cpu_slab(&f->image, f->a, 1, f->cpu_slab, order, 5);
	f->full = image_slab(&f->image, f->a, NULL, 0);
	make_sheaves(f);
	f->said.arena = f->arena;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	survey_deinit(&f->survey);
	return heap_fixture_free(state);
}

static struct located locate(struct fixture *f, dill_virt address)
{
	struct located located;

	if (!f->survey.heap) {
		assert_null(survey_init(&f->image.heap, f->arena, &f->findings, &f->survey));
		assert_null(objects_init(&f->survey, f->arena, &f->objects));
	}
	assert_null(heap_locate(&f->image.heap, &f->survey.all, address, &f->said, &located));
	return located;
}

static struct object_answer find(struct fixture *f, dill_virt address)
{
	struct located located = locate(f, address);
	struct object_answer answer;

	assert_true(located.in_slot);
	assert_null(object_find(&f->objects, &located, &f->said, &answer));
	return answer;
}

/* A free object: its state, its place in words, and how many allocations come before it. */
static void expect(struct fixture *f, dill_virt object, enum object_state state, const char *place,
		   int cpu, uint64_t count, bool exact)
{
	struct object_answer answer = find(f, object);

	assert_string_equal(object_state_name(answer.state), object_state_name(state));
	assert_string_equal(place_text(&answer.place, f->arena), place);
	assert_int_equal(answer.another.kind, PLACE_NONE);
	assert_int_equal(answer.ahead.known, cpu >= 0);
	assert_int_equal(f->said.count, 0);
	if (cpu < 0)
		return;
	assert_int_equal(answer.ahead.cpu, cpu);
	assert_int_equal(answer.ahead.count, count);
	assert_int_equal(answer.ahead.exact, exact);
	assert_int_equal(answer.ahead.how == NULL, exact);
}

static void test_places_of_slabs(void **state)
{
	struct fixture *f = *state;

	expect(f, object_of(f, f->a, f->cpu_slab, order[3]), OBJECT_CACHED,
	       "CPU 1's freelist, position 3", 1, 3, true);
	/* The partial slab that came last is used first. */
	expect(f, object_of(f, f->a, f->cpu_partial[1], order[1]), OBJECT_FREE,
	       "CPU 1's partial slab 0, position 1", 1, 6, true);
	expect(f, object_of(f, f->a, f->cpu_partial[0], order[0]), OBJECT_FREE,
	       "CPU 1's partial slab 1, position 0", 1, 7, true);
	/* CPU 0 has nothing of its own, and so comes for it first, after the slab in front of it.
	 */
	expect(f, object_of(f, f->a, f->partial[1], order[2]), OBJECT_FREE,
	       "node 0's partial slab 1, position 2", 0, 2 + 2, false);
}

/* Where no CPU takes a slab, whoever allocates gets the first object of the node's list. */
static void test_turn_of_single_objects(void **state)
{
	struct fixture *f = *state;
	struct object_answer answer;

	image_set_u64(&f->image, f->a + f->image.heap.layout.cache_flags.offset, 0x10000);
	f->image.heap.layout.obj_info.present = true; /* as since 5.12: from one end only */
	answer = find(f, object_of(f, f->a, f->partial[1], order[2]));
	assert_true(answer.ahead.known && answer.ahead.exact);
	assert_int_equal(answer.ahead.count, 2 + 2);
	assert_string_equal(answer.ahead.how, "those on other CPUs of node 0 count, too");
}

/* Slabs of the emergency reserves: no common allocation's turn comes to their objects. */
static void test_turn_in_reserves(void **state)
{
	struct fixture *f = *state;
	dill_virt reserved[] = {f->cpu_partial[1], f->partial[1]};

	for (size_t i = 0; i < 2; i++) {
		dill_virt flags = reserved[i] + f->image.heap.layout.page_flags.offset;

		image_set_u64(&f->image, flags, image_u64(&f->image, flags) | IMAGE_RESERVED);
	}
	expect(f, object_of(f, f->a, f->cpu_partial[1], order[1]), OBJECT_FREE,
	       "CPU 1's partial slab 0, position 1", -1, 0, false);
	expect(f, object_of(f, f->a, f->partial[1], order[2]), OBJECT_FREE,
	       "node 0's partial slab 1, position 2", -1, 0, false);
	expect(f, object_of(f, f->a, f->cpu_partial[0], order[0]), OBJECT_FREE,
	       "CPU 1's partial slab 1, position 0", 1, 5, true);
}

static void test_freed_by_another_cpu(void **state)
{
	struct fixture *f = *state;
	const uint32_t remote[] = {40, 41};
	dill_virt first = image_chain(&f->image, f->a, f->cpu_slab, remote, 2);
	uint16_t inuse = 62;

	image_set_u64(&f->image, f->cpu_slab + f->image.heap.layout.slab_freelist.offset, first);
	memcpy(image_at(&f->image, f->cpu_slab + f->image.heap.layout.slab_inuse.offset, 2), &inuse,
	       2);
	expect(f, object_of(f, f->a, f->cpu_slab, 41), OBJECT_FREE,
	       "CPU 1's slab, on the slab's own freelist, position 1", 1, 6, true);
}

static void test_places_of_sheaves(void **state)
{
	struct fixture *f = *state;

	expect(f, object_of(f, f->s, f->of_s, 1), OBJECT_CACHED, "CPU 0's main sheaf, slot 1", 0, 2,
	       true);
	expect(f, object_of(f, f->s, f->of_s, 4), OBJECT_CACHED, "CPU 0's spare sheaf, slot 0", 0,
	       5, true);
	expect(f, object_of(f, f->s, f->of_s, 21), OBJECT_CACHED, "node 0's barn, sheaf 1, slot 1",
	       1, 1 + 2 + 1, false);
	expect(f, object_of(f, f->s, f->of_s, 6), OBJECT_WAITING,
	       "CPU 0's sheaf that fills up with kfree_rcu(), slot 0", -1, 0, false);
}

static void test_live(void **state)
{
	struct fixture *f = *state;
	const dill_virt objects[] = {
		object_of(f, f->a, f->full, 7),
		object_of(f, f->a, f->cpu_slab, 8),
		object_of(f, f->a, f->partial[0], 9),
		object_of(f, f->s, f->of_s, 30),
	};

	for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
		struct object_answer answer = find(f, objects[i]);

		assert_int_equal(answer.state, OBJECT_LIVE);
		assert_int_equal(answer.place.kind, PLACE_NONE);
	}
	assert_int_equal(f->said.count, 0);
}

/* What stands above a sheaf's size was handed out. */
static void test_stale_entry_is_live(void **state)
{
	struct fixture *f = *state;
	dill_virt object = object_of(f, f->s, f->of_s, 50);
	dill_virt sheaf = set_sheaf(f, 1, IMAGE_SPARE, 51, 2);

	image_set_u64(&f->image, sheaf + f->image.heap.layout.sheaf_objects.offset + 16, object);
	assert_int_equal(find(f, object).state, OBJECT_LIVE);
}

static void test_broken_freelist_concerns_its_slab(void **state)
{
	struct fixture *f = *state;
	dill_virt second = object_of(f, f->a, f->partial[1], order[1]);

	image_link(&f->image, f->a, second, object_of(f, f->a, f->partial[1], order[0]));
	assert_int_equal(find(f, object_of(f, f->a, f->partial[0], 9)).state, OBJECT_LIVE);
	assert_int_equal(f->said.count, 0);

	struct object_answer answer = find(f, object_of(f, f->a, f->partial[1], order[2]));

	assert_int_equal(answer.state, OBJECT_UNKNOWN);
	assert_non_null(strstr(answer.why, "freelist of its slab is broken"));
	assert_int_equal(f->said.count, 1);
	assert_int_equal(f->said.first->kind, FINDING_FREELIST_CYCLE);
	/* What was met before the break is free all the same. */
	assert_int_equal(find(f, second).state, OBJECT_FREE);
}

static void test_broken_sheaf_leaves_doubt(void **state)
{
	struct fixture *f = *state;
	dill_virt sheaf = set_sheaf(f, 1, IMAGE_SPARE, 51, 2);

	image_set_u64(&f->image, sheaf + f->image.heap.layout.sheaf_objects.offset, 0x1234);

	struct object_answer answer = find(f, object_of(f, f->s, f->of_s, 30));

	assert_int_equal(answer.state, OBJECT_UNKNOWN);
	assert_non_null(strstr(answer.why, "sheaves"));
	assert_int_equal(f->said.count, 1);
	assert_int_equal(f->said.first->kind, FINDING_SHEAF_OBJECT);
	assert_int_equal(find(f, object_of(f, f->s, f->of_s, 1)).state, OBJECT_CACHED);
}

static void test_free_in_two_places(void **state)
{
	struct fixture *f = *state;
	dill_virt object = object_of(f, f->s, f->of_s, 2);

	set_sheaf(f, 1, IMAGE_SPARE, 2, 1);

	struct object_answer answer = find(f, object);

	assert_string_equal(place_text(&answer.place, f->arena), "CPU 0's main sheaf, slot 2");
	assert_string_equal(place_text(&answer.another, f->arena), "CPU 1's spare sheaf, slot 0");
	assert_int_equal(f->said.count, 1);
	assert_int_equal(f->said.first->kind, FINDING_OBJECT_TWICE);
}

static void test_slab_on_no_list(void **state)
{
	struct fixture *f = *state;
	dill_virt slab = image_slab(&f->image, f->a, order, 3);

	expect(f, object_of(f, f->a, slab, order[2]), OBJECT_FREE,
	       "the freelist of its slab, which is on no list, position 2", -1, 0, false);
}

static void test_impossible_counters(void **state)
{
	struct fixture *f = *state;
	uint16_t inuse = 65;

	memcpy(image_at(&f->image, f->full + f->image.heap.layout.slab_inuse.offset, 2), &inuse, 2);

	struct located located = locate(f, object_of(f, f->a, f->full, 3));

	assert_true(located.in_slab);
	assert_false(located.in_slot);
	assert_int_equal(f->said.count, 1);
	assert_int_equal(f->said.first->kind, FINDING_SLAB_COUNTERS);
}

static void test_parts(void **state)
{
	const struct cache cache = {.object_size = 50, .inuse = 64, .offset = 64, .size = 160};

	(void)state;
	assert_int_equal(object_part(&cache, -1), PART_LEFT_RED_ZONE);
	assert_int_equal(object_part(&cache, 0), PART_OBJECT);
	assert_int_equal(object_part(&cache, 49), PART_OBJECT);
	assert_int_equal(object_part(&cache, 50), PART_RIGHT_RED_ZONE);
	assert_int_equal(object_part(&cache, 63), PART_RIGHT_RED_ZONE);
	assert_int_equal(object_part(&cache, 64), PART_FREE_POINTER);
	assert_int_equal(object_part(&cache, 72), PART_METADATA);
}

/* --- allocation tags --- */

static dill_virt text_at(struct fixture *f, const char *text)
{
	dill_virt address = image_bytes(&f->image, strlen(text) + 1);

	memcpy(image_at(&f->image, address, strlen(text) + 1), text, strlen(text) + 1);
	return address;
}

/* A tag, and a vector of extensions in which object 3's entry, @p stride apart, names it. */
static void make_tag(struct fixture *f, uint64_t stride, uint64_t offset)
{
	struct layout *l = &f->image.heap.layout;
	dill_virt tag = image_bytes(&f->image, 64), vector = image_bytes(&f->image, 512);

	l->slab_obj_exts = (struct member){.present = true, .offset = 56, .size = 8};
	l->ext_tag = (struct member){.present = true, .offset = (uint32_t)offset, .size = 8};
	l->tag_line = (struct member){.present = true, .offset = 12, .size = 4};
	l->tag_function = (struct member){.present = true, .offset = 24, .size = 8};
	l->tag_file = (struct member){.present = true, .offset = 40, .size = 8};
	image_set_u64(&f->image, tag + 8, UINT64_C(321) << 32);
	image_set_u64(&f->image, tag + 24, text_at(f, "alloc_msg"));
	image_set_u64(&f->image, tag + 40, text_at(f, "ipc/msgutil.c"));
	image_set_u64(&f->image, f->full + 56, vector | 1);
	image_set_u64(&f->image, vector + 3 * stride + offset, tag);
	image_set_u64(&f->image, vector + 4 * stride + offset, 1);
}

static void expect_tag(struct fixture *f, uint32_t index, bool known)
{
	struct located located = locate(f, object_of(f, f->a, f->full, index));
	struct alloc_tag tag;

	assert_null(alloc_tag_read(&f->image.heap, located.cache, &located.slab, index, f->arena,
				   &tag));
	assert_int_equal(tag.known, known);
	if (!known)
		return;
	assert_string_equal(tag.file, "ipc/msgutil.c");
	assert_string_equal(tag.function, "alloc_msg");
	assert_int_equal(tag.line, 321);
}

static void test_alloc_tag(void **state)
{
	struct fixture *f = *state;

	make_tag(f, 16, 8);
	f->image.heap.layout.ext_struct_size = 16;
	expect_tag(f, 3, true);
	expect_tag(f, 4, false); /* empty on purpose */
	expect_tag(f, 5, false); /* none */
	image_set_u64(&f->image, f->full + 56, 0);
	expect_tag(f, 3, false);
}

/* A tag as make_tag() has it, in structs of @p size bytes with the tag at @p within. */
static void make_tag_of_struct(struct fixture *f, uint32_t size, uint32_t within, uint64_t stride,
			       uint64_t offset)
{
	make_tag(f, stride, offset);
	f->image.heap.layout.ext_struct_size = size;
	f->image.heap.layout.ext_tag.offset = within;
}

/* 7.3: a struct for the memory cgroup and one for the tag, or the tag's alone. It is a word, but
 * for all that the code knows it may be larger. */
static void test_alloc_tag_of_words(void **state)
{
	struct fixture *f = *state;
	struct layout *l = &f->image.heap.layout;

	l->slab_exts_inside =
		(struct member){.present = true, .offset = 52, .size = 1, .bit_size = 1};
	l->slab_exts_objcg = (struct member){
		.present = true, .offset = 52, .size = 1, .bit_shift = 1, .bit_size = 1};
	make_tag_of_struct(f, 8, 0, 8, 0);
	expect_tag(f, 3, true);
	make_tag_of_struct(f, 24, 8, 24, 8);
	expect_tag(f, 3, true);
	*(uint8_t *)image_at(&f->image, f->full + 52, 1) = 2;
	make_tag_of_struct(f, 8, 0, 16, 8);
	expect_tag(f, 3, true);
	make_tag_of_struct(f, 24, 8, 48, 32);
	expect_tag(f, 3, true);
	*(uint8_t *)image_at(&f->image, f->full + 52, 1) = 3;
	make_tag_of_struct(f, 8, 0, 64, 8);
	expect_tag(f, 3, true);
}

/* 7.3: told at boot never to profile, a kernel makes no room for tags, whatever its types have. */
static void test_alloc_tag_without_room(void **state)
{
	struct fixture *f = *state;
	struct heap *heap = &f->image.heap;

	make_tag_of_struct(f, 8, 0, 8, 0);
	heap->codetag_key = image_bytes(&f->image, 8);
	expect_tag(f, 3, false); /* and nothing tells what the key is */
	heap->layout.static_key_enabled = (struct member){.present = true, .size = 4};
	expect_tag(f, 3, false);
	image_set_u64(&f->image, heap->codetag_key, 1);
	expect_tag(f, 3, true);
}

/* --- KFENCE --- */

#define POOL_OBJECTS 5u
#define METADATA     128u

/* A pool of five objects; number 2 is allocated, 8 bytes before the end of its page. */
static dill_virt make_pool(struct fixture *f, bool by_pointer, dill_virt *ret_object)
{
	struct layout *l = &f->image.heap.layout;
	dill_virt pool = image_page(&f->image), variable = image_bytes(&f->image, 8);
	dill_virt metadata = image_bytes(&f->image, METADATA * (POOL_OBJECTS + 1));
	dill_virt pointer = image_bytes(&f->image, 8);

	l->kfence_struct_size = METADATA;
	l->kfence_state = (struct member){.present = true, .offset = 4, .size = 4};
	l->kfence_addr = (struct member){.present = true, .offset = 24, .size = 8};
	l->kfence_size = (struct member){.present = true, .offset = 40, .size = 8};
	l->kfence_cache = (struct member){.present = true, .offset = 48, .size = 8};
	for (size_t i = 1; i < 2 * (POOL_OBJECTS + 1); i++)
		image_page(&f->image);
	for (uint32_t i = 0; i < POOL_OBJECTS; i++)
		image_set_u64(&f->image, metadata + i * METADATA + 24,
			      pool + (i + 1) * 2 * DILL_PAGE_SIZE);
	*ret_object = pool + 3 * 2 * DILL_PAGE_SIZE + DILL_PAGE_SIZE - 8;
	image_set_u64(&f->image, metadata + 2 * METADATA, UINT64_C(1) << 32);
	image_set_u64(&f->image, metadata + 2 * METADATA + 24, *ret_object);
	image_set_u64(&f->image, metadata + 2 * METADATA + 40, 8);
	image_set_u64(&f->image, metadata + 2 * METADATA + 48, f->a);
	image_set_u64(&f->image, variable, pool);
	image_set_u64(&f->image, pointer, metadata);
	image_symbol(&f->image, "__kfence_pool", variable);
	image_symbol(&f->image, "kfence_metadata", by_pointer ? pointer : metadata);
	return pool;
}

static void check_pool(struct fixture *f, bool by_pointer)
{
	dill_virt object, pool = make_pool(f, by_pointer, &object), base;
	struct kfence_object found;
	uint64_t size;
	bool present;

	assert_null(kfence_range(&f->image.heap, &base, &size, &present));
	assert_true(present);
	assert_int_equal(base, pool);
	assert_int_equal(size, (POOL_OBJECTS + 1) * 2 * DILL_PAGE_SIZE);
	assert_null(kfence_find(&f->image.heap, pool, object + 3, f->arena, &f->said, &found));
	assert_true(found.has_index && !found.guard);
	assert_int_equal(found.index, 2);
	assert_int_equal(found.state, KFENCE_ALLOCATED);
	assert_int_equal(found.object, object);
	assert_int_equal(found.size, 8);
	assert_int_equal(found.cache, f->a);
	assert_null(kfence_find(&f->image.heap, pool, object + 8, f->arena, &f->said, &found));
	assert_true(found.has_index && found.guard);
	assert_int_equal(found.index, 2);
	assert_null(kfence_find(&f->image.heap, pool, pool + 8, f->arena, &f->said, &found));
	assert_false(found.has_index);
	assert_int_equal(f->said.count, 0);
}

static void test_kfence_array(void **state)
{
	check_pool(*state, false);
}

static void test_kfence_pointer(void **state)
{
	check_pool(*state, true);
}

static void test_kfence_is_no_slab(void **state)
{
	struct fixture *f = *state;
	const struct layout *l = &f->image.heap.layout;
	dill_virt object, page;
	uint32_t mark = l->slab_mark_value << 24;

	make_pool(f, true, &object);
	page = IMAGE_VMEMMAP + (object - IMAGE_BASE) / DILL_PAGE_SIZE * IMAGE_PAGE_STRUCT;
	memcpy(image_at(&f->image, page + l->page_type.offset, 4), &mark, 4);
	image_set_u64(&f->image, page + l->slab_cache.offset, f->a);

	struct located located = locate(f, object);

	assert_true(located.kfence);
	assert_false(located.in_slab);
	assert_null(survey_scan(&f->survey, &f->survey.all));
	for (size_t i = 0; i < f->survey.scan.count; i++)
		assert_int_not_equal(f->survey.scan.items[i].slab.address, page);
	assert_true(f->survey.scan.count > 0);
}

static void test_kfence_forged(void **state)
{
	struct fixture *f = *state;
	dill_virt object, pool = make_pool(f, false, &object), base;
	struct kfence_object found;
	uint64_t size;
	bool present;

	image_set_u64(&f->image, f->image.symbols[1].address + 2 * METADATA + 40, 1 << 20);
	assert_null(kfence_find(&f->image.heap, pool, object, f->arena, &f->said, &found));
	assert_int_equal(found.state, KFENCE_BROKEN);
	assert_int_equal(f->said.count, 1);
	image_set_u64(&f->image, f->image.symbols[0].address, 0x1000);
	assert_null(kfence_range(&f->image.heap, &base, &size, &present));
	assert_false(present);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_places_of_slabs),
		TEST(test_turn_of_single_objects),
		TEST(test_turn_in_reserves),
		TEST(test_freed_by_another_cpu),
		TEST(test_places_of_sheaves),
		TEST(test_live),
		TEST(test_stale_entry_is_live),
		TEST(test_broken_freelist_concerns_its_slab),
		TEST(test_broken_sheaf_leaves_doubt),
		TEST(test_free_in_two_places),
		TEST(test_slab_on_no_list),
		TEST(test_impossible_counters),
		TEST(test_parts),
		TEST(test_alloc_tag),
		TEST(test_alloc_tag_of_words),
		TEST(test_alloc_tag_without_room),
		TEST(test_kfence_array),
		TEST(test_kfence_pointer),
		TEST(test_kfence_is_no_slab),
		TEST(test_kfence_forged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
