/* SPDX-License-Identifier: MIT */
/*
 * LZO1X, as makedumpfile -l and QEMU write pages. The only library for it is GPL, which dill cannot
 * be.
 * Source of the format: Linux, Documentation/staging/lzo.rst
 */
#include "target/core.h"

struct state {
	struct span in;
	size_t at;
	uint8_t *to;
	size_t size, done;
	unsigned literals; /* that the last instruction copied; 4 = more than 3 */
};

static bool take(struct state *state, unsigned *ret)
{
	if (state->at >= state->in.size)
		return false;
	*ret = state->in.data[state->at++];
	return true;
}

static bool copy_literals(struct state *state, size_t length)
{
	if (!span_holds(state->in, state->at, length) || length > state->size - state->done)
		return false;
	memcpy(state->to + state->done, state->in.data + state->at, length);
	state->at += length;
	state->done += length;
	state->literals = length < 4 ? (unsigned)length : 4;
	return true;
}

/* Bytes of the output once more; they may overlap what they become. */
static bool copy_match(struct state *state, size_t distance, size_t length)
{
	if (distance > state->done || length > state->size - state->done)
		return false;
	for (; length; length--, state->done++)
		state->to[state->done] = state->to[state->done - distance];
	return true;
}

/* A length that did not fit into the @bits of its instruction goes on in the bytes that follow. */
static bool take_length(struct state *state, unsigned instruction, unsigned bits, size_t *ret)
{
	unsigned all = (1u << bits) - 1, byte = 0;
	size_t length = instruction & all;

	if (length) {
		*ret = length;
		return true;
	}
	for (length = all; take(state, &byte) && !byte; length += 255)
		if (length > state->size)
			return false;
	*ret = length + byte;
	return byte != 0;
}

/* An instruction below 16 depends on what was before it. */
static bool low(struct state *state, unsigned instruction)
{
	unsigned high;
	size_t length;

	if (!state->literals)
		return take_length(state, instruction, 4, &length) &&
		       copy_literals(state, length + 3);
	if (!take(state, &high))
		return false;
	return (state->literals < 4
			? copy_match(state, (high << 2) + (instruction >> 2) + 1, 2)
			: copy_match(state, (high << 2) + (instruction >> 2) + 2049, 3)) &&
	       copy_literals(state, instruction & 3);
}

/* 16 to 63: a length, then two bytes with a distance. */
static bool far(struct state *state, unsigned instruction, bool *ret_end)
{
	bool is_far = instruction < 32;
	unsigned low_byte, high_byte;
	size_t length, distance;

	if (!take_length(state, instruction, is_far ? 3 : 5, &length) || !take(state, &low_byte) ||
	    !take(state, &high_byte))
		return false;
	distance = (low_byte >> 2) + (high_byte << 6);
	if (is_far)
		distance += 16384 + ((instruction & 8) << 11);
	else
		distance++;
	*ret_end = distance == 16384;
	if (*ret_end && is_far)
		return true;
	*ret_end = false;
	return copy_match(state, distance, length + 2) && copy_literals(state, low_byte & 3);
}

/* 64 and above: short and near. */
static bool near(struct state *state, unsigned instruction)
{
	size_t length = instruction < 128 ? 3 + (instruction >> 5 & 1) : 5 + (instruction >> 5 & 3);
	unsigned high;

	return take(state, &high) &&
	       copy_match(state, (high << 3) + (instruction >> 2 & 7) + 1, length) &&
	       copy_literals(state, instruction & 3);
}

static bool first(struct state *state)
{
	unsigned byte = state->in.size ? state->in.data[0] : 0;

	if (byte <= 17)
		return true;
	state->at = 1;
	return copy_literals(state, byte - 17);
}

bool lzo_unpack(struct span packed, uint8_t *to, size_t size)
{
	struct state state = {.in = packed, .to = to, .size = size};
	bool end = false;
	unsigned instruction;

	if (!first(&state))
		return false;
	while (!end) {
		bool good;

		if (!take(&state, &instruction))
			return false;
		if (instruction < 16)
			good = low(&state, instruction);
		else if (instruction < 64)
			good = far(&state, instruction, &end);
		else
			good = near(&state, instruction);
		if (!good)
			return false;
	}
	return state.done == size;
}
