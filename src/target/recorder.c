/* SPDX-License-Identifier: MIT */
#include "target/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/arch.h"
#include "base/file_status.h"
#include "target/recording_file.h"

struct recorder {
	const struct dill_target_ops *inner;
	void *context;
	struct recording recording;
	struct dill_error *full; /* why not everything was kept */
	uint64_t generation;
	bool cpus_known; /* of this generation */
	char *path, *temporary;
	FILE *file; /* the temporary one; NULL once it is in its place */
};

/* Why a page could not be kept; the command goes on, and recorder_save() says it. */
static void give_up(struct recorder *recorder, struct dill_error *error)
{
	recorder->full = error_join(recorder->full, error);
}

/* --- ops --- */

static bool moves(void *context)
{
	struct recorder *recorder = context;

	return recorder->inner->moves && recorder->inner->moves(recorder->context);
}

static struct dill_error *begin(void *context)
{
	struct recorder *recorder = context;

	TRY(recorder->inner->begin(recorder->context));
	recorder->recording.moved |= moves(recorder);
	return NULL;
}

static struct dill_error *keep_cpus(struct recorder *recorder)
{
	struct recording *recording = &recorder->recording;
	unsigned count;

	TRY(recorder->inner->cpu_count(recorder->context, &count));
	TRY(recording_set_cpu_count(recording, count));
	for (unsigned cpu = 0; cpu < count; cpu++) {
		struct recorded_cpu *kept = &recording->cpus[cpu];

		TRY(recorder->inner->registers(recorder->context, cpu, &kept->registers));
		kept->known = true;
	}
	return NULL;
}

/*
 * All CPUs belong into a recording, also those that this command did not ask for. When the target
 * fails here its end() fails as well, and says it.
 */
static void note_cpus(struct recorder *recorder)
{
	uint64_t generation = recorder->inner->generation(recorder->context);

	if (recorder->cpus_known && generation == recorder->generation)
		return;
	recorder->generation = generation;
	recorder->cpus_known = true;
	dill_error_free(keep_cpus(recorder));
}

static struct dill_error *end(void *context)
{
	struct recorder *recorder = context;

	note_cpus(recorder);
	return recorder->inner->end(recorder->context);
}

static const char *lacks(void *context)
{
	const struct recorder *recorder = context;

	return recorder->inner->lacks ? recorder->inner->lacks(recorder->context) : NULL;
}

static unsigned spaces(void *context)
{
	struct recorder *recorder = context;
	unsigned served = recorder->inner->spaces(recorder->context);

	recorder->recording.spaces |= served;
	return served;
}

static struct dill_error *read_pages(void *context, enum dill_space space,
				     struct dill_page_request *requests, size_t count)
{
	struct recorder *recorder = context;

	TRY(recorder->inner->read_pages(recorder->context, space, requests, count));
	recorder->recording.spaces |= space;
	for (size_t i = 0; i < count && !recorder->full; i++) {
		const uint8_t *data = requests[i].done ? requests[i].buffer : NULL;
		struct dill_error *error =
			recording_keep_page(&recorder->recording, space, requests[i].address, data);

		if (error)
			give_up(recorder, error);
	}
	return NULL;
}

static bool next_range(void *context, dill_phys from, dill_phys *ret_first, uint64_t *ret_size)
{
	struct recorder *recorder = context;

	return recorder->inner->next_range &&
	       recorder->inner->next_range(recorder->context, from, ret_first, ret_size);
}

static struct dill_error *registers(void *context, unsigned cpu, struct dill_registers *ret)
{
	struct recorder *recorder = context;

	return recorder->inner->registers(recorder->context, cpu, ret);
}

static struct dill_error *machine(void *context, uint16_t *ret)
{
	struct recorder *recorder = context;

	*ret = arch_x86_64.elf_machine;
	if (recorder->inner->machine)
		TRY(recorder->inner->machine(recorder->context, ret));
	return *ret == arch_x86_64.elf_machine
		       ? NULL
		       : dill_error_new(DILL_ERROR_UNSUPPORTED,
					"recordings are of x86-64 only, as yet");
}

static struct dill_error *cpu_count(void *context, unsigned *ret)
{
	struct recorder *recorder = context;

	return recorder->inner->cpu_count(recorder->context, ret);
}

static uint64_t generation(void *context)
{
	struct recorder *recorder = context;

	return recorder->inner->generation(recorder->context);
}

/* What is kept from now on is of many moments. */
static bool run(void *context, struct dill_runner *ret)
{
	struct recorder *recorder = context;

	if (!recorder->inner->run || !recorder->inner->run(recorder->context, ret))
		return false;
	recorder->recording.moved = true;
	return true;
}

static void stats(void *context, struct dill_target_stats *ret)
{
	struct recorder *recorder = context;

	if (recorder->inner->stats)
		recorder->inner->stats(recorder->context, ret);
}

static const char *describe(void *context)
{
	struct recorder *recorder = context;

	return recorder->inner->describe ? recorder->inner->describe(recorder->context)
					 : recorder->inner->name;
}

static void close_recorder(void *context)
{
	struct recorder *recorder = context;

	recorder->inner->close(recorder->context);
	if (recorder->file) {
		fclose(recorder->file);
		if (recorder->temporary) /* opening may have failed before it had a name */
			unlink(recorder->temporary);
	}
	dill_error_free(recorder->full);
	recording_deinit(&recorder->recording);
	free(recorder->temporary);
	free(recorder->path);
	free(recorder);
}

const struct dill_target_ops recorder_ops = {
	.name = "recorder",
	.begin = begin,
	.end = end,
	.moves = moves,
	.lacks = lacks,
	.spaces = spaces,
	/* Not map(): what is only looked at could not be kept. Nor vmcoreinfo(): what the kernel is
	 * found by without it are pages, which are kept. Nor piece_size(): whole pages are kept.
	 */
	.read_pages = read_pages,
	.next_range = next_range,
	.registers = registers,
	.machine = machine,
	.cpu_count = cpu_count,
	.generation = generation,
	.stats = stats,
	.describe = describe,
	.run = run,
	.close = close_recorder,
};

/* --- the file --- */

static struct dill_error *open_file(struct recorder *recorder, const char *path)
{
	struct file_status status;
	char *temporary;
	int fd;

	recorder->path = strdup(path);
	if (!recorder->path || asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return error_no_memory();
	recorder->temporary = temporary;
	if (!file_status_path(path, &status) && !status.regular)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "%s is no file that a recording could replace", path);
	fd = mkostemp(recorder->temporary, O_CLOEXEC);
	if (fd < 0)
		return dill_error_new_os(errno, "cannot write %s", path);
	recorder->file = fdopen(fd, "wb");
	if (!recorder->file) {
		unlink(recorder->temporary);
		close(fd);
		return error_no_memory();
	}
	return NULL;
}

struct dill_error *recorder_new(const char *path, const struct dill_target_ops *inner,
				void *context, struct recorder **ret)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	struct dill_error *error;

	if (!recorder) {
		inner->close(context);
		return error_no_memory();
	}
	recorder->inner = inner;
	recorder->context = context;
	error = recording_init(RECORDING_PAGES_MAX, &recorder->recording);
	if (!error)
		error = open_file(recorder, path);
	if (error) {
		close_recorder(recorder);
		return error;
	}
	*ret = recorder;
	return NULL;
}

static struct dill_error *write_file(struct recorder *recorder, uint64_t *ret_bytes)
{
	FILE *file = recorder->file;
	struct file_status status;

	TRY(recording_write(&recorder->recording, file));
	if (fflush(file) || fsync(fileno(file)) || file_status_fd(fileno(file), &status))
		return dill_error_new_os(errno, "cannot write");
	if (rename(recorder->temporary, recorder->path))
		return dill_error_new_os(errno, "cannot put it into its place");
	*ret_bytes = status.size;
	fclose(steal(recorder->file));
	return NULL;
}

struct dill_error *recorder_save(struct recorder *recorder, uint64_t *ret_pages,
				 uint64_t *ret_bytes)
{
	const char *text = describe(recorder);

	*ret_pages = page_cache_count(recorder->recording.pages);
	if (!*ret_pages)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "%s is not made: nothing was read",
				      recorder->path);
	if (recorder->full)
		return dill_error_add_context(steal(recorder->full), "%s is not made",
					      recorder->path);
	TRY(recording_describe(&recorder->recording, text, strlen(text)));
	return dill_error_add_context(write_file(recorder, ret_bytes), "%s", recorder->path);
}
