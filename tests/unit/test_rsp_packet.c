/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "target/rsp_packet.h"
#include "target/rsp_reply.h"

static struct span text(const char *string)
{
	return (struct span){(const uint8_t *)string, strlen(string)};
}

static void test_scan(void **state)
{
	(void)state;
	static const struct {
		const char *input;
		enum rsp_item item;
		size_t consumed;
	} cases[] = {
		{"", RSP_INCOMPLETE, 0},
		{"+$OK#9a", RSP_ACK, 1},
		{"-", RSP_NAK, 1},
		{"$OK#9a+", RSP_PACKET, 6},
		{"$#00", RSP_PACKET, 4},
		{"$OK#9A", RSP_PACKET, 6},
		{"$OK#9", RSP_INCOMPLETE, 0},
		{"$OK", RSP_INCOMPLETE, 0},
		{"$", RSP_INCOMPLETE, 0},
		{"$OK#9b", RSP_BAD_CHECKSUM, 6},
		{"$OK#zz", RSP_BAD_CHECKSUM, 6},
		{"%Stop:T05#c0", RSP_BAD_CHECKSUM, 12},
		{"%#00$", RSP_NOTIFICATION, 4},
		{"SSH-2.0", RSP_GARBAGE, 1},
		{"\n", RSP_GARBAGE, 1},
		{"\003", RSP_GARBAGE, 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rsp_scan scan = rsp_packet_scan(text(cases[i].input));

		assert_int_equal(scan.item, cases[i].item);
		assert_int_equal(scan.consumed, cases[i].consumed);
	}
}

static void test_scan_is_bounded(void **state)
{
	(void)state;
	size_t size = RSP_PACKET_LIMIT + 100;
	uint8_t *bytes = malloc(size);

	memset(bytes, 'a', size);
	bytes[0] = '$';
	assert_int_equal(rsp_packet_scan((struct span){bytes, RSP_PACKET_LIMIT}).item,
			 RSP_INCOMPLETE);
	assert_int_equal(rsp_packet_scan((struct span){bytes, size}).item, RSP_TOO_LONG);
	bytes[size - 3] = '#';
	assert_int_equal(rsp_packet_scan((struct span){bytes, size}).item, RSP_TOO_LONG);
	free(bytes);
}

static void decode_to(const char *body, const char *expected)
{
	uint8_t out[64];
	size_t length = 0;

	assert_true(rsp_packet_decode(text(body), out, sizeof(out), &length));
	assert_int_equal(length, strlen(expected));
	assert_memory_equal(out, expected, length);
}

static void test_decode(void **state)
{
	(void)state;
	uint8_t out[64];
	size_t length;

	decode_to("", "");
	decode_to("OK", "OK");
	decode_to("0* ", "0000"); /* the example of GDB's manual: space = 29 + 3 */
	decode_to("0*!1", "000001");
	decode_to("}\003}\004}]}\n", "#$}*");
	/* forged */
	assert_false(rsp_packet_decode(text("* "), out, sizeof(out), &length));
	assert_false(rsp_packet_decode(text("0*"), out, sizeof(out), &length));
	assert_false(rsp_packet_decode(text("0*\037"), out, sizeof(out), &length));
	assert_false(rsp_packet_decode(text("0*\177"), out, sizeof(out), &length));
	assert_false(rsp_packet_decode(text("a}"), out, sizeof(out), &length));
	assert_false(rsp_packet_decode(text("0*~"), out, sizeof(out), &length)); /* 98 of them */
	assert_false(rsp_packet_decode(text("abc"), out, 2, &length));
}

static void test_encode_is_undone_by_decode(void **state)
{
	(void)state;
	uint8_t payload[256], packet[2 * 256 + 4], back[256];
	size_t length = 0;

	for (size_t i = 0; i < 256; i++)
		payload[i] = (uint8_t)i;

	size_t size = rsp_packet_encode((struct span){payload, 256}, packet);
	struct rsp_scan scan = rsp_packet_scan((struct span){packet, size});

	assert_true(size <= rsp_packet_encoded_limit(256));
	assert_int_equal(scan.item, RSP_PACKET);
	assert_int_equal(scan.consumed, size);
	assert_true(rsp_packet_decode(scan.body, back, sizeof(back), &length));
	assert_int_equal(length, 256);
	assert_memory_equal(back, payload, 256);
	assert_int_equal(rsp_packet_encode(text("OK"), packet), 6);
	assert_memory_equal(packet, "$OK#9a", 6);
}

static void test_hex(void **state)
{
	(void)state;
	uint8_t bytes[4];
	char digits[8];
	struct span number = text("1fZ"), huge = text("10000000000000000"), none = text("x");
	uint64_t value = 0;

	assert_true(rsp_hex_decode(text("00fFaB10"), bytes, 4));
	assert_memory_equal(bytes, "\x00\xff\xab\x10", 4);
	rsp_hex_encode(bytes, 4, digits);
	assert_memory_equal(digits, "00ffab10", 8);
	assert_false(rsp_hex_decode(text("00fFaB1"), bytes, 4));
	assert_false(rsp_hex_decode(text("00fFaB1x"), bytes, 4));
	assert_false(rsp_hex_decode(text("00fFaB1\xff"), bytes, 4));
	assert_false(rsp_hex_decode(text("00fFaB1000"), bytes, 4));
	assert_true(rsp_hex_number(&number, &value));
	assert_int_equal(value, 0x1f);
	assert_true(rsp_equal(number, "Z"));
	assert_false(rsp_hex_number(&huge, &value));
	assert_false(rsp_hex_number(&none, &value));
	assert_int_equal(rsp_hex_digit('g'), -1);
	assert_int_equal(rsp_hex_digit('/'), -1);
}

static void test_classes_of_replies(void **state)
{
	(void)state;
	unsigned code = 0;

	assert_true(rsp_reply_is_stop(text("T02thread:01;")));
	assert_true(rsp_reply_is_stop(text("S05")));
	assert_false(rsp_reply_is_stop(text("T0")));
	assert_false(rsp_reply_is_stop(text("Tzz")));
	assert_true(rsp_reply_is_output(text("O4142")));
	assert_true(rsp_reply_is_output(text("O")));
	assert_false(rsp_reply_is_output(text("OK")));
	assert_true(rsp_reply_is_error(text("E14"), &code));
	assert_int_equal(code, 0x14);
	assert_false(rsp_reply_is_error(text("E1"), &code));
	assert_false(rsp_reply_is_error(text("E1400000"), &code)); /* memory that begins with e1 */
	assert_false(rsp_reply_is_error(text("Exy"), &code));
}

static void test_supported(void **state)
{
	(void)state;
	struct rsp_supported supported;

	rsp_supported_parse(text("PacketSize=1000;qXfer:features:read+;multiprocess+"), &supported);
	assert_int_equal(supported.packet_size, 0x1000);
	assert_true(supported.features);
	assert_true(supported.multiprocess);
	rsp_supported_parse(text(""), &supported);
	assert_int_equal(supported.packet_size, 400);
	assert_false(supported.features);
	rsp_supported_parse(text("PacketSize=ffffffffffff;;x=;qXfer:features:read-"), &supported);
	assert_int_equal(supported.packet_size, RSP_PACKET_LIMIT);
	assert_false(supported.features);
	rsp_supported_parse(text("PacketSize=0"), &supported);
	assert_int_equal(supported.packet_size, 64);
	rsp_supported_parse(text("PacketSize=fffffffffffffffffff"), &supported);
	assert_int_equal(supported.packet_size, 400);
}

static void test_threads(void **state)
{
	(void)state;
	struct rsp_threads threads = {0};
	bool last = false;
	uint64_t process = 0;
	static const char *const bad[] = {
		"",   "m",	"x",  "OK",   "mp01.01;c", "m#",
		"m,", "mp1,,2", "mp", "mpp1", "m.1",	   "m0123456789abcdef0123456789abcdef",
	};

	assert_null(rsp_threads_parse(text("mp01.01,p01.02"), &threads, &last));
	assert_false(last);
	assert_null(rsp_threads_parse(text("m3"), &threads, &last));
	assert_null(rsp_threads_parse(text("l"), &threads, &last));
	assert_true(last);
	assert_int_equal(threads.list.count, 3);
	assert_string_equal(threads.list.items[1].id, "p01.02");
	assert_true(rsp_thread_process(&threads.list.items[0], &process));
	assert_int_equal(process, 1);
	assert_false(rsp_thread_process(&threads.list.items[2], &process));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct dill_error *error = rsp_threads_parse(text(bad[i]), &threads, &last);

		if (!error)
			fail_msg("accepted \"%s\"", bad[i]);
		assert_int_equal(dill_error_code(error), DILL_ERROR_PROTOCOL);
		dill_error_free(error);
	}
	array_free(&threads.list);
}

static void test_threads_are_bounded(void **state)
{
	(void)state;
	struct rsp_threads threads = {0};
	struct dill_error *error = NULL;
	bool last = false;

	for (unsigned i = 0; i <= RSP_THREADS_LIMIT && !error; i++)
		error = rsp_threads_parse(text("mp1.1"), &threads, &last);
	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_LIMIT);
	assert_int_equal(threads.list.count, RSP_THREADS_LIMIT);
	dill_error_free(error);
	array_free(&threads.list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_scan_is_bounded),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_encode_is_undone_by_decode),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_classes_of_replies),
		cmocka_unit_test(test_supported),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_threads_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
