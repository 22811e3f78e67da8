/* SPDX-License-Identifier: MIT */
#ifndef RENDER_MAP_SYMBOLS_H
#define RENDER_MAP_SYMBOLS_H

#include "render/view.h"
#include "slub/place.h"

/** A character that stands for an object in pictures of slabs; stable, as in JSON. */
struct map_symbol {
	char symbol;
	enum style style;
	const char *text; /**< in the legend: "live", "on a CPU's freelist" */
};

/** Characters by place; objects that are on no list are live or unknown. */
extern const struct map_symbol map_symbols[PLACE_KINDS];
extern const struct map_symbol map_symbol_unknown;

/** The symbol with this character; of several places that share one the first. A character that is
 * none looks unknown. */
const struct map_symbol *map_symbol_find(char symbol);

/** Paint characters of a map, each in its colour. */
void paint_map(struct painter *painter, const char *map, size_t length);

#endif
