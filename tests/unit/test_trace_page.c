/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "render/trace_page.h"
#include "trace_file.h"

static const char evil[] = "</script><img src=x onerror=\"alert(1)\">'&<!--";

/* The data in a page, parsed; decref it. */
static json_t *data_of(const struct strbuf *page)
{
	static const char begin[] = "<script type=\"application/json\" id=\"data\">";
	const char *data = strstr(strbuf_get(page), begin);
	const char *end;
	json_error_t error;
	json_t *parsed;

	assert_non_null(data);
	data += strlen(begin);
	end = strstr(data, "</script>");
	assert_non_null(end);
	parsed = json_loadb(data, (size_t)(end - data), 0, &error);
	if (!parsed)
		fail_msg("%s at %d", error.text, error.position);
	return parsed;
}

static json_t *make(struct trace_store *store, const struct trace_page_limits *limits)
{
	struct strbuf page = {0};
	struct trace_totals *totals;
	json_t *data;

	assert_null(trace_totals_new(store, &totals));
	assert_null(trace_page_append(totals, limits, &page, NULL));
	assert_null(strstr(strbuf_get(&page), "<img"));
	data = data_of(&page);
	trace_totals_free(totals);
	strbuf_deinit(&page);
	return data;
}

static uint64_t sum(json_t *data, const char *field)
{
	json_t *fields = json_object_get(data, "cell_fields"), *row;
	uint64_t total = 0;
	size_t column, index;
	json_t *name;

	json_array_foreach(fields, column, name) if (!strcmp(json_string_value(name), field)) break;
	json_array_foreach(json_object_get(data, "cells"), index, row) total +=
		(uint64_t)json_integer_value(json_array_get(row, column));
	return total;
}

static size_t objects(json_t *data)
{
	return json_array_size(json_object_get(json_object_get(data, "objects"), "cell"));
}

static void test_texts_do_no_harm(void **state)
{
	struct trace_store *store = trace_file_begin(NULL);
	struct trace_event event = {0};
	json_t *data;

	(void)state;
	trace_file_alloc(&event, 0);
	event.comm = event.cache_name = event.caller_name = evil;
	trace_file_send(store, &event);
	trace_file_finish(store);
	data = make(store, &trace_page_limits);
	assert_string_equal(json_string_value(json_array_get(json_object_get(data, "caches"), 0)),
			    evil);
	assert_string_equal(json_string_value(json_array_get(json_object_get(data, "callers"), 0)),
			    evil);
	json_decref(data);
	trace_store_free(store);
}

static void test_large_traces_are_cut(void **state)
{
	static const struct trace_page_limits limits = {.objects = 7, .cells = 2, .rows = 3};
	struct trace_store *store = trace_file_begin(NULL);
	json_t *data;

	(void)state;
	trace_file_fill(store, 10);
	data = make(store, &trace_page_limits);
	assert_int_equal(objects(data), 20);
	assert_null(json_object_get(json_object_get(data, "objects"), "left_out"));
	json_decref(data);

	data = make(store, &limits);
	assert_int_equal(objects(data), 7);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(data, "objects"), "left_out")),
		13);
	assert_string_equal(/* what is alive stays */
			    json_string_value(
				    json_object_get(json_object_get(data, "objects"), "state")),
			    "0000000");
	assert_int_equal(json_array_size(json_object_get(data, "cells")), 3);
	assert_int_equal(json_array_size(json_object_get(data, "double_frees")), 3);
	assert_int_equal(sum(data, "allocs"), 20); /* sums stay */
	assert_int_equal(sum(data, "frees"), 30);
	assert_int_equal(sum(data, "bytes_given"), 1280);
	json_decref(data);
	trace_store_free(store);
}

/* Objects, or bytes, of a page's rest at a time. */
static int64_t rest_at(json_t *data, int64_t time_ns, size_t column)
{
	json_t *row;
	size_t index;
	int64_t total = 0;

	json_array_foreach(json_object_get(data, "rest"), index, row)
	{
		if (json_integer_value(json_array_get(row, 0)) <= time_ns &&
		    time_ns < json_integer_value(json_array_get(row, 1)))
			total += json_integer_value(json_array_get(row, column));
	}
	return total;
}

/* Alive from 1 to 3 ms, from 2 ms and from 4 ms on; no bar is shown. */
static void test_left_out_objects_are_counted(void **state)
{
	static const struct trace_page_limits limits = {.objects = 0, .cells = 9, .rows = 9};
	struct trace_store *store = trace_file_begin(NULL);
	struct trace_event event = {0};
	json_t *data;

	(void)state;
	trace_file_alloc(&event, 0);
	trace_file_send(store, &event);
	trace_file_alloc(&event, 1);
	trace_file_send(store, &event);
	trace_file_free(&event, 0, 1);
	trace_file_send(store, &event);
	trace_file_alloc(&event, 2);
	trace_file_send(store, &event);
	trace_file_finish(store);
	data = make(store, &limits);
	assert_int_equal(objects(data), 0);
	for (int64_t moment = 0; moment < 1000; moment++) {
		int64_t time = moment * (4000000 / 1000 + 1);
		int64_t alive = (time >= 1000000) - (time >= 3000000) + (time >= 2000000) +
				(time >= 4000000);

		assert_int_equal(rest_at(data, time, 3), alive);
		assert_int_equal(rest_at(data, time, 4), alive * TRACE_FILE_SIZE);
	}
	json_decref(data);
	trace_store_free(store);
}

/* A bar's address, and where equal ones meet. */
static void test_objects_of_one_address_share_a_line(void **state)
{
	static const unsigned slots[] = {5, 1, 5};
	struct trace_store *store = trace_file_begin(NULL);
	struct trace_event event = {0};
	json_t *data, *bars, *lines;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		trace_file_alloc(&event, slots[i]);
		trace_file_send(store, &event);
	}
	trace_file_finish(store);
	data = make(store, &trace_page_limits);
	assert_null(json_object_get(data, "rest"));
	bars = json_object_get(data, "objects");
	assert_string_equal(json_string_value(json_object_get(bars, "addresses")),
			    "ffff888004000040ffff888004000140");
	lines = json_object_get(bars, "line");
	assert_int_equal(json_integer_value(json_array_get(lines, 0)), 1);
	assert_int_equal(json_integer_value(json_array_get(lines, 1)), 0);
	assert_int_equal(json_integer_value(json_array_get(lines, 2)), 1);
	json_decref(data);
	trace_store_free(store);
}

static void test_an_empty_trace(void **state)
{
	struct trace_store *store = trace_file_begin(NULL);
	json_t *data;

	(void)state;
	trace_file_finish(store);
	data = make(store, &trace_page_limits);
	assert_int_equal(objects(data), 0);
	json_decref(data);
	trace_store_free(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_do_no_harm),
		cmocka_unit_test(test_large_traces_are_cut),
		cmocka_unit_test(test_left_out_objects_are_counted),
		cmocka_unit_test(test_objects_of_one_address_share_a_line),
		cmocka_unit_test(test_an_empty_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
