/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_target.h"
#include "target/open.h"
#include "target/recorder.h"
#include "target/recording_file.h"
#include "target/recording_wire.h"

#define BASE  0x40000u
#define PAGES 8u

/* What a test works with: a target with some content, and a path in a folder of its own. */
struct fixture {
	struct fake_target target;
	char folder[64], path[128];
	char said[256]; /* by the replay to its host */
};

static void remember(void *context, const char *text)
{
	struct fixture *it = context;

	snprintf(it->said, sizeof(it->said), "%s", text);
}

static int set_up(void **state)
{
	struct fixture *it = calloc(1, sizeof(*it));

	fake_target_init(&it->target, DILL_SPACE_PHYSICAL | DILL_SPACE_VIRTUAL, BASE,
			 PAGES * DILL_PAGE_SIZE);
	for (unsigned page = 1; page < PAGES; page++) /* the first one is all zeros */
		memset(it->target.bytes + page * DILL_PAGE_SIZE, (int)page, DILL_PAGE_SIZE);
	it->target.cpus = 2;
	for (unsigned cpu = 0; cpu < 2; cpu++)
		it->target.registers[cpu] = (struct dill_registers){
			1 + cpu, 2, 3, 4, 5, 6, 7, 8, 9, 10, .has_control = cpu};
	strcpy(it->folder, "/tmp/dill-recording-XXXXXX");
	assert_non_null(mkdtemp(it->folder));
	snprintf(it->path, sizeof(it->path), "%s/file", it->folder);
	*state = it;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *it = *state;

	unlink(it->path);
	assert_int_equal(rmdir(it->folder), 0); /* nothing else was left there */
	fake_target_deinit(&it->target);
	free(it);
	return 0;
}

/* --- recording and opening again --- */

/* A memory over a recorder over the fixture's target. */
static struct target *open_recorder(struct fixture *it, struct recorder **ret)
{
	struct target *memory;

	assert_null(recorder_new(it->path, fake_target_ops(), &it->target, ret));
	assert_null(target_new(&recorder_ops, *ret, NULL, &memory));
	return memory;
}

static void record(struct fixture *it)
{
	struct recorder *recorder;
	struct target *memory = open_recorder(it, &recorder);
	uint8_t bytes[3 * DILL_PAGE_SIZE];
	uint64_t pages, size;

	assert_null(target_begin(memory));
	assert_null(target_read(memory, DILL_SPACE_PHYSICAL, BASE, bytes, sizeof(bytes)));
	assert_null(target_read(memory, DILL_SPACE_VIRTUAL, BASE + 5 * DILL_PAGE_SIZE, bytes, 8));
	dill_error_free(target_read(memory, DILL_SPACE_PHYSICAL, 0x1000, bytes, 8));
	assert_null(target_end(memory));
	assert_null(recorder_save(recorder, &pages, &size));
	assert_int_equal(pages, 5);
	target_free(memory);
}

/* Open the fixture's file as a target; its error or NULL. */
static struct dill_error *replay(struct fixture *it, struct target **ret)
{
	const struct target_options options = {.file = it->path};
	const struct dill_host host = {.log = remember, .context = it};
	const struct dill_target_ops *ops;
	void *context;

	TRY(target_open(&options, &ops, &context));
	return target_new(ops, context, &host, ret);
}

static void test_round_trip(void **state)
{
	struct fixture *it = *state;
	uint8_t bytes[3 * DILL_PAGE_SIZE];
	struct dill_registers registers;
	struct target *memory = NULL;
	unsigned cpus;

	record(it);
	assert_null(replay(it, &memory));
	assert_null(target_begin(memory));
	assert_true(target_has_space(memory, DILL_SPACE_VIRTUAL));
	assert_null(target_read(memory, DILL_SPACE_PHYSICAL, BASE, bytes, sizeof(bytes)));
	assert_memory_equal(bytes, it->target.bytes, sizeof(bytes));
	assert_null(target_read(memory, DILL_SPACE_VIRTUAL, BASE + 5 * DILL_PAGE_SIZE, bytes, 8));
	assert_memory_equal(bytes, it->target.bytes + 5 * DILL_PAGE_SIZE, 8);
	assert_null(target_cpu_count(memory, &cpus));
	assert_int_equal(cpus, 2);
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		assert_null(target_registers(memory, cpu, &registers));
		assert_int_equal(registers.ip, 1 + cpu);
		assert_int_equal(registers.mode, 10);
		assert_int_equal(registers.has_control, cpu);
	}
	assert_non_null(strstr(target_describe(memory), " of fake"));
	assert_null(target_end(memory));
	assert_string_equal(it->said, "");
	target_free(memory);
}

/* Pages that could not be read are known to be so; pages nobody asked for are said to lack. */
static void test_missing(void **state)
{
	struct fixture *it = *state;
	struct dill_error *error;
	struct target *memory = NULL;
	uint8_t byte;

	record(it);
	assert_null(replay(it, &memory));
	assert_null(target_begin(memory));
	error = target_read(memory, DILL_SPACE_PHYSICAL, 0x1234, &byte, 1);
	assert_int_equal(dill_error_code(error), DILL_ERROR_FAULT);
	dill_error_free(error);
	assert_null(target_end(memory));
	assert_string_equal(it->said, "");
	assert_null(target_begin(memory));
	error = target_read(memory, DILL_SPACE_VIRTUAL, BASE, &byte, 1);
	assert_int_equal(dill_error_code(error), DILL_ERROR_FAULT);
	dill_error_free(error);
	assert_null(target_end(memory));
	assert_non_null(strstr(it->said, "lacks 1 page that"));
	target_free(memory);
}

/* After the target has run, what was read last counts; what was not read again stays. */
static void test_newest(void **state)
{
	struct fixture *it = *state;
	struct recorder *recorder;
	struct target *memory = open_recorder(it, &recorder);
	uint64_t pages, size;
	uint8_t byte;

	assert_null(target_begin(memory));
	assert_null(target_read(memory, DILL_SPACE_PHYSICAL, BASE + DILL_PAGE_SIZE, &byte, 1));
	assert_null(target_read(memory, DILL_SPACE_PHYSICAL, BASE + 2 * DILL_PAGE_SIZE, &byte, 1));
	fake_target_run(&it->target, memory);
	it->target.bytes[DILL_PAGE_SIZE] = 77;
	assert_null(target_read(memory, DILL_SPACE_PHYSICAL, BASE + DILL_PAGE_SIZE, &byte, 1));
	assert_null(target_end(memory));
	assert_null(recorder_save(recorder, &pages, &size));
	assert_int_equal(pages, 2);
	target_free(memory);

	assert_null(replay(it, &memory));
	assert_null(target_begin(memory));
	assert_null(target_read(memory, DILL_SPACE_PHYSICAL, BASE + DILL_PAGE_SIZE, &byte, 1));
	assert_int_equal(byte, 77);
	assert_null(target_read(memory, DILL_SPACE_PHYSICAL, BASE + 2 * DILL_PAGE_SIZE, &byte, 1));
	assert_int_equal(byte, 2);
	assert_null(target_end(memory));
	target_free(memory);
}

/* A replay of one page, recorded from a target that moves or not, or was asked for its run control
 * or not: whether it says that its target ran. */
static bool replay_moves(struct fixture *it, bool moves, bool runs)
{
	static const struct dill_run_ops run_ops;
	struct dill_runner runner = {0};
	struct recorder *recorder;
	struct target *memory = open_recorder(it, &recorder);
	uint64_t pages, size;
	bool moved;

	it->target.moves = moves;
	it->target.run = runs ? &run_ops : NULL;
	assert_null(target_begin(memory));
	assert_int_equal(target_moves(memory), moves);
	if (runs) {
		assert_null(target_runner(memory, &runner));
		assert_ptr_equal(runner.ops, &run_ops);
		assert_ptr_equal(runner.context, &it->target);
	}
	assert_null(target_prefetch(memory, DILL_SPACE_PHYSICAL, &it->target.first, 1));
	assert_null(target_end(memory));
	assert_null(recorder_save(recorder, &pages, &size));
	target_free(memory);
	assert_null(replay(it, &memory));
	assert_null(target_begin(memory));
	moved = target_moves(memory);
	assert_null(target_end(memory));
	target_free(memory);
	return moved;
}

/* A wrapper has the state of what it wraps, and what is torn in it is so in the recording. */
static void test_moving(void **state)
{
	struct fixture *it = *state;

	assert_false(replay_moves(it, false, false));
	assert_true(replay_moves(it, true, false));
	assert_true(replay_moves(it, false, true));
}

static void test_cannot_run(void **state)
{
	struct fixture *it = *state;
	struct recorder *recorder;
	struct target *memory = open_recorder(it, &recorder);
	struct dill_runner runner;
	struct dill_error *error;

	assert_null(target_begin(memory));
	error = target_runner(memory, &runner);
	assert_int_equal(dill_error_code(error), DILL_ERROR_UNSUPPORTED);
	dill_error_free(error);
	assert_null(target_end(memory));
	target_free(memory);
}

/* --- files that are not made --- */

static void assert_error(struct dill_error *error, enum dill_error_code code, const char *part)
{
	assert_non_null(error);
	if (dill_error_code(error) != code || !strstr(dill_error_text(error), part))
		fail_msg("%d: %s", dill_error_code(error), dill_error_text(error));
	dill_error_free(error);
}

static void test_no_place(void **state)
{
	struct fixture *it = *state;
	struct recorder *recorder;
	char path[160];

	snprintf(path, sizeof(path), "%s/none/file", it->folder);
	assert_error(recorder_new(path, fake_target_ops(), &it->target, &recorder), DILL_ERROR_OS,
		     "cannot write");
	assert_error(recorder_new(it->folder, fake_target_ops(), &it->target, &recorder),
		     DILL_ERROR_INVALID_ARGUMENT, "is no file");
	assert_error(recorder_new("/dev/null", fake_target_ops(), &it->target, &recorder),
		     DILL_ERROR_INVALID_ARGUMENT, "is no file");
}

static void test_nothing_read(void **state)
{
	struct fixture *it = *state;
	struct recorder *recorder;
	struct target *memory = open_recorder(it, &recorder);
	uint64_t pages, size;
	struct stat status;

	assert_error(recorder_save(recorder, &pages, &size), DILL_ERROR_NOT_FOUND, "nothing");
	target_free(memory);
	assert_int_not_equal(stat(it->path, &status), 0);
}

/* --- hostile files --- */

static uint8_t *slurp(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(1 << 20);

	assert_non_null(file);
	assert_non_null(bytes);
	*ret_size = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	return bytes;
}

static void spill(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

/* Every shorter file is refused, and says so. */
static void test_cut_off(void **state)
{
	struct fixture *it = *state;
	struct target *memory;
	uint8_t *bytes;
	size_t size;

	record(it);
	bytes = slurp(it->path, &size);
	for (size_t cut = 0; cut < size; cut++) {
		struct dill_error *error;

		spill(it->path, bytes, cut);
		error = replay(it, &memory);
		assert_non_null(error);
		assert_non_null(strstr(dill_error_text(error), it->path));
		dill_error_free(error);
	}
	free(bytes);
}

static void test_other_files(void **state)
{
	struct fixture *it = *state;
	struct target *memory;
	uint8_t *bytes;
	size_t size;

	assert_error(replay(it, &memory), DILL_ERROR_OS, "cannot open");
	spill(it->path, "ELF", 3);
	assert_error(replay(it, &memory), DILL_ERROR_UNSUPPORTED, "no recording");
	record(it);
	bytes = slurp(it->path, &size);
	assert_int_equal(bytes[8], 1); /* older readers take it */
	bytes[8] = 3;
	spill(it->path, bytes, size);
	assert_error(replay(it, &memory), DILL_ERROR_UNSUPPORTED, "version 3");
	bytes[8] = 2;
	spill(it->path, bytes, size);
	assert_error(replay(it, &memory), DILL_ERROR_BAD_DATA, "the contrary");
	free(bytes);
	it->target.moves = true;
	record(it);
	bytes = slurp(it->path, &size);
	assert_int_equal(bytes[8], 2); /* older readers would call what is torn damage */
	bytes[8] = 1;
	spill(it->path, bytes, size);
	assert_error(replay(it, &memory), DILL_ERROR_BAD_DATA, "the contrary");
	free(bytes);
}

/* The stream behind decompression, as words. */
struct stream {
	uint8_t bytes[3 * DILL_PAGE_SIZE];
	size_t size, at;
};

static void add(struct stream *stream, uint64_t value, size_t size)
{
	memcpy(stream->bytes + stream->size, &value, size);
	stream->size += size;
}

static void add_head(struct stream *stream, uint32_t spaces, uint32_t cpus, uint32_t length)
{
	add(stream, spaces, 4);
	add(stream, cpus, 4);
	add(stream, length, 4);
}

static struct dill_error *read_stream(void *context, void *buffer, size_t size, size_t *ret_got)
{
	struct stream *stream = context;
	size_t rest = stream->size - stream->at;

	*ret_got = size < rest ? size : rest;
	memcpy(buffer, stream->bytes + stream->at, *ret_got);
	stream->at += *ret_got;
	return NULL;
}

static void assert_refused(struct stream *stream, const char *part)
{
	struct recording_source source = {read_stream, stream};
	struct recording recording;

	assert_null(recording_init(4, &recording));
	assert_error(recording_parse(&source, &recording), DILL_ERROR_BAD_DATA, part);
	recording_deinit(&recording);
}

static void test_forged_heads(void **state)
{
	struct stream spaces = {0}, none = {0}, cpus = {0}, many = {0}, text = {0};

	(void)state;
	add_head(&spaces, 8, 0, 0);
	assert_refused(&spaces, "kinds of memory");
	add_head(&none, RECORDING_MOVED, 0, 0);
	assert_refused(&none, "kinds of memory");
	add_head(&cpus, 1, UINT32_MAX, 0);
	assert_refused(&cpus, "4294967295 CPUs");
	add_head(&many, 1, RECORDING_CPUS_MAX, 0);
	assert_refused(&many, "too early");
	add_head(&text, 1, 0, UINT32_MAX);
	assert_refused(&text, "description");
}

static void test_forged_pages(void **state)
{
	const uint64_t good = 0x1000 | DILL_SPACE_PHYSICAL | RECORDING_PAGE_ZEROS;
	const struct {
		uint64_t keys[4]; /* ends with 0 */
		const char *part;
	} cases[] = {
		{{good, good, RECORDING_END, 2}, "order"},
		{{good, 0x1000 | DILL_SPACE_PHYSICAL | RECORDING_PAGE_UNREADABLE}, "order"},
		{{good + 0x1000, good}, "order"},
		{{0x1000 | DILL_SPACE_VIRTUAL | RECORDING_PAGE_ZEROS}, "kind"},
		{{0x1000 | RECORDING_PAGE_ZEROS}, "kind"},
		{{0x1000 | 3 | RECORDING_PAGE_ZEROS}, "kind"},
		{{good | RECORDING_PAGE_UNREADABLE}, "kind"},
		{{good | 0x10}, "kind"},
		{{0x1000 | DILL_SPACE_PHYSICAL, 1, 2}, "too early"},
		{{good, RECORDING_END, 2}, "counts 2 pages and holds 1"},
		{{good}, "too early"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct stream stream = {0};

		add_head(&stream, DILL_SPACE_PHYSICAL, 0, 0);
		for (size_t j = 0; j < 4 && cases[i].keys[j]; j++)
			add(&stream, cases[i].keys[j], 8);
		assert_refused(&stream, cases[i].part);
	}
}

/* A small file that would fill memory. */
static void test_too_many(void **state)
{
	struct stream stream = {0};
	struct recording_source source = {read_stream, &stream};
	struct recording recording;

	(void)state;
	add_head(&stream, DILL_SPACE_PHYSICAL, 0, 0);
	for (uint64_t i = 1; i <= 5; i++)
		add(&stream, i * DILL_PAGE_SIZE | DILL_SPACE_PHYSICAL | RECORDING_PAGE_ZEROS, 8);
	assert_null(recording_init(4, &recording));
	assert_error(recording_parse(&source, &recording), DILL_ERROR_LIMIT, "more than 4 pages");
	recording_deinit(&recording);
}

/* Its own description may be anything: nothing of it reaches a terminal as a command. */
static void test_forged_text(void **state)
{
	struct stream stream = {0};
	struct recording_source source = {read_stream, &stream};
	struct recording recording;

	(void)state;
	add_head(&stream, DILL_SPACE_PHYSICAL, 0, 5);
	add(&stream, 0x4a325b1b00, 5);
	add(&stream, RECORDING_END, 8);
	add(&stream, 0, 8);
	assert_null(recording_init(4, &recording));
	assert_null(recording_parse(&source, &recording));
	assert_string_equal(recording.description, "\\x00\\x1b[2J");
	recording_deinit(&recording);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),
		TEST(test_missing),
		TEST(test_newest),
		TEST(test_moving),
		TEST(test_cannot_run),
		TEST(test_no_place),
		TEST(test_nothing_read),
		TEST(test_cut_off),
		TEST(test_other_files),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_forged_heads),
		cmocka_unit_test(test_forged_pages),
		cmocka_unit_test(test_forged_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
