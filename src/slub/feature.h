/* SPDX-License-Identifier: MIT */
#ifndef SLUB_FEATURE_H
#define SLUB_FEATURE_H

#include "slub/heap.h"

/** How a kernel hands objects out. */
enum slub_engine {
	ENGINE_CPU_SLABS, /**< every CPU owns a slab, to 6.17 */
	ENGINE_BOTH,	  /**< sheaves for some caches, over per-CPU slabs: 6.18 and 6.19 */
	ENGINE_SHEAVES,	  /**< per-CPU sheaves, since 7.0 */
	ENGINE_TINY,	  /**< no per-CPU caches at all (SLUB_TINY) */
};

enum slub_engine slub_engine(const struct layout *layout);
/** "per-CPU slabs", ...: for people. */
const char *slub_engine_name(enum slub_engine engine);

/** Something a kernel may have or not, told by its types, enumerators and symbols alone. */
struct slub_feature {
	const char *name; /**< stable word, as in JSON */
	const char *text; /**< what it means when it is there */
	bool (*probe)(const struct heap *heap);
};

/** All of them; ends with a NULL name. */
extern const struct slub_feature slub_features[];

#endif
