/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "target/open.h"
#include "target/recording_file.h"

/* A recording as a target: it never runs, and knows the pages that were read once. */
struct replay {
	struct recording recording;
	struct dill_host host;
	uint64_t missing; /* pages asked for since begin() that nobody has read */
	char *description;
};

static struct dill_error *begin(void *context)
{
	struct replay *replay = context;

	replay->missing = 0;
	return NULL;
}

/* An answer that lacks pages must not look as if the kernel lacked them. */
static struct dill_error *end(void *context)
{
	struct replay *replay = context;
	char text[128];

	if (replay->missing && replay->host.log) {
		snprintf(text, sizeof(text),
			 "the recording lacks %" PRIu64
			 " pages that this command asked for; they count as unreadable",
			 replay->missing);
		replay->host.log(replay->host.context, text);
	}
	return NULL;
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
	free(replay->description);
	free(replay);
}

static const struct dill_target_ops replay_ops = {
	.name = "recording",
	.begin = begin,
	.end = end,
	.spaces = spaces,
	.read_pages = read_pages,
	.registers = registers,
	.cpu_count = cpu_count,
	.generation = generation,
	.describe = describe,
	.close = close_replay,
};

static struct dill_error *load(struct replay *replay, const char *path)
{
	TRY(recording_init(RECORDING_PAGES_MAX, &replay->recording));
	TRY(recording_read(path, &replay->recording));
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
	replay->host = options->host;
	error = load(replay, options->file);
	if (error) {
		close_replay(replay);
		return error;
	}
	*ret_ops = &replay_ops;
	*ret_context = replay;
	return NULL;
}
