/* SPDX-License-Identifier: MIT */
#include "trace_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void next(struct trace_event *event, unsigned slot)
{
	uint64_t sequence = event->sequence + 1;

	*event = (struct trace_event){
		.sequence = sequence,
		.time_ns = sequence * 1000000,
		.pid = TRACE_FILE_PID,
		.tgid = TRACE_FILE_PID,
		.comm = "worker",
		.cache = 0xffff888000100000,
		.cache_name = "kmalloc-64",
		.object = TRACE_FILE_OBJECT + (uint64_t)slot * TRACE_FILE_SIZE,
		.slab = TRACE_FILE_OBJECT + (uint64_t)slot / TRACE_FILE_SLOTS * 4096,
		.slab_objects = TRACE_FILE_SLOTS,
	};
}

void trace_file_alloc(struct trace_event *event, unsigned slot)
{
	next(event, slot);
	event->kind = TRACE_ALLOC;
	event->function = "__kmalloc_noprof";
	event->bytes_requested = 50;
	event->bytes_given = TRACE_FILE_SIZE;
	event->gfp = 0xcc0;
	event->gfp_names = "GFP_KERNEL";
	event->caller = 0xffffffff81000100;
	event->caller_name = "load_msg+0x2c";
}

void trace_file_free(struct trace_event *event, unsigned slot, uint64_t sequence)
{
	next(event, slot);
	event->kind = TRACE_FREE;
	event->function = "kfree";
	event->flags = sequence ? TRACE_KNOWN : 0;
	event->alloc_sequence = sequence;
	event->alloc_time_ns = sequence * 1000000;
	event->caller = 0xffffffff81000200;
	event->caller_name = "free_msg+0x1f";
}

void trace_file_send(struct trace_store *store, const struct trace_event *event)
{
	struct trace_sink *sink = trace_store_sink(store);

	assert_null(sink->event(sink, event));
}

struct trace_store *trace_file_begin(const char *path)
{
	const struct trace_about about = {
		.banner = "Linux version 6.12",
		.options = "worker",
		.engine = "rsp",
		.start_time = 1700000000,
	};
	struct trace_store *store = NULL;
	struct dill_error *error = trace_store_create(path, &about, &store);

	if (error)
		fail_msg("%s", dill_error_text(error));
	return store;
}

void trace_file_finish(struct trace_store *store)
{
	const struct trace_end end = {
		.reason = "the limit was reached", .lost = 3, .lost_why = "the buffer was full"};

	assert_null(trace_store_finish(store, &end));
}

static void send_changed(struct trace_store *store, struct trace_event *event)
{
	static const dill_virt stack[] = {0xffffffff81000300, 0xffffffff81000400};

	event->stack = stack;
	event->stack_count = event->sequence % 3 ? 0 : 2;
	event->pid += event->sequence % 2;
	event->cpu = event->sequence % 2;
	trace_file_send(store, event);
}

void trace_file_fill(struct trace_store *store, unsigned rounds)
{
	struct trace_event event = {0};

	for (unsigned i = 0; i < rounds; i++) {
		uint64_t first;

		trace_file_alloc(&event, 2 * i);
		first = event.sequence;
		send_changed(store, &event);
		trace_file_alloc(&event, 2 * i + 1);
		event.cache_name = "cred";
		event.cache++;
		send_changed(store, &event);
		trace_file_free(&event, 2 * i, first);
		send_changed(store, &event);
		trace_file_free(&event, 2 * i, first);
		event.flags |= TRACE_DOUBLE;
		send_changed(store, &event);
		trace_file_free(&event, 1000 + i, 0);
		send_changed(store, &event);
	}
	trace_file_finish(store);
}
