/* SPDX-License-Identifier: MIT */
/* Pages that are shared out: each is read once, by a worker that does nothing else meanwhile. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "core_image.h"
#include "target/page_share.h"

#define PAGES_MAX 1000u

/* What one worker alone writes to; thread sanitizers see when that is not so. */
struct desk {
	unsigned pages;
	bool takes_interrupts;
};

struct room {
	struct desk desks[PAGE_SHARE_WORKERS_MAX];
	pthread_barrier_t *meeting; /* of every worker, at its first page; NULL = none */
};

static void read_one(void *context, unsigned worker, struct dill_page_request *request)
{
	struct room *room = context;
	struct desk *desk = &room->desks[worker];
	sigset_t blocked;

	if (!desk->pages++ && room->meeting)
		pthread_barrier_wait(room->meeting);
	pthread_sigmask(SIG_BLOCK, NULL, &blocked);
	desk->takes_interrupts |= !sigismember(&blocked, SIGINT);
	request->address++; /* counts the calls */
	request->done = true;
}

/* @workers  that may be; @expected  that are seen to work side by side */
static void check(unsigned workers, size_t count, unsigned expected)
{
	static struct dill_page_request requests[PAGES_MAX];
	struct room room = {0};
	pthread_barrier_t meeting;
	unsigned pages = 0;

	pthread_barrier_init(&meeting, NULL, expected);
	room.meeting = &meeting;
	for (size_t i = 0; i < count; i++)
		requests[i] = (struct dill_page_request){0};
	page_share(workers, requests, count, read_one, &room);
	for (size_t i = 0; i < count; i++)
		assert_true(requests[i].done && requests[i].address == 1);
	for (unsigned i = 0; i < PAGE_SHARE_WORKERS_MAX; i++) {
		assert_int_equal(room.desks[i].pages != 0, i < expected);
		assert_int_equal(room.desks[i].takes_interrupts, i == 0);
		pages += room.desks[i].pages;
	}
	assert_int_equal(pages, count);
	pthread_barrier_destroy(&meeting);
}

static void test_many_pages(void **state)
{
	(void)state;
	for (unsigned workers = 1; workers <= PAGE_SHARE_WORKERS_MAX; workers++) {
		check(workers, PAGES_MAX, workers);
		check(workers, PAGES_MAX - 5, workers);
	}
	check(100, PAGES_MAX, PAGE_SHARE_WORKERS_MAX);
}

/* The caller alone: a thread would cost more. */
static void test_few_pages(void **state)
{
	struct room room = {0};

	(void)state;
	page_share(4, NULL, 0, read_one, &room);
	for (size_t count = 1; count < 32; count++)
		check(4, count, 1);
	check(4, 32, 2);
	check(4, 48, 3);
}

static void test_workers(void **state)
{
	cpu_set_t before, one;
	int first = 0;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_true(page_share_workers() >= 1 && page_share_workers() <= PAGE_SHARE_WORKERS_MAX);
	assert_true(page_share_workers() <= (unsigned)CPU_COUNT(&before));
	while (!CPU_ISSET(first, &before))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(page_share_workers(), 1);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
}

/* --- of a compressed dump --- */

/* All pages at once, which several threads unpack: each is as if it had been asked for alone. */
static void check_all_at_once(const struct core_image *image)
{
	static uint8_t pages[CORE_IMAGE_PAGES][DILL_PAGE_SIZE];
	static struct dill_page_request requests[CORE_IMAGE_PAGES];
	const struct dill_target_ops *ops;
	void *context;
	unsigned left_out = 0;
	char expected_text[64];

	assert_null(core_image_open(image, &ops, &context));
	for (unsigned i = 0; i < CORE_IMAGE_PAGES; i++)
		requests[i] = (struct dill_page_request){
			.address = (dill_phys)i * DILL_PAGE_SIZE, .buffer = pages[i], .done = true};
	assert_null(ops->begin(context));
	assert_null(ops->read_pages(context, DILL_SPACE_PHYSICAL, requests, CORE_IMAGE_PAGES));
	for (unsigned i = 0; i < CORE_IMAGE_PAGES; i++) {
		uint8_t expected[DILL_PAGE_SIZE];
		enum core_page what = core_image_page(i, expected);

		assert_int_equal(requests[i].done, what == CORE_PAGE_READ);
		if (requests[i].done)
			assert_memory_equal(pages[i], expected, DILL_PAGE_SIZE);
		left_out += what == CORE_PAGE_LEFT_OUT;
	}
	snprintf(expected_text, sizeof(expected_text), "the dump lacks %u pages ", left_out);
	assert_memory_equal(ops->lacks(context), expected_text, strlen(expected_text));
	assert_null(ops->end(context));
	ops->close(context);
}

static void test_all_at_once(void **state)
{
	static const unsigned packings[] = {0, CORE_PACKED_ZLIB, CORE_PACKED_LZO,
					    CORE_PACKED_SNAPPY, CORE_PACKED_ZSTD};

	(void)state;
	for (size_t i = 0; i < sizeof(packings) / sizeof(*packings); i++) {
		struct core_image image = core_image_kdump(packings[i]);

		check_all_at_once(&image);
		core_image_deinit(&image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_pages),
		cmocka_unit_test(test_few_pages),
		cmocka_unit_test(test_workers),
		cmocka_unit_test(test_all_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
