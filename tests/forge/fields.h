/* SPDX-License-Identifier: MIT */
#ifndef FORGE_FIELDS_H
#define FORGE_FIELDS_H

#include "base/array.h"
#include "dice.h"
#include "slub/heap.h"

/** Kinds of structs whose members layout.def names, and free pointers, which are no members. */
enum field_group {
	FIELD_CACHE,
	FIELD_CPU,
	FIELD_SHEAVES,
	FIELD_SHEAF,
	FIELD_BARN,
	FIELD_NODE,
	FIELD_SLAB,
	FIELD_PAGE,
	FIELD_LIST,
	FIELD_KFREE_RCU,
	FIELD_KFREE_RCU_WORK,
	FIELD_BULK,
	FIELD_DEFERRED,
	FIELD_RCU,
	FIELD_FREE_POINTER,
	FIELD_SHEAF_SLOT,
	FIELD_VARIABLE,
	FIELD_GROUPS,
};

/** Where the structs of a healthy heap are. */
struct fields {
	struct heap *heap;
	ARRAY(dill_virt) groups[FIELD_GROUPS];
	ARRAY(uint64_t) keys; /**< of the free pointers' caches, beside FIELD_FREE_POINTER */
};

/** A field to be forged. */
struct forged_field {
	enum field_group group;
	dill_virt address;
	unsigned size; /**< 1 to 8 */
	uint64_t key;  /**< a free pointer's */
};

/** Walk the heap and note every struct. Between session_begin() and session_end(). */
DILL_MUST_CHECK struct dill_error *fields_collect(struct heap *heap, struct fields *ret);
void fields_deinit(struct fields *fields);

/** Choose a kind of struct, one of that kind, and a member of it. */
struct forged_field fields_choose(const struct fields *fields, struct dice *dice);

/** The address of any struct or object. */
dill_virt fields_address(const struct fields *fields, struct dice *dice);

/** The address of an object of the group, 0 when there is none. */
dill_virt fields_address_of(const struct fields *fields, enum field_group group, struct dice *dice);

#endif
