/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "answer/slab_map_record.h"
#include "render/map_symbols.h"
#include "render/slab_map_view.h"
#include "slub/cache_map.h"

/* Without a terminal: what fits an editor. */
#define WIDTH_DEFAULT 120u

unsigned map_width(const struct painter *painter)
{
	return painter->width == UINT_MAX ? WIDTH_DEFAULT : painter->width;
}

void slab_map_owner(const struct dill_record *slab, char *buffer, size_t size)
{
	unsigned long cpu = (unsigned long)record_number(slab, SLAB_MAP_CPU);
	unsigned long node = (unsigned long)record_number(slab, SLAB_MAP_NODE);

	switch ((enum slab_where)record_number(slab, SLAB_MAP_WHERE)) {
	case SLAB_OF_CPU:
		snprintf(buffer, size, "CPU %lu's own slab", cpu);
		return;
	case SLAB_CPU_PARTIAL:
		snprintf(buffer, size, "CPU %lu's partial slabs", cpu);
		return;
	case SLAB_NODE_PARTIAL:
		snprintf(buffer, size, "node %lu's partial slabs", node);
		return;
	case SLAB_NODE_FULL:
		snprintf(buffer, size, "node %lu's full slabs", node);
		return;
	case SLAB_DYING:
		snprintf(buffer, size, "dying: given back after a grace period");
		return;
	case SLAB_UNLISTED:
		snprintf(buffer, size, "on no list");
		return;
	}
}

void draw_states(struct painter *painter, const struct dill_record *record, size_t first)
{
	static const struct {
		const char *name;
		enum style style;
	} states[] = {
		{"live", STYLE_LIVE},	 {"cached", STYLE_CACHED}, {"free", STYLE_FREE},
		{"waiting", STYLE_WARN}, {"unknown", STYLE_BAD},
	};
	const char *separator = ": ";

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		unsigned long count = (unsigned long)record_number(record, first + i);

		if (!count)
			continue;
		paint(painter, STYLE_PLAIN, separator);
		paint_format(painter, states[i].style, "%lu %s", count, states[i].name);
		separator = ", ";
	}
}

/* Objects of all places that share the character of @p place. */
static unsigned long sum(const struct dill_record *place, const char *symbol)
{
	uint64_t objects = 0;

	for (; place; place = place->next)
		if (!strcmp(record_text(place, PLACE_COUNT_SYMBOL), symbol))
			objects += record_number(place, PLACE_COUNT_OBJECTS);
	return (unsigned long)objects;
}

static bool comes_before(const struct record_list *places, const struct dill_record *until)
{
	const char *symbol = record_text(until, PLACE_COUNT_SYMBOL);

	for (const struct dill_record *place = places->first; place != until; place = place->next)
		if (!strcmp(record_text(place, PLACE_COUNT_SYMBOL), symbol))
			return true;
	return false;
}

void draw_legend(struct painter *painter, const struct record_list *places)
{
	unsigned used = 0;

	for (const struct dill_record *place = places->first; place; place = place->next) {
		const char *text = record_text(place, PLACE_COUNT_SYMBOL);
		const struct map_symbol *symbol = map_symbol_find(text[0]);
		char entry[80];

		if (comes_before(places, place))
			continue;
		int length =
			snprintf(entry, sizeof(entry), " %lu %s", sum(place, text), symbol->text);
		unsigned wanted = (unsigned)length + 3; /* the symbol, and two blanks before it */

		if (used && used + wanted > map_width(painter)) {
			paint_newline(painter);
			used = 0;
		}
		paint(painter, STYLE_PLAIN, "  ");
		paint(painter, symbol->style, text);
		paint(painter, STYLE_DIM, entry);
		used += wanted;
	}
	if (used)
		paint_newline(painter);
}
