/* SPDX-License-Identifier: MIT */
#ifndef TARGET_RSP_PACKET_H
#define TARGET_RSP_PACKET_H

#include "base/error.h"
#include "base/span.h"

/**
 * The wire format of GDB's remote serial protocol: "$payload#checksum", escapes, run lengths, hex.
 * Everything here takes bytes and returns values; nothing knows a connection.
 *
 * Source: GDB manual, "Remote Protocol", section "Overview".
 */

/** Longest packet that is accepted or sent, and longest decoded payload. QEMU's largest are 129
 * KiB. */
#define RSP_PACKET_LIMIT (256 * (size_t)1024)

/** What stands at the start of received bytes. */
enum rsp_item {
	RSP_INCOMPLETE,	  /**< more bytes are needed to tell */
	RSP_ACK,	  /**< '+' */
	RSP_NAK,	  /**< '-': send the last packet again */
	RSP_PACKET,	  /**< a whole packet with the right checksum */
	RSP_NOTIFICATION, /**< "%...#xx": comes at any time, is never answered */
	RSP_GARBAGE,	  /**< the peer does not speak this protocol, or has lost its place */
	RSP_BAD_CHECKSUM, /**< a whole packet, damaged on its way */
	RSP_TOO_LONG,	  /**< no end of packet within RSP_PACKET_LIMIT */
};

struct rsp_scan {
	enum rsp_item item;
	size_t consumed;  /**< bytes of the item; 0 when it is RSP_INCOMPLETE */
	struct span body; /**< of a packet: what stands between '$' and '#', still encoded */
};

/** Look at the first item of @p input. */
struct rsp_scan rsp_packet_scan(struct span input);

/**
 * Undo escapes ('}') and run lengths ('*') of a packet's body.
 *
 * @param body      from rsp_packet_scan()
 * @param out       the payload
 * @param capacity  of @p out
 * @param ret       bytes written
 * @return false when the body is malformed or its payload is longer than @p capacity
 */
bool rsp_packet_decode(struct span body, uint8_t *out, size_t capacity, size_t *ret);

/** Upper bound of what rsp_packet_encode() writes for @p length bytes of payload. */
static inline size_t rsp_packet_encoded_limit(size_t length)
{
	return 2 * length + 4;
}

/**
 * Frame @p payload as a packet.
 * @param out  rsp_packet_encoded_limit() bytes
 * @return bytes written
 */
size_t rsp_packet_encode(struct span payload, uint8_t *out);

/** Value of one hex digit, -1 when it is none. */
int rsp_hex_digit(uint8_t digit);

/** Decode exactly 2 * @p count hex digits; false, @p out undefined, when @p text is anything else.
 */
bool rsp_hex_decode(struct span text, uint8_t *out, size_t count);

/** Encode @p count bytes as 2 * @p count lower-case hex digits, no NUL. */
void rsp_hex_encode(const uint8_t *bytes, size_t count, char *out);

/**
 * Take a hex number off the front of @p text.
 * @return false, @p text unchanged, when there is no digit or the number does not fit
 */
bool rsp_hex_number(struct span *text, uint64_t *ret);

/** True when @p text is exactly @p word. */
bool rsp_equal(struct span text, const char *word);

/** Take @p prefix off the front of @p text; false, unchanged, when it does not start so. */
bool rsp_skip(struct span *text, const char *prefix);

/**
 * Take the field up to @p separator, or all when there is none, off the front of @p text.
 * @return false when @p text was empty
 */
bool rsp_field(struct span *text, char separator, struct span *ret);

#endif
