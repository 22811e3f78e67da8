/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "btf_image.h"
#include "heap_fixture.h"
#include "slub/check.h"
#include "slub/lock_moving.h"

/* --- what a lock is made of --- */

#define HOLDER_AT 8u /* of the lock in its struct */

struct built {
	struct btf_image image;
	uint32_t word, byte, pointer;
};

static struct built start(void)
{
	struct built b = {0};

	b.word = btf_image_int(&b.image, "int", 4, BTF_INT_IS_SIGNED);
	b.byte = btf_image_int(&b.image, "unsigned char", 1, 0);
	b.pointer = btf_image_refer(&b.image, BTF_PTR, "", 0);
	return b;
}

/* A struct of one member. */
static uint32_t wrap(struct built *b, const char *name, uint32_t size, const char *member,
		     uint32_t type)
{
	uint32_t id = btf_image_struct(&b->image, BTF_STRUCT, name, size, 1);

	btf_image_member(&b->image, member, type, 0, 0);
	return id;
}

/* struct raw_spinlock with a core of this type. */
static uint32_t raw_spinlock(struct built *b, uint32_t size, uint32_t core)
{
	return wrap(b, "raw_spinlock", size, "raw_lock", core);
}

/* A qspinlock: { union { atomic_t val; struct { u8 locked, pending; }; }; } */
static uint32_t qspinlock(struct built *b)
{
	uint32_t atomic = wrap(b, "atomic", 4, "counter", b->word);
	uint32_t halves = btf_image_struct(&b->image, BTF_STRUCT, "", 2, 2);

	btf_image_member(&b->image, "locked", b->byte, 0, 0);
	btf_image_member(&b->image, "pending", b->byte, 8, 0);

	uint32_t choice = btf_image_struct(&b->image, BTF_UNION, "", 4, 2);

	btf_image_member(&b->image, "val", atomic, 0, 0);
	btf_image_member(&b->image, "", halves, 0, 0);
	return wrap(b, "qspinlock", 4, "", choice);
}

/* spinlock_t without PREEMPT_RT: { union { struct raw_spinlock rlock; }; } */
static uint32_t spinlock(struct built *b, uint32_t size, uint32_t raw)
{
	uint32_t choice = btf_image_struct(&b->image, BTF_UNION, "", size, 1);

	btf_image_member(&b->image, "rlock", raw, 0, 0);
	return wrap(b, "spinlock", size, "", choice);
}

/* With it: an rt_mutex_base of 32 bytes. */
static uint32_t sleeping_lock(struct built *b)
{
	uint32_t raw = raw_spinlock(b, 4, qspinlock(b));
	uint32_t mutex = btf_image_struct(&b->image, BTF_STRUCT, "rt_mutex_base", 32, 2);

	btf_image_member(&b->image, "wait_lock", raw, 0, 0);
	btf_image_member(&b->image, "owner", b->pointer, 24 * 8, 0);
	return wrap(b, "spinlock", 32, "lock", mutex);
}

/* How the member "lock" of a struct holder says that it is held, when it has this type. */
static struct lock resolved(struct built *b, uint32_t type, uint32_t size)
{
	uint32_t holder = btf_image_struct(&b->image, BTF_STRUCT, "holder", HOLDER_AT + size, 2);
	struct lock lock;

	btf_image_member(&b->image, "before", b->pointer, 0, 0);
	btf_image_member(&b->image, "lock", type, HOLDER_AT * 8, 0);

	struct types *types = btf_image_open(&b->image);

	lock_resolve(types, holder, "lock", &lock);
	types_free(types);
	return lock;
}

static void expect(struct lock lock, enum lock_form form, uint32_t offset, uint32_t size)
{
	assert_int_equal(lock.form, form);
	assert_true(lock_tells(&lock));
	assert_int_equal(lock.word.offset, HOLDER_AT + offset);
	assert_int_equal(lock.word.size, size);
}

/* Whether the lock is held when its word has this value. */
static bool held(struct lock lock, uint64_t value)
{
	uint8_t bytes[64];

	memset(bytes, 0xff, sizeof(bytes));
	memcpy(bytes + lock.word.offset, &value, lock.word.size);
	return lock_is_held(&lock, (struct span){bytes, sizeof(bytes)});
}

static void test_spinlock(void **state)
{
	struct built b = start();
	uint32_t raw = raw_spinlock(&b, 4, qspinlock(&b));
	struct lock lock = resolved(&b, spinlock(&b, 4, raw), 4);

	(void)state;
	expect(lock, LOCK_WORD, 0, 4);
	assert_true(held(lock, 1));
	assert_true(held(lock, 0x40001)); /* with a queue behind it */
	assert_false(held(lock, 0));
}

static void test_raw_spinlock(void **state)
{
	struct built b = start();

	(void)state;
	expect(resolved(&b, raw_spinlock(&b, 4, qspinlock(&b)), 4), LOCK_WORD, 0, 4);
}

static void test_lock_that_sleeps(void **state)
{
	struct built b = start();
	uint32_t type = sleeping_lock(&b);
	uint32_t local = btf_image_refer(&b.image, BTF_TYPEDEF, "local_trylock_t", type);
	struct lock lock = resolved(&b, local, 32);

	(void)state;
	expect(lock, LOCK_OWNER, 24, 8);
	assert_true(held(lock, UINT64_C(0xffff888001234500)));
	assert_true(held(lock, UINT64_C(0xffff888001234501)));
	assert_false(held(lock, 1)); /* a waiter that has not got it yet */
	assert_false(held(lock, 0));
}

/* Without SMP there is nothing to lock. */
static void test_lock_of_no_size(void **state)
{
	struct built b = start();
	uint32_t none = btf_image_struct(&b.image, BTF_STRUCT, "", 0, 0);
	struct lock lock = resolved(&b, spinlock(&b, 0, raw_spinlock(&b, 0, none)), 0);

	(void)state;
	assert_int_equal(lock.form, LOCK_EMPTY);
	assert_false(lock_tells(&lock));
	assert_false(held(lock, 1));
}

/* The same where lockdep has its own words in it. */
static void test_lock_of_statistics_only(void **state)
{
	struct built b = start();
	uint32_t none = btf_image_struct(&b.image, BTF_STRUCT, "", 0, 0);
	uint32_t raw = btf_image_struct(&b.image, BTF_STRUCT, "raw_spinlock", 8, 2);

	(void)state;
	btf_image_member(&b.image, "raw_lock", none, 0, 0);
	btf_image_member(&b.image, "dep_map", b.pointer, 0, 0);
	assert_int_equal(resolved(&b, spinlock(&b, 8, raw), 8).form, LOCK_EMPTY);
}

static void test_debug_lock_without_smp(void **state)
{
	struct built b = start();
	uint32_t core = wrap(&b, "", 4, "slock", b.word);
	struct lock lock = resolved(&b, spinlock(&b, 4, raw_spinlock(&b, 4, core)), 4);

	(void)state;
	expect(lock, LOCK_ZERO, 0, 4);
	assert_true(held(lock, 0));
	assert_false(held(lock, 1));
}

static void test_trylock(void **state)
{
	struct built b = start();
	uint32_t type = wrap(&b, "local_trylock", 1, "acquired", b.byte);
	struct lock lock = resolved(&b, type, 1);

	(void)state;
	expect(lock, LOCK_WORD, 0, 1);
	assert_true(held(lock, 1));
	assert_false(held(lock, 0));
}

static void test_lock_unknown_and_absent(void **state)
{
	struct built b = start();
	uint32_t type = wrap(&b, "spinlock", 4, "of_tomorrow", b.word);
	struct lock lock = resolved(&b, type, 4);

	(void)state;
	assert_int_equal(lock.form, LOCK_UNKNOWN);
	assert_false(lock_tells(&lock));

	struct types *types;

	b = start();
	type = wrap(&b, "holder", 4, "other", b.word);
	types = btf_image_open(&b.image);
	lock_resolve(types, type, "lock", &lock);
	types_free(types);
	assert_int_equal(lock.form, LOCK_ABSENT);
}

/* A variable that is a lock: the struct is asked. */
static void test_lock_itself(void **state)
{
	struct built b = start();
	uint32_t raw = raw_spinlock(&b, 4, qspinlock(&b));
	struct types *types = btf_image_open(&b.image);
	struct lock lock;

	(void)state;
	lock_resolve(types, raw, "", &lock);
	types_free(types);
	assert_int_equal(lock.form, LOCK_WORD);
	assert_int_equal(lock.word.offset, 0);
}

/* --- what it says of a heap --- */

struct fixture {
	HEAP_FIXTURE;
	struct contents contents;
	dill_virt cache, node;
};

static int set_up(void **state)
{
	static const uint32_t free_list[] = {1, 0};
	struct fixture *f = heap_fixture_new(state, sizeof(*f), 48, 1, 1, FREELIST_XOR_SWAPPED);

	f->image.heap.checked = true;
	f->cache = image_cache(&f->image, "a", 128);
	image_add_partial(&f->image, f->cache, 0, image_slab(&f->image, f->cache, free_list, 2));
	f->node = image_node(&f->image, f->cache, 0);
	return 0;
}

/* Let the node's counter be wrong; what is said about it. */
static void look_at_wrong_counter(struct fixture *f)
{
	struct heap *heap = &f->image.heap;
	const struct reading reading = heap_fixture_reading(&f->heap_fixture);
	struct cache_list caches;

	image_set_u64(&f->image, f->node + heap->layout.node_nr_partial.offset, 7);
	assert_null(caches_read(heap, f->arena, &f->findings, &caches));
	assert_null(contents_read(&reading, caches.items, 1, &f->contents));
}

static void expect_finding(struct fixture *f)
{
	look_at_wrong_counter(f);
	assert_int_equal(f->findings.count, 1);
	assert_null(f->contents.nodes[0].moving);
	assert_false(f->contents.in_motion);
}

static void expect_excuse(struct fixture *f, const char *why)
{
	look_at_wrong_counter(f);
	assert_int_equal(f->findings.count, 0);
	assert_string_equal(f->contents.nodes[0].moving, why);
}

/* What lies at the lock's place is another member. */
static void test_counter_is_no_lock(void **state)
{
	struct fixture *f = *state;
	struct layout *l = &f->image.heap.layout;

	l->node_lock = (struct lock){.form = LOCK_EMPTY};
	expect_finding(f);
}

static void test_inside_the_allocator_with_interrupts_off(void **state)
{
	struct fixture *f = *state;

	f->image.heap.layout.node_lock = (struct lock){.form = LOCK_EMPTY};
	f->image.inside_allocator = f->image.interrupts_off = 1;
	expect_excuse(f, "the CPU was stopped inside the allocator");
}

/* Nobody holds a lock with interrupts on there. */
static void test_inside_the_allocator_with_interrupts_on(void **state)
{
	struct fixture *f = *state;

	f->image.heap.layout.node_lock = (struct lock){.form = LOCK_EMPTY};
	f->image.inside_allocator = 1;
	expect_finding(f);
}

static void test_node_lock_owned(void **state)
{
	struct fixture *f = *state;
	struct member owner = {.present = true, .offset = 48, .size = 8};

	f->image.heap.layout.node_lock = (struct lock){owner, LOCK_OWNER};
	image_set_u64(&f->image, f->node + owner.offset, UINT64_C(0xffff888001234501));
	expect_excuse(f, "the node's lists are locked");
}

static void test_node_lock_waited_for(void **state)
{
	struct fixture *f = *state;
	struct member owner = {.present = true, .offset = 48, .size = 8};

	f->image.heap.layout.node_lock = (struct lock){owner, LOCK_OWNER};
	image_set_u64(&f->image, f->node, 1); /* its own lock, and one of another form */
	image_set_u64(&f->image, f->node + owner.offset, 1);
	expect_finding(f);
}

static void expect_description(struct fixture *f, const char *text)
{
	const char *said = NULL;

	assert_null(locks_describe(&f->image.heap.layout, f->arena, &said));
	assert_string_equal(said, text);
}

static void test_description(void **state)
{
	struct fixture *f = *state;
	struct layout *l = &f->image.heap.layout;

	expect_description(f, "say themselves whether they are held");
	/* local_lock_t has none; CPUs' slabs are never told by it alone. */
	l->cpu_lock.form = LOCK_EMPTY;
	expect_description(f, "say themselves whether they are held");
	l->node_lock.form = LOCK_EMPTY;
	expect_description(f, "have no bytes (no SMP): where the CPU was stopped is asked instead");
	l->node_lock.form = LOCK_UNKNOWN;
	expect_description(f, "kmem_cache_node.list_lock: not known what it looks like when held; "
			      "where the CPUs were stopped is asked instead");
	l->barn_lock.form = LOCK_UNKNOWN;
	expect_description(f, "node_barn.lock, kmem_cache_node.list_lock: not known what they look "
			      "like when held; where the CPUs were stopped is asked instead");
}

#define HEAP_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, heap_fixture_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spinlock),
		cmocka_unit_test(test_raw_spinlock),
		cmocka_unit_test(test_lock_that_sleeps),
		cmocka_unit_test(test_lock_of_no_size),
		cmocka_unit_test(test_lock_of_statistics_only),
		cmocka_unit_test(test_debug_lock_without_smp),
		cmocka_unit_test(test_trylock),
		cmocka_unit_test(test_lock_unknown_and_absent),
		cmocka_unit_test(test_lock_itself),
		HEAP_TEST(test_counter_is_no_lock),
		HEAP_TEST(test_inside_the_allocator_with_interrupts_off),
		HEAP_TEST(test_inside_the_allocator_with_interrupts_on),
		HEAP_TEST(test_node_lock_owned),
		HEAP_TEST(test_node_lock_waited_for),
		HEAP_TEST(test_description),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
