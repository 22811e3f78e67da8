/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/rsp_packet.h"
#include "target/rsp_stub_private.h"

/*
 * Longest 'm' that every QEMU takes. Some refuse more although their packets are long enough for
 * the hex digits, so a whole page is tried first and this is what remains.
 */
#define SAFE_READ 0x800u
/* Least that dill_target_ops.piece_size may say. */
#define PIECE_MIN 64u
/* Requests on their way at a time. Eight are five times as fast as one, more gain nothing. */
#define WINDOW		      8u
#define MONITOR_OUTPUT_LIMIT  (4 * (size_t)1024 * 1024)
#define MONITOR_COMMAND_LIMIT 200u

struct dill_error *rsp_stub_refused(struct span reply, const char *what)
{
	unsigned code;

	if (!reply.size)
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "the gdbstub cannot %s", what);
	if (rsp_reply_is_error(reply, &code))
		return dill_error_new(DILL_ERROR_PROTOCOL, "the gdbstub refuses to %s (E%02x)",
				      what, code);
	return dill_error_new(DILL_ERROR_PROTOCOL, "the gdbstub's answer to \"%s\" makes no sense",
			      what);
}

/* Send a request that is answered by OK. */
static struct dill_error *set(struct rsp_stub *stub, const char *what, const char *request)
{
	struct span reply;

	TRY(rsp_exchange(stub->connection, &reply, "%s", request));
	return rsp_equal(reply, "OK") ? NULL : rsp_stub_refused(reply, what);
}

/* Half of the packet for each byte's two digits, a few bytes for the frame. */
static size_t first_read_size(size_t packet_size)
{
	size_t size = DILL_PAGE_SIZE;

	/* QEMU's own limit counts digits only, so that SAFE_READ fits its 4096 bytes exactly. */
	while (size > SAFE_READ && packet_size < 2 * size + 4)
		size /= 2;
	while (size > 16 && packet_size < 2 * size)
		size /= 2;
	return size;
}

static struct dill_error *ask_features(struct rsp_stub *stub, enum rsp_owner owner)
{
	struct span reply;

	TRY(rsp_exchange(stub->connection, &reply, "qSupported%s",
			 owner == RSP_OWN ? ":multiprocess+" : ""));
	rsp_supported_parse(reply, &stub->supported);
	TRY(rsp_exchange(stub->connection, &reply, "qqemu.PhyMemMode"));
	stub->has_physical = rsp_equal(reply, "0") || rsp_equal(reply, "1");
	stub->mode_known = true;
	stub->physical_mode = rsp_equal(reply, "1");
	stub->read_size = first_read_size(stub->supported.packet_size);
	stub->window = 1;
	if (stub->has_physical) {
		rsp_connection_set_acks(stub->connection, RSP_ACKS_IMPLIED);
		stub->window = WINDOW;
	}
	return NULL;
}

struct dill_error *rsp_stub_new(struct rsp_connection *connection, enum rsp_owner owner,
				struct rsp_stub **ret)
{
	_cleanup_(rsp_stub_freep)
	struct rsp_stub *stub = calloc(1, sizeof(*stub));

	if (!stub)
		return error_no_memory();
	stub->connection = connection;
	TRY(ask_features(stub, owner));
	*ret = steal(stub);
	return NULL;
}

void rsp_stub_free(struct rsp_stub *stub)
{
	if (!stub)
		return;
	array_free(&stub->threads.list);
	free(stub);
}

bool rsp_stub_has_physical(const struct rsp_stub *stub)
{
	return stub->has_physical;
}

uint64_t rsp_stub_bytes(const struct rsp_stub *stub)
{
	return stub->bytes;
}

/* --- threads --- */

bool rsp_stub_set_home(struct rsp_stub *stub, const char *id)
{
	struct span text = {(const uint8_t *)id, strlen(id)};

	if (!rsp_thread_parse(text, &stub->home))
		return false;
	stub->selected = stub->home;
	stub->selected_known = true;
	return true;
}

struct dill_error *rsp_stub_select(struct rsp_stub *stub, const struct rsp_thread *thread)
{
	char request[sizeof(thread->id) + 2];

	if (!thread->id[0] || (stub->selected_known && !strcmp(thread->id, stub->selected.id)))
		return NULL;
	snprintf(request, sizeof(request), "Hg%s", thread->id);
	stub->selected = *thread;
	stub->selected_known = stub->stop_selects = false;
	TRY(set(stub, "select a CPU", request));
	stub->selected_known = true;
	return NULL;
}

struct dill_error *rsp_stub_send_select(struct rsp_stub *stub, const struct rsp_thread *thread,
					enum rsp_purpose purpose, bool *ret_sent)
{
	*ret_sent = thread->id[0] && !(stub->stop_selects && !strcmp(thread->id, stub->stopped.id));
	if (!*ret_sent)
		return NULL;
	stub->stop_selects = false;
	stub->selected = *thread;
	stub->selected_known = true;
	return purpose == RSP_TO_CHANGE ? rsp_send_change(stub->connection, "Hg%s", thread->id)
					: rsp_send(stub->connection, "Hg%s", thread->id);
}

static struct dill_error *list_threads(struct rsp_stub *stub)
{
	struct span reply;
	bool last = false;

	TRY(rsp_exchange(stub->connection, &reply, "qfThreadInfo"));
	while (!last && reply.size) {
		TRY(rsp_threads_parse(reply, &stub->threads, &last));
		if (!last)
			TRY(rsp_exchange(stub->connection, &reply, "qsThreadInfo"));
	}
	return NULL;
}

struct dill_error *rsp_stub_know_threads(struct rsp_stub *stub)
{
	if (stub->threads_known)
		return NULL;
	array_free(&stub->threads.list);
	TRY(list_threads(stub));
	if (!stub->threads.list.count)
		TRY(array_push(&stub->threads.list, (struct rsp_thread){0}));
	if (!stub->home.id[0])
		stub->home = stub->threads.list.items[0];
	stub->threads_known = true;
	return NULL;
}

struct dill_error *rsp_stub_cpu_count(struct rsp_stub *stub, unsigned *ret)
{
	TRY(rsp_stub_know_threads(stub));
	*ret = (unsigned)stub->threads.list.count;
	return NULL;
}

/* --- modes --- */

struct dill_error *rsp_stub_set_physical(struct rsp_stub *stub, bool physical)
{
	if (stub->mode_known && stub->physical_mode == physical)
		return NULL;
	stub->mode_known = false;
	TRY(set(stub, "switch between physical and virtual addresses",
		physical ? "Qqemu.PhyMemMode:1" : "Qqemu.PhyMemMode:0"));
	stub->mode_known = true;
	stub->physical_mode = physical;
	return NULL;
}

struct dill_error *rsp_stub_settle(struct rsp_stub *stub)
{
	struct dill_error *error = rsp_stub_set_physical(stub, false);

	if (!error && stub->selected.id[0])
		error = rsp_stub_select(stub, &stub->home);
	return error;
}

/* With "multiprocess+" said, 'D' wants to know which process, and a machine is one. */
static struct dill_error *process_to_detach(struct rsp_stub *stub, uint64_t *ret)
{
	struct rsp_thread thread;
	struct span reply;

	*ret = 1;
	TRY(rsp_exchange(stub->connection, &reply, "qC"));
	if (rsp_skip(&reply, "QC") && rsp_thread_parse(reply, &thread))
		rsp_thread_process(&thread, ret);
	return NULL;
}

struct dill_error *rsp_stub_detach(struct rsp_stub *stub)
{
	char request[32] = "D";
	uint64_t process;

	if (stub->supported.multiprocess) {
		TRY(process_to_detach(stub, &process));
		snprintf(request, sizeof(request), "D;%" PRIx64, process);
	}
	return set(stub, "let the target run", request);
}

/* --- monitor --- */

static struct dill_error *append_output(struct span reply, struct strbuf *ret)
{
	size_t count = (reply.size - 1) / 2;
	uint8_t bytes[512];

	reply = span_cut(reply, 1, reply.size);
	if (reply.size % 2 || ret->length + count > MONITOR_OUTPUT_LIMIT)
		return dill_error_new(DILL_ERROR_LIMIT,
				      "a monitor command's output is malformed or has no end");
	while (count) {
		size_t part = count < sizeof(bytes) ? count : sizeof(bytes);

		if (!rsp_hex_decode(span_cut(reply, 0, 2 * part), bytes, part))
			return rsp_stub_refused(reply, "run a monitor command");
		strbuf_append_bytes(ret, (const char *)bytes, part);
		reply = span_cut(reply, 2 * part, reply.size);
		count -= part;
	}
	return NULL;
}

struct dill_error *rsp_stub_monitor(struct rsp_stub *stub, const char *command, struct strbuf *ret)
{
	char hex[2 * MONITOR_COMMAND_LIMIT];
	size_t length = strlen(command), packets = 0;
	struct span reply;

	if (length > MONITOR_COMMAND_LIMIT)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "monitor command too long");
	rsp_hex_encode((const uint8_t *)command, length, hex);
	TRY(rsp_drain(stub->connection));
	TRY(rsp_send(stub->connection, "qRcmd,%.*s", (int)(2 * length), hex));
	TRY(rsp_receive(stub->connection, &reply));
	while (rsp_reply_is_output(reply)) {
		/* Empty pieces are no progress: the output must not be endless that way either. */
		if (packets++ == MONITOR_OUTPUT_LIMIT / 16)
			return rsp_stub_refused(reply, "run a monitor command");
		TRY(append_output(reply, ret));
		TRY(rsp_receive(stub->connection, &reply));
	}
	TRY(strbuf_error(ret));
	return rsp_equal(reply, "OK") ? NULL : rsp_stub_refused(reply, "run a monitor command");
}

/* --- memory --- */

/* The pages of one call, or pieces of pages, cut into what fits an 'm'. Replies come in order of
 * requests, so that one page at a time is put together. */
struct page_reader {
	struct dill_page_request *requests;
	size_t count, unit;		  /* bytes of each: DILL_PAGE_SIZE, or less */
	size_t sent, sent_offset;	  /* page and byte of the next request */
	size_t received, received_offset; /* page and byte of the next reply */
	size_t flying;
	bool page_is_bad, too_long;
	uint8_t page[DILL_PAGE_SIZE];
};

static size_t next_page(const struct page_reader *reader, size_t page)
{
	while (page < reader->count && reader->requests[page].done)
		page++;
	return page;
}

static struct dill_error *send_piece(struct rsp_stub *stub, struct page_reader *reader)
{
	uint64_t address = reader->requests[reader->sent].address + reader->sent_offset;

	TRY(rsp_send(stub->connection, "m%" PRIx64 ",%zx", address, stub->read_size));
	reader->flying++;
	reader->sent_offset += stub->read_size;
	if (reader->sent_offset == reader->unit) {
		reader->sent = next_page(reader, reader->sent + 1);
		reader->sent_offset = 0;
	}
	return NULL;
}

/* What an error means: QEMU says E22 to a read that is too long, and E14 to an address that is not
 * there. Others have their own numbers. */
static void take_refusal(const struct rsp_stub *stub, struct page_reader *reader, unsigned code)
{
	reader->page_is_bad = true;
	if (code == 0x22 && stub->read_size > SAFE_READ)
		reader->too_long = true;
}

static struct dill_error *take_piece(struct rsp_stub *stub, struct page_reader *reader,
				     struct span reply)
{
	unsigned code;

	if (rsp_reply_is_error(reply, &code)) {
		take_refusal(stub, reader, code);
	} else if (!reply.size) {
		return rsp_stub_refused(reply, "read memory");
	} else if (reply.size < 2 * stub->read_size) {
		reader->page_is_bad = true; /* the rest of the piece cannot be read */
	} else {
		if (!rsp_hex_decode(reply, reader->page + reader->received_offset, stub->read_size))
			return rsp_stub_refused(reply, "read memory");
		stub->bytes += stub->read_size;
	}
	reader->received_offset += stub->read_size;
	return NULL;
}

/* After the last piece of a page. */
static void finish_page(struct page_reader *reader)
{
	struct dill_page_request *request = &reader->requests[reader->received];

	if (!reader->page_is_bad) {
		memcpy(request->buffer, reader->page, reader->unit);
		request->done = true;
	}
	reader->page_is_bad = false;
	reader->received = next_page(reader, reader->received + 1);
	reader->received_offset = 0;
}

static struct dill_error *read_pieces(struct rsp_stub *stub, struct page_reader *reader)
{
	TRY(rsp_drain(stub->connection));
	reader->sent = reader->received = next_page(reader, 0);
	while (reader->received < reader->count) {
		struct span reply;

		/* Refilled when half empty: several requests per system call, never none on the
		 * way. */
		if (reader->flying <= stub->window / 2)
			while (reader->sent < reader->count && reader->flying < stub->window)
				TRY(send_piece(stub, reader));
		TRY(rsp_receive(stub->connection, &reply));
		reader->flying--;
		TRY(take_piece(stub, reader, reply));
		if (reader->received_offset == reader->unit)
			finish_page(reader);
	}
	return NULL;
}

static struct dill_error *read_units(struct rsp_stub *stub, enum dill_space space,
				     struct dill_page_request *requests, size_t count, size_t unit)
{
	struct page_reader reader = {.requests = requests, .count = count, .unit = unit};

	if (space == DILL_SPACE_PHYSICAL && !stub->has_physical)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "the gdbstub cannot read physical memory");
	if (next_page(&reader, 0) == count)
		return NULL;
	TRY(rsp_stub_set_physical(stub, space == DILL_SPACE_PHYSICAL));
	if (space == DILL_SPACE_VIRTUAL && stub->selected.id[0])
		TRY(rsp_stub_select(stub, &stub->home));
	TRY(read_pieces(stub, &reader));
	if (!reader.too_long)
		return NULL;
	stub->read_size = SAFE_READ;
	return read_units(stub, space, requests, count, unit);
}

struct dill_error *rsp_stub_read_pages(struct rsp_stub *stub, enum dill_space space,
				       struct dill_page_request *requests, size_t count)
{
	return read_units(stub, space, requests, count, DILL_PAGE_SIZE);
}

unsigned rsp_stub_piece_size(const struct rsp_stub *stub)
{
	if (stub->has_physical || stub->read_size >= DILL_PAGE_SIZE)
		return 0;
	return stub->read_size < PIECE_MIN ? PIECE_MIN : (unsigned)stub->read_size;
}

struct dill_error *rsp_stub_read_pieces(struct rsp_stub *stub, enum dill_space space,
					struct dill_page_request *requests, size_t count)
{
	return read_units(stub, space, requests, count, rsp_stub_piece_size(stub));
}
