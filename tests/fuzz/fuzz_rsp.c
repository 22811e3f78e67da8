/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary bytes from a gdbstub: as the stream of a whole conversation, and as the input of each
 * parser of what a stub or QEMU's monitor says. Each call must end soon, with bounded memory.
 *
 * The first byte chooses: odd = the rest is the raw stream; even = its lines are payloads, which
 * are framed here so that the fuzzer need not find checksums.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "target/qemu_map.h"
#include "target/rsp_features.h"
#include "target/rsp_packet.h"
#include "target/rsp_reply.h"
#include "target/rsp_stub.h"

/* What the socket holds without a reader on the other side. */
#define STREAM_LIMIT 65536u
#define PAGES	     4u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void scan_stream(struct span input)
{
	static uint8_t payload[RSP_PACKET_LIMIT];

	while (input.size) {
		struct rsp_scan scan = rsp_packet_scan(input);
		size_t length = 0;

		if (scan.consumed > input.size ||
		    (scan.item == RSP_INCOMPLETE) == (scan.consumed > 0))
			abort();
		if (scan.item == RSP_INCOMPLETE)
			return;
		if (scan.item == RSP_PACKET &&
		    rsp_packet_decode(scan.body, payload, sizeof(payload), &length) &&
		    length > sizeof(payload))
			abort();
		input = span_cut(input, scan.consumed, input.size);
	}
}

/* Encoding and framing must be undone exactly. */
static void check_round_trip(struct span input)
{
	uint8_t *packet = malloc(rsp_packet_encoded_limit(input.size));
	uint8_t *back = malloc(input.size + 1);
	size_t length = 0;

	if (!packet || !back)
		abort();

	struct rsp_scan scan =
		rsp_packet_scan((struct span){packet, rsp_packet_encode(input, packet)});

	if (scan.item != RSP_PACKET || !rsp_packet_decode(scan.body, back, input.size, &length) ||
	    length != input.size || (length && memcmp(back, input.data, length) != 0))
		abort();
	free(packet);
	free(back);
}

/* Every part of the description is the input again: includes of includes. */
static struct dill_error *read_annex(void *context, const char *annex, struct strbuf *ret)
{
	const struct span *input = context;

	(void)annex;
	strbuf_append_bytes(ret, (const char *)input->data, input->size);
	return NULL;
}

static void parse_features(struct span input)
{
	struct rsp_features features;
	struct dill_error *error = rsp_features_read(read_annex, &input, &features);

	for (unsigned i = 0; !error && i < RSP_REGISTER_COUNT; i++)
		if (features.registers[i].known &&
		    (!features.registers[i].size || features.registers[i].size > 8))
			abort();
	dill_error_free(error);
}

static void parse_replies(struct span input)
{
	struct rsp_threads threads = {0};
	struct rsp_supported supported;
	struct span line, rest = input;
	unsigned code;
	bool last;

	rsp_supported_parse(input, &supported);
	if (!supported.packet_size || supported.packet_size > RSP_PACKET_LIMIT)
		abort();
	while (rsp_field(&rest, '\n', &line)) {
		dill_error_free(rsp_threads_parse(line, &threads, &last));
		if (threads.list.count > RSP_THREADS_LIMIT)
			abort();
		rsp_reply_is_stop(line);
		rsp_reply_is_output(line);
		rsp_reply_is_error(line, &code);
	}
	array_free(&threads.list);
}

static void parse_monitor(struct span input)
{
	struct qemu_map map = {0};
	uint64_t address = 0;

	dill_error_free(qemu_map_parse(input, &map));
	for (size_t i = 0; i < map.ranges.count; i++) {
		qemu_map_holds(&map, map.ranges.items[i].start & ~0xfffull);
		qemu_map_holds(&map, map.ranges.items[i].last & ~0xfffull);
	}
	array_free(&map.ranges);
	qemu_host_address_parse(input, &address);
}

static void put_framed(int fd, struct span input)
{
	static uint8_t packet[2 * STREAM_LIMIT + 4];
	struct span line;

	while (rsp_field(&input, '\n', &line)) {
		size_t length = rsp_packet_encode(line, packet);

		if (send(fd, packet, length, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)length)
			return;
	}
}

static void converse(struct rsp_stub *stub)
{
	static uint8_t pages[PAGES][DILL_PAGE_SIZE];
	struct dill_page_request requests[PAGES];
	struct rsp_features features;
	struct dill_registers registers;
	struct strbuf text = {0};
	unsigned cpus = 0;

	for (unsigned i = 0; i < PAGES; i++)
		requests[i] = (struct dill_page_request){.address = i * 4096, .buffer = pages[i]};
	dill_error_free(rsp_stub_cpu_count(stub, &cpus));
	rsp_features_default(&features);
	dill_error_free(rsp_stub_registers(stub, &features, 0, &registers));
	dill_error_free(rsp_stub_read_pages(stub, DILL_SPACE_PHYSICAL, requests, PAGES));
	dill_error_free(rsp_stub_read_pages(stub, DILL_SPACE_VIRTUAL, requests, PAGES));
	dill_error_free(rsp_stub_monitor(stub, "info mtree -f", &text));
	dill_error_free(rsp_stub_features(stub, &features));
	dill_error_free(rsp_stub_registers(stub, &features, cpus - 1, &registers));
	dill_error_free(rsp_stub_settle(stub));
	dill_error_free(rsp_stub_detach(stub));
	strbuf_deinit(&text);
}

/* The peer has said everything before it is asked, and nothing comes after it. */
static void run_conversation(struct span input, bool framed)
{
	struct dill_host host = {0};
	struct rsp_connection *connection = NULL;
	struct rsp_stub *stub = NULL;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		abort();
	if (framed)
		put_framed(fds[1], input);
	else if (send(fds[1], input.data, input.size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		abort();
	shutdown(fds[1], SHUT_WR);

	struct dill_error *error = rsp_connection_new(fds[0], 1000, &host, &connection);

	if (!error)
		error = rsp_stub_new(connection, RSP_OWN, &stub);
	if (!error)
		converse(stub);
	dill_error_free(error);
	rsp_stub_free(stub);
	rsp_connection_free(connection);
	close(fds[0]);
	close(fds[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size || size > STREAM_LIMIT)
		return 0;

	struct span input = {data + 1, size - 1};

	scan_stream(input);
	check_round_trip(input);
	parse_features(input);
	parse_replies(input);
	parse_monitor(input);
	run_conversation(input, !(data[0] & 1));
	return 0;
}
