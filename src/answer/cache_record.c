/* SPDX-License-Identifier: MIT */
#include "answer/cache_record.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct column slab_columns[] = {
	[SLAB_COLUMN_ADDRESS] = {"slab", DILL_COLUMN_ADDRESS, NULL,
				 "its descriptor: struct slab, or struct page before 5.17"},
	[SLAB_COLUMN_BASE] = {"base", DILL_COLUMN_ADDRESS, NULL, "its memory in the direct map"},
	[SLAB_COLUMN_OBJECTS] = {"objects", DILL_COLUMN_COUNT, NULL, "objects in it"},
	[SLAB_COLUMN_INUSE] = {"inuse", DILL_COLUMN_COUNT, NULL, "objects not on its own freelist"},
	[SLAB_COLUMN_FROZEN] = {"frozen", DILL_COLUMN_BOOL, NULL, "it belongs to a CPU"},
	[SLAB_COLUMN_NODE] = {"node", DILL_COLUMN_COUNT, NULL, "NUMA node of its memory"},
	[SLAB_COLUMN_FREELIST_COUNT] = {"freelist_count", DILL_COLUMN_COUNT, NULL,
					"length of its own freelist"},
	[SLAB_COLUMN_FREELIST] =
		{"freelist", DILL_COLUMN_ADDRESSES, NULL,
		 "its own free objects, in the order in which they will be handed out"},
	[SLAB_COLUMN_FREELIST_BROKEN] =
		{"freelist_broken", DILL_COLUMN_BOOL, NULL,
		 "true when the freelist has a finding: there may be more objects on it"},
	[SLAB_COLUMN_USABLE] =
		{"usable", DILL_COLUMN_BOOL, NULL,
		 "false when it is no slab of this cache or its counters are impossible"},
};

const struct dill_record_kind cache_slab_kind = {
	.name = "slab",
	.doc = "A slab on a list of a cache.",
	.columns = slab_columns,
	.column_count = COUNT(slab_columns),
};

static const struct column sheaf_columns[] = {
	[SHEAF_COLUMN_ADDRESS] = {"sheaf", DILL_COLUMN_ADDRESS, NULL, "its struct slab_sheaf"},
	[SHEAF_COLUMN_SIZE] = {"size", DILL_COLUMN_COUNT, NULL, "objects in it"},
	[SHEAF_COLUMN_OBJECTS] =
		{"objects", DILL_COLUMN_ADDRESSES, NULL,
		 "these objects, in the order in which they will be handed out: the last entry of "
		 "the array first"},
	[SHEAF_COLUMN_BROKEN] = {"broken", DILL_COLUMN_BOOL, NULL, "true when it has a finding"},
};

const struct dill_record_kind cache_sheaf_kind = {
	.name = "sheaf",
	.doc = "An array of free objects (kernels with sheaves).",
	.columns = sheaf_columns,
	.column_count = COUNT(sheaf_columns),
};

static const struct column cpu_columns[] = {
	[CPU_COLUMN_NUMBER] = {"cpu", DILL_COLUMN_COUNT, NULL, "number of the CPU"},
	[CPU_COLUMN_ONLINE] = {"online", DILL_COLUMN_BOOL, NULL, "the CPU is online"},
	[CPU_COLUMN_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL, "its struct kmem_cache_cpu"},
	[CPU_COLUMN_FREELIST_COUNT] = {"freelist_count", DILL_COLUMN_COUNT, NULL,
				       "length of the CPU's freelist"},
	[CPU_COLUMN_FREELIST] = {"freelist", DILL_COLUMN_ADDRESSES, NULL,
				 "free objects that the CPU has taken for itself (lockless part); "
				 "handed out first"},
	[CPU_COLUMN_FREELIST_BROKEN] = {"freelist_broken", DILL_COLUMN_BOOL, NULL,
					"true when that freelist has a finding"},
	[CPU_COLUMN_SLAB] =
		{"active_slab", DILL_COLUMN_RECORDS, NULL,
		 "the CPU's slab (none or one); its own freelist (slab part) is handed out second",
		 &cache_slab_kind},
	[CPU_COLUMN_PARTIAL_SLABS] = {"partial_slabs", DILL_COLUMN_COUNT, NULL,
				      "partial slabs of the CPU"},
	[CPU_COLUMN_PARTIAL_FREE] = {"partial_free", DILL_COLUMN_COUNT, NULL,
				     "free objects in them"},
	[CPU_COLUMN_PARTIAL] = {"partial", DILL_COLUMN_RECORDS, NULL,
				"the CPU's partial slabs, handed out third", &cache_slab_kind},
	[CPU_COLUMN_PARTIAL_BROKEN] =
		{"partial_broken", DILL_COLUMN_BOOL, NULL,
		 "true when that list has a finding: there may be more slabs on it"},
	[CPU_COLUMN_SHEAVES] =
		{"sheaves", DILL_COLUMN_ADDRESS, NULL,
		 "its struct slub_percpu_sheaves; absent when the cache has no sheaves"},
	[CPU_COLUMN_MAIN] = {"main", DILL_COLUMN_RECORDS, NULL,
			     "the CPU's main sheaf (none or one): handed out first",
			     &cache_sheaf_kind},
	[CPU_COLUMN_SPARE] = {"spare", DILL_COLUMN_RECORDS, NULL,
			      "its spare sheaf (none or one): handed out second",
			      &cache_sheaf_kind},
	[CPU_COLUMN_RCU_FREE] =
		{"rcu_free", DILL_COLUMN_RECORDS, NULL,
		 "its sheaf of objects freed with kfree_rcu() (none or one): they wait",
		 &cache_sheaf_kind},
	[CPU_COLUMN_IN_MOTION] = {"in_motion", DILL_COLUMN_BOOL, NULL,
				  "true when the CPU was stopped while it changed these sheaves"},
};

const struct dill_record_kind cache_cpu_kind = {
	.name = "cpu",
	.doc = "What one CPU holds of a cache.",
	.columns = cpu_columns,
	.column_count = COUNT(cpu_columns),
};

static const struct column node_columns[] = {
	[NODE_COLUMN_NUMBER] = {"node", DILL_COLUMN_COUNT, NULL, "number of the NUMA node"},
	[NODE_COLUMN_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL,
				 "its struct kmem_cache_node"},
	[NODE_COLUMN_NR_PARTIAL] = {"nr_partial", DILL_COLUMN_COUNT, NULL,
				    "length of the partial list as the kernel counts it"},
	[NODE_COLUMN_NR_SLABS] = {"nr_slabs", DILL_COLUMN_COUNT, NULL,
				  "all slabs of the node as the kernel counts them"},
	[NODE_COLUMN_TOTAL_OBJECTS] = {"total_objects", DILL_COLUMN_COUNT, NULL,
				       "objects in these slabs"},
	[NODE_COLUMN_IN_MOTION] =
		{"in_motion", DILL_COLUMN_BOOL, NULL,
		 "true when a CPU was stopped while it held the lock of these lists"},
	[NODE_COLUMN_PARTIAL_SLABS] = {"partial_slabs", DILL_COLUMN_COUNT, NULL,
				       "slabs found on the partial list"},
	[NODE_COLUMN_PARTIAL_FREE] = {"partial_free", DILL_COLUMN_COUNT, NULL,
				      "free objects in them"},
	[NODE_COLUMN_PARTIAL] = {"partial", DILL_COLUMN_RECORDS, NULL,
				 "partial slabs in list order", &cache_slab_kind},
	[NODE_COLUMN_PARTIAL_BROKEN] =
		{"partial_broken", DILL_COLUMN_BOOL, NULL,
		 "true when that list has a finding: there may be more slabs on it"},
	[NODE_COLUMN_FULL_SLABS] = {"full_slabs", DILL_COLUMN_COUNT, NULL,
				    "slabs found on the list of full slabs, where there is one"},
	[NODE_COLUMN_FULL] =
		{"full", DILL_COLUMN_RECORDS, NULL,
		 "full slabs; only for caches whose full slabs the kernel lists (slab_debug=U)",
		 &cache_slab_kind},
	[NODE_COLUMN_BARN] = {"barn", DILL_COLUMN_ADDRESS, NULL,
			      "its struct node_barn; absent when the cache has no sheaves"},
	[NODE_COLUMN_FULL_SHEAVES] = {"full_sheaves", DILL_COLUMN_COUNT, NULL,
				      "full sheaves in the barn"},
	[NODE_COLUMN_EMPTY_SHEAVES] = {"empty_sheaves", DILL_COLUMN_COUNT, NULL,
				       "empty sheaves in the barn"},
	[NODE_COLUMN_BARN_OBJECTS] = {"barn_objects", DILL_COLUMN_COUNT, NULL,
				      "objects in the barn"},
	[NODE_COLUMN_BARN_FULL] = {"barn_full", DILL_COLUMN_RECORDS, NULL,
				   "the full sheaves, in the order of use", &cache_sheaf_kind},
	[NODE_COLUMN_BARN_EMPTY] = {"barn_empty", DILL_COLUMN_RECORDS, NULL, "the empty sheaves",
				    &cache_sheaf_kind},
	[NODE_COLUMN_BARN_BROKEN] =
		{"barn_broken", DILL_COLUMN_BOOL, NULL,
		 "true when the barn has a finding: there may be more sheaves in it"},
};

const struct dill_record_kind cache_node_kind = {
	.name = "node",
	.doc = "What one NUMA node holds of a cache.",
	.columns = node_columns,
	.column_count = COUNT(node_columns),
};

/* slabinfo's letters (tools/mm in the kernel) where it has one; docs/commands/kcache.md lists them.
 */
static char flag_letter(const char *flag)
{
	static const struct {
		const char *flag;
		char letter;
	} letters[] = {
		{"HWCACHE_ALIGN", 'A'},	  {"CACHE_DMA", 'd'},	{"CACHE_DMA32", 'D'},
		{"RECLAIM_ACCOUNT", 'a'}, {"RED_ZONE", 'Z'},	{"POISON", 'P'},
		{"STORE_USER", 'U'},	  {"TRACE", 'T'},	{"CONSISTENCY_CHECKS", 'F'},
		{"KMALLOC", 'k'},	  {"PANIC", 'p'},	{"TYPESAFE_BY_RCU", 'R'},
		{"DEBUG_OBJECTS", 'o'},	  {"NOLEAKTRACE", 'l'}, {"NO_MERGE", 'n'},
		{"FAILSLAB", 'f'},	  {"ACCOUNT", 'm'},	{"KASAN", 'K'},
		{"NO_USER_FLAGS", 'u'},	  {"SKIP_KFENCE", 's'}, {"CMPXCHG_DOUBLE", 'x'},
		{"OBJECT_POISON", 'O'},	  {"NO_OBJ_EXT", 'e'},	{"OBJ_EXT_IN_OBJ", 'i'},
	};

	for (size_t i = 0; i < COUNT(letters); i++)
		if (!strcmp(letters[i].flag, flag))
			return letters[i].letter;
	return 0;
}

static const struct column cache_columns[] = {
	[CACHE_NAME] = {"name", DILL_COLUMN_TEXT, "NAME",
			"name of the cache, control characters escaped"},
	[CACHE_MEMORY] = {"memory", DILL_COLUMN_COUNT, "MEMORY",
			  "bytes of its slabs, were all of them of the cache's order",
			  .unit = UNIT_BYTES, .screen = true},
	[CACHE_SHARE] = {"share", DILL_COLUMN_COUNT, "SHARE", "of the memory of all caches",
			 .unit = UNIT_PERMILLE, .screen = true},
	[CACHE_ACTIVE] = {"active", DILL_COLUMN_COUNT, "ACTIVE",
			  "objects in use as /proc/slabinfo counts them: all but the free ones of "
			  "partial slabs",
			  .rank = 5},
	[CACHE_OBJECTS] = {"objects", DILL_COLUMN_COUNT, "OBJECTS", "all objects, free or not"},
	[CACHE_LIVE] = {"live", DILL_COLUMN_COUNT, "LIVE", "objects that are allocated"},
	[CACHE_CACHED] = {"cached", DILL_COLUMN_COUNT, "CACHED",
			  "free objects on CPUs' freelists, in sheaves and in barns", .rank = 1},
	[CACHE_FREE] = {"free", DILL_COLUMN_COUNT, "FREE",
			"free objects on their slabs' freelists"},
	[CACHE_WAITING] =
		{"waiting", DILL_COLUMN_COUNT, "WAITING",
		 "freed objects that cannot be had again yet: kfree_rcu(), deferred frees, KASAN's "
		 "quarantine"},
	[CACHE_UNKNOWN] = {"unknown", DILL_COLUMN_COUNT, "UNKNOWN",
			   "objects found on no list while a list that could hold them is broken "
			   "or unreadable"},
	[CACHE_OBJECT_SIZE] = {"object_size", DILL_COLUMN_COUNT, "OBJSIZE",
			       "bytes that a caller gets", .rank = 3},
	[CACHE_SIZE] = {"size", DILL_COLUMN_COUNT, "SIZE",
			"bytes from one object to the next, metadata included", .rank = 1},
	[CACHE_OBJECTS_PER_SLAB] = {"objects_per_slab", DILL_COLUMN_COUNT, "PER SLAB",
				    "objects in a slab", .rank = 6},
	[CACHE_ORDER] = {"order", DILL_COLUMN_COUNT, "ORDER", "a slab has 2^order pages",
			 .rank = 7},
	[CACHE_SLABS] = {"slabs", DILL_COLUMN_COUNT, "SLABS", "all slabs", .rank = 4},
	[CACHE_PARTIAL_SLABS] = {"partial_slabs", DILL_COLUMN_COUNT, "PARTIAL",
				 "slabs on the nodes' partial lists", .rank = 8},
	[CACHE_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, "ADDRESS", "its struct kmem_cache",
			   .rank = 9},
	[CACHE_FLAGS] = {"flags", DILL_COLUMN_TEXTS, "FLAGS", "names of its flags, without SLAB_",
			 .rank = 2, .letter = flag_letter},
	[CACHE_STANDING] = {"standing", DILL_COLUMN_TEXT, NULL,
			    "destroyed, freed or unlisted: the cache is not on the kernel's list; "
			    "absent for all others"},
	[CACHE_FLAGS_VALUE] = {"flags_value", DILL_COLUMN_ADDRESS, NULL, "the same as a number"},
	[CACHE_ALIGN] = {"align", DILL_COLUMN_COUNT, NULL, "alignment of objects in bytes"},
	[CACHE_INUSE] = {"inuse", DILL_COLUMN_COUNT, NULL,
			 "offset of the metadata behind an object"},
	[CACHE_FREELIST_OFFSET] = {"freelist_offset", DILL_COLUMN_COUNT, NULL,
				   "offset of the free pointer in a free object"},
	[CACHE_FREELIST_ENCODING] =
		{"freelist_encoding", DILL_COLUMN_TEXT, NULL,
		 "how free pointers are stored: plain, xor, xor_swapped, or undecided"},
	[CACHE_FREELIST_KEY] = {"freelist_key", DILL_COLUMN_ADDRESS, NULL,
				"hardening key (CONFIG_SLAB_FREELIST_HARDENED)"},
	[CACHE_RED_LEFT_PAD] = {"red_left_pad", DILL_COLUMN_COUNT, NULL,
				"bytes of red zone in front of each object"},
	[CACHE_MIN_ORDER] = {"min_order", DILL_COLUMN_COUNT, NULL,
			     "order of the fallback when memory is fragmented"},
	[CACHE_MIN_OBJECTS_PER_SLAB] = {"min_objects_per_slab", DILL_COLUMN_COUNT, NULL,
					"objects in a slab of that order"},
	[CACHE_REFCOUNT] = {"refcount", DILL_COLUMN_SIGNED, NULL,
			    "users: more than 1 after merging, -1 for boot caches"},
	[CACHE_ALIASES] = {"aliases", DILL_COLUMN_TEXTS, NULL,
			   "other names of a merged cache, from sysfs; absent without any"},
	[CACHE_CTOR] = {"ctor", DILL_COLUMN_ADDRESS, NULL, "constructor"},
	[CACHE_CTOR_NAME] = {"ctor_name", DILL_COLUMN_TEXT, NULL, "the same as a symbol"},
	[CACHE_USEROFFSET] = {"useroffset", DILL_COLUMN_COUNT, NULL,
			      "start of the part that may be copied to user space"},
	[CACHE_USERSIZE] = {"usersize", DILL_COLUMN_COUNT, NULL, "bytes of that part"},
	[CACHE_MIN_PARTIAL] = {"min_partial", DILL_COLUMN_COUNT, NULL,
			       "empty slabs a node keeps on its partial list"},
	[CACHE_CPU_PARTIAL] = {"cpu_partial", DILL_COLUMN_COUNT, NULL,
			       "limit of a CPU's partial list in objects"},
	[CACHE_CPU_PARTIAL_SLABS] = {"cpu_partial_slabs", DILL_COLUMN_COUNT, NULL,
				     "the same in slabs"},
	[CACHE_CPU_SLABS] = {"cpu_slabs", DILL_COLUMN_COUNT, NULL,
			     "CPUs' own slabs and those on their partial lists"},
	[CACHE_SHEAF_CAPACITY] =
		{"sheaf_capacity", DILL_COLUMN_COUNT, NULL,
		 "objects that a sheaf has room for; 0 = the cache has no sheaves"},
	[CACHE_IN_MOTION] = {"in_motion", DILL_COLUMN_BOOL, NULL,
			     "true when a CPU was stopped while it changed the cache's lists: an "
			     "object between "
			     "two lists counts as live"},
	[CACHE_CPUS] = {"cpus", DILL_COLUMN_RECORDS, NULL, "what each CPU holds", &cache_cpu_kind},
	[CACHE_NODES] = {"nodes", DILL_COLUMN_RECORDS, NULL, "what each NUMA node holds",
			 &cache_node_kind},
};

const struct dill_record_kind cache_row_kind = {
	.name = "cache",
	.doc = "A cache in the list of caches.",
	.columns = cache_columns,
	.column_count = CACHE_STANDING + 1,
};

const struct dill_record_kind cache_detail_kind = {
	.name = "cache",
	.doc = "A cache with all it holds.",
	.columns = cache_columns,
	.column_count = COUNT(cache_columns),
};
