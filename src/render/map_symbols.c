/* SPDX-License-Identifier: MIT */
#include "render/map_symbols.h"

/* Live objects are dense, free ones in their slab light, so that holes show without colour. All
 * places on a slab's own freelist share a character: whose slab it is stands beside the picture. */
const struct map_symbol map_symbols[PLACE_KINDS] = {
	[PLACE_NONE] = {'#', STYLE_LIVE, "live"},
	[PLACE_CPU_FREELIST] = {'c', STYLE_CACHED, "on a CPU's freelist"},
	[PLACE_MAIN_SHEAF] = {'m', STYLE_CACHED, "in a CPU's main sheaf"},
	[PLACE_SPARE_SHEAF] = {'s', STYLE_CACHED, "in a CPU's spare sheaf"},
	[PLACE_BARN] = {'b', STYLE_CACHED, "in a node's barn"},
	[PLACE_LOOSE_SHEAF] = {'l', STYLE_CACHED, "in a sheaf taken by someone"},
	[PLACE_CPU_SLAB] = {'.', STYLE_FREE, "on its slab's freelist"},
	[PLACE_CPU_PARTIAL] = {'.', STYLE_FREE, "on its slab's freelist"},
	[PLACE_NODE_PARTIAL] = {'.', STYLE_FREE, "on its slab's freelist"},
	[PLACE_NODE_FULL] = {'.', STYLE_FREE, "on its slab's freelist"},
	[PLACE_UNLISTED_SLAB] = {'.', STYLE_FREE, "on its slab's freelist"},
	[PLACE_RCU_SHEAF] = {'r', STYLE_WARN, "in a CPU's sheaf for RCU"},
	[PLACE_CALL_RCU] = {'g', STYLE_WARN, "in a sheaf in a grace period"},
	[PLACE_KFREE_RCU] = {'k', STYLE_WARN, "in a batch of kfree_rcu()"},
	[PLACE_KFREE_CALLBACK] = {'h', STYLE_WARN, "in a callback of RCU"},
	[PLACE_DEFERRED] = {'d', STYLE_WARN, "in a deferred free"},
	[PLACE_RCU_DELAYED] = {'t', STYLE_WARN, "kept for a grace period"},
	[PLACE_QUARANTINE] = {'q', STYLE_WARN, "in KASAN's quarantine"},
	[PLACE_DYING_SLAB] = {'x', STYLE_WARN, "in a slab that is given back"},
};

const struct map_symbol map_symbol_unknown = {'?', STYLE_BAD, "unknown"};

const struct map_symbol *map_symbol_find(char symbol)
{
	for (size_t i = 0; i < PLACE_KINDS; i++)
		if (map_symbols[i].symbol == symbol)
			return &map_symbols[i];
	return &map_symbol_unknown;
}

void paint_map(struct painter *painter, const char *map, size_t length)
{
	for (size_t start = 0, end; start < length; start = end) {
		enum style style = map_symbol_find(map[start])->style;

		for (end = start + 1; end < length; end++)
			if (map_symbol_find(map[end])->style != style)
				break;
		paint_part(painter, style, map + start, end - start);
	}
}
