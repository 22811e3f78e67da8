/* SPDX-License-Identifier: MIT */
#include "slub/place_text.h"

/* What stands for a place's numbers in the sentences: owner, list, position. */
enum shape {
	SHAPE_CPU,	/* CPU's WHAT, position */
	SHAPE_CPU_LIST, /* CPU's WHAT number list, position */
	SHAPE_NODE_LIST,
	SHAPE_IN_CPU, /* WHAT, CPU's queue or the global one, position */
	SHAPE_ALONE,  /* WHAT, position */
	SHAPE_WHOLE,  /* WHAT */
};

static const struct {
	enum shape shape;
	const char *what, *position;
} texts[] = {
	[PLACE_NONE] = {SHAPE_WHOLE, "on no list", ""},
	[PLACE_CPU_FREELIST] = {SHAPE_CPU, "freelist", "position"},
	[PLACE_MAIN_SHEAF] = {SHAPE_CPU, "main sheaf", "slot"},
	[PLACE_SPARE_SHEAF] = {SHAPE_CPU, "spare sheaf", "slot"},
	[PLACE_BARN] = {SHAPE_NODE_LIST, "barn, sheaf", "slot"},
	[PLACE_LOOSE_SHEAF] = {SHAPE_ALONE, "a sheaf that somebody keeps", "slot"},
	[PLACE_CPU_SLAB] = {SHAPE_CPU, "slab, on the slab's own freelist", "position"},
	[PLACE_CPU_PARTIAL] = {SHAPE_CPU_LIST, "partial slab", "position"},
	[PLACE_NODE_PARTIAL] = {SHAPE_NODE_LIST, "partial slab", "position"},
	[PLACE_NODE_FULL] = {SHAPE_NODE_LIST, "full slab", "position"},
	[PLACE_UNLISTED_SLAB] = {SHAPE_ALONE, "the freelist of its slab, which is on no list",
				 "position"},
	[PLACE_RCU_SHEAF] = {SHAPE_CPU, "sheaf that fills up with kfree_rcu()", "slot"},
	[PLACE_CALL_RCU] = {SHAPE_CPU, "callbacks, in a sheaf that waits for a grace period",
			    "slot"},
	[PLACE_KFREE_RCU] = {SHAPE_CPU, "batch of kfree_rcu()", "entry"},
	[PLACE_KFREE_CALLBACK] = {SHAPE_CPU, "callbacks, freed by kfree_rcu()", "entry"},
	[PLACE_DEFERRED] = {SHAPE_CPU, "deferred frees", "entry"},
	[PLACE_RCU_DELAYED] = {SHAPE_CPU, "callbacks, freed after a grace period", "entry"},
	[PLACE_QUARANTINE] = {SHAPE_IN_CPU, "in KASAN's quarantine", "position"},
	[PLACE_DYING_SLAB] = {SHAPE_WHOLE,
			      "its slab is empty and goes back after a grace period of RCU", ""},
};

const char *place_text(const struct place *place, struct arena *arena)
{
	const char *what = texts[place->kind].what, *position = texts[place->kind].position;

	switch (texts[place->kind].shape) {
	case SHAPE_CPU:
		return arena_format(arena, "CPU %d's %s, %s %u", place->cpu, what, position,
				    place->position);
	case SHAPE_CPU_LIST:
		return arena_format(arena, "CPU %d's %s %u, %s %u", place->cpu, what, place->list,
				    position, place->position);
	case SHAPE_NODE_LIST:
		return arena_format(arena, "node %d's %s %u, %s %u", place->node, what, place->list,
				    position, place->position);
	case SHAPE_IN_CPU:
		if (place->cpu < 0)
			return arena_format(arena, "%s, %s %u", what, position, place->position);
		return arena_format(arena, "%s, CPU %d's queue, %s %u", what, place->cpu, position,
				    place->position);
	case SHAPE_ALONE:
		return arena_format(arena, "%s, %s %u", what, position, place->position);
	case SHAPE_WHOLE:
		break;
	}
	return what;
}
