/* SPDX-License-Identifier: MIT */
#ifndef SLUB_ADVICE_H
#define SLUB_ADVICE_H

#include "slub/cache.h"

/**
 * How to get what slab_debug records: what to boot this kernel with, or to build.
 *
 * The parameter is slab_debug since 6.8, slub_debug before, whose name works in the later ones,
 * too; both are named where nothing tells which this kernel has.
 *
 * @param options  letters of the parameter: "U", "ZP"
 * @return "boot with slab_debug=U", "build the kernel with CONFIG_SLUB_DEBUG"; NULL without memory
 *
 * Source: mm/slub.c setup_slub_debug(); since 7.2 param_ops_slab_debug
 */
const char *advice_slab_debug(const struct heap *heap, const char *options, struct arena *arena);

/** What there is of a way to know who allocates, in the order of what is told of it. */
enum record_need {
	NEED_SITE,  /**< slab_debug=U, KASAN, allocation profiling */
	NEED_STACK, /**< slab_debug=U and KASAN, with stacks */
	NEED_PID,   /**< slab_debug=U, KASAN */
	NEED_TRACK, /**< slab_debug=U alone: CPU and time */
};

/**
 * Why what was asked for is not recorded of these caches' objects, and what to do about it.
 *
 * @param what  in front: "--by site"
 * @return UNSUPPORTED with the text; fatal errors; NULL when one of the caches' objects has it,
 * tags of allocation profiling included, whether or not it is on
 */
DILL_MUST_CHECK struct dill_error *advice_require(struct heap *heap,
						  const struct cache_list *caches,
						  enum record_need need, const char *what,
						  struct arena *arena);

/** The error of NEED_SITE when no object of these caches has a tag, though this kernel has tags. */
DILL_MUST_CHECK struct dill_error *advice_no_tags(struct heap *heap, const char *what,
						  struct arena *arena);

#endif
