/* SPDX-License-Identifier: MIT */
#ifndef STORE_SLAB_BIRTHS_H
#define STORE_SLAB_BIRTHS_H

#include "store/address_map.h"
#include "store/totals.h"

/** Of each slab: whether one process has allocated all its objects first. */
struct slab_births {
	struct slab_birth *slabs; /* as many as there are names */
	uint32_t count;
};

DILL_MUST_CHECK struct dill_error *slab_births_init(struct slab_births *births, uint32_t count);
void slab_births_deinit(struct slab_births *births);

/** Note an event; @p slot is its object's, @p process of the totals. */
void slab_births_note(struct slab_births *births, const struct stored_event *event,
		      struct address_slot *slot, uint32_t process);

/** Note that an allocation of @p slab's is alive at the end. */
void slab_births_alive(struct slab_births *births, uint32_t slab);

/** Collect the slabs that were filled so. Those of one object do not count: they always are. */
DILL_MUST_CHECK struct dill_error *slab_births_collect(const struct slab_births *births,
						       struct trace_totals *totals);

#endif
