/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/object_history.h"
#include "store/totals.h"
#include "trace_file.h"

static char folder[] = "/tmp/dill-store-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"t.db", "t.db.old", "t.db-journal", "t.db.old-journal",
					    "other"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void expect_error(struct dill_error *error, const char *part)
{
	assert_non_null(error);
	if (!strstr(dill_error_text(error), part))
		fail_msg("\"%s\" does not say \"%s\"", dill_error_text(error), part);
	dill_error_free(error);
}

static void make(const char *path, unsigned rounds)
{
	struct trace_store *store = trace_file_begin(path);

	trace_file_fill(store, rounds);
	trace_store_free(store);
}

static struct trace_totals *count(const char *path)
{
	struct trace_store *store = NULL;
	struct trace_totals *totals = NULL;
	struct dill_error *error = trace_store_open(path, &store);

	if (!error)
		error = trace_totals_new(store, &totals);
	if (error)
		fail_msg("%s", dill_error_text(error));
	trace_store_free(store);
	return totals;
}

/* --- files --- */

static void test_facts_come_back(void **state)
{
	struct trace_totals *totals;

	(void)state;
	make("t.db", 3);
	totals = count("t.db");
	assert_string_equal(totals->facts.about.banner, "Linux version 6.12");
	assert_string_equal(totals->facts.about.options, "worker");
	assert_string_equal(totals->facts.about.engine, "rsp");
	assert_int_equal(totals->facts.about.start_time, 1700000000);
	assert_string_equal(totals->facts.end.reason, "the limit was reached");
	assert_string_equal(totals->facts.end.lost_why, "the buffer was full");
	assert_int_equal(totals->facts.end.lost, 3);
	assert_true(totals->facts.finished);
	assert_int_equal(totals->events, 15);
	assert_false(exists("t.db-journal"));
	trace_totals_free(totals);
}

static void test_an_old_trace_is_kept(void **state)
{
	struct trace_totals *totals;

	(void)state;
	make("t.db", 1);
	make("t.db", 2);
	totals = count("t.db.old");
	assert_int_equal(totals->events, 5);
	trace_totals_free(totals);
	totals = count("t.db");
	assert_int_equal(totals->events, 10);
	trace_totals_free(totals);
}

static void test_an_empty_trace_is_replaced(void **state)
{
	struct trace_totals *totals;

	(void)state;
	make("t.db", 1);
	make("t.db", 0);
	make("t.db", 2);
	totals = count("t.db.old");
	assert_int_equal(totals->events, 5);
	trace_totals_free(totals);
}

static void test_other_files_are_left_alone(void **state)
{
	const struct trace_about about = {0};
	struct trace_store *store;

	(void)state;
	write_file("other", "precious");
	expect_error(trace_store_create("other", &about, &store), "left alone");
	unlink("other");
	assert_int_equal(mkdir("other", 0700), 0);
	expect_error(trace_store_create("other", &about, &store), "no regular file");
	rmdir("other");
	make("t.db", 1);
	write_file("t.db.old", "precious");
	expect_error(trace_store_create("t.db", &about, &store), "t.db.old");
	assert_true(exists("t.db"));
	unlink("t.db.old");
	expect_error(trace_store_create("none/t.db", &about, &store), "none/t.db");
}

static void test_a_file_is_not_shared_while_written(void **state)
{
	const struct trace_about about = {0};
	struct trace_store *store = trace_file_begin("t.db"), *other;

	(void)state;
	expect_error(trace_store_open("t.db", &other), "another program is writing");
	expect_error(trace_store_create("t.db", &about, &other), "another program is writing");
	trace_file_finish(store);
	assert_null(trace_store_open("t.db", &other));
	trace_store_free(other);
	trace_store_free(store);
}

static void test_a_private_store_can_be_read(void **state)
{
	struct trace_store *store = trace_file_begin(NULL);
	struct trace_totals *totals;

	(void)state;
	trace_file_fill(store, 4);
	assert_int_equal(trace_store_count(store), 20);
	assert_null(trace_totals_new(store, &totals));
	assert_int_equal(totals->events, 20);
	trace_totals_free(totals);
	trace_store_free(store);
}

/* Its child writes, and is gone at once, in the midst of a transaction or behind one. */
static void write_and_die(unsigned events)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		struct trace_store *store = trace_file_begin("t.db");
		struct trace_event event = {0};

		for (unsigned i = 0; i < events; i++) {
			trace_file_alloc(&event, i);
			trace_file_send(store, &event);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_what_a_killed_writer_leaves_is_read(void **state)
{
	static const unsigned counts[] = {0, 10, 999, 12345, 60000};

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct trace_totals *totals;

		write_and_die(counts[i]);
		totals = count("t.db");
		assert_false(totals->facts.finished);
		/* A second of events, or 10000 of them, may be missing. */
		assert_in_range(totals->events, counts[i] < 1001 ? 0 : counts[i] - 1001, counts[i]);
		trace_totals_free(totals);
		unlink("t.db");
	}
}

static void test_a_journal_of_others_is_refused(void **state)
{
	static const char tail[] = "/etc/passwd\xd9\xd5\x05\xf9\x20\xa1\x63\xd7";
	struct trace_store *store;

	(void)state;
	make("t.db", 1);
	write_file("t.db-journal", tail);
	expect_error(trace_store_open("t.db", &store), "not left by dill");
	unlink("t.db-journal");
}

/* --- what is no trace --- */

static void test_what_is_no_trace_is_refused(void **state)
{
	struct trace_store *store;

	(void)state;
	expect_error(trace_store_open("none", &store), "none: cannot open it");
	expect_error(trace_store_open(folder, &store), "no regular file");
	write_file("other", "");
	expect_error(trace_store_open("other", &store), "not an SQLite file");
	write_file("other", "SQLite format 3");
	expect_error(trace_store_open("other", &store), "not an SQLite file");
	unlink("other");
}

/* Change the file's bytes at @p offset. */
static void patch(const char *path, long offset, const char *bytes, size_t length)
{
	FILE *file = fopen(path, "r+");

	assert_non_null(file);
	fseek(file, offset, SEEK_SET);
	fwrite(bytes, 1, length, file);
	fclose(file);
}

static void test_other_versions_are_refused(void **state)
{
	struct trace_store *store;

	(void)state;
	make("t.db", 1);
	patch("t.db", 63, "\2", 1);
	expect_error(trace_store_open("t.db", &store),
		     "format 2, which a later dill wrote; this dill "
		     "reads format 1");
	patch("t.db", 68, "none", 4);
	expect_error(trace_store_open("t.db", &store), "no trace that dill wrote");
	unlink("t.db");
}

/* --- totals --- */

static void test_sums(void **state)
{
	struct trace_store *store = trace_file_begin(NULL);
	struct trace_totals *totals;

	(void)state;
	trace_file_fill(store, 10);
	assert_null(trace_totals_new(store, &totals));
	assert_int_equal(totals->sums.allocs, 20);
	assert_int_equal(totals->sums.frees, 30);
	assert_int_equal(totals->sums.double_frees, 10);
	assert_int_equal(totals->sums.unknown_frees, 10);
	assert_int_equal(totals->sums.bytes_requested, 1000);
	assert_int_equal(totals->sums.bytes_given, 1280);
	assert_int_equal(totals->sums.alive, 10);
	assert_int_equal(totals->sums.aged, 10);
	assert_int_equal(totals->sums.age_sum_ns, 10 * 2000000);
	assert_int_equal(totals->contradictions, 0);
	assert_int_equal(totals->double_frees.count, 10);
	assert_int_equal(totals->double_frees.items[1].first_sequence, 8);
	assert_int_equal(totals->processes.count, 1); /* two threads of it */
	trace_totals_free(totals);
	trace_store_free(store);
}

static void test_medians(void **state)
{
	struct trace_store *store = trace_file_begin(NULL);
	struct trace_totals *totals;
	struct trace_event event = {0};
	trace_groups groups = {0};

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		trace_file_alloc(&event, i);
		trace_file_send(store, &event);
	}
	for (unsigned i = 0; i < 4; i++) {
		trace_file_free(&event, i, i + 1);
		event.time_ns += i * 1000000; /* 5, 6, 7, 8 */
		trace_file_send(store, &event);
	}
	trace_file_finish(store);
	assert_null(trace_totals_new(store, &totals));
	assert_null(trace_totals_group(totals, TRACE_BY_CACHE, &groups));
	assert_int_equal(groups.count, 1);
	assert_int_equal(groups.items[0].median_age_ns, 6000000);
	assert_int_equal(groups.items[0].sums.age_sum_ns, 26000000);
	array_free(&groups);
	trace_totals_free(totals);
	trace_store_free(store);
}

static void test_a_free_that_was_not_seen(void **state)
{
	struct trace_store *store = trace_file_begin(NULL);
	struct trace_totals *totals;
	struct trace_event event = {0};

	(void)state;
	trace_file_alloc(&event, 0);
	trace_file_send(store, &event);
	trace_file_alloc(&event, 0);
	trace_file_send(store, &event);
	trace_file_free(&event, 0, 1); /* names the first, which has ended */
	trace_file_send(store, &event);
	trace_file_free(&event, 1, 2); /* another address */
	trace_file_send(store, &event);
	trace_file_finish(store);
	assert_null(trace_totals_new(store, &totals));
	assert_int_equal(totals->sums.unseen, 1);
	assert_int_equal(totals->sums.alive, 1);
	assert_int_equal(totals->contradictions, 2);
	trace_totals_free(totals);
	trace_store_free(store);
}

static void test_filled_slabs(void **state)
{
	struct trace_store *store = trace_file_begin(NULL);
	struct trace_totals *totals;
	struct trace_event event = {0};

	(void)state;
	for (unsigned i = 0; i < 4 * TRACE_FILE_SLOTS - 1; i++) { /* the last one lacks an object */
		trace_file_alloc(&event, i);
		if (i == TRACE_FILE_SLOTS + 3) /* one of the second is another's */
			event.tgid = 7;
		trace_file_send(store, &event);
	}
	trace_file_free(&event, 5, 6);
	event.tgid = 7; /* who frees does not matter */
	trace_file_send(store, &event);
	trace_file_finish(store);
	assert_null(trace_totals_new(store, &totals));
	assert_int_equal(totals->filled_slabs.count, 2);
	assert_int_equal(totals->filled_slabs.items[0].first_sequence, 1);
	assert_int_equal(totals->filled_slabs.items[0].alive, TRACE_FILE_SLOTS - 1);
	assert_int_equal(totals->filled_slabs.items[1].first_sequence, 2 * TRACE_FILE_SLOTS + 1);
	trace_totals_free(totals);
	trace_store_free(store);
}

static void test_events_out_of_order_are_refused(void **state)
{
	struct trace_store *store = trace_file_begin(NULL);
	struct trace_sink *sink = trace_store_sink(store);
	struct trace_event event = {0};

	(void)state;
	trace_file_alloc(&event, 0);
	assert_null(sink->event(sink, &event));
	expect_error(sink->event(sink, &event), "cannot store event 1");
	trace_store_free(store);
}

static void test_texts_are_safe(void **state)
{
	struct trace_store *store = trace_file_begin(NULL);
	struct trace_totals *totals;
	struct trace_event event = {0};

	(void)state;
	trace_file_alloc(&event, 0);
	event.comm = "a\x1b[2J\n\xff\\x41";
	event.cache_name = "";
	event.caller_name = NULL;
	trace_file_send(store, &event);
	trace_file_finish(store);
	assert_null(trace_totals_new(store, &totals));
	assert_string_equal(totals->names.processes[0].comm, "a\\x1b[2J\\x0a\\xff\\x41");
	assert_string_equal(totals->names.symbols[0].name, "0xffffffff81000100");
	assert_string_equal(totals->names.caches[0].name, "");
	trace_totals_free(totals);
	trace_store_free(store);
}

/* --- histories --- */

static void expect_history(struct trace_store *store, dill_virt address, const char *expected)
{
	struct trace_history *history;
	char text[256] = "";

	assert_null(trace_history_new(store, address, &history));
	for (size_t i = 0; i < history->entries.count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%lu", i ? " " : "",
			 (unsigned long)history->entries.items[i].event.sequence);
	assert_string_equal(text, expected);
	trace_history_free(history);
}

static void test_histories(void **state)
{
	struct trace_store *store = trace_file_begin(NULL);
	struct trace_event event = {0};

	(void)state;
	trace_file_free(&event, 1, 0); /* 1: its size is that of the cache's others */
	trace_file_send(store, &event);
	trace_file_alloc(&event, 0); /* 2 */
	trace_file_send(store, &event);
	trace_file_alloc(&event, 1); /* 3 */
	trace_file_send(store, &event);
	trace_file_free(&event, 1, 3); /* 4 */
	trace_file_send(store, &event);
	trace_file_alloc(&event, 0); /* 5: the slab has become another's, with larger objects */
	event.cache = 1;
	event.cache_name = "large";
	event.bytes_given = 4096;
	trace_file_send(store, &event);
	trace_file_alloc(&event, 0); /* 6: failed */
	event.object = 0;
	trace_file_send(store, &event);
	trace_file_finish(store);
	expect_history(store, TRACE_FILE_OBJECT, "2 5");
	expect_history(store, TRACE_FILE_OBJECT + 63, "2 5");
	expect_history(store, TRACE_FILE_OBJECT + 64, "1 3 4 5");
	expect_history(store, TRACE_FILE_OBJECT + 127, "1 3 4 5");
	expect_history(store, TRACE_FILE_OBJECT + 4095, "5");
	expect_history(store, TRACE_FILE_OBJECT + 4096, "");
	expect_history(store, TRACE_FILE_OBJECT - 1, "");
	expect_history(store, 0, "");
	expect_history(store, 1, "");
	expect_history(store, UINT64_MAX, "");
	expect_history(store, 1ull << 63, "");
	trace_store_free(store);
}

/* --- a host that refuses --- */

static void limit_file_size(rlim_t size)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static uint64_t events_of(const char *path)
{
	struct trace_totals *totals = count(path);
	uint64_t events = totals->events;

	trace_totals_free(totals);
	return events;
}

static void test_a_file_that_cannot_begin_leaves_all_as_it_was(void **state)
{
	const struct trace_about about = {0};
	struct trace_store *store = NULL;

	(void)state;
	make("t.db", 3);
	make("t.db", 5);
	limit_file_size(8192);
	expect_error(trace_store_create("t.db", &about, &store),
		     "t.db: cannot write it: File too large");
	limit_file_size(RLIM_INFINITY);
	assert_false(exists("t.db.part") || exists("t.db-journal") || exists("t.db.part-journal"));
	assert_int_equal(events_of("t.db"), 25);
	assert_int_equal(events_of("t.db.old"), 15);
	expect_error(trace_store_create("none/t.db", &about, &store),
		     "cannot create it: No such file or directory");
	write_file("t.db.part", "mine");
	expect_error(trace_store_create("t.db", &about, &store),
		     "t.db: t.db.part: it is there already and is left alone");
	unlink("t.db.part");
}

static void test_events_that_find_no_room(void **state)
{
	struct trace_event event = {0};
	struct dill_error *error = NULL;
	struct trace_store *store;
	struct stat before;

	(void)state;
	unlink("t.db");
	store = trace_file_begin("t.db");
	assert_int_equal(stat("t.db", &before), 0);
	limit_file_size((rlim_t)before.st_size);
	while (!error && event.sequence < 20000) { /* they are committed together */
		trace_file_alloc(&event, 0);
		error = trace_store_sink(store)->event(trace_store_sink(store), &event);
	}
	expect_error(error, "t.db: cannot store event ");
	error = trace_store_finish(store, &(const struct trace_end){0});
	expect_error(error, "t.db: ");
	trace_store_free(store);
	limit_file_size(RLIM_INFINITY);
	assert_false(exists("t.db") || exists("t.db-journal"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts_come_back),
		cmocka_unit_test(test_an_old_trace_is_kept),
		cmocka_unit_test(test_an_empty_trace_is_replaced),
		cmocka_unit_test(test_other_files_are_left_alone),
		cmocka_unit_test(test_a_file_is_not_shared_while_written),
		cmocka_unit_test(test_a_private_store_can_be_read),
		cmocka_unit_test(test_what_a_killed_writer_leaves_is_read),
		cmocka_unit_test(test_a_journal_of_others_is_refused),
		cmocka_unit_test(test_what_is_no_trace_is_refused),
		cmocka_unit_test(test_other_versions_are_refused),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_medians),
		cmocka_unit_test(test_a_free_that_was_not_seen),
		cmocka_unit_test(test_filled_slabs),
		cmocka_unit_test(test_events_out_of_order_are_refused),
		cmocka_unit_test(test_texts_are_safe),
		cmocka_unit_test(test_histories),
		cmocka_unit_test(test_a_file_that_cannot_begin_leaves_all_as_it_was),
		cmocka_unit_test(test_events_that_find_no_room),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
