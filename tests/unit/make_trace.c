/* SPDX-License-Identifier: MIT */
/*
 * Makes a trace file for tests, as an engine would.
 *
 * make_trace FILE               events from lines of standard input, see take_line()
 * make_trace FILE --random N    N made-up events; prints how long storing them took
 *
 * With --unfinished as the last word it ends as if it had been killed.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/trace_store.h"

static const struct trace_about about = {
	.banner = "Linux version 6.12.0-made-up",
	.options = "trace worker -n 1000",
	.engine = "made up",
	.start_time = 1700000000,
};

static void fail(const struct dill_error *error)
{
	fprintf(stderr, "%s\n", dill_error_text(error));
	exit(1);
}

static void check(struct dill_error *error)
{
	if (error)
		fail(error);
}

/* --- from lines --- */

static char *next_word(char **line)
{
	char *word = strsep(line, "\t");

	if (!word) {
		fprintf(stderr, "a line has too few words\n");
		exit(1);
	}
	return word;
}

static uint64_t next_number(char **line)
{
	return strtoull(next_word(line), NULL, 0);
}

static const char *next_text(char **line)
{
	const char *word = next_word(line);

	return *word ? word : NULL;
}

/* Names of addresses in backtraces. */
#define NAMES_MAX 256u
static struct {
	dill_virt address;
	char name[64];
} named[NAMES_MAX];
static size_t named_count;

static struct dill_error *name_address(void *context, dill_virt address, struct strbuf *text)
{
	(void)context;
	for (size_t i = 0; i < named_count; i++)
		if (named[i].address == address) {
			strbuf_append(text, named[i].name);
			break;
		}
	return NULL;
}

/* "0x1000:vfs_read+0x2,0x2000:..." */
static size_t take_stack(char *list, dill_virt *ret)
{
	size_t count = 0;

	for (char *word; (word = strsep(&list, ",")) && count < TRACE_STACK_MAX;) {
		const char *name = strchr(word, ':');

		if (!*word)
			continue;
		ret[count++] = strtoull(word, NULL, 0);
		if (!name || named_count == NAMES_MAX)
			continue;
		named[named_count].address = ret[count - 1];
		snprintf(named[named_count++].name, sizeof(named[0].name), "%s", name + 1);
	}
	return count;
}

/* Numbers and texts of an event, a tab between each, in the order of struct trace_event. */
static void take_line(struct trace_sink *sink, char *line)
{
	struct trace_event event;
	dill_virt stack[TRACE_STACK_MAX];

	event.sequence = next_number(&line);
	event.time_ns = next_number(&line);
	event.kind = (enum trace_kind)next_number(&line);
	event.flags = (unsigned)next_number(&line);
	event.cpu = (unsigned)next_number(&line);
	event.pid = (uint32_t)next_number(&line);
	event.tgid = (uint32_t)next_number(&line);
	event.comm = next_text(&line);
	event.function = next_text(&line);
	event.cache = next_number(&line);
	event.cache_name = next_text(&line);
	event.object = next_number(&line);
	event.slab = next_number(&line);
	event.slab_objects = (uint32_t)next_number(&line);
	event.bytes_requested = next_number(&line);
	event.bytes_given = next_number(&line);
	event.gfp = next_number(&line);
	event.gfp_names = next_text(&line);
	event.caller = next_number(&line);
	event.caller_name = next_text(&line);
	event.alloc_sequence = next_number(&line);
	event.alloc_time_ns = next_number(&line);
	event.stack_count = take_stack(next_word(&line), stack);
	event.stack = stack;
	check(sink->event(sink, &event));
}

static void take_lines(struct trace_sink *sink)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		take_line(sink, line);
	}
	free(line);
}

/* --- made up --- */

#define OBJECTS 65536u /* addresses in use */
#define CACHES	16u
#define CALLERS 200u

struct made_object {
	uint64_t sequence, time_ns; /* 0 = free */
};

static uint64_t dice;

static uint64_t roll(uint64_t sides)
{
	dice = dice * 6364136223846793005u + 1442695040888963407u;
	return (dice >> 33) % sides;
}

static void make_event(struct trace_event *event, struct made_object *objects,
		       const char (*cache_names)[16], const char (*caller_names)[32])
{
	uint64_t number = roll(OBJECTS), cache = number % CACHES, caller = roll(CALLERS);
	struct made_object *object = &objects[number];
	uint64_t size = 64 * (cache + 1);

	event->time_ns += roll(20000);
	event->sequence++;
	event->cpu = (unsigned)roll(2);
	event->pid = event->tgid = 100 + (uint32_t)roll(3);
	event->cache = 0xffff888000100000 + cache * 256;
	event->cache_name = cache_names[cache];
	event->object = 0xffff888004000000 + number * 1024;
	event->slab = 0xffff888004000000 + number / 16 * 16384;
	event->slab_objects = 16;
	event->caller = 0xffffffff81000000 + caller * 64;
	event->caller_name = caller_names[caller];
	event->kind = object->sequence ? TRACE_FREE : TRACE_ALLOC;
	event->flags = object->sequence ? TRACE_KNOWN : 0;
	event->function = object->sequence ? "kfree" : "__kmalloc_noprof";
	event->alloc_sequence = object->sequence;
	event->alloc_time_ns = object->time_ns;
	event->bytes_requested = object->sequence ? 0 : size - roll(32);
	event->bytes_given = object->sequence ? 0 : size;
	object->time_ns = object->sequence ? 0 : event->time_ns;
	object->sequence = object->sequence ? 0 : event->sequence;
}

static void make_events(struct trace_sink *sink, uint64_t count)
{
	struct made_object *objects = calloc(OBJECTS, sizeof(*objects));
	struct trace_event event = {.comm = "worker", .gfp = 0xcc0, .gfp_names = "GFP_KERNEL"};
	char caches[CACHES][16], callers[CALLERS][32];

	for (unsigned i = 0; i < CACHES; i++)
		snprintf(caches[i], sizeof(caches[i]), "made-%u", 64 * (i + 1));
	for (unsigned i = 0; i < CALLERS; i++)
		snprintf(callers[i], sizeof(callers[i]), "function_%u+0x%x", i, 16 * i + 4);
	while (objects && count--) {
		make_event(&event, objects, caches, callers);
		check(sink->event(sink, &event));
	}
	free(objects);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct trace_end end = {.reason = "the test has ended it"};
	struct trace_store *store;
	bool random = argc > 3 && !strcmp(argv[2], "--random");
	double start = now();

	if (argc < 2) {
		fprintf(stderr, "make_trace FILE [--random N] [--unfinished]\n");
		return 2;
	}
	check(trace_store_create(argv[1], &about, &store));
	trace_store_name_addresses(store, name_address, NULL);
	if (random)
		make_events(trace_store_sink(store), strtoull(argv[3], NULL, 0));
	else
		take_lines(trace_store_sink(store));
	if (!strcmp(argv[argc - 1], "--unfinished"))
		raise(SIGKILL);
	if (random)
		printf("%" PRIu64 " events in %.3f s, ", trace_store_count(store), now() - start);
	check(trace_store_finish(store, &end));
	if (random)
		printf("with the index %.3f s\n", now() - start);
	trace_store_free(store);
	return 0;
}
