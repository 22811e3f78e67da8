/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "heap_image.h"
#include "slub/advice.h"
#include "slub/alloc_tag.h"

#define STORE_USER 0x10000u

struct fixture {
	struct image image;
	struct arena *arena;
	struct cache cache;
	struct cache_list caches;
	dill_virt key;
};

static struct member member(uint32_t offset, uint32_t size)
{
	return (struct member){.present = true, .offset = offset, .size = size};
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	image_init(&f->image, 8, 1, 1, FREELIST_PLAIN);
	assert_null(arena_new(&f->arena));
	f->cache = (struct cache){
		.usable = true, .size = 256, .object_size = 64, .inuse = 64, .offset = 64};
	f->caches = (struct cache_list){.items = &f->cache, .count = 1};
	f->image.heap.layout.node_nr_slabs = member(64, 8);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	image_deinit(&f->image);
	arena_free(f->arena);
	free(f);
	return 0;
}

/* MEM_ALLOC_PROFILING, with the switch at @count. */
static void with_tags(struct fixture *f, uint64_t count)
{
	struct layout *l = &f->image.heap.layout;

	l->slab_obj_exts = member(56, 8);
	l->ext_tag = member(8, 8);
	l->tag_line = member(4, 4);
	l->tag_function = member(16, 8);
	l->tag_file = member(24, 8);
	l->static_key_enabled = member(0, 4);
	f->key = image_bytes(&f->image, 8);
	image_set_u64(&f->image, f->key, count);
	image_symbol(&f->image, "mem_alloc_profiling_key", f->key);
}

static void expect_debug(struct fixture *f, const char *text)
{
	assert_string_equal(advice_slab_debug(&f->image.heap, "ZP", f->arena), text);
}

static void expect_error(struct dill_error *error, const char *text)
{
	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_UNSUPPORTED);
	assert_string_equal(dill_error_text(error), text);
	dill_error_free(error);
}

static void expect_missing(struct fixture *f, enum record_need need, const char *text)
{
	expect_error(advice_require(&f->image.heap, &f->caches, need, "--by x", f->arena), text);
}

static void test_word_of_this_kernel(void **state)
{
	struct fixture *f = *state;

	expect_debug(f, "boot with slab_debug=ZP, or slub_debug=ZP before 6.8");
	image_symbol(&f->image, "__setup_str_setup_slub_debug", 0x1000);
	expect_debug(f, "boot with slub_debug=ZP");
	image_symbol(&f->image, "__setup_str_slub_debug", 0x1010);
	expect_debug(f, "boot with slab_debug=ZP");
	f->image.heap.layout.node_nr_slabs.present = false;
	expect_debug(f, "build the kernel with CONFIG_SLUB_DEBUG");
}

static void test_word_of_kernels_with_parameters(void **state)
{
	struct fixture *f = *state;

	image_symbol(&f->image, "param_ops_slab_debug", 0x1000);
	expect_debug(f, "boot with slab_debug=ZP");
}

static void test_nothing_is_recorded(void **state)
{
	struct fixture *f = *state;

	f->image.heap.layout.node_nr_slabs.present = false;
	expect_missing(f, NEED_SITE,
		       "--by x: this kernel does not record who allocates from these caches: build "
		       "the kernel with CONFIG_SLUB_DEBUG");
}

static void test_tags_are_sites_only(void **state)
{
	struct fixture *f = *state;

	with_tags(f, 1);
	image_symbol(&f->image, "param_ops_slab_debug", 0x1000);
	assert_null(advice_require(&f->image.heap, &f->caches, NEED_SITE, "--by x", f->arena));
	expect_missing(f, NEED_PID,
		       "--by x: this kernel records places (allocation profiling), and nothing "
		       "else of these caches' objects: boot with slab_debug=U");
}

static void test_tracks_without_stacks(void **state)
{
	struct fixture *f = *state;
	struct layout *l = &f->image.heap.layout;

	f->cache.flags = STORE_USER;
	l->track_addr = member(0, 8);
	l->track_struct_size = 32;
	l->track_handle.present = l->track_addrs.present = false;
	assert_null(advice_require(&f->image.heap, &f->caches, NEED_TRACK, "--by x", f->arena));
	expect_missing(f, NEED_STACK,
		       "--by x: this kernel records callers, but no stacks of these caches' "
		       "objects: build the kernel with CONFIG_STACKTRACE");
}

static void test_profiling_is_off(void **state)
{
	struct fixture *f = *state;
	const char *doubt;

	with_tags(f, 1);
	assert_null(alloc_tag_doubt(&f->image.heap, &doubt));
	assert_null(doubt);
	image_set_u64(&f->image, f->key, 0);
	assert_null(alloc_tag_doubt(&f->image.heap, &doubt));
	assert_non_null(strstr(doubt, "switched off"));
	f->image.heap.layout.node_nr_slabs.present = false;
	expect_error(advice_no_tags(&f->image.heap, "--by x", f->arena),
		     "--by x: this kernel can profile allocations, but does not: boot with "
		     "sysctl.vm.mem_profiling=1");
}

/* Told at boot to be off, it may be switched on; what lay in the memory of __init is not believed.
 */
static void test_profiling_can_be_switched_on(void **state)
{
	struct fixture *f = *state;
	dill_virt support = image_bytes(&f->image, 8);

	with_tags(f, 0);
	f->image.heap.layout.node_nr_slabs.present = false;
	image_set_u64(&f->image, support, 1);
	image_symbol(&f->image, "mem_profiling_support", support);
	image_symbol(&f->image, "__init_begin", support);
	image_symbol(&f->image, "__init_end", support);
	expect_error(advice_no_tags(&f->image.heap, "--by x", f->arena),
		     "--by x: this kernel can profile allocations, but does not: boot with "
		     "sysctl.vm.mem_profiling=1, or write 1 to /proc/sys/vm/mem_profiling for what "
		     "is allocated from then on");
	f->image.symbols[3].address = support + 8;
	expect_error(advice_no_tags(&f->image.heap, "--by x", f->arena),
		     "--by x: this kernel can profile allocations, but does not: boot with "
		     "sysctl.vm.mem_profiling=1");
}

static void test_profiling_was_forbidden(void **state)
{
	struct fixture *f = *state;
	dill_virt line = image_bytes(&f->image, 64), pointer = image_bytes(&f->image, 8);

	with_tags(f, 0);
	strcpy(image_at(&f->image, line, 64), "quiet sysctl.vm.mem_profiling=never");
	image_set_u64(&f->image, pointer, line);
	image_symbol(&f->image, "saved_command_line", pointer);
	image_symbol(&f->image, "__setup_str_setup_slub_debug", 0x1000);
	expect_error(advice_no_tags(&f->image.heap, "--by x", f->arena),
		     "--by x: this kernel can profile allocations, but does not "
		     "(sysctl.vm.mem_profiling=never): boot with sysctl.vm.mem_profiling=1, or "
		     "boot with slub_debug=U");
}

/* A switch that nobody can read says nothing. */
static void test_profiling_is_not_known(void **state)
{
	struct fixture *f = *state;
	const char *doubt;

	with_tags(f, 0);
	f->image.symbols[0].address = 0x10; /* unreadable */
	assert_null(alloc_tag_doubt(&f->image.heap, &doubt));
	assert_null(doubt);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_word_of_this_kernel),		 TEST(test_word_of_kernels_with_parameters),
		TEST(test_nothing_is_recorded),		 TEST(test_tags_are_sites_only),
		TEST(test_tracks_without_stacks),	 TEST(test_profiling_is_off),
		TEST(test_profiling_can_be_switched_on), TEST(test_profiling_was_forbidden),
		TEST(test_profiling_is_not_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
