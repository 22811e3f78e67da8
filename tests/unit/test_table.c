/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "render/bytes_text.h"
#include "render/render.h"
#include "render/text_width.h"
#include "render/views.h"

enum { COL_NAME, COL_SIZE, COL_HIDDEN, COL_ADDRESS, COL_FLAGS };

static const struct column columns[] = {
	[COL_NAME] = {"name", DILL_COLUMN_TEXT, "NAME", ""},
	[COL_SIZE] = {"size", DILL_COLUMN_COUNT, "SIZE", ""},
	[COL_HIDDEN] = {"hidden", DILL_COLUMN_TEXT, NULL, ""},
	[COL_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, "ADDRESS", ""},
	[COL_FLAGS] = {"flags", DILL_COLUMN_TEXTS, "FLAGS", ""},
};

static const struct dill_record_kind kind = {"thing", "", columns,
					     sizeof(columns) / sizeof(*columns)};

static const struct column other_columns[] = {
	{"flag", DILL_COLUMN_BOOL, "FLAG", ""},
	{"delta", DILL_COLUMN_SIGNED, "DELTA", ""},
};

static const struct dill_record_kind other = {"other", "", other_columns, 2};

static struct dill_error *draw(struct painter *painter, const struct dill_record *record)
{
	paint(painter, STYLE_BAD, record_text(record, 0));
	paint_newline(painter);
	return NULL;
}

static const struct record_view view = {draw};
static const struct column drawn_columns[] = {{"text", DILL_COLUMN_TEXT, NULL, ""}};
static const struct dill_record_kind drawn = {"drawn", "", drawn_columns, 1};

/* In place of render/views.c: the test has a view of its own. */
const struct record_view *view_of(const struct dill_record_kind *which)
{
	return which == &drawn ? &view : NULL;
}

struct fixture {
	struct arena *arena;
	struct strbuf text; /* what was printed */
	size_t writes, largest;
	bool broken; /* the output fails */
	struct render *render;
};

static struct dill_error *write_text(void *context, const char *bytes, size_t length)
{
	struct fixture *fixture = context;

	if (fixture->broken)
		return dill_error_new(DILL_ERROR_OS, "disk full");
	strbuf_append_bytes(&fixture->text, bytes, length);
	fixture->writes++;
	if (length > fixture->largest)
		fixture->largest = length;
	return NULL;
}

static void start(struct fixture *fixture, unsigned width, bool color)
{
	struct output output = {write_text, fixture, color, width, RENDER_TEXT};

	assert_null(render_new(&output, RENDER_TEXT, &fixture->render));
}

static int setup(void **state)
{
	struct fixture *fixture = test_calloc(1, sizeof(*fixture));

	assert_null(arena_new(&fixture->arena));
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	render_free(fixture->render);
	arena_free(fixture->arena);
	strbuf_deinit(&fixture->text);
	test_free(fixture);
	return 0;
}

static void emit(struct fixture *fixture, const struct dill_record *record)
{
	struct dill_sink *sink = render_sink(fixture->render);

	assert_null(sink->emit(sink, record));
}

static void row(struct fixture *fixture, const char *name, uint64_t size)
{
	struct dill_record *record = record_new(fixture->arena, &kind);

	record_set_text(record, COL_NAME, name);
	record_set_number(record, COL_SIZE, size);
	emit(fixture, record);
}

static void expect(struct fixture *fixture, const char *text)
{
	assert_null(render_finish(fixture->render));
	assert_string_equal(strbuf_get(&fixture->text), text);
}

static void test_columns_fit_and_numbers_align_right(void **state)
{
	static const char *const flags[] = {"PANIC", "POISON"};
	struct fixture *fixture = *state;
	struct dill_record *record = record_new(fixture->arena, &kind);

	start(fixture, 0, false);
	row(fixture, "kmalloc-8", 8);
	record_set_text(record, COL_NAME, "a");
	record_set_text(record, COL_HIDDEN, "never shown");
	record_set_number(record, COL_SIZE, 123456);
	record_set_number(record, COL_ADDRESS, 0x1000);
	record_set_texts(record, COL_FLAGS, flags, 2);
	emit(fixture, record);
	expect(fixture, "NAME         SIZE  ADDRESS             FLAGS\n"
			"kmalloc-8       8  -                   -\n"
			"a          123456  0x0000000000001000  PANIC, POISON\n");
}

static void test_only_texts_shrink(void **state)
{
	static const char *const flags[] = {"HWCACHE_ALIGN", "PANIC"};
	struct fixture *fixture = *state;
	struct dill_record *record = record_new(fixture->arena, &kind);

	start(fixture, 60, false);
	record_set_text(record, COL_NAME, "short");
	record_set_number(record, COL_SIZE, UINT64_MAX);
	record_set_number(record, COL_ADDRESS, UINT64_MAX);
	record_set_texts(record, COL_FLAGS, flags, 2);
	emit(fixture, record);
	expect(fixture, "NAME                   SIZE  ADDRESS             FLAGS\n"
			"short  18446744073709551615  0xffffffffffffffff  HWCACHE_AL~\n");
}

/* What does not fit even so is left out, and named. */
static void test_no_line_is_wider(void **state)
{
	static const char *const flags[] = {"HWCACHE_ALIGN", "PANIC"};
	struct fixture *fixture = *state;
	struct dill_record *record = record_new(fixture->arena, &kind);

	start(fixture, 40, false);
	record_set_text(record, COL_NAME, "short");
	record_set_number(record, COL_SIZE, UINT64_MAX);
	record_set_number(record, COL_ADDRESS, UINT64_MAX);
	record_set_texts(record, COL_FLAGS, flags, 2);
	emit(fixture, record);
	expect(fixture, "NAME                   SIZE\n"
			"short  18446744073709551615\n"
			"not shown for want of room: ADDRESS,\n"
			"    FLAGS (--wide shows all)\n");
}

/* A name is what the next command is called with: everything else gives way. */
static void test_names_stay_whole(void **state)
{
	static const char *const flags[] = {"RECLAIM_ACCOUNT", "ACCOUNT"};
	const char *name = "fscrypt_inode_info_of_some_file_system";
	struct fixture *fixture = *state;
	struct dill_record *record = record_new(fixture->arena, &kind);

	start(fixture, 40, false);
	record_set_text(record, COL_NAME, name);
	record_set_texts(record, COL_FLAGS, flags, 2);
	emit(fixture, record);
	expect(fixture, "NAME\n"
			"fscrypt_inode_info_of_some_file_system\n"
			"not shown for want of room: FLAGS\n"
			"    (--wide shows all)\n");
}

static void test_forged_names_are_cut(void **state)
{
	struct fixture *fixture = *state;
	char name[501] = {0};

	memset(name, 'a', sizeof(name) - 1);
	start(fixture, 100, false);
	row(fixture, name, 1);
	assert_null(render_finish(fixture->render));
	assert_non_null(strstr(strbuf_get(&fixture->text), "aaa~     1\n"));
}

static char letter(const char *text)
{
	return *text == 'H' ? 'h' : 0;
}

/* Columns of 0 go first, then lists become letters, then the highest rank goes. */
static const struct column ranked_columns[] = {
	{"name", DILL_COLUMN_TEXT, "NAME", ""},
	{"memory", DILL_COLUMN_COUNT, "MEMORY", "", .unit = UNIT_BYTES},
	{"zero", DILL_COLUMN_COUNT, "ZERO", ""},
	{"share", DILL_COLUMN_COUNT, "SHARE", "", .unit = UNIT_PERMILLE, .screen = true, .rank = 2},
	{"change", DILL_COLUMN_SIGNED, "CHANGE", "", .unit = UNIT_BYTES, .rank = 1},
	{"flags", DILL_COLUMN_TEXTS, "FLAGS", "", .letter = letter},
};
static const struct dill_record_kind ranked = {"ranked", "", ranked_columns, 6};

static void ranked_row(struct fixture *fixture, unsigned width, bool screen)
{
	static const char *const flags[] = {"HWCACHE_ALIGN", "SOMETHING_NEW"};
	struct output output = {write_text, fixture, false, width, RENDER_TEXT, .screen = screen};
	struct dill_record *record = record_new(fixture->arena, &ranked);

	assert_null(render_new(&output, RENDER_TEXT, &fixture->render));
	record_set_text(record, 0, "cred");
	record_set_number(record, 1, 28835840);
	record_set_number(record, 2, 0);
	record_set_number(record, 3, 123);
	record_set_signed(record, 4, -1536);
	record_set_texts(record, 5, flags, 2);
	emit(fixture, record);
}

static void test_a_pipe_gets_everything_in_bytes(void **state)
{
	struct fixture *fixture = *state;

	ranked_row(fixture, 0, false);
	expect(fixture, "NAME    MEMORY  ZERO  CHANGE  FLAGS\n"
			"cred  28835840     0   -1536  HWCACHE_ALIGN, SOMETHING_NEW\n");
}

static void test_a_terminal_has_units(void **state)
{
	struct fixture *fixture = *state;

	ranked_row(fixture, 80, true);
	expect(fixture, "NAME    MEMORY  ZERO  SHARE     CHANGE  FLAGS\n"
			"cred  27.5 MiB     0  12.3%  -1.50 KiB  HWCACHE_ALIGN, SOMETHING_NEW\n");
}

static void test_a_narrow_terminal_drops_zeros_and_writes_letters(void **state)
{
	struct fixture *fixture = *state;

	ranked_row(fixture, 50, true);
	expect(fixture, "NAME    MEMORY  SHARE     CHANGE  FLAGS\n"
			"cred  27.5 MiB  12.3%  -1.50 KiB  h?\n");
}

static void test_ranks_say_which_column_goes(void **state)
{
	struct fixture *fixture = *state;

	ranked_row(fixture, 37, true);
	expect(fixture, "NAME    MEMORY     CHANGE  FLAGS\n"
			"cred  27.5 MiB  -1.50 KiB  h?\n"
			"not shown for want of room: SHARE\n"
			"    (--wide shows all)\n");
}

static void test_long_lines_are_broken(void **state)
{
	struct fixture *fixture = *state;
	struct dill_record *text = record_new(fixture->arena, &drawn);

	start(fixture, 30, true);
	record_set_text(text, 0, "  label       a sentence that is too long  two words");
	emit(fixture, text);
	record_set_text(text, 0, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	emit(fixture, text);
	/* The style is ended before a break, and goes on behind it. */
	expect(fixture, "\033[1;31m  label       a sentence that\033[0m\n"
			"              \033[1;31mis too long\033[0m\n"
			"              \033[1;31mtwo words\033[0m\n"
			"\033[1;31maaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\033[0m\n"
			"    \033[1;31maaaaaaaaa\033[0m\n");
}

static void test_sizes_have_units(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{0, "0 B"},
		{1023, "1023 B"},
		{1024, "1 KiB"},
		{4096, "4 KiB"},
		{1536, "1.50 KiB"},
		{10 * 1024 + 512, "10.5 KiB"},
		{(1 << 20) - 1, "1023 KiB"},
		{1 << 20, "1 MiB"},
		{UINT64_MAX, "15.9 EiB"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strbuf text = {0};

		bytes_append(&text, cases[i].bytes);
		assert_string_equal(strbuf_get(&text), cases[i].text);
		strbuf_deinit(&text);
	}
}

static void test_wide_characters(void **state)
{
	struct fixture *fixture = *state;

	start(fixture, 0, false);
	row(fixture, "k\xc3\xa4se", 1);
	row(fixture, "\xe7\x8c\xab", 2); /* two columns */
	row(fixture, "e\xcc\x81", 3);	 /* e and an accent: one */
	expect(fixture, "NAME  SIZE  ADDRESS  FLAGS\n"
			"k\xc3\xa4se     1  -        -\n"
			"\xe7\x8c\xab       2  -        -\n"
			"e\xcc\x81        3  -        -\n");
}

static void test_a_table_ends_when_the_kind_changes(void **state)
{
	struct fixture *fixture = *state;
	struct dill_record *record = record_new(fixture->arena, &other);
	struct dill_record *text = record_new(fixture->arena, &drawn);

	start(fixture, 0, false);
	record_set_text(text, 0, "broken");
	record_set_bool(record, 0, true);
	record_set_signed(record, 1, -3);
	emit(fixture, text);
	emit(fixture, record);
	emit(fixture, text);
	emit(fixture, text);
	row(fixture, "a", 1);
	emit(fixture, record);
	expect(fixture, "broken\n"
			"\n"
			"FLAG  DELTA\n"
			"yes      -3\n"
			"\n"
			"broken\n"
			"broken\n"
			"\n"
			"NAME  SIZE  ADDRESS  FLAGS\n"
			"a        1  -        -\n"
			"\n"
			"FLAG  DELTA\n"
			"yes      -3\n");
}

static void test_colors_do_not_shift_columns(void **state)
{
	struct fixture *fixture = *state;
	struct dill_record *record = record_new(fixture->arena, &other);

	start(fixture, 0, true);
	record_set_signed(record, 1, 7);
	emit(fixture, record);
	expect(fixture, "\033[1mFLAG\033[0m  \033[1mDELTA\033[0m\n"
			"\033[2m-\033[0m         7\n");
}

static void test_long_tables_are_printed_in_parts(void **state)
{
	struct fixture *fixture = *state;
	const char *heading = "NAME", *found;
	size_t lines = 0;

	start(fixture, 0, false);
	for (uint64_t i = 0; i < 25000; i++) {
		row(fixture, "kmalloc-64", i);
		arena_reset(fixture->arena); /* the record need not outlive emit() */
		if (i == 15000)
			assert_true(fixture->writes > 0);
	}
	assert_null(render_finish(fixture->render));
	for (const char *c = strbuf_get(&fixture->text); *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 25001);
	found = strstr(strbuf_get(&fixture->text), heading);
	assert_non_null(found);
	assert_null(strstr(found + 1, heading)); /* once */
}

static void test_a_broken_output_is_reported_once(void **state)
{
	struct fixture *fixture = *state;
	struct dill_error *error;

	start(fixture, 0, false);
	row(fixture, "a", 1);
	fixture->broken = true;
	error = render_finish(fixture->render);
	assert_non_null(error);
	assert_string_equal(dill_error_text(error), "disk full");
	dill_error_free(error);
	assert_null(render_finish(fixture->render));
}

static void test_padding(void **state)
{
	struct painter painter = {.width = UINT_MAX};

	(void)state;
	paint_padded(&painter, STYLE_PLAIN, "ab", 4);
	paint_padded(&painter, STYLE_PLAIN, "cd", -4);
	paint_padded(&painter, STYLE_PLAIN, "efghij", 4);
	paint_padded(&painter, STYLE_PLAIN, "klmnop", -4);
	paint_padded(&painter, STYLE_PLAIN, "gone", 0);
	paint_padded(&painter, STYLE_PLAIN, "\xe7\x8c\xab\xe7\x8c\xab",
		     3); /* a half does not fit */
	assert_string_equal(strbuf_get(&painter.text), "ab    cdefg~klm~\xe7\x8c\xab~");
	strbuf_deinit(&painter.text);
	assert_int_equal(text_width("\xff\xe7\x8c"), 3); /* no UTF-8: a column per byte */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_columns_fit_and_numbers_align_right),
		TEST(test_only_texts_shrink),
		TEST(test_no_line_is_wider),
		TEST(test_a_pipe_gets_everything_in_bytes),
		TEST(test_a_terminal_has_units),
		TEST(test_a_narrow_terminal_drops_zeros_and_writes_letters),
		TEST(test_ranks_say_which_column_goes),
		TEST(test_long_lines_are_broken),
		cmocka_unit_test(test_sizes_have_units),
		TEST(test_names_stay_whole),
		TEST(test_forged_names_are_cut),
		TEST(test_wide_characters),
		TEST(test_a_table_ends_when_the_kind_changes),
		TEST(test_colors_do_not_shift_columns),
		TEST(test_long_tables_are_printed_in_parts),
		TEST(test_a_broken_output_is_reported_once),
		TEST(test_padding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
