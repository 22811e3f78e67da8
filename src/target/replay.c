/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "target/open.h"
#include "target/recording_file.h"

/* A recording as a target: it never runs, and knows the pages that were read once. */
struct replay {
	struct recording recording;
	uint64_t missing; /* pages asked for since begin() that nobody has read */
	char *description;
	char lacks[128];
	ARRAY(dill_phys) physical; /* pages that can be read, in order */
};

static struct dill_error *begin(void *context)
{
	struct replay *replay = context;

	replay->missing = 0;
	return NULL;
}

static const char *lacks(void *context)
{
	struct replay *replay = context;

	if (!replay->missing)
		return NULL;
	snprintf(replay->lacks, sizeof(replay->lacks),
		 "the recording lacks %" PRIu64
		 " page%s that this command asked for, which count as unreadable",
		 replay->missing, replay->missing == 1 ? "" : "s");
	return replay->lacks;
}

static struct dill_error *end(void *context)
{
	(void)context;
	return NULL;
}

static bool moves(void *context)
{
	const struct replay *replay = context;

	return replay->recording.moved;
}

static unsigned spaces(void *context)
{
	const struct replay *replay = context;

	return replay->recording.spaces;
}

static struct dill_error *read_pages(void *context, enum dill_space space,
				     struct dill_page_request *requests, size_t count)
{
	struct replay *replay = context;

	for (size_t i = 0; i < count; i++) {
		const struct cached_page *page =
			page_cache_find(replay->recording.pages, space, requests[i].address);

		replay->missing += !page;
		requests[i].done = page && page->state == PAGE_READABLE;
		if (requests[i].done)
			memcpy(requests[i].buffer, page->data, DILL_PAGE_SIZE);
	}
	return NULL;
}

/* Where the recorded target had no registers, the page tables that were found in it are here, too.
 */
static bool next_range(void *context, dill_phys from, dill_phys *ret_first, uint64_t *ret_size)
{
	const struct replay *replay = context;
	size_t low = 0, high = replay->physical.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (replay->physical.items[middle] < from)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == replay->physical.count)
		return false;
	*ret_first = replay->physical.items[low];
	*ret_size = DILL_PAGE_SIZE;
	return true;
}

static struct dill_error *registers(void *context, unsigned cpu, struct dill_registers *ret)
{
	const struct replay *replay = context;

	if (cpu >= replay->recording.cpu_count)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "the recording has no CPU %u", cpu);
	if (!replay->recording.cpus[cpu].known)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "the recording has no registers of CPU %u", cpu);
	*ret = replay->recording.cpus[cpu].registers;
	return NULL;
}

static struct dill_error *cpu_count(void *context, unsigned *ret)
{
	const struct replay *replay = context;

	*ret = replay->recording.cpu_count;
	return NULL;
}

static uint64_t generation(void *context)
{
	(void)context;
	return 1;
}

static const char *describe(void *context)
{
	const struct replay *replay = context;

	return replay->description;
}

static void close_replay(void *context)
{
	struct replay *replay = context;

	recording_deinit(&replay->recording);
	array_free(&replay->physical);
	free(replay->description);
	free(replay);
}

static const struct dill_target_ops replay_ops = {
	.name = "recording",
	.begin = begin,
	.end = end,
	.moves = moves,
	.lacks = lacks,
	.spaces = spaces,
	.read_pages = read_pages,
	.next_range = next_range,
	.registers = registers,
	.cpu_count = cpu_count,
	.generation = generation,
	.describe = describe,
	.close = close_replay,
};

static int compare(const void *a, const void *b)
{
	dill_phys one = *(const dill_phys *)a, other = *(const dill_phys *)b;

	return one < other ? -1 : one > other;
}

static struct dill_error *sort_physical(struct replay *replay)
{
	const struct page_cache *pages = replay->recording.pages;

	for (uint32_t i = 0; i < page_cache_count(pages); i++) {
		const struct cached_page *page = page_cache_item(pages, i);

		if (page->state == PAGE_READABLE &&
		    page->key % DILL_PAGE_SIZE == DILL_SPACE_PHYSICAL)
			TRY(array_push(&replay->physical, page->key - DILL_SPACE_PHYSICAL));
	}
	if (replay->physical.count)
		qsort(replay->physical.items, replay->physical.count, sizeof(dill_phys), compare);
	return NULL;
}

static struct dill_error *load(struct replay *replay, const char *path)
{
	TRY(recording_init(RECORDING_PAGES_MAX, &replay->recording));
	TRY(recording_read(path, &replay->recording));
	TRY(sort_physical(replay));
	if (asprintf(&replay->description, "recording %s of %s", path,
		     replay->recording.description) >= 0)
		return NULL;
	replay->description = NULL;
	return error_no_memory();
}

struct dill_error *recording_open(const struct target_options *options,
				  const struct dill_target_ops **ret_ops, void **ret_context)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	struct dill_error *error;

	if (!replay)
		return error_no_memory();
	error = load(replay, options->file);
	if (error) {
		close_replay(replay);
		return error;
	}
	*ret_ops = &replay_ops;
	*ret_context = replay;
	return NULL;
}
