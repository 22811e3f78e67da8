/* SPDX-License-Identifier: MIT */
#include "store/intern.h"

#include <stdlib.h>
#include <string.h>

struct intern_slot {
	uint64_t hash;
	const void *key;
	uint32_t size, id; /* id 0 = empty */
};

#define CAPACITY_MIN 64u

struct dill_error *intern_init(struct intern *intern)
{
	*intern = (struct intern){0};
	return arena_new(&intern->keys);
}

void intern_deinit(struct intern *intern)
{
	arena_free(intern->keys);
	free(intern->slots);
	*intern = (struct intern){0};
}

uint64_t intern_hash(const void *key, size_t size)
{
	const uint8_t *bytes = key;
	uint64_t hash = size * 0x9e3779b97f4a7c15u;

	for (; size; bytes += 8) {
		uint64_t word = 0;
		size_t part = size < 8 ? size : 8;

		memcpy(&word, bytes, part);
		size -= part;
		hash = (hash ^ word) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	return hash;
}

/* The slot that holds the key, or the empty one where it belongs. */
static struct intern_slot *find(const struct intern *intern, uint64_t hash, const void *key,
				size_t size)
{
	for (size_t at = hash & (intern->capacity - 1);; at = (at + 1) & (intern->capacity - 1)) {
		struct intern_slot *slot = &intern->slots[at];

		if (!slot->id ||
		    (slot->hash == hash && slot->size == size && memcmp(slot->key, key, size) == 0))
			return slot;
	}
}

static struct dill_error *grow(struct intern *intern)
{
	struct intern bigger = *intern;

	bigger.capacity = intern->capacity ? intern->capacity * 2 : CAPACITY_MIN;
	bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
	if (!bigger.slots)
		return error_no_memory();
	for (size_t i = 0; i < intern->capacity; i++) {
		const struct intern_slot *slot = &intern->slots[i];

		if (slot->id)
			*find(&bigger, slot->hash, slot->key, slot->size) = *slot;
	}
	free(intern->slots);
	*intern = bigger;
	return NULL;
}

struct dill_error *intern_id(struct intern *intern, const void *key, size_t size, uint32_t *ret,
			     bool *ret_new)
{
	uint64_t hash = intern_hash(key, size);
	struct intern_slot *slot;
	void *copy;

	if (intern->count + 1 > intern->capacity / 2)
		TRY(grow(intern));
	slot = find(intern, hash, key, size);
	*ret_new = !slot->id;
	if (*ret_new) {
		if (size > UINT32_MAX || intern->count == UINT32_MAX - 1)
			return dill_error_new(DILL_ERROR_LIMIT, "too many names in one trace");
		copy = arena_alloc(intern->keys, size);
		if (!copy)
			return error_no_memory();
		memcpy(copy, key, size);
		*slot = (struct intern_slot){hash, copy, (uint32_t)size, ++intern->count};
	}
	*ret = slot->id;
	return NULL;
}
