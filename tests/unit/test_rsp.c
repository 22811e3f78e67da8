/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/rsp.h"

/*
 * A small gdbstub in a thread. It keeps acks and packets apart with code of its own, so that the
 * parser under test is not its own oracle.
 */
#define HOLE 0x900000u /* memory from here on cannot be read */

enum fault { NO_FAULT, SILENT, BANNER, DIE, BAD_CHECKSUM, GARBAGE, NAK_FIRST, ENDLESS };

struct stub {
	/* what it is */
	bool ran, announces, has_physical, has_one_insn, multiprocess;
	char refused;	       /* requests that begin so are: 'Z' or 'z' */
	const char *status;    /* answer to "info status" */
	unsigned longest_read; /* more is answered with E22 */
	const char *packet_size;
	enum fault fault;
	unsigned fault_at; /* in the n-th packet, counted from 1; the first connection only */
	/* what happened */
	unsigned packets, connections, detaches, lone_acks, reads_too_long;
	bool physical_mode, running;
	char selected[16];
	char last_byte;
	/* how it runs */
	int listener, port;
	pthread_t thread;
};

static void *serve(void *context);

static void start(struct stub *stub)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);

	stub->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(stub->listener, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(stub->listener, 4), 0);
	assert_int_equal(getsockname(stub->listener, (struct sockaddr *)&address, &size), 0);
	stub->port = ntohs(address.sin_port);
	stub->running = stub->ran;
	assert_int_equal(pthread_create(&stub->thread, NULL, serve, stub), 0);
}

static void finish(struct stub *stub)
{
	shutdown(stub->listener, SHUT_RDWR);
	pthread_join(stub->thread, NULL);
	close(stub->listener);
}

static struct stub qemu(void)
{
	return (struct stub){
		.ran = true,
		.announces = true,
		.has_physical = true,
		.multiprocess = true,
		.status = "VM status: paused\r\n",
		.longest_read = 0x800,
		.packet_size = "1000",
	};
}

static uint8_t memory_byte(uint64_t address, bool physical)
{
	return (uint8_t)(address * 3 + (address >> 12) + (physical ? 0x55 : 0));
}

static void put(int fd, const char *payload, bool spoil)
{
	size_t length = strlen(payload);
	char *packet = malloc(length + 8);
	unsigned sum = spoil ? 1 : 0;

	for (size_t i = 0; i < length; i++)
		sum += (uint8_t)payload[i];
	length = (size_t)sprintf(packet, "+$%s#%02x", payload, sum & 0xff);
	for (size_t sent = 0; sent < length;) {
		ssize_t part = send(fd, packet + sent, length - sent, MSG_NOSIGNAL);

		if (part <= 0)
			break;
		sent += (size_t)part;
	}
	free(packet);
}

static void put_monitor(int fd, const char *text)
{
	char packet[1024] = "O";

	for (size_t i = 0; text[i]; i++)
		sprintf(packet + 1 + 2 * i, "%02x", (uint8_t)text[i]);
	if (*text)
		put(fd, packet, false);
	put(fd, "OK", false);
}

static void read_memory(struct stub *stub, int fd, const char *request)
{
	unsigned long long address;
	unsigned length;
	char *reply;

	assert_int_equal(sscanf(request, "m%llx,%x", &address, &length), 2);
	if (length > stub->longest_read) {
		stub->reads_too_long++;
		put(fd, "E22", false);
		return;
	}
	if (address >= HOLE) {
		put(fd, "E14", false);
		return;
	}
	reply = malloc(2 * length + 1);
	for (unsigned i = 0; i < length; i++)
		sprintf(reply + 2 * i, "%02x", memory_byte(address + i, stub->physical_mode));
	put(fd, reply, false);
	free(reply);
}

/* rip (8 bytes) and cs (4 bytes) of the selected CPU; cr3 is to be had by 'p' only. */
static void read_registers(struct stub *stub, int fd)
{
	size_t length = strlen(stub->selected);
	const char *last = length ? stub->selected + length - 1 : "1";
	char reply[64];

	snprintf(reply, sizeof(reply), "0%s000081ffffffff1%s000000", last, last);
	put(fd, reply, false);
}

static void run_monitor(struct stub *stub, int fd, const char *hex)
{
	char command[128] = "";

	for (size_t i = 0; hex[2 * i] && hex[2 * i + 1] && i + 1 < sizeof(command); i++)
		sscanf(hex + 2 * i, "%2hhx", (unsigned char *)&command[i]);
	if (!strcmp(command, "info status"))
		put_monitor(fd, stub->status);
	else if (!strcmp(command, "help one-insn-per-tb") && stub->has_one_insn)
		put_monitor(fd, "one-insn-per-tb [on|off] -- run slowly\r\n");
	else if (!strcmp(command, "info mtree -f"))
		put_monitor(fd, "FlatView #0\r\n AS \"memory\", root: system\r\n"
				"  0000000000000000-0000000000dfffff (prio 0, ram): pc.ram\r\n");
	else
		put_monitor(fd, "unknown command\r\n");
}

static void set_mode(struct stub *stub, int fd, char mode)
{
	stub->physical_mode = mode == '1';
	put(fd, "OK", false);
}

static void detach(struct stub *stub, int fd, const char *request)
{
	if (stub->multiprocess && strcmp(request, "D;1") != 0) {
		put(fd, "E22", false);
		return;
	}
	stub->detaches++;
	stub->running = true;
	put(fd, "OK", false);
}

static void answer(struct stub *stub, int fd, const char *request)
{
	char text[128];

	if (!strncmp(request, "qSupported", 10)) {
		snprintf(text, sizeof(text), "PacketSize=%s;qXfer:features:read+%s",
			 stub->packet_size, stub->multiprocess ? ";multiprocess+" : "");
		put(fd, text, false);
	} else if (!strcmp(request, "qqemu.PhyMemMode")) {
		put(fd, !stub->has_physical ? "" : stub->physical_mode ? "1" : "0", false);
	} else if (!strncmp(request, "Qqemu.PhyMemMode:", 17)) {
		set_mode(stub, fd, request[17]);
	} else if (!strncmp(request, "qRcmd,", 6)) {
		run_monitor(stub, fd, request + 6);
	} else if (!strcmp(request, "qfThreadInfo")) {
		put(fd, "mp01.01,p01.02", false);
	} else if (!strcmp(request, "qsThreadInfo")) {
		put(fd, "l", false);
	} else if (!strcmp(request, "qC")) {
		put(fd, "QCp01.01", false);
	} else if (!strncmp(request, "Hg", 2)) {
		snprintf(stub->selected, sizeof(stub->selected), "%.15s", request + 2);
		put(fd, "OK", false);
	} else if (!strncmp(request, "qXfer:features:read:target.xml:0,", 33)) {
		put(fd,
		    "l<target><reg name='rip' bitsize='64'/><reg name='cs' bitsize='32'/>"
		    "<reg name='cr3' bitsize='64' regnum='31'/></target>",
		    false);
	} else if (!strcmp(request, "g")) {
		read_registers(stub, fd);
	} else if (!strcmp(request, "p1f")) {
		put(fd, "0030000000000000", false);
	} else if (request[0] == 'm') {
		read_memory(stub, fd, request);
	} else if (request[0] == 'D') {
		detach(stub, fd, request);
	} else if (request[0] == 'Z' || request[0] == 'z') {
		put(fd, request[0] == stub->refused ? "E22" : "OK", false);
	} else {
		put(fd, "", false);
	}
}

/* True when the connection is to be closed. */
static bool misbehave(const struct stub *stub, int fd)
{
	static const char half[] = "+$00112233";
	static const char garbage[] = "+what?";

	switch (stub->fault) {
	case DIE:
		send(fd, half, sizeof(half) - 1, MSG_NOSIGNAL);
		return true;
	case BAD_CHECKSUM:
		put(fd, "0011", true);
		return false;
	case GARBAGE:
		send(fd, garbage, sizeof(garbage) - 1, MSG_NOSIGNAL);
		return false;
	case NAK_FIRST:
		send(fd, "-", 1, MSG_NOSIGNAL);
		return false;
	case ENDLESS:
		for (int i = 0; i < 100000; i++)
			put(fd, "O41", false);
		return true;
	default:
		return false;
	}
}

/* True when the connection is to be closed. */
static bool take_packet(struct stub *stub, int fd, const char *request)
{
	stub->packets++;
	if (stub->fault == SILENT)
		return false;
	if (stub->fault_at == stub->packets && stub->connections == 1)
		return misbehave(stub, fd);
	answer(stub, fd, request);
	return false;
}

static void converse(struct stub *stub, int fd)
{
	char request[2048] = "";
	size_t length = 0;
	int checksum = -1; /* digits still to come, -1 = not in a packet, 3 = in it */
	char byte;

	while (recv(fd, &byte, 1, 0) == 1) {
		stub->last_byte = byte;
		if (checksum < 0) {
			if (byte == '+')
				stub->lone_acks++;
			if (byte == '$') {
				checksum = 3;
				length = 0;
			}
		} else if (checksum == 3) {
			if (byte == '#')
				checksum = 2;
			else if (length < sizeof(request) - 1)
				request[length++] = byte;
		} else if (--checksum == 0) {
			request[length] = '\0';
			checksum = -1;
			if (take_packet(stub, fd, request))
				return;
		}
	}
}

static void *serve(void *context)
{
	struct stub *stub = context;
	int fd, on = 1;

	while ((fd = accept(stub->listener, NULL, NULL)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		stub->connections++;
		if (stub->fault == BANNER)
			send(fd, "SSH-2.0-x\r\n", 11, MSG_NOSIGNAL);
		else if (stub->announces && stub->running && stub->fault != SILENT)
			put(fd, "T02thread:01;", false);
		stub->running = false;
		converse(stub, fd);
		close(fd);
	}
	return NULL;
}

/* --- the client --- */

struct client {
	bool leave_stopped;
	unsigned timeout_s; /* 0 = 1 */
	const struct dill_target_ops *ops;
	void *context;
	unsigned asked, interrupt_at; /* 0 = never */
	char said[128];
};

static void remember(void *context, const char *text)
{
	struct client *client = context;

	snprintf(client->said, sizeof(client->said), "%s", text);
}

static bool interrupted(void *context)
{
	struct client *client = context;

	return ++client->asked >= client->interrupt_at && client->interrupt_at;
}

static void connect_client(struct client *client, const struct stub *stub)
{
	char address[32];
	struct target_options options = {
		.remote = address,
		.timeout_s = client->timeout_s ? client->timeout_s : 1,
		.leave_stopped = client->leave_stopped,
		.host = {.interrupted = interrupted, .log = remember, .context = client},
	};

	snprintf(address, sizeof(address), ":%d", stub->port);
	assert_null(rsp_open(&options, &client->ops, &client->context));
}

static void open_and_begin(struct client *client, struct stub *stub)
{
	start(stub);
	connect_client(client, stub);
	assert_null(client->ops->begin(client->context));
}

static void end_and_close(struct client *client, struct stub *stub)
{
	assert_null(client->ops->end(client->context));
	client->ops->close(client->context);
	finish(stub);
}

static void expect_error(struct dill_error *error, enum dill_error_code code, const char *text)
{
	assert_non_null(error);
	if (!strstr(dill_error_text(error), text))
		fail_msg("\"%s\" without \"%s\"", dill_error_text(error), text);
	assert_int_equal(dill_error_code(error), code);
	dill_error_free(error);
}

#define PAGES 30u

struct pages {
	struct dill_page_request requests[PAGES];
	uint8_t bytes[PAGES][DILL_PAGE_SIZE];
};

static struct dill_error *read_pages(struct client *client, struct pages *pages,
				     enum dill_space space)
{
	for (unsigned i = 0; i < PAGES; i++) {
		pages->requests[i] = (struct dill_page_request){
			.address = (i * 7 % PAGES) * 0x80000, .buffer = pages->bytes[i]};
		memset(pages->bytes[i], 0xcc, DILL_PAGE_SIZE);
	}
	return client->ops->read_pages(client->context, space, pages->requests, PAGES);
}

static void check_pages(const struct pages *pages, bool physical)
{
	for (unsigned i = 0; i < PAGES; i++) {
		uint64_t address = pages->requests[i].address;

		assert_int_equal(pages->requests[i].done, address < HOLE);
		for (unsigned j = 0; j < DILL_PAGE_SIZE; j++)
			if (pages->bytes[i][j] !=
			    (address < HOLE ? memory_byte(address + j, physical) : 0xcc))
				fail_msg("byte %u of page 0x%llx", j, (unsigned long long)address);
	}
}

static void check_left_as_found(const struct stub *stub)
{
	assert_false(stub->physical_mode);
	assert_int_equal(stub->running, stub->ran);
}

static void test_reads_pages(void **state)
{
	(void)state;
	struct stub stub = qemu();
	struct client client = {0};
	struct pages pages;
	struct dill_target_stats stats;

	open_and_begin(&client, &stub);
	assert_int_equal(client.ops->spaces(client.context),
			 DILL_SPACE_PHYSICAL | DILL_SPACE_VIRTUAL);
	assert_null(read_pages(&client, &pages, DILL_SPACE_PHYSICAL));
	check_pages(&pages, true);
	assert_null(read_pages(&client, &pages, DILL_SPACE_VIRTUAL));
	check_pages(&pages, false);
	client.ops->stats(client.context, &stats);
	assert_int_equal(stats.packets, stub.packets);
	assert_int_equal(stats.bytes, 2 * 18 * DILL_PAGE_SIZE);
	end_and_close(&client, &stub);
	check_left_as_found(&stub);
	assert_int_equal(stub.detaches, 1);
}

static void test_reads_registers(void **state)
{
	(void)state;
	struct stub stub = qemu();
	struct client client = {0};
	struct dill_registers registers;
	unsigned cpus = 0;

	open_and_begin(&client, &stub);
	assert_null(client.ops->cpu_count(client.context, &cpus));
	assert_int_equal(cpus, 2);
	for (unsigned cpu = 2; cpu-- > 0;) {
		assert_null(client.ops->registers(client.context, cpu, &registers));
		assert_int_equal(registers.ip, 0xffffffff81000000 + cpu + 1);
		assert_int_equal(registers.privilege, 0x11 + cpu);
		assert_int_equal(registers.tables, 0x3000);
		assert_false(registers.has_control); /* no cr0 */
	}
	expect_error(client.ops->registers(client.context, 2, &registers), DILL_ERROR_NOT_FOUND,
		     "no CPU 2");
	end_and_close(&client, &stub);
	check_left_as_found(&stub);
}

static void test_each_command_is_a_new_client(void **state)
{
	(void)state;
	struct stub stub = qemu();
	struct client client = {0};

	open_and_begin(&client, &stub);
	uint64_t generation = client.ops->generation(client.context);

	assert_null(client.ops->end(client.context));
	assert_null(client.ops->begin(client.context));
	assert_int_not_equal(client.ops->generation(client.context), generation);
	end_and_close(&client, &stub);
	assert_int_equal(stub.connections, 2);
	assert_int_equal(stub.detaches, 2);
	check_left_as_found(&stub);
}

static void expect_end(struct stub stub, unsigned detaches)
{
	struct client client = {0};

	open_and_begin(&client, &stub);
	end_and_close(&client, &stub);
	assert_int_equal(stub.detaches, detaches);
}

static void test_guest_is_left_as_it_was(void **state)
{
	(void)state;
	struct stub stub = qemu();

	expect_end(stub, 1);
	stub.ran = false;
	expect_end(stub, 0);
	/* later QEMUs do not announce */
	stub.announces = false;
	stub.has_one_insn = true;
	expect_end(stub, 1);
	stub.status = "VM status: paused (debug)\r\n";
	expect_end(stub, 0);
	stub.has_one_insn = false;
	expect_end(stub, 0);
	/* other stubs stop the guest for us */
	stub.has_physical = false;
	stub.multiprocess = false;
	expect_end(stub, 1);
}

/* However it looked before, and whoever has stopped it. */
static void test_guest_is_left_stopped(void **state)
{
	(void)state;
	for (unsigned announces = 0; announces < 2; announces++) {
		struct stub stub = qemu();
		struct client client = {.leave_stopped = true};

		stub.announces = announces;
		stub.has_one_insn = !announces;
		open_and_begin(&client, &stub);
		end_and_close(&client, &stub);
		assert_int_equal(stub.detaches, 0);
		assert_false(stub.physical_mode);
		assert_false(stub.running);
	}
}

static void test_other_stub(void **state)
{
	(void)state;
	struct stub stub = qemu();
	struct client client = {0};
	struct pages pages;

	stub.has_physical = false;
	stub.packet_size = "200";
	stub.longest_read = 0x100;
	open_and_begin(&client, &stub);
	assert_int_equal(client.ops->spaces(client.context), DILL_SPACE_VIRTUAL);
	assert_null(read_pages(&client, &pages, DILL_SPACE_VIRTUAL));
	check_pages(&pages, false);
	assert_int_equal(stub.reads_too_long, 0);
	expect_error(read_pages(&client, &pages, DILL_SPACE_PHYSICAL), DILL_ERROR_UNSUPPORTED,
		     "physical");
	end_and_close(&client, &stub);
	assert_true(stub.lone_acks >= stub.packets); /* strict stubs wait for each */
}

static void test_long_reads_are_tried_once(void **state)
{
	(void)state;
	struct stub stub = qemu();
	struct client client = {0};
	struct pages pages;

	stub.packet_size = "20020";
	open_and_begin(&client, &stub);
	for (int round = 0; round < 2; round++) {
		assert_null(read_pages(&client, &pages, DILL_SPACE_PHYSICAL));
		check_pages(&pages, true);
	}
	assert_true(stub.reads_too_long && stub.reads_too_long <= PAGES);
	end_and_close(&client, &stub);
	stub = qemu();
	stub.packet_size = "20020";
	stub.longest_read = DILL_PAGE_SIZE;
	open_and_begin(&client, &stub);
	assert_null(read_pages(&client, &pages, DILL_SPACE_PHYSICAL));
	check_pages(&pages, true);
	end_and_close(&client, &stub);
}

static void test_leftover_of_a_dead_client(void **state)
{
	(void)state;
	struct stub stub = qemu();

	stub.fault = NAK_FIRST;
	stub.fault_at = 1;
	expect_end(stub, 1);
	stub = qemu();
	stub.physical_mode = true;

	struct client client = {0};

	open_and_begin(&client, &stub);
	end_and_close(&client, &stub);
	assert_false(stub.physical_mode);
}

/* In any packet of a conversation. */
static void fail_at(enum fault fault, unsigned packet)
{
	struct stub stub = qemu();
	/* Long enough for a stub that is slow because the machine is busy: no fault here is
	 * silence. */
	struct client client = {.timeout_s = 20};
	struct pages pages;
	struct dill_error *error;

	stub.fault = fault;
	stub.fault_at = packet;
	start(&stub);
	connect_client(&client, &stub);
	error = client.ops->begin(client.context);
	if (!error) {
		struct dill_error *failure = read_pages(&client, &pages, DILL_SPACE_PHYSICAL);

		if (failure)
			expect_error(failure, DILL_ERROR_PROTOCOL, "gdbstub");
		assert_null(client.ops->end(client.context));
	} else {
		expect_error(error, DILL_ERROR_PROTOCOL, "gdbstub");
	}
	client.ops->close(client.context);
	finish(&stub);
	check_left_as_found(&stub);
}

/* A breakpoint that was put in and taken out again, one of which the stub has refused; the target
 * never runs in between. What end() says of it. */
static struct dill_error *end_after_breakpoint(struct stub *stub, struct client *client, bool reads)
{
	struct dill_runner runner;
	struct dill_error *error;
	uint8_t byte;

	open_and_begin(client, stub);
	assert_true(client->ops->run(client->context, &runner));
	assert_null(runner.ops->insert(runner.context, 0x1000));
	if (reads) /* the reply is read along */
		assert_null(runner.ops->read(runner.context, DILL_SPACE_VIRTUAL, 0x40, &byte, 1));
	assert_null(runner.ops->remove(runner.context, 0x1000));
	error = client->ops->end(client->context);
	client->ops->close(client->context);
	finish(stub);
	check_left_as_found(stub);
	return error;
}

static void test_refused_breakpoint_is_told(void **state)
{
	(void)state;

	for (int reads = 0; reads < 2; reads++) {
		static const char kinds[] = {'Z', 'z'};

		for (size_t i = 0; i < sizeof(kinds); i++) {
			struct stub stub = qemu();
			struct client client = {0};

			stub.ran = false;
			stub.refused = kinds[i];
			expect_error(end_after_breakpoint(&stub, &client, reads),
				     DILL_ERROR_PROTOCOL, "may be left in the target");
			assert_int_equal(stub.connections, 1);
			assert_int_equal(stub.detaches, 0);
		}
	}
}

/* A target that is let go has no breakpoints any more, whatever was refused: a remark tells. */
static void test_refused_breakpoint_of_a_target_that_runs(void **state)
{
	(void)state;
	struct stub stub = qemu();
	struct client client = {0};

	stub.refused = 'z';
	assert_null(end_after_breakpoint(&stub, &client, false));
	assert_non_null(strstr(client.said, "refuses a breakpoint"));
	assert_int_equal(stub.detaches, 1);
}

static void test_failures_restore(void **state)
{
	(void)state;
	static const unsigned packets[] = {1, 2, 3, 4, 5, 6, 7, 12, 41, 42, 43};

	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		fail_at(DIE, packets[i]);
		fail_at(BAD_CHECKSUM, packets[i]);
		fail_at(GARBAGE, packets[i]);
		fail_at(ENDLESS, packets[i]);
	}
}

/* Wherever the user interrupts, even in the middle of connecting. */
static void test_interruption_restores(void **state)
{
	(void)state;
	for (unsigned when = 1; when < 60; when += when < 20 ? 1 : 7) {
		struct stub stub = qemu();
		struct client client = {.interrupt_at = when};
		struct pages pages;

		start(&stub);
		connect_client(&client, &stub);

		struct dill_error *error = client.ops->begin(client.context);

		if (!error) {
			error = read_pages(&client, &pages, DILL_SPACE_PHYSICAL);
			assert_null(client.ops->end(client.context));
		}
		if (error)
			assert_int_equal(dill_error_code(error), DILL_ERROR_INTERRUPTED);
		dill_error_free(error);
		client.ops->close(client.context);
		finish(&stub);
		check_left_as_found(&stub);
	}
}

static void test_reads_go_on_after_an_interruption(void **state)
{
	(void)state;
	struct stub stub = qemu();
	struct client client = {0};
	struct pages pages;

	open_and_begin(&client, &stub);
	client.interrupt_at = client.asked + 20;
	expect_error(read_pages(&client, &pages, DILL_SPACE_PHYSICAL), DILL_ERROR_INTERRUPTED,
		     "interrupted");
	client.interrupt_at = 0; /* GDB's flag is gone once it was seen */
	assert_null(read_pages(&client, &pages, DILL_SPACE_PHYSICAL));
	check_pages(&pages, true);
	end_and_close(&client, &stub);
}

static void test_silence(void **state)
{
	(void)state;
	struct stub stub = qemu();
	struct client client = {0};

	stub.fault = SILENT;
	start(&stub);
	connect_client(&client, &stub);
	expect_error(client.ops->begin(client.context), DILL_ERROR_LIMIT,
		     "another debugger is attached");
	client.ops->close(client.context);
	finish(&stub);
	assert_int_equal(stub.packets, 2); /* the second one lets the guest run again */
}

static void test_not_a_stub(void **state)
{
	(void)state;
	struct stub stub = qemu();
	struct client client = {0};

	stub.fault = BANNER;
	start(&stub);
	connect_client(&client, &stub);
	expect_error(client.ops->begin(client.context), DILL_ERROR_PROTOCOL, "is no gdbstub");
	client.ops->close(client.context);
	finish(&stub);
}

static void test_addresses(void **state)
{
	(void)state;
	static const char *const wrong[] = {
		"",	 "host",  ":",	   ":0",      ":65536",	 ":+1",	  ":12x",
		"::1:1", "1:2:3", "unix:", "host:-1", "[::1:22", "[::1]", "h:1 trailing"};
	static const char *const right[] = {":1", "host:1", "[::1]:1", "unix:socket", "./socket"};
	const struct dill_target_ops *ops;
	void *context;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct target_options options = {.remote = wrong[i]};

		expect_error(rsp_open(&options, &ops, &context), DILL_ERROR_INVALID_ARGUMENT, "");
	}
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		struct target_options options = {.remote = right[i]};

		assert_null(rsp_open(&options, &ops, &context));
		ops->close(context);
	}

	struct target_options nobody = {.remote = "unix:/nonexistent/socket"};

	assert_null(rsp_open(&nobody, &ops, &context));
	expect_error(ops->begin(context), DILL_ERROR_OS, "no gdbstub at unix:/nonexistent/socket");
	ops->close(context);
}

/* --- somebody else's connection --- */

struct borrowed {
	struct stub stub;
	struct client client;
	int fds[2];
};

static void *serve_pair(void *context)
{
	struct borrowed *borrowed = context;

	converse(&borrowed->stub, borrowed->fds[1]);
	return NULL;
}

static void borrow(struct borrowed *borrowed)
{
	struct target_options options = {
		.timeout_s = 1,
		.host = {.interrupted = interrupted, .context = &borrowed->client},
	};

	borrowed->stub = qemu();
	strcpy(borrowed->stub.selected, "p01.02");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, borrowed->fds), 0);
	assert_int_equal(fcntl(borrowed->fds[0], F_SETFL, O_NONBLOCK), 0);
	assert_null(rsp_open_borrowed(borrowed->fds[0], &options, &borrowed->client.ops,
				      &borrowed->client.context));
	assert_null(rsp_borrowed_set_stop(borrowed->client.context, "p01.02", 77));
	assert_int_equal(pthread_create(&borrowed->stub.thread, NULL, serve_pair, borrowed), 0);
}

static void give_back(struct borrowed *borrowed)
{
	char byte;

	borrowed->client.ops->close(borrowed->client.context);
	/* Still open, at rest, and as it was. */
	assert_int_equal(recv(borrowed->fds[0], &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	assert_true(fcntl(borrowed->fds[0], F_GETFL) & O_NONBLOCK);
	shutdown(borrowed->fds[0], SHUT_RDWR);
	pthread_join(borrowed->stub.thread, NULL);
	close(borrowed->fds[0]);
	close(borrowed->fds[1]);
	assert_int_equal(borrowed->stub.last_byte, '+');
	assert_int_equal(borrowed->stub.detaches, 0);
	assert_false(borrowed->stub.physical_mode);
	assert_string_equal(borrowed->stub.selected, "p01.02");
}

static void test_borrowed(void **state)
{
	(void)state;
	struct borrowed borrowed = {0};
	struct client *client = &borrowed.client;
	struct pages pages;
	struct dill_registers registers;

	borrow(&borrowed);
	for (int round = 0; round < 2; round++) {
		assert_null(client->ops->begin(client->context));
		assert_int_equal(client->ops->generation(client->context), 77);
		assert_null(client->ops->registers(client->context, 0, &registers));
		assert_int_equal(registers.privilege, 0x11);
		assert_null(read_pages(client, &pages, DILL_SPACE_PHYSICAL));
		check_pages(&pages, true);
		assert_null(client->ops->end(client->context));
	}
	give_back(&borrowed);
}

static void test_borrowed_in_use(void **state)
{
	(void)state;
	struct borrowed borrowed = {0};
	struct client *client = &borrowed.client;
	char byte;

	borrow(&borrowed);
	assert_int_equal(send(borrowed.fds[1], "$", 1, 0), 1);
	expect_error(client->ops->begin(client->context), DILL_ERROR_PROTOCOL, "in use");
	assert_int_equal(recv(borrowed.fds[0], &byte, 1, 0), 1); /* was left there */
	assert_null(client->ops->begin(client->context));
	assert_null(client->ops->end(client->context));
	expect_error(rsp_borrowed_set_stop(client->context, "p1;D", 0), DILL_ERROR_INVALID_ARGUMENT,
		     "thread");
	give_back(&borrowed);
}

static void test_borrowed_interrupted(void **state)
{
	(void)state;
	for (unsigned when = 1; when < 30; when += 4) {
		struct borrowed borrowed = {0};
		struct client *client = &borrowed.client;
		struct pages pages;

		borrow(&borrowed);
		assert_null(client->ops->begin(client->context));
		client->interrupt_at = client->asked + when;
		expect_error(read_pages(client, &pages, DILL_SPACE_PHYSICAL),
			     DILL_ERROR_INTERRUPTED, "interrupted");
		assert_null(client->ops->end(client->context));
		give_back(&borrowed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_pages),
		cmocka_unit_test(test_reads_registers),
		cmocka_unit_test(test_each_command_is_a_new_client),
		cmocka_unit_test(test_guest_is_left_as_it_was),
		cmocka_unit_test(test_guest_is_left_stopped),
		cmocka_unit_test(test_other_stub),
		cmocka_unit_test(test_long_reads_are_tried_once),
		cmocka_unit_test(test_leftover_of_a_dead_client),
		cmocka_unit_test(test_refused_breakpoint_is_told),
		cmocka_unit_test(test_refused_breakpoint_of_a_target_that_runs),
		cmocka_unit_test(test_failures_restore),
		cmocka_unit_test(test_interruption_restores),
		cmocka_unit_test(test_reads_go_on_after_an_interruption),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_not_a_stub),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_borrowed),
		cmocka_unit_test(test_borrowed_in_use),
		cmocka_unit_test(test_borrowed_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
