/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "btf_image.h"
#include "slub/layout.h"
#include "target/target.h"

/* Structures of a made-up kernel; none of the members is at offset 0. */
struct made {
	const char *name;
	const char *members[16];
};

/* What every kernel has. */
static const struct made common[] = {
	{"kmem_cache_node", {"list_lock", "nr_partial", "partial", "barn"}},
	{"slab", {"slab_cache", "slab_list", "freelist", "inuse", "objects", "frozen", "next"}},
	{"page", {"flags"}},
	{"list_head", {"next", "prev"}},
	{"callback_head", {"next", "func"}},
	{"kfree_rcu_cpu", {"head", "bulk_head", "krw_arr"}},
	{"kfree_rcu_cpu_work", {"head_free", "bulk_head_free"}},
	{"kvfree_rcu_bulk_data", {"nr_records", "records", "list"}},
};

/* Either engine. */
static const struct made slabs[] = {
	{"kmem_cache_cpu", {"freelist", "slab", "partial"}},
};
static const struct made sheaves[] = {
	{"slub_percpu_sheaves", {"main", "spare", "rcu_free"}},
	{"slab_sheaf", {"barn_list", "rcu_head", "cache", "size", "objects"}},
	{"node_barn", {"sheaves_full", "sheaves_empty", "nr_full", "nr_empty"}},
};

/* What is left out. */
struct without {
	const char *name, *member;
};

static struct types *the_types;

const char *kernel_types_file(const struct kernel *kernel)
{
	(void)kernel;
	return NULL;
}

struct dill_error *kernel_types(struct kernel *kernel, struct types **ret)
{
	(void)kernel;
	*ret = the_types;
	return NULL;
}

/* Whether a lock is held is nobody's question here. */
uint64_t target_epoch(const struct target *target)
{
	(void)target;
	return 0;
}

unsigned kernel_cpu_limit(struct kernel *kernel)
{
	(void)kernel;
	return 0;
}

bool kernel_cpu_online(struct kernel *kernel, unsigned cpu)
{
	(void)kernel;
	(void)cpu;
	return false;
}

struct dill_error *kernel_cpu_inside(struct kernel *kernel, unsigned cpu, const char *const *names,
				     bool *ret)
{
	(void)kernel;
	(void)cpu;
	(void)names;
	*ret = false;
	return NULL;
}

struct dill_error *kernel_cpu_masked(struct kernel *kernel, unsigned cpu, bool *ret)
{
	(void)kernel;
	(void)cpu;
	*ret = false;
	return NULL;
}

static void add(struct btf_image *image, uint32_t word, const struct made *made,
		const struct without *without)
{
	uint32_t count = 0, at = 1;

	for (size_t i = 0; i < 16 && made->members[i]; i++)
		count += strcmp(made->name, without->name) != 0 ||
			 strcmp(made->members[i], without->member) != 0;
	btf_image_struct(image, BTF_STRUCT, made->name, (count + 1) * 8, count);
	for (size_t i = 0; i < 16 && made->members[i]; i++)
		if (strcmp(made->name, without->name) != 0 ||
		    strcmp(made->members[i], without->member) != 0)
			btf_image_member(image, made->members[i], word, 64 * at++, 0);
}

/* struct kmem_cache, whose @p engine leads to what CPUs have. */
static void add_cache(struct btf_image *image, uint32_t word, const char *engine)
{
	static const char *const members[] = {"flags",	  "size", "object_size", "offset",
					      "refcount", "ctor", "inuse",	 "align",
					      "name",	  "list", "node",	 "sheaf_capacity"};
	const uint32_t count = sizeof(members) / sizeof(*members);
	uint32_t pair;

	pair = btf_image_struct(image, BTF_STRUCT, "kmem_cache_order_objects", 8, 1);
	btf_image_member(image, "x", word, 0, 0);
	btf_image_struct(image, BTF_STRUCT, "kmem_cache", (count + 4) * 8, count + 3);
	for (uint32_t i = 0; i < count; i++)
		btf_image_member(image, members[i], word, 64 * (i + 1), 0);
	btf_image_member(image, "oo", pair, 64 * (count + 1), 0);
	btf_image_member(image, "min", pair, 64 * (count + 2), 0);
	btf_image_member(image, engine, word, 64 * (count + 3), 0);
}

static void add_rcu_data(struct btf_image *image, uint32_t word)
{
	uint32_t list = btf_image_struct(image, BTF_STRUCT, "rcu_segcblist", 16, 1);

	btf_image_member(image, "head", word, 64, 0);
	btf_image_struct(image, BTF_STRUCT, "rcu_data", 24, 1);
	btf_image_member(image, "cblist", list, 64, 0);
}

static struct dill_error *resolve(bool has_sheaves, struct without without, struct layout *ret)
{
	const struct made *engine = has_sheaves ? sheaves : slabs;
	size_t count = has_sheaves ? sizeof(sheaves) / sizeof(*sheaves) : 1;
	struct btf_image image = {0};
	uint32_t word = btf_image_int(&image, "unsigned long", 8, 0);
	struct dill_error *error;

	btf_image_enum(&image, BTF_ENUM, "pageflags", 4, false, 1);
	btf_image_enumerator(&image, "PG_slab", 9, false);
	add_rcu_data(&image, word);
	add_cache(&image, word, has_sheaves ? "cpu_sheaves" : "cpu_slab");
	for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++)
		add(&image, word, &common[i], &without);
	for (size_t i = 0; i < count; i++)
		add(&image, word, &engine[i], &without);
	the_types = btf_image_open(&image);
	error = layout_resolve(NULL, ret);
	types_free(the_types);
	return error;
}

static void expect_not_understood(bool has_sheaves, const char *name, const char *member)
{
	struct layout layout;
	struct dill_error *error = resolve(has_sheaves, (struct without){name, member}, &layout);

	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_UNSUPPORTED);
	if (!strstr(dill_error_text(error), name) || !strstr(dill_error_text(error), member))
		fail_msg("%s.%s: %s", name, member, dill_error_text(error));
	dill_error_free(error);
}

static void test_whole(void **state)
{
	struct layout layout;

	(void)state;
	assert_null(resolve(false, (struct without){"", ""}, &layout));
	assert_true(layout.cache_cpu_slab.present && layout.cpu_partial.present);
	assert_false(layout.cache_cpu_sheaves.present);
	assert_true(layout.krc_head.present && layout.rcu_cblist.present);
	assert_null(resolve(true, (struct without){"", ""}, &layout));
	assert_true(layout.cache_cpu_sheaves.present && layout.barn_full.present);
	assert_false(layout.cache_cpu_slab.present);
}

/* Lists of free objects that could not be read are no lists without objects. */
static void test_engine_without_a_member(void **state)
{
	(void)state;
	expect_not_understood(false, "kmem_cache_cpu", "freelist");
	expect_not_understood(false, "kmem_cache_cpu", "slab");
	expect_not_understood(false, "slab", "next");
	for (size_t i = 0; i < sizeof(sheaves) / sizeof(*sheaves); i++)
		for (size_t j = 0; j < 16 && sheaves[i].members[j]; j++)
			expect_not_understood(true, sheaves[i].name, sheaves[i].members[j]);
}

/* A kernel without a CPU's list of partial slabs has no links for it either. */
static void test_no_partial_lists(void **state)
{
	struct layout layout;

	(void)state;
	assert_null(resolve(false, (struct without){"kmem_cache_cpu", "partial"}, &layout));
	assert_false(layout.cpu_partial.present);
}

/* What waits is not known then, which is said where it is looked for. */
static void test_waiting_without_a_member(void **state)
{
	static const struct without cases[] = {
		{"kfree_rcu_cpu", "bulk_head"},		{"kfree_rcu_cpu", "krw_arr"},
		{"kfree_rcu_cpu_work", "head_free"},	{"kfree_rcu_cpu_work", "bulk_head_free"},
		{"kvfree_rcu_bulk_data", "nr_records"}, {"kvfree_rcu_bulk_data", "records"},
		{"kvfree_rcu_bulk_data", "list"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct layout layout;

		assert_null(resolve(false, cases[i], &layout));
		assert_false(layout.krc_head.present && layout.bulk_count.present);
	}
	for (size_t i = 0; i < 2; i++) {
		const char *const members[] = {"next", "func"};
		struct layout layout;

		assert_null(resolve(false, (struct without){"callback_head", members[i]}, &layout));
		assert_false(layout.rcu_cblist.present);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_engine_without_a_member),
		cmocka_unit_test(test_no_partial_lists),
		cmocka_unit_test(test_waiting_without_a_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
