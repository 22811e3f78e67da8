/* SPDX-License-Identifier: MIT */
#ifndef SLUB_SELFCHECK_H
#define SLUB_SELFCHECK_H

#include "slub/cache.h"

enum self_check_result {
	SELF_CHECK_PASSED,
	SELF_CHECK_FAILED,
	SELF_CHECK_IMPOSSIBLE, /**< there was nothing to check it on */
};

/** "passed", "failed", "impossible": stable, as in JSON. */
const char *self_check_result_name(enum self_check_result result);

/** One thing that dill believes of a kernel, tried on the kernel itself. */
struct self_check {
	const char *name; /**< stable word, as in JSON */
	enum self_check_result result;
	const char *text; /**< what was compared, with its numbers */
};

#define SELF_CHECKS 6

/**
 * Compare what dill believes of this kernel's slab heap with the heap itself: the list of caches
 * closes, the cache of caches has the size of its own type, kmalloc-N serves N bytes, caches lie in
 * slabs of the cache of caches, a sample of partial slabs points back to its cache, and decoded
 * free pointers lead into their slab.
 *
 * A corrupt heap must still be shown: each check passes when the greater part of its sample fits.
 *
 * @param caches  all, as caches_read() found them
 * @param ret     SELF_CHECKS items; texts live in @p arena
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *self_check(struct heap *heap, const struct cache_list *caches,
					      struct arena *arena,
					      struct self_check ret[static SELF_CHECKS]);

/**
 * The same once per heap, for commands that answer only when everything fits.
 * @return NULL when no check fails; UNSUPPORTED with what does not fit; fatal errors
 */
DILL_MUST_CHECK struct dill_error *self_check_require(struct heap *heap,
						      const struct cache_list *caches);

#endif
