/* SPDX-License-Identifier: MIT */
#include "target/rsp_packet.h"

static struct rsp_scan single(enum rsp_item item)
{
	return (struct rsp_scan){.item = item, .consumed = 1};
}

static uint8_t checksum(struct span body)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < body.size; i++)
		sum = (uint8_t)(sum + body.data[i]);
	return sum;
}

static struct rsp_scan scan_packet(struct span input)
{
	const uint8_t *end = memchr(input.data, '#', input.size);
	struct rsp_scan scan = {.item = RSP_INCOMPLETE};

	if (!end || (size_t)(end - input.data) > RSP_PACKET_LIMIT) {
		if (end || input.size > RSP_PACKET_LIMIT)
			scan = (struct rsp_scan){.item = RSP_TOO_LONG, .consumed = input.size};
		return scan;
	}

	size_t at = (size_t)(end - input.data);
	uint8_t expected;

	if (input.size - at < 3)
		return scan;
	scan.consumed = at + 3;
	scan.body = span_cut(input, 1, at - 1);
	if (!rsp_hex_decode(span_cut(input, at + 1, 2), &expected, 1) ||
	    expected != checksum(scan.body))
		scan.item = RSP_BAD_CHECKSUM;
	else
		scan.item = input.data[0] == '$' ? RSP_PACKET : RSP_NOTIFICATION;
	return scan;
}

struct rsp_scan rsp_packet_scan(struct span input)
{
	if (!input.size)
		return (struct rsp_scan){.item = RSP_INCOMPLETE};
	switch (input.data[0]) {
	case '+':
		return single(RSP_ACK);
	case '-':
		return single(RSP_NAK);
	case '$':
	case '%':
		return scan_packet(input);
	default:
		return single(RSP_GARBAGE);
	}
}

/* "X*n" stands for X and n - 29 more of it; n is printable. */
static bool decode_run(uint8_t code, uint8_t *out, size_t capacity, size_t *length)
{
	if (!*length || code < ' ' || code > '~')
		return false;

	size_t more = (size_t)(code - 29);

	if (more > capacity - *length)
		return false;
	memset(out + *length, out[*length - 1], more);
	*length += more;
	return true;
}

bool rsp_packet_decode(struct span body, uint8_t *out, size_t capacity, size_t *ret)
{
	size_t length = 0;

	for (size_t i = 0; i < body.size; i++) {
		uint8_t byte = body.data[i];

		if (byte == '*') {
			if (++i == body.size || !decode_run(body.data[i], out, capacity, &length))
				return false;
			continue;
		}
		if (byte == '}') {
			if (++i == body.size)
				return false;
			byte = body.data[i] ^ 0x20;
		}
		if (length == capacity)
			return false;
		out[length++] = byte;
	}
	*ret = length;
	return true;
}

size_t rsp_packet_encode(struct span payload, uint8_t *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t at = 1;
	uint8_t sum = 0;

	out[0] = '$';
	for (size_t i = 0; i < payload.size; i++) {
		uint8_t byte = payload.data[i];

		if (byte && strchr("$#}*", byte)) {
			out[at++] = '}';
			byte ^= 0x20;
		}
		out[at++] = byte;
	}
	for (size_t i = 1; i < at; i++)
		sum = (uint8_t)(sum + out[i]);
	out[at++] = '#';
	out[at++] = (uint8_t)digits[sum >> 4];
	out[at++] = (uint8_t)digits[sum & 0xf];
	return at;
}

/* Digit + 16 of hex digits, 0 of everything else. Memory arrives as hex only, so that a look-up
 * here is most of what a large read costs dill. */
static const uint8_t hex_values[256] = {
	['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20, ['5'] = 21,
	['6'] = 22, ['7'] = 23, ['8'] = 24, ['9'] = 25, ['a'] = 26, ['b'] = 27,
	['c'] = 28, ['d'] = 29, ['e'] = 30, ['f'] = 31, ['A'] = 26, ['B'] = 27,
	['C'] = 28, ['D'] = 29, ['E'] = 30, ['F'] = 31,
};

int rsp_hex_digit(uint8_t digit)
{
	return hex_values[digit] - 16 < 0 ? -1 : hex_values[digit] - 16;
}

bool rsp_hex_decode(struct span text, uint8_t *out, size_t count)
{
	uint8_t valid = 16;

	if (text.size / 2 != count || text.size % 2)
		return false;
	for (size_t i = 0; i < count; i++) {
		uint8_t high = hex_values[text.data[2 * i]], low = hex_values[text.data[2 * i + 1]];

		valid &= high & low;
		out[i] = (uint8_t)(high << 4 | (low & 0xf));
	}
	return valid;
}

void rsp_hex_encode(const uint8_t *bytes, size_t count, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < count; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 0xf];
	}
}

bool rsp_hex_number(struct span *text, uint64_t *ret)
{
	uint64_t value = 0;
	size_t count = 0;

	while (count < text->size && rsp_hex_digit(text->data[count]) >= 0) {
		if (value >> 60)
			return false;
		value = value << 4 | (uint64_t)rsp_hex_digit(text->data[count++]);
	}
	if (!count)
		return false;
	*text = span_cut(*text, count, text->size);
	*ret = value;
	return true;
}

bool rsp_equal(struct span text, const char *word)
{
	return text.size == strlen(word) && !memcmp(text.data, word, text.size);
}

bool rsp_skip(struct span *text, const char *prefix)
{
	size_t length = strlen(prefix);

	if (text->size < length || memcmp(text->data, prefix, length) != 0)
		return false;
	*text = span_cut(*text, length, text->size);
	return true;
}

bool rsp_field(struct span *text, char separator, struct span *ret)
{
	if (!text->size)
		return false;

	const uint8_t *end = memchr(text->data, separator, text->size);
	size_t length = end ? (size_t)(end - text->data) : text->size;

	*ret = span_cut(*text, 0, length);
	*text = span_cut(*text, end ? length + 1 : length, text->size);
	return true;
}
