/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "answer/layout_record.h"
#include "btf_image.h"
#include "command/kstruct_layout.h"
#include "render/render.h"

#define BASE 0xffff888000001000ull

/* Memory from BASE on; what lies beyond cannot be read. */
struct target {
	uint8_t bytes[256];
	size_t size;
};

static struct dill_error *read_memory(void *context, uint64_t address, void *buffer, size_t length)
{
	struct target *target = context;

	if (address < BASE || address - BASE > target->size ||
	    length > target->size - (address - BASE))
		return dill_error_new_fault(address, "cannot read %#llx",
					    (unsigned long long)address);
	memcpy(buffer, target->bytes + (address - BASE), length);
	return NULL;
}

static struct dill_error *append_symbol(void *context, uint64_t address, enum symbol_reach reach,
					struct strbuf *text)
{
	(void)context;
	if (address == 0xffffffff81000000ull)
		strbuf_append(text, "_text");
	else if (reach == SYMBOL_EXACT)
		return NULL;
	else if (address >= 0xffffffff81000000ull && address < 0xffffffff81001000ull)
		strbuf_append_format(text, "_text+%#llx",
				     (unsigned long long)(address - 0xffffffff81000000ull));
	return NULL;
}

static struct dill_error *collect(void *context, const char *bytes, size_t length)
{
	strbuf_append_bytes(context, bytes, length);
	return NULL;
}

static void expect_text(struct types *types, type_id id, unsigned depth, struct target *target,
			const char *expected)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	_cleanup_(render_freep)
	struct render *render = NULL;
	struct output output = {.write = collect, .context = &text};
	struct value_reader reader = {read_memory, append_symbol, target};
	struct layout_request request = {
		.types = types,
		.type = id,
		.depth = depth,
		.reader = target ? &reader : NULL,
		.address = BASE,
	};

	assert_null(render_new(&output, RENDER_TEXT, &render));

	struct dill_error *error = layout_emit(&request, render_sink(render));

	if (error)
		fail_msg("%s", dill_error_text(error));
	assert_null(render_finish(render));
	assert_string_equal(strbuf_get(&text), expected);
}

struct world {
	struct types *types;
	uint32_t outer, zone, handle, names, array_holder;
};

static struct world make_world(void)
{
	struct btf_image image = {0};
	struct world world;

	uint32_t integer = btf_image_int(&image, "int", 4, BTF_INT_IS_SIGNED);
	uint32_t word = btf_image_int(&image, "unsigned int", 4, 0);
	uint32_t character = btf_image_int(&image, "char", 1, BTF_INT_IS_SIGNED);
	uint32_t yes = btf_image_int(&image, "_Bool", 1, BTF_INT_IS_BOOL);
	uint32_t pointer = btf_image_refer(&image, BTF_PTR, "", 0);
	uint32_t string = btf_image_refer(&image, BTF_PTR, "", character);

	world.zone = btf_image_enum(&image, BTF_ENUM, "zone", 4, true, 2);
	btf_image_enumerator(&image, "ZONE_DMA", 0, false);
	btf_image_enumerator(&image, "ZONE_NONE", -1, false);

	uint32_t text = btf_image_array(&image, character, 8);
	uint32_t numbers = btf_image_array(&image, word, 6);
	uint32_t point = btf_image_struct(&image, BTF_STRUCT, "point", 8, 2);

	btf_image_member(&image, "x", integer, 0, 0);
	btf_image_member(&image, "y", integer, 32, 0);

	uint32_t points = btf_image_array(&image, point, 6);
	uint32_t inner = btf_image_struct(&image, BTF_UNION, "", 8, 2);

	btf_image_member(&image, "number", integer, 0, 0);
	btf_image_member(&image, "point", point, 0, 0);
	world.outer = btf_image_bits(&image, "outer", 40, 6);
	btf_image_member(&image, "yes", yes, 0, 0);
	btf_image_member(&image, "", inner, 32, 0);
	btf_image_member(&image, "low", word, 96, 3);
	btf_image_member(&image, "high", integer, 99, 5);
	btf_image_member(&image, "pointer", pointer, 128, 0);
	btf_image_member(&image, "zone", world.zone, 192, 0);
	world.names = btf_image_struct(&image, BTF_STRUCT, "names", 40, 3);
	btf_image_member(&image, "text", text, 0, 0);
	btf_image_member(&image, "string", string, 64, 0);
	btf_image_member(&image, "numbers", numbers, 128, 0);
	world.array_holder = btf_image_struct(&image, BTF_STRUCT, "array_holder", 48, 1);
	btf_image_member(&image, "points", points, 0, 0);
	world.handle = btf_image_refer(&image, BTF_TYPEDEF, "handle_t", word);
	world.types = btf_image_open(&image);
	return world;
}

static void test_layout(void **state)
{
	struct world world = make_world();

	(void)state;
	expect_text(world.types, world.outer, UINT32_MAX, NULL,
		    "   offset      size  struct outer {\n"
		    "        0         1      _Bool yes;\n"
		    "        1         3      /* hole: 3 bytes */\n"
		    "        4         8      union {\n"
		    "        4         4          int number;\n"
		    "        4         8          struct point point {\n"
		    "        4         4              int x;\n"
		    "        8         4              int y;\n"
		    "                             };\n"
		    "                         };\n"
		    "     12:0         4      unsigned int low : 3;\n"
		    "     12:3         4      int high : 5;\n"
		    "       13         3      /* hole: 3 bytes */\n"
		    "       16         8      void *pointer;\n"
		    "       24         4      enum zone zone;\n"
		    "       28        12      /* padding: 12 bytes */\n"
		    "                     }  40 bytes, 6 members, 2 holes: 6 bytes, padding: 12 "
		    "bytes\n");
	expect_text(world.types, world.outer, 1, NULL,
		    "   offset      size  struct outer {\n"
		    "        0         1      _Bool yes;\n"
		    "        1         3      /* hole: 3 bytes */\n"
		    "        4         8      union {\n"
		    "        4         4          int number;\n"
		    "        4         8          struct point point;\n"
		    "                         };\n"
		    "     12:0         4      unsigned int low : 3;\n"
		    "     12:3         4      int high : 5;\n"
		    "       13         3      /* hole: 3 bytes */\n"
		    "       16         8      void *pointer;\n"
		    "       24         4      enum zone zone;\n"
		    "       28        12      /* padding: 12 bytes */\n"
		    "                     }  40 bytes, 6 members, 2 holes: 6 bytes, padding: 12 "
		    "bytes\n");
	expect_text(world.types, world.array_holder, UINT32_MAX, NULL,
		    "   offset      size  struct array_holder {\n"
		    "        0        48      struct point points[6] {\n"
		    "        0         4          int x;\n"
		    "        4         4          int y;\n"
		    "                         };\n"
		    "                     }  48 bytes, 1 member\n");
	expect_text(world.types, world.handle, UINT32_MAX, NULL,
		    "   offset      size  handle_t = unsigned int  4 bytes\n");
	expect_text(world.types, world.zone, UINT32_MAX, NULL,
		    "   offset      size  enum zone {\n"
		    "                         ZONE_DMA = 0\n"
		    "                         ZONE_NONE = -1\n"
		    "                     }  4 bytes, 2 members\n");
	types_free(world.types);
}

static void put(struct target *target, size_t at, uint64_t value, size_t size)
{
	memcpy(target->bytes + at, &value, size);
}

static void test_values(void **state)
{
	struct world world = make_world();
	struct target target = {.size = 28};

	(void)state;
	put(&target, 0, 1, 1);
	put(&target, 4, 0xffffffff, 4);
	put(&target, 8, 70000, 4);
	put(&target, 12, 5 | 0x1e << 3, 1);
	put(&target, 16, 0xffffffff8100001cull, 8);
	put(&target, 24, 0xffffffff, 4);
	expect_text(world.types, world.outer, 1, &target,
		    "   offset      size  struct outer at 0xffff888000001000 {\n"
		    "        0         1      _Bool yes = true\n"
		    "        1         3      /* hole: 3 bytes */\n"
		    "        4         8      union {\n"
		    "        4         4          int number = -1\n"
		    "        4         8          struct point point;\n"
		    "                         };\n"
		    "     12:0         4      unsigned int low : 3 = 5\n"
		    "     12:3         4      int high : 5 = -2\n"
		    "       13         3      /* hole: 3 bytes */\n"
		    "       16         8      void *pointer = 0xffffffff8100001c <_text+0x1c>\n"
		    "       24         4      enum zone zone = ZONE_NONE\n"
		    "       28        12      /* padding: 12 bytes */\n"
		    "                     }  40 bytes, 6 members, 2 holes: 6 bytes, padding: 12 "
		    "bytes\n");
	expect_text(world.types, world.handle, 1, &target,
		    "   offset      size  handle_t = unsigned int at 0xffff888000001000  4 bytes = "
		    "1\n");
	/* Unreadable from byte 24 on. */
	target.size = 24;
	expect_text(world.types, world.zone, 1, &target,
		    "   offset      size  enum zone at 0xffff888000001000  4 bytes = 1\n");
	types_free(world.types);
}

static void test_arrays(void **state)
{
	struct world world = make_world();
	struct target target = {.size = 48};

	(void)state;
	memcpy(target.bytes, "ab\033\0zzzz", 8);
	put(&target, 8, BASE, 8);
	put(&target, 16, 7, 4);
	put(&target, 36, 9, 4);
	expect_text(world.types, world.names, 1, &target,
		    "   offset      size  struct names at 0xffff888000001000 {\n"
		    "        0         8      char text[8] = \"ab\\x1b\"\n"
		    "        8         8      char *string = 0xffff888000001000\n"
		    "       16        24      unsigned int numbers[6] = {7, 0 <4 times>, 9}\n"
		    "                     }  40 bytes, 3 members\n");
	target.size = 256;
	expect_text(world.types, world.names, 1, &target,
		    "   offset      size  struct names at 0xffff888000001000 {\n"
		    "        0         8      char text[8] = \"ab\\x1b\"\n"
		    "        8         8      char *string = 0xffff888000001000 \"ab\\x1b\"\n"
		    "       16        24      unsigned int numbers[6] = {7, 0 <4 times>, 9}\n"
		    "                     }  40 bytes, 3 members\n");
	/* A text behind a symbol is a string literal, which has none. */
	put(&target, 8, 0xffffffff81000010, 8);
	expect_text(world.types, world.names, 1, &target,
		    "   offset      size  struct names at 0xffff888000001000 {\n"
		    "        0         8      char text[8] = \"ab\\x1b\"\n"
		    "        8         8      char *string = 0xffffffff81000010\n"
		    "       16        24      unsigned int numbers[6] = {7, 0 <4 times>, 9}\n"
		    "                     }  40 bytes, 3 members\n");
	put(&target, 8, 0xffffffff81000000, 8);
	expect_text(world.types, world.names, 1, &target,
		    "   offset      size  struct names at 0xffff888000001000 {\n"
		    "        0         8      char text[8] = \"ab\\x1b\"\n"
		    "        8         8      char *string = 0xffffffff81000000 <_text>\n"
		    "       16        24      unsigned int numbers[6] = {7, 0 <4 times>, 9}\n"
		    "                     }  40 bytes, 3 members\n");
	memset(target.bytes, 0, sizeof(target.bytes));
	put(&target, 0, 3, 4);
	target.size = 40;
	expect_text(world.types, world.array_holder, 2, &target,
		    "   offset      size  struct array_holder at 0xffff888000001000 {\n"
		    "        0        48      struct point points[6] {\n"
		    "        0         8          [0] {\n"
		    "        0         4              int x = 3\n"
		    "        4         4              int y = 0\n"
		    "                             };\n"
		    "        8         8          [1] {\n"
		    "        8         4              int x = 0\n"
		    "       12         4              int y = 0\n"
		    "                             };\n"
		    "                             [2] to [4] as [1];\n"
		    "       40         8          [5] {\n"
		    "       40         4              int x;  cannot read 0xffff888000001028\n"
		    "       44         4              int y;  cannot read 0xffff88800000102c\n"
		    "                             };\n"
		    "                         };\n"
		    "                     }  48 bytes, 1 member\n");
	types_free(world.types);
}

/* One member of a type, behind its own offset. */
static void test_member_value(void **state)
{
	struct world world = make_world();
	struct target target = {.size = 40};
	struct value_reader reader = {read_memory, append_symbol, &target};
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	_cleanup_(render_freep)
	struct render *render = NULL;
	struct output output = {.write = collect, .context = &text};
	struct type_place place;
	struct layout_request request = {
		.types = world.types,
		.type = world.outer,
		.depth = UINT32_MAX,
		.path = "point",
		.place = &place,
		.reader = &reader,
		.address = BASE,
	};

	(void)state;
	put(&target, 4, 11, 4);
	put(&target, 8, 22, 4);
	assert_null(render_new(&output, RENDER_TEXT, &render));
	assert_null(types_place(world.types, world.outer, request.path, &place));
	assert_null(layout_emit(&request, render_sink(render)));
	request.path = "high";
	put(&target, 12, 0x0f << 3, 1);
	assert_null(types_place(world.types, world.outer, request.path, &place));
	assert_null(layout_emit(&request, render_sink(render)));
	assert_null(render_finish(render));
	assert_string_equal(strbuf_get(&text),
			    "   offset      size  struct outer.point: struct point at "
			    "0xffff888000001004 {\n"
			    "        4         4      int x = 11\n"
			    "        8         4      int y = 22\n"
			    "                     }  8 bytes, 2 members\n"
			    "   offset      size  struct outer.high: int at 0xffff88800000100c  4 "
			    "bytes = 15\n");
	types_free(world.types);
}

/* Every line of a layout names a path that leads to the same place. */
struct checker {
	struct dill_sink sink;
	struct types *types;
	type_id type;
	unsigned lines, ends;
};

static struct dill_error *check_line(struct dill_sink *sink, const struct dill_record *record)
{
	struct checker *checker = (struct checker *)sink;
	struct type_place place;
	uint64_t offset;

	if (record->kind == &layout_end_kind) {
		checker->ends++;
		return NULL;
	}
	checker->lines++;
	if (!record->fields[LAYOUT_MEMBER].present)
		return NULL;
	assert_null(types_place(checker->types, checker->type, record_text(record, LAYOUT_MEMBER),
				&place));
	offset =
		record_number(record, LAYOUT_OFFSET) * 8 + record_number(record, LAYOUT_BIT_OFFSET);
	assert_int_equal(offset, place.bit_offset);
	assert_int_equal(record_number(record, LAYOUT_BIT_SIZE), place.bit_size);
	assert_int_equal(record_number(record, LAYOUT_SIZE), place.size);
	return NULL;
}

static void test_paths_lead_back(void **state)
{
	struct world world = make_world();
	struct checker checker = {.sink = {check_line}, .types = world.types};

	(void)state;
	for (type_id id = 1; id < world.types->ops->id_limit(world.types); id++) {
		struct layout_request request = {
			.types = world.types, .type = id, .depth = UINT32_MAX};

		checker.type = id;
		assert_null(layout_emit(&request, &checker.sink));
	}
	assert_true(checker.lines > 40);
	assert_true(checker.ends > 5);
	types_free(world.types);
}

static struct dill_error *count_line(struct dill_sink *sink, const struct dill_record *record)
{
	(void)record;
	((struct checker *)sink)->lines++;
	return NULL;
}

/* Types that contain themselves, reach past their end, or are broken in one member. */
static void test_forged_types(void **state)
{
	struct btf_image image = {0};
	struct checker checker = {.sink = {count_line}};
	struct target target = {.size = 256};
	struct value_reader reader = {read_memory, append_symbol, &target};

	(void)state;
	uint32_t self = btf_image_struct(&image, BTF_STRUCT, "self", 8, 4);

	for (int i = 0; i < 4; i++)
		btf_image_member(&image, "again", 1, 0, 0);

	uint32_t many = btf_image_array(&image, self, 0xffffffff);
	uint32_t integer = btf_image_int(&image, "int", 4, 0);
	uint32_t broken = btf_image_bits(&image, "broken", 4, 3);

	btf_image_member(&image, "outside", integer, 0xffffff, 0);
	btf_image_member(&image, "no\033type", 1000, 0, 0);
	btf_image_member(&image, "good", integer, 0, 0);

	struct types *types = btf_image_open(&image);

	for (int values = 0; values < 2; values++) {
		for (type_id id = self; id <= many; id++) {
			struct layout_request request = {
				.types = types,
				.type = id,
				.depth = UINT32_MAX,
				.reader = values ? &reader : NULL,
				.address = BASE,
			};
			struct dill_error *error = layout_emit(&request, &checker.sink);

			assert_non_null(error);
			assert_int_equal(dill_error_code(error), DILL_ERROR_LIMIT);
			dill_error_free(error);
		}
	}
	assert_true(checker.lines <= 4 * LAYOUT_LINES_MAX);
	expect_text(types, broken, 1, NULL,
		    "   offset      size  struct broken {\n"
		    "  2097151         4      int outside;  reaches past the end of its struct\n"
		    "                         ?;  BTF type 4: member of type 1000 of 5\n"
		    "        0         4      int good;\n"
		    "                     }  4 bytes, 3 members\n");
	types_free(types);
}

static void test_split_bits(void **state)
{
	uint64_t offset;
	uint32_t bit;

	(void)state;
	layout_split_bits(2736 * 8 + 17, 1, 4, &offset, &bit);
	assert_int_equal(offset, 2736);
	assert_int_equal(bit, 17);
	/* Across two units, in a packed struct. */
	layout_split_bits(9 * 8 + 3, 40, 4, &offset, &bit);
	assert_int_equal(offset, 9);
	assert_int_equal(bit, 3);
	layout_split_bits(8, 1, 0, &offset, &bit);
	assert_int_equal(offset, 1);
	assert_int_equal(bit, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layout),	     cmocka_unit_test(test_values),
		cmocka_unit_test(test_arrays),	     cmocka_unit_test(test_paths_lead_back),
		cmocka_unit_test(test_member_value), cmocka_unit_test(test_forged_types),
		cmocka_unit_test(test_split_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
