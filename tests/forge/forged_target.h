/* SPDX-License-Identifier: MIT */
#ifndef FORGE_FORGED_TARGET_H
#define FORGE_FORGED_TARGET_H

#include "base/array.h"
#include "target/open.h"

/** A value that is not what the target holds; lies within one page. */
struct patch {
	enum dill_space space;
	uint64_t address;
	unsigned size; /**< bytes, at most 8 */
	uint64_t value;
};

#define PATCHES_MAX 64u

/** A target around another that lies about some of its memory, and notes which pages are read. */
struct forged_target {
	const struct dill_target_ops *inner;
	void *context;
	uint64_t generation; /**< changes when patches do */
	struct patch patches[PATCHES_MAX];
	size_t patch_count;
	/** Pages that were readable, with the space in their low bits; in order of reading. */
	ARRAY(uint64_t) touched;
};

/** Its context is the struct, which is the caller's. */
extern const struct dill_target_ops forged_target_ops;
/** The same for one more session on it, whose end closes nothing. */
extern const struct dill_target_ops forged_target_ops_borrowed;

/** What the target inside holds there. False when it cannot be read. */
bool forged_target_peek(struct forged_target *target, enum dill_space space, uint64_t address,
			unsigned size, uint64_t *ret);

/** Lie about one more value; false when there are enough. */
bool forged_target_patch(struct forged_target *target, const struct patch *patch);

/** Sort the touched pages, each once. */
void forged_target_sort(struct forged_target *target);

#endif
