/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_FILL_OBJECT_H
#define COMMAND_FILL_OBJECT_H

#include "answer/object_record.h"
#include "command/fill_track.h"
#include "graph/typing.h"
#include "slub/object.h"

/** What answering about addresses needs; one for all addresses of a call. */
struct inquiry {
	struct kernel *kernel;
	struct heap *heap;
	struct survey *survey;
	struct objects objects;
	struct arena *arena;
	struct findings *findings;   /**< gets what concerns the answers */
	bool whole_dump;	     /**< all bytes of an object, not only its first */
	const struct typing *typing; /**< what objects are; NULL = not wanted, or not to be had */
};

/**
 * Find out what @p address is.
 * @param ret        a record of object_kind
 * @param ret_start  where a type would begin there: the object's start, or the address itself
 * @return NULL; errors that leave no answer; fatal errors
 */
DILL_MUST_CHECK struct dill_error *inquire(struct inquiry *inquiry, dill_virt address,
					   struct dill_record **ret, dill_virt *ret_start);

/* --- parts, one file each --- */

/** fill_object.c: an address of the direct map. *ret_known false when it is in no slab and not in
 * KFENCE's pool. */
DILL_MUST_CHECK struct dill_error *heap_answer(struct inquiry *inquiry, dill_virt address,
					       bool descriptor, struct dill_record *record,
					       bool *ret_known);
/** fill_address.c: a page that is no slab. */
DILL_MUST_CHECK struct dill_error *page_answer(struct inquiry *inquiry, dill_virt address,
					       struct dill_record *record);
/** fill_address.c: a CPU's own data. *ret_known false when it is none. */
DILL_MUST_CHECK struct dill_error *percpu_answer(struct inquiry *inquiry, dill_virt address,
						 struct dill_record *record, bool *ret_known);
DILL_MUST_CHECK struct dill_error *image_answer(struct inquiry *inquiry, dill_virt address,
						struct dill_record *record);
DILL_MUST_CHECK struct dill_error *vmalloc_answer(struct inquiry *inquiry, dill_virt address,
						  struct dill_record *record);
DILL_MUST_CHECK struct dill_error *module_answer(struct inquiry *inquiry, dill_virt address,
						 struct dill_record *record);
/** fill_type.c: what an object is, and where in it the address lies; without the types of all
 * objects only where its cache serves one struct. */
DILL_MUST_CHECK struct dill_error *set_type(struct inquiry *inquiry, const struct located *located,
					    struct dill_record *record);
/** object_bytes.c: @p size bytes from @p start. */
DILL_MUST_CHECK struct dill_error *set_bytes(struct inquiry *inquiry, dill_virt start,
					     uint64_t size, struct dill_record *record);

#endif
