/* SPDX-License-Identifier: MIT */
#include "slub/lock.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"

/* A word that tells, by its path in the lock's type. */
struct sign {
	const char *path;
	const char *beside; /* what the type must have, too; NULL = nothing */
	enum lock_form form;
};

static const struct sign signs[] = {
	/* PREEMPT_RT: spinlock_t, which local_lock_t and local_trylock_t are there. */
	{"lock.owner", "lock.wait_lock", LOCK_OWNER},
	/* spinlock_t and raw_spinlock_t: a qspinlock's word, whose lowest byte is the lock. */
	{"rlock.raw_lock.val.counter", NULL, LOCK_WORD},
	{"raw_lock.val.counter", NULL, LOCK_WORD},
	/* Without SMP, with DEBUG_SPINLOCK: 1 when free. */
	{"rlock.raw_lock.slock", NULL, LOCK_ZERO},
	{"raw_lock.slock", NULL, LOCK_ZERO},
	/* local_trylock_t, and local_lock_t with DEBUG_LOCK_ALLOC, which has no bytes without. */
	{"acquired", NULL, LOCK_WORD},
	{"owner", "dep_map", LOCK_WORD},
};

/* The place of @p path in the lock at @p lock; false when its type has no such member. */
static bool find(struct types *types, type_id id, const char *lock, const char *path,
		 struct type_place *ret)
{
	char whole[128];
	int length =
		snprintf(whole, sizeof(whole), "%s%s%s", lock, *lock && *path ? "." : "", path);

	return length > 0 && (size_t)length < sizeof(whole) &&
	       types_has_member(types, id, whole, ret);
}

/* True when the lock has no bytes, or has bytes for its statistics only. */
static bool is_empty(struct types *types, type_id id, const char *lock)
{
	static const char *const cores[] = {"rlock.raw_lock", "raw_lock"};
	struct type_place place;
	struct type type;

	for (size_t i = 0; i < sizeof(cores) / sizeof(*cores); i++)
		if (find(types, id, lock, cores[i], &place) && !place.size)
			return true;
	if (*lock)
		return find(types, id, lock, "", &place) && !place.size;

	struct dill_error *error = types_get(types, id, &type);
	bool known = !error;

	dill_error_free(error);
	return known && !type.size;
}

void lock_resolve(struct types *types, type_id id, const char *path, struct lock *ret)
{
	struct type_place place, unused;

	*ret = (struct lock){.form = LOCK_ABSENT};
	if (*path && !find(types, id, path, "", &place))
		return;
	if (is_empty(types, id, path)) {
		ret->form = LOCK_EMPTY;
		return;
	}
	ret->form = LOCK_UNKNOWN;
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		const struct sign *sign = &signs[i];

		if (!find(types, id, path, sign->path, &place) || !place.size || place.size > 8 ||
		    place.bit_size ||
		    (sign->beside && !find(types, id, path, sign->beside, &unused)))
			continue;
		ret->form = sign->form;
		ret->word = (struct member){.present = true,
					    .offset = (uint32_t)(place.bit_offset / 8),
					    .size = (uint32_t)place.size};
		return;
	}
}

bool lock_tells(const struct lock *lock)
{
	return lock->word.present;
}

bool lock_is_held(const struct lock *lock, struct span bytes)
{
	uint64_t value = member_get(lock->word, bytes);

	if (!span_holds(bytes, lock->word.offset, lock->word.size))
		return false;
	switch (lock->form) {
	case LOCK_WORD:
		return value;
	case LOCK_OWNER:
		/* The lowest bit says that there are waiters (kernel/locking/rtmutex_common.h
		 * RT_MUTEX_HAS_WAITERS); it may be set for a moment without an owner. */
		return value & ~UINT64_C(1);
	case LOCK_ZERO:
		return !value;
	default:
		return false;
	}
}
