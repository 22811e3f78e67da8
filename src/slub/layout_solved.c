/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "slub/layout.h"
#include "solve/solution.h"

/* What an answer about a heap cannot do without: solve_heap() fails without it, or it is here. */
static const struct {
	const char *id;
	size_t field;
} vital[] = {
#define VITAL(id)                                                                                  \
	{                                                                                          \
#id, offsetof(struct layout, id)                                                   \
	}
	VITAL(cache_name),   VITAL(cache_list),	  VITAL(cache_size),	VITAL(cache_object_size),
	VITAL(cache_oo),     VITAL(cache_offset), VITAL(node_partial),	VITAL(node_nr_partial),
	VITAL(slab_cache),   VITAL(slab_list),	  VITAL(slab_freelist), VITAL(slab_inuse),
	VITAL(slab_objects),
#undef VITAL
};

static const char *missing(const struct layout *layout)
{
	for (size_t i = 0; i < sizeof(vital) / sizeof(*vital); i++) {
		struct member member;

		memcpy(&member, (const char *)layout + vital[i].field, sizeof(member));
		if (!member.present)
			return vital[i].id;
	}
	return NULL;
}

/*
 * A CPU's slab without the pointers in it, or a chain that cannot be followed, would leave free
 * objects out: then it is not known at all.
 */
static void drop_halves(const struct solution *solution, struct layout *layout)
{
	const struct solved *rcu_bypass;

	if (!layout->cpu_freelist.present || !layout->cpu_slab.present)
		layout->cache_cpu_slab = (struct member){0};
	if (!layout->slab_next.present)
		layout->cpu_partial = (struct member){0};
	/* Without their contents nothing is known of sheaves. Where no cache has any it is known.
	 */
	if (!solution->no_sheaves &&
	    (!layout->cache_sheaf_capacity.present || !layout->sheaf_cache.present ||
	     !layout->sheaf_link.present || !layout->sheaf_size.present ||
	     !layout->sheaf_objects.present || !layout->barn_full.present))
		layout->cache_cpu_sheaves = (struct member){0};
	/* Of several lists beside a CPU's callbacks one would be left out. */
	rcu_bypass = solution_find(solution, "rcu_bypass");
	if (rcu_bypass && rcu_bypass->candidates > 1)
		layout->rcu_cblist = (struct member){0};
}

static void take_flags(const struct solution *solution, struct layout *layout)
{
	if (!layout->cache_flags.present)
		return;
	layout->flags_from_types = solution->flags_are_numbered;
	if (!solution->flags_are_numbered) {
		layout_macro_flags(layout);
		return;
	}
	layout_number_flags(layout);
}

static void take_mark(const struct solution *solution, struct layout *layout)
{
	static const enum slab_mark marks[] = {
		[SOLVED_MARK_FLAG] = SLAB_MARK_FLAG,
		[SOLVED_MARK_MASK] = SLAB_MARK_TYPE_MASK,
		[SOLVED_MARK_BYTE] = SLAB_MARK_TYPE_BYTE,
	};

	layout->slab_mark = marks[solution->mark];
	layout->slab_mark_value = solution->mark_value;
}

struct dill_error *layout_take_solution(struct solution *solution, struct layout *ret)
{
	const char *id;

	*ret = (struct layout){0};
	layout_members(members_of_solution(solution), ret);
	id = missing(ret);
	/* Objects would be shown where they are not. */
	if (!id && !ret->cache_red_left_pad.present && !solution->no_red_zones)
		id = "cache_red_left_pad";
	if (id)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "the layout of this kernel's heap could not be solved from "
				      "memory: %s was not found",
				      id);
	drop_halves(solution, ret);
	ret->is_solved = true;
	ret->no_red_zones = solution->no_red_zones;
	ret->cache_struct_size = solution->cache_struct_size;
	ret->cpu_struct_size = solution->cpu_struct_size;
	ret->node_struct_size = solution->node_struct_size;
	ret->slab_struct_size = solution->page_struct_size;
	ret->kfence_struct_size = solution->kfence_struct_size;
	ret->krw_struct_size = solution->krw_struct_size;
	ret->per_node_stride = solution->per_node_stride;
	take_flags(solution, ret);
	take_mark(solution, ret);
	return NULL;
}
