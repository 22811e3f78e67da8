/* SPDX-License-Identifier: MIT */
#include "target/rsp_reply.h"

#include "target/rsp_packet.h"

/* GDB's own assumption for stubs that do not say. */
#define DEFAULT_PACKET_SIZE  400u
#define SMALLEST_PACKET_SIZE 64u

static bool is_hex(struct span text, size_t offset)
{
	return offset < text.size && rsp_hex_digit(text.data[offset]) >= 0;
}

bool rsp_reply_is_stop(struct span payload)
{
	return payload.size >= 3 && (payload.data[0] == 'T' || payload.data[0] == 'S') &&
	       is_hex(payload, 1) && is_hex(payload, 2);
}

bool rsp_reply_is_exit(struct span payload)
{
	return payload.size >= 3 && (payload.data[0] == 'W' || payload.data[0] == 'X') &&
	       is_hex(payload, 1) && is_hex(payload, 2);
}

bool rsp_reply_is_output(struct span payload)
{
	return payload.size && payload.data[0] == 'O' && (payload.size == 1 || is_hex(payload, 1));
}

bool rsp_reply_is_error(struct span payload, unsigned *ret)
{
	uint8_t code;

	if (payload.size != 3 || payload.data[0] != 'E' ||
	    !rsp_hex_decode(span_cut(payload, 1, 2), &code, 1))
		return false;
	*ret = code;
	return true;
}

static size_t clamp_packet_size(uint64_t size)
{
	if (size < SMALLEST_PACKET_SIZE)
		return SMALLEST_PACKET_SIZE;
	return size < RSP_PACKET_LIMIT ? (size_t)size : RSP_PACKET_LIMIT;
}

void rsp_supported_parse(struct span payload, struct rsp_supported *ret)
{
	struct span item;
	uint64_t size;

	*ret = (struct rsp_supported){.packet_size = DEFAULT_PACKET_SIZE};
	while (rsp_field(&payload, ';', &item)) {
		if (rsp_equal(item, "qXfer:features:read+"))
			ret->features = true;
		else if (rsp_equal(item, "multiprocess+"))
			ret->multiprocess = true;
		else if (rsp_skip(&item, "PacketSize=") && rsp_hex_number(&item, &size))
			ret->packet_size = clamp_packet_size(size);
	}
}

/* "NUMBER", "pNUMBER" or "pNUMBER.NUMBER" */
static bool is_thread(struct span text)
{
	bool process = rsp_skip(&text, "p");
	uint64_t ignored;

	if (!rsp_hex_number(&text, &ignored))
		return false;
	if (process && rsp_skip(&text, ".") && !rsp_hex_number(&text, &ignored))
		return false;
	return !text.size;
}

bool rsp_thread_parse(struct span text, struct rsp_thread *ret)
{
	if (text.size >= sizeof(ret->id) || !is_thread(text))
		return false;
	memcpy(ret->id, text.data, text.size);
	ret->id[text.size] = '\0';
	return true;
}

void rsp_stop_parse(struct span payload, unsigned *ret_signal, struct rsp_thread *ret_thread)
{
	uint8_t signal = 0;
	struct span rest = span_cut(payload, 3, payload.size), item;

	rsp_hex_decode(span_cut(payload, 1, 2), &signal, 1);
	*ret_signal = signal;
	*ret_thread = (struct rsp_thread){0};
	while (rsp_field(&rest, ';', &item))
		if (rsp_skip(&item, "thread:") && !rsp_thread_parse(item, ret_thread))
			*ret_thread = (struct rsp_thread){0};
}

struct dill_error *rsp_threads_parse(struct span payload, struct rsp_threads *threads,
				     bool *ret_last)
{
	struct span item;

	if (rsp_equal(payload, "l")) {
		*ret_last = true;
		return NULL;
	}
	if (!rsp_skip(&payload, "m") || !payload.size)
		return dill_error_new(DILL_ERROR_PROTOCOL,
				      "the gdbstub's list of CPUs makes no sense");
	while (rsp_field(&payload, ',', &item)) {
		struct rsp_thread thread;

		if (!rsp_thread_parse(item, &thread))
			return dill_error_new(DILL_ERROR_PROTOCOL,
					      "the gdbstub's list of CPUs makes no sense");
		if (threads->list.count == RSP_THREADS_LIMIT)
			return dill_error_new(DILL_ERROR_LIMIT,
					      "the gdbstub lists more than %u CPUs",
					      RSP_THREADS_LIMIT);
		TRY(array_push(&threads->list, thread));
	}
	*ret_last = false;
	return NULL;
}

bool rsp_thread_process(const struct rsp_thread *thread, uint64_t *ret)
{
	struct span text = {(const uint8_t *)thread->id, strlen(thread->id)};

	return rsp_skip(&text, "p") && rsp_hex_number(&text, ret);
}
