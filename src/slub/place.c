/* SPDX-License-Identifier: MIT */
#include "slub/place.h"

const char *object_state_name(enum object_state state)
{
	static const char *const names[] = {
		[OBJECT_LIVE] = "live",	      [OBJECT_CACHED] = "cached",   [OBJECT_FREE] = "free",
		[OBJECT_WAITING] = "waiting", [OBJECT_UNKNOWN] = "unknown",
	};

	return names[state];
}

static const struct {
	const char *name;
	enum object_state state;
} kinds[] = {
	[PLACE_NONE] = {"none", OBJECT_LIVE},
	[PLACE_CPU_FREELIST] = {"cpu_freelist", OBJECT_CACHED},
	[PLACE_MAIN_SHEAF] = {"main_sheaf", OBJECT_CACHED},
	[PLACE_SPARE_SHEAF] = {"spare_sheaf", OBJECT_CACHED},
	[PLACE_BARN] = {"barn", OBJECT_CACHED},
	[PLACE_LOOSE_SHEAF] = {"loose_sheaf", OBJECT_CACHED},
	[PLACE_CPU_SLAB] = {"cpu_slab", OBJECT_FREE},
	[PLACE_CPU_PARTIAL] = {"cpu_partial", OBJECT_FREE},
	[PLACE_NODE_PARTIAL] = {"node_partial", OBJECT_FREE},
	[PLACE_NODE_FULL] = {"node_full", OBJECT_FREE},
	[PLACE_UNLISTED_SLAB] = {"unlisted_slab", OBJECT_FREE},
	[PLACE_RCU_SHEAF] = {"rcu_sheaf", OBJECT_WAITING},
	[PLACE_CALL_RCU] = {"call_rcu", OBJECT_WAITING},
	[PLACE_KFREE_RCU] = {"kfree_rcu", OBJECT_WAITING},
	[PLACE_KFREE_CALLBACK] = {"kfree_rcu_callback", OBJECT_WAITING},
	[PLACE_DEFERRED] = {"deferred", OBJECT_WAITING},
	[PLACE_RCU_DELAYED] = {"rcu_delayed", OBJECT_WAITING},
	[PLACE_QUARANTINE] = {"quarantine", OBJECT_WAITING},
	[PLACE_DYING_SLAB] = {"dying_slab", OBJECT_WAITING},
};

const char *place_kind_name(enum place_kind kind)
{
	return kinds[kind].name;
}

enum object_state place_state(enum place_kind kind)
{
	return kinds[kind].state;
}
