/* SPDX-License-Identifier: MIT */
#ifndef RENDER_SLAB_MAP_VIEW_H
#define RENDER_SLAB_MAP_VIEW_H

#include "render/view.h"

/** "CPU 1's partial slabs": whose a slab is, in @p buffer. */
void slab_map_owner(const struct dill_record *slab, char *buffer, size_t size);
/** Every character with what it means and how many there are, in lines. */
void draw_legend(struct painter *painter, const struct record_list *places);
/** ": 12 live, 3 free" of the states in five columns from @p first on; nothing for those without
 * objects. */
void draw_states(struct painter *painter, const struct dill_record *record, size_t first);
/** Columns of the terminal, or a sensible number without one. */
unsigned map_width(const struct painter *painter);

#endif
