/* SPDX-License-Identifier: MIT */
#ifndef TYPES_DWARF_INDEX_H
#define TYPES_DWARF_INDEX_H

#include <elfutils/libdw.h>

#include "base/array.h"
#include "types/type.h"

/** A DIE that has an id. */
struct dwarf_item {
	Dwarf_Die die;
	/** Of an array of several dimensions, which DWARF writes as one type: the first dimension
	 * that this id stands for. The others are its element. */
	uint32_t dimension;
	uint32_t next; /**< id in the same bucket */
	bool counted;  /**< count is known */
	uint32_t count;
};

/** Something that is found by its name. */
struct dwarf_name {
	const char *name;
	unsigned kinds; /**< 1 << enum type_kind; functions are TYPE_FUNCTION, enumerators
			   TYPE_OTHER */
	uint32_t next;
	type_id id;    /**< 0 for enumerators */
	int64_t value; /**< of enumerators */
};

/** Chains of indexes by hash; 0 ends one. */
struct dwarf_buckets {
	uint32_t *heads;
	uint32_t mask;
};

/**
 * Ids of DIEs, handed out as types are met, and the names of all types, functions and enumerators
 * at the top level of units. Units are read until one has the name that is asked for: a kernel has
 * thousands of them, and most types are in the first.
 */
struct dwarf_index {
	Dwarf *dwarf;
	Dwarf *source;	/**< of the next unit: dwarf, then what dwz moved into another file */
	Dwarf_CU *unit; /**< the last one read; NULL before the first */
	ARRAY(struct dwarf_item) items; /**< by id; [0] is void */
	struct dwarf_buckets item_buckets;
	ARRAY(struct dwarf_name) names; /**< [0] is not used */
	struct dwarf_buckets name_buckets;
	bool complete; /**< all units have been read */
};

/** Make an empty index over @p dwarf, which is borrowed. */
DILL_MUST_CHECK struct dill_error *dwarf_index_init(struct dwarf_index *index, Dwarf *dwarf);
void dwarf_index_deinit(struct dwarf_index *index);

/** The id of a DIE, the same at every call. LIMIT when there are more than ids. */
DILL_MUST_CHECK struct dill_error *dwarf_index_intern(struct dwarf_index *index,
						      const Dwarf_Die *die, uint32_t dimension,
						      type_id *ret);

/** Find a name with a kind in @p kinds; NULL when there is none, or when @p error is set. Borrowed
 * until the next call of the index. */
const struct dwarf_name *dwarf_index_find(struct dwarf_index *index, const char *name,
					  unsigned kinds, struct dill_error **error);

/** Read all units that have not been read yet. */
DILL_MUST_CHECK struct dill_error *dwarf_index_complete(struct dwarf_index *index);

#endif
