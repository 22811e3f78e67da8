/* SPDX-License-Identifier: MIT */
#ifndef SLUB_FEATURE_H
#define SLUB_FEATURE_H

#include "slub/cache.h"

/** How a kernel hands objects out. */
enum slub_engine {
	ENGINE_CPU_SLABS, /**< every CPU owns a slab, to 6.17 */
	ENGINE_BOTH,	  /**< sheaves for some caches, over per-CPU slabs: 6.18 and 6.19 */
	ENGINE_SHEAVES,	  /**< per-CPU sheaves, since 7.0 */
	ENGINE_SLABS,	  /**< no per-CPU caches at all (SLUB_TINY; debugging of all caches) */
};

/** What the heap uses of all that its kernel's types allow, in any of its caches. */
struct heap_use {
	const struct heap *heap;
	bool cpu_slabs;	  /**< CPUs own slabs */
	bool cpu_partial; /**< CPUs may keep partial slabs */
	bool sheaves;	  /**< sheaves have room for objects */
	bool barns;	  /**< nodes have barns */
	bool shuffled;	  /**< new slabs are put in random order */
	bool kfence;	  /**< KFENCE has its pool */
};

/** Find out from the caches, and from memory. @return NULL; fatal errors */
DILL_MUST_CHECK struct dill_error *heap_use_read(const struct heap *heap,
						 const struct cache_list *caches,
						 struct heap_use *ret);

enum slub_engine slub_engine(const struct heap_use *use);
/** "per-CPU slabs", ...: for people. */
const char *slub_engine_name(enum slub_engine engine);

/** Something that a heap may have or not, told by the kernel's types, enumerators and symbols, and
 * by what is used of that. */
struct slub_feature {
	const char *name; /**< stable word, as in JSON */
	const char *text; /**< what it means when it is there */
	bool (*probe)(const struct heap_use *use);
	const char *member; /**< of layout.def, that the kernel must have; NULL = none */
	enum {
		BY_NO_SYMBOL,
		BY_FUNCTION,
		BY_VARIABLE
	} symbol; /**< whose absence says that it is not there */
};

/** False when the member that tells could not be found, or the kernel's symbols do not tell. */
bool slub_feature_is_known(const struct slub_feature *feature, const struct heap_use *use);

/** All of them; ends with a NULL name. */
extern const struct slub_feature slub_features[];

#endif
