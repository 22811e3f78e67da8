/* SPDX-License-Identifier: MIT */
#ifndef SLUB_ENCODING_H
#define SLUB_ENCODING_H

#include "slub/slab.h"

/** A free object of the target, whose stored pointer can show how pointers are stored. */
struct encoding_sample {
	const struct cache *cache;
	struct slab slab;
	dill_virt object;
};

/**
 * Find out how this kernel stores free pointers, from the first partial slab of many caches. Does
 * nothing when it is known; leaves it undecided when there is nothing to learn from. Broken samples
 * are passed over without a finding: the walk that shows them will say it.
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *encoding_learn(struct heap *heap,
						  const struct cache_list *caches);

/**
 * Decode every sample both ways and take the way that leads into the slab more often. A minority of
 * broken samples does no harm.
 */
DILL_MUST_CHECK struct dill_error *encoding_vote(struct heap *heap,
						 const struct encoding_sample *samples,
						 size_t count);

/** How well a sample of partial slabs fits what dill believes. */
struct encoding_tally {
	unsigned slabs, slabs_good;	  /**< looked at; marked as slabs of their cache */
	unsigned pointers, pointers_good; /**< decoded; leading into their slab */
};

/** Learn the encoding as encoding_learn(), and count how well it fits. NULL; fatal errors. */
DILL_MUST_CHECK struct dill_error *encoding_try(struct heap *heap, const struct cache_list *caches,
						struct encoding_tally *ret);

#endif
