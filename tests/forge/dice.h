/* SPDX-License-Identifier: MIT */
#ifndef FORGE_DICE_H
#define FORGE_DICE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/** Random numbers that are the same again for the same seed (splitmix64). */
struct dice {
	uint64_t state;
};

static inline uint64_t dice_roll(struct dice *dice)
{
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/** One of @p count, which is not 0. */
static inline size_t dice_pick(struct dice *dice, size_t count)
{
	assert(count);
	return (size_t)(dice_roll(dice) % count);
}

/** The dice of one run: different for every run, the same for the same seed and run. */
static inline struct dice dice_of_run(uint64_t seed, uint64_t run)
{
	struct dice dice = {seed};

	dice.state = dice_roll(&dice) ^ run;
	dice_roll(&dice);
	return dice;
}

#endif
