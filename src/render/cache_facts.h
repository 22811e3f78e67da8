/* SPDX-License-Identifier: MIT */
#ifndef RENDER_CACHE_FACTS_H
#define RENDER_CACHE_FACTS_H

#include "render/view.h"

/** What a cache is, as the head of its picture: name, sizes, flags, limits, users, usage. */
void cache_facts_draw(struct painter *painter, const struct dill_record *cache);

#endif
