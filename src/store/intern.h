/* SPDX-License-Identifier: MIT */
#ifndef STORE_INTERN_H
#define STORE_INTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct intern_slot;

/** Gives equal keys, any bytes, the same number, from 1 in the order of their coming. */
struct intern {
	struct arena *keys; /**< set by intern_init() */
	struct intern_slot *slots;
	size_t capacity;
	uint32_t count;
};

DILL_MUST_CHECK struct dill_error *intern_init(struct intern *intern);
void intern_deinit(struct intern *intern);

/** @param ret_new  the key had not come before */
DILL_MUST_CHECK struct dill_error *intern_id(struct intern *intern, const void *key, size_t size,
					     uint32_t *ret, bool *ret_new);

/** A mixed 64-bit hash of bytes, for tables of one's own. */
uint64_t intern_hash(const void *key, size_t size);

#endif
