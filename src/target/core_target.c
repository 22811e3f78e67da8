/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>

#include "base/strbuf.h"
#include "target/core.h"
#include "target/core_load.h"
#include "target/open.h"
#include "target/page_share.h"

/* Pages by what became of them. */
struct tally {
	uint64_t left_out, lost; /* asked for since begin(): not in the dump, and should be there */
	uint64_t pages;		 /* read so far; what is looked at in place does not count */
};

/* What one thread has to itself. */
struct core_worker {
	struct core_reader *reader;
	struct tally tally;
};

/* A dump as a target: it never runs. */
struct core_target {
	struct core core;
	struct dill_host host;
	char *description;
	char lacks[256];
	struct core_worker workers[PAGE_SHARE_WORKERS_MAX];
	unsigned worker_count;
};

static struct dill_error *begin(void *context)
{
	struct core_target *target = context;

	for (unsigned i = 0; i < target->worker_count; i++)
		target->workers[i].tally.left_out = target->workers[i].tally.lost = 0;
	return NULL;
}

static struct tally sum(const struct core_target *target)
{
	struct tally all = {0};

	for (unsigned i = 0; i < target->worker_count; i++) {
		const struct tally *one = &target->workers[i].tally;

		all.left_out += one->left_out;
		all.lost += one->lost;
		all.pages += one->pages;
	}
	return all;
}

static void say(struct core_target *target, uint64_t pages, const char *what)
{
	size_t length = strlen(target->lacks);

	if (pages)
		snprintf(target->lacks + length, sizeof(target->lacks) - length,
			 "%s %" PRIu64 " page%s that this command asked for: %s",
			 length ? "; and" : "the dump lacks", pages, pages == 1 ? "" : "s", what);
}

static const char *lacks(void *context)
{
	struct core_target *target = context;
	struct tally tally = sum(target);

	target->lacks[0] = '\0';
	say(target, tally.left_out, "left out when it was written, so unreadable");
	say(target, tally.lost, "damaged or cut off, so unreadable");
	return target->lacks[0] ? target->lacks : NULL;
}

static struct dill_error *end(void *context)
{
	const struct core_target *target = context;

	return core_check(&target->core, target->description);
}

static unsigned spaces(void *context)
{
	(void)context;
	return DILL_SPACE_PHYSICAL;
}

static bool read_page(const struct core *core, struct core_worker *worker,
		      const struct dill_page_request *request)
{
	switch (core->kind->read(core, worker->reader, request->address, request->buffer)) {
	case CORE_PAGE_READ:
		worker->tally.pages++;
		return true;
	case CORE_PAGE_LEFT_OUT:
		if (!core->lacks_zeros_only) {
			worker->tally.left_out++;
			return false;
		}
		memset(request->buffer, 0, DILL_PAGE_SIZE);
		return true;
	case CORE_PAGE_LOST:
		worker->tally.lost++;
		return false;
	case CORE_PAGE_NO_RAM:
		return false;
	}
	return false;
}

static void read_request(void *context, unsigned worker, struct dill_page_request *request)
{
	struct core_target *target = context;

	request->done = read_page(&target->core, &target->workers[worker], request);
}

static struct dill_error *read_pages(void *context, enum dill_space space,
				     struct dill_page_request *requests, size_t count)
{
	const struct core_target *target = context;

	for (size_t i = 0; i < count; i++)
		requests[i].done = false;
	if (space == DILL_SPACE_PHYSICAL)
		page_share(target->worker_count, requests, count, read_request, context);
	return NULL;
}

static const void *map(void *context, enum dill_space space, uint64_t address, size_t length)
{
	const struct core_target *target = context;

	if (space != DILL_SPACE_PHYSICAL)
		return NULL;
	return target->core.kind->map(&target->core, address, length);
}

static void trim(void *context)
{
	const struct core_target *target = context;

	core_trim(&target->core);
}

static bool next_range(void *context, dill_phys from, dill_phys *ret_first, uint64_t *ret_size)
{
	const struct core_target *target = context;

	return target->core.kind->next_range(&target->core, from, ret_first, ret_size);
}

static const char *vmcoreinfo(void *context, size_t *ret_size)
{
	const struct core_target *target = context;

	*ret_size = target->core.vmcoreinfo_size;
	return (const char *)target->core.vmcoreinfo;
}

static struct dill_error *registers(void *context, unsigned cpu, struct dill_registers *ret)
{
	const struct core_target *target = context;

	if (cpu >= target->core.cpus.count)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "the dump has no registers of CPU %u",
				      cpu);
	*ret = target->core.cpus.items[cpu].registers;
	return NULL;
}

static struct dill_error *cpu_count(void *context, unsigned *ret)
{
	const struct core_target *target = context;

	*ret = (unsigned)target->core.cpus.count;
	return NULL;
}

static uint64_t generation(void *context)
{
	(void)context;
	return 1;
}

static void stats(void *context, struct dill_target_stats *ret)
{
	uint64_t pages = sum(context).pages;

	*ret = (struct dill_target_stats){
		.direct_calls = pages,
		.direct_bytes = pages * DILL_PAGE_SIZE,
	};
}

static const char *describe(void *context)
{
	const struct core_target *target = context;

	return target->description;
}

static void close_target(void *context)
{
	struct core_target *target = context;

	core_deinit(&target->core);
	for (unsigned i = 0; i < target->worker_count; i++)
		core_reader_free(target->workers[i].reader);
	free(target->description);
	free(target);
}

static const struct dill_target_ops core_ops = {
	.name = "dump",
	.begin = begin,
	.end = end,
	.lacks = lacks,
	.spaces = spaces,
	.read_pages = read_pages,
	.map = map,
	.trim = trim,
	.next_range = next_range,
	.vmcoreinfo = vmcoreinfo,
	.registers = registers,
	.cpu_count = cpu_count,
	.generation = generation,
	.stats = stats,
	.describe = describe,
	.close = close_target,
};

static struct dill_error *describe_core(struct core_target *target, const char *path)
{
	const struct core *core = &target->core;
	struct strbuf text = {0};

	strbuf_append_format(&text, "%s ", core->what);
	strbuf_append_escaped(&text, path, strlen(path));
	strbuf_append(&text, core->how ? core->how : "");
	if (core->is_incomplete || core->file.is_cut)
		strbuf_append(&text, " (cut off, not complete)");
	target->description = text.data;
	return strbuf_error(&text);
}

/* Where a page is only copied, other processors are of no help. */
static struct dill_error *add_workers(struct core_target *target)
{
	unsigned wanted = target->core.kind->unpacks ? page_share_workers() : 1;

	while (target->worker_count < wanted) {
		TRY(core_reader_new(&target->workers[target->worker_count].reader));
		target->worker_count++;
	}
	return NULL;
}

static struct dill_error *load(struct core_target *target, const struct target_options *options)
{
	size_t count = 1 + options->more_count;
	const char **paths = calloc(count, sizeof(*paths));
	struct dill_error *error;

	if (!paths)
		return error_no_memory();
	paths[0] = options->file;
	for (size_t i = 1; i < count; i++)
		paths[i] = options->more_files[i - 1];
	target->core.host = &target->host;
	target->core.memory_map = options->memory_map;
	error = core_load(&target->core, paths, count);
	free(paths);
	TRY(error);
	TRY(add_workers(target));
	return describe_core(target, options->file);
}

struct dill_error *core_open(const struct target_options *options,
			     const struct dill_target_ops **ret_ops, void **ret_context)
{
	struct core_target *target = calloc(1, sizeof(*target));
	struct dill_error *error;

	if (!target)
		return error_no_memory();
	target->host = options->host;
	error = load(target, options);
	if (error) {
		close_target(target);
		return error;
	}
	*ret_ops = &core_ops;
	*ret_context = target;
	return NULL;
}
