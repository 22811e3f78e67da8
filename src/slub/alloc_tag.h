/* SPDX-License-Identifier: MIT */
#ifndef SLUB_ALLOC_TAG_H
#define SLUB_ALLOC_TAG_H

#include "slub/slab.h"

/** Where an object was allocated, on kernels that profile allocations (MEM_ALLOC_PROFILING, 6.10).
 */
struct alloc_tag {
	bool known;
	const char *file, *function; /**< escaped */
	uint32_t line;
};

/** True when this kernel's objects can have tags. */
bool alloc_tags_exist(const struct heap *heap);

/** Whether the kernel tags allocations now. */
enum alloc_profiling {
	ALLOC_PROFILING_UNKNOWN, /**< without tags, or not to be known */
	ALLOC_PROFILING_ON,
	ALLOC_PROFILING_OFF, /**< never switched on, or switched off again */
};

/**
 * Read the switch: /proc/sys/vm/mem_profiling. NULL; fatal errors
 *
 * Source: lib/alloc_tag.c mem_alloc_profiling_key
 */
DILL_MUST_CHECK struct dill_error *alloc_profiling_read(const struct heap *heap,
							enum alloc_profiling *ret);
/** The same for the tags of pages, which may be numbers in their flags (since 6.14): compressed. */
DILL_MUST_CHECK struct dill_error *alloc_profiling_compressed(const struct heap *heap,
							      enum alloc_profiling *ret);

/**
 * Why an object's tag may be that of a former owner: while profiling is off, tags are neither set
 * nor cleared (mm/slub.c alloc_tagging_slab_alloc_hook(), alloc_tagging_slab_free_hook()). When it
 * was switched off is kept nowhere.
 * @param ret  a sentence for people; NULL while tags can be trusted
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *alloc_tag_doubt(struct heap *heap, const char **ret);

/**
 * The address of an object's tag (struct codetag), for walks over many objects; 0 = it has none,
 * or that cannot be read. NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *alloc_tag_find(struct heap *heap, const struct cache *cache,
						  const struct slab *slab, uint32_t index,
						  dill_virt *ret);
/** Read what alloc_tag_find() has found; as alloc_tag_read(). */
DILL_MUST_CHECK struct dill_error *alloc_tag_describe(struct heap *heap, dill_virt tag,
						      struct arena *arena, struct alloc_tag *ret);

/**
 * Read the tag of an object.
 * @param index  of the object in @p slab
 * @param arena  holds the texts
 * @return NULL; fatal errors. A kernel without tags, an object without one, and one that cannot be
 * read are not known.
 *
 * Source: mm/slab.h slab_obj_ext(), include/linux/codetag.h, alloc_tag.h
 */
DILL_MUST_CHECK struct dill_error *alloc_tag_read(struct heap *heap, const struct cache *cache,
						  const struct slab *slab, uint32_t index,
						  struct arena *arena, struct alloc_tag *ret);

#endif
