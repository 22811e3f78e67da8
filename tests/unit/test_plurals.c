/* SPDX-License-Identifier: MIT */
/* What views write of one thing: every count of every record is 1, and no noun behind one may be a
 * plural. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/plural.h"
#include "command/registry.h"
#include "render/render.h"
#include "render/views.h"

static struct dill_error *append(void *context, const char *bytes, size_t length)
{
	strbuf_append_bytes(context, bytes, length);
	return NULL;
}

static struct dill_record *ones(struct arena *arena, const struct dill_record_kind *kind);

static void fill(struct arena *arena, struct dill_record *record, size_t column)
{
	static const uint64_t addresses[] = {1};
	static const char *const texts[] = {"some"};
	struct record_list list = {0};

	switch (record->kind->columns[column].type) {
	case DILL_COLUMN_ADDRESS:
	case DILL_COLUMN_COUNT:
	case DILL_COLUMN_TIME:
		record_set_number(record, column, 1);
		break;
	case DILL_COLUMN_ENUM:
		record_set_enum(record, column, 1);
		break;
	case DILL_COLUMN_SIGNED:
		record_set_signed(record, column, 1);
		break;
	case DILL_COLUMN_BOOL:
		record_set_bool(record, column, true);
		break;
	case DILL_COLUMN_TEXT:
		record_set_text(record, column, "some");
		break;
	case DILL_COLUMN_ANY:
		record_set_any(record, column, "1", true);
		break;
	case DILL_COLUMN_ADDRESSES:
		record_set_addresses(record, column, addresses, 1);
		break;
	case DILL_COLUMN_TEXTS:
		record_set_texts(record, column, texts, 1);
		break;
	case DILL_COLUMN_RECORDS:
		record_list_append(&list, ones(arena, record->kind->columns[column].of));
		record_set_records(record, column, list);
		break;
	}
}

static struct dill_record *ones(struct arena *arena, const struct dill_record_kind *kind)
{
	struct dill_record *record = record_new(arena, kind);

	for (size_t i = 0; i < kind->column_count; i++)
		fill(arena, record, i);
	return record;
}

/* The first place in @text where "1" is followed by a word that ends in "s" and is no unit of time;
 * NULL = there is none. */
static const char *find_plural(const char *text)
{
	for (const char *at = text; (at = strstr(at, "1 ")); at++) {
		size_t length = 0;

		if (at > text && isalnum((unsigned char)at[-1])) /* the end of a number */
			continue;
		while (isalpha((unsigned char)at[2 + length]))
			length++;
		if (length > 2 && at[1 + length] == 's')
			return at;
	}
	return NULL;
}

static void test_views(void **state)
{
	struct strbuf text = {0};
	struct output output = {.write = append, .context = &text, .format = RENDER_TEXT};
	struct render *render;
	struct arena *arena;
	size_t drawn = 0;

	(void)state;
	assert_null(arena_new(&arena));
	assert_null(render_new(&output, RENDER_TEXT, &render));
	for (size_t c = 0; commands[c]; c++) {
		for (size_t k = 0; commands[c]->kinds && commands[c]->kinds[k]; k++) {
			struct dill_sink *sink = render_sink(render);

			if (!view_of(commands[c]->kinds[k]))
				continue;
			drawn++;
			assert_null(sink->emit(sink, ones(arena, commands[c]->kinds[k])));
		}
	}
	assert_null(render_finish(render));
	assert_true(drawn >= 10);
	if (find_plural(strbuf_get(&text)))
		print_message("%.40s\n", find_plural(strbuf_get(&text)));
	assert_null(find_plural(strbuf_get(&text)));
	render_free(render);
	arena_free(arena);
	strbuf_deinit(&text);
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(plural(0), "s");
	assert_string_equal(plural(1), "");
	assert_string_equal(plural(2), "s");
	assert_non_null(find_plural("in 1 slabs on"));
	assert_null(find_plural("in 1 slab, 11 slabs, 0x1 slabs, 1 ns"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_views),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
