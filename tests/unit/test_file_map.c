/* SPDX-License-Identifier: MIT */
/* Files that are cut short while they are mapped: zeros, and a word about it; others' SIGBUS is
 * theirs. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/file_map.h"
#include "target/page_share.h"

#define PAGE	  4096u
#define PAGES	  64u
#define MANY_MAPS 20u

/* A file of that many pages, each full of 'x'; returns its descriptor. */
static int make_file(char path[])
{
	static char page[PAGE];
	int fd = mkstemp(path);

	memset(page, 'x', sizeof(page));
	assert_true(fd >= 0);
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	return fd;
}

/* The file of the map is cut to @p pages pages, and gone when its map is closed. */
static struct file_map map_cut(unsigned pages)
{
	char path[] = "/tmp/dill-map-XXXXXX";
	int fd = make_file(path);
	struct file_map map;

	assert_null(file_map_open(path, &map));
	assert_int_equal(map.bytes.size, PAGES * PAGE);
	assert_int_equal(ftruncate(fd, pages * PAGE), 0);
	close(fd);
	unlink(path);
	return map;
}

static bool has_failed(const struct file_map *map)
{
	struct dill_error *error = file_map_check(map, "dump");
	bool failed = error;

	if (failed)
		assert_memory_equal(dill_error_text(error), "dump changed or could not be read",
				    33);
	dill_error_free(error);
	return failed;
}

static void test_cut(void **state)
{
	struct file_map whole = map_cut(PAGES), cut = map_cut(2);

	(void)state;
	assert_int_equal(cut.bytes.data[2 * PAGE - 1], 'x');
	assert_false(has_failed(&cut));
	for (unsigned i = 2; i < PAGES; i++)
		assert_int_equal(cut.bytes.data[i * PAGE + i], 0);
	assert_true(has_failed(&cut));
	file_map_trim(&cut);
	assert_int_equal(cut.bytes.data[0], 'x');
	assert_int_equal(cut.bytes.data[PAGES * PAGE - 1], 0);
	for (unsigned i = 0; i < PAGES; i++)
		assert_int_equal(whole.bytes.data[i * PAGE], 'x');
	assert_false(has_failed(&whole));
	file_map_close(&cut);
	file_map_close(&whole);
}

static void look(void *context, unsigned worker, struct dill_page_request *request)
{
	const struct file_map *map = context;

	(void)worker;
	request->done = map->bytes.data[request->address] == 0;
}

/* Threads that are given a dump's pages to unpack. */
static void test_cut_for_threads(void **state)
{
	struct file_map cut = map_cut(0);
	struct dill_page_request requests[PAGES] = {0};

	(void)state;
	for (unsigned i = 0; i < PAGES; i++)
		requests[i].address = (uint64_t)i * PAGE;
	page_share(4, requests, PAGES, look, &cut);
	for (unsigned i = 0; i < PAGES; i++)
		assert_true(requests[i].done);
	assert_true(has_failed(&cut));
	file_map_close(&cut);
}

/* --- signals that are none of dill's business --- */

static sigjmp_buf back;
static volatile sig_atomic_t caught;

static void catch_other(int number)
{
	caught = number;
	siglongjmp(back, 1);
}

static bool is_caught_by_other(void)
{
	struct sigaction now;

	assert_int_equal(sigaction(SIGBUS, NULL, &now), 0);
	return now.sa_handler == catch_other;
}

static void test_others_signals(void **state)
{
	struct sigaction action = {.sa_handler = catch_other}, usual;
	struct file_map map, cut;
	char path[] = "/tmp/dill-map-XXXXXX";
	int fd = make_file(path);
	volatile const uint8_t *other = mmap(NULL, PAGES * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	(void)state;
	unlink(path);
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	for (int sent = 0; sent < 2; sent++) { /* by a process, or by a fault */
		caught = 0;
		sigaction(SIGBUS, &action, &usual);
		map = map_cut(PAGES);
		assert_false(is_caught_by_other());
		if (!sigsetjmp(back, 1)) {
			if (sent)
				raise(SIGBUS);
			else
				(void)other[PAGE];
			fail();
		}
		assert_int_equal(caught, SIGBUS);
		file_map_close(&map);
		assert_true(is_caught_by_other());
		sigaction(SIGBUS, &usual, NULL);
	}
	cut = map_cut(0); /* and the next file is looked after again */
	assert_int_equal(cut.bytes.data[5], 0);
	file_map_close(&cut);
	munmap((void *)other, PAGES * PAGE);
}

/* More files than can be looked after are mapped all the same. */
static void test_many(void **state)
{
	struct file_map maps[MANY_MAPS];

	(void)state;
	for (unsigned i = 0; i < MANY_MAPS; i++)
		maps[i] = map_cut(PAGES);
	for (unsigned i = 0; i < MANY_MAPS; i++) {
		assert_int_equal(maps[i].bytes.data[PAGE], 'x');
		assert_false(has_failed(&maps[i]));
		file_map_close(&maps[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_for_threads),
		cmocka_unit_test(test_others_signals),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
