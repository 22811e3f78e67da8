/* SPDX-License-Identifier: MIT */
#include "answer/census_record.h"

#include "answer/heap_words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The same sums for a cache, a node and all together. */
#define SUM_COLUMNS                                                                                \
	[CENSUS_MEMORY] = {"memory", DILL_COLUMN_COUNT, "MEMORY", "bytes of the slabs' pages",     \
			   .unit = UNIT_BYTES},                                                    \
	[CENSUS_SHARE] = {"share",                                                                 \
			  DILL_COLUMN_COUNT,                                                       \
			  "SHARE",                                                                 \
			  "of the memory that was counted",                                        \
			  .unit = UNIT_PERMILLE,                                                   \
			  .screen = true},                                                         \
	[CENSUS_SLABS] = {"slabs", DILL_COLUMN_COUNT, "SLABS",                                     \
			  "slabs found by their struct pages, without dying ones", .rank = 3},     \
	[CENSUS_EMPTY] = {"empty_slabs", DILL_COLUMN_COUNT, "EMPTY",                               \
			  "those without an object in use", .rank = 7},                            \
	[CENSUS_PARTLY] = {"partly_used_slabs", DILL_COLUMN_COUNT, "PARTLY",                       \
			   "those with objects in use and others", .rank = 6},                     \
	[CENSUS_FULL] = {"full_slabs", DILL_COLUMN_COUNT, NULL, "those with every object in use"}, \
	[CENSUS_OBJECTS] = {"objects", DILL_COLUMN_COUNT, "OBJECTS", "objects in these slabs"},    \
	[CENSUS_LIVE] = {"live", DILL_COLUMN_COUNT, "LIVE", "objects that are allocated"},         \
	[CENSUS_CACHED] = {"cached", DILL_COLUMN_COUNT, "CACHED",                                  \
			   "free objects on CPUs' freelists, in sheaves and in barns", .rank = 5}, \
	[CENSUS_FREE] = {"free", DILL_COLUMN_COUNT, "FREE",                                        \
			 "free objects on their slabs' freelists", .rank = 4},                     \
	[CENSUS_WAITING] = {"waiting", DILL_COLUMN_COUNT, "WAITING",                               \
			    "freed objects that cannot be had again yet", .rank = 3},              \
	[CENSUS_UNKNOWN] = {"unknown", DILL_COLUMN_COUNT, "UNKNOWN",                               \
			    "objects found on no list while a list that could hold them is "       \
			    "broken or unreadable; they count as in use"},                         \
	[CENSUS_USED_BYTES] = {"used_bytes",                                                       \
			       DILL_COLUMN_COUNT,                                                  \
			       "USED",                                                             \
			       "of memory, bytes that objects in use offer to their users",        \
			       .unit = UNIT_BYTES,                                                 \
			       .rank = 1},                                                         \
	[CENSUS_FREE_BYTES] = {"free_bytes", DILL_COLUMN_COUNT, NULL,                              \
			       "of memory, bytes in objects that are not in use"},                 \
	[CENSUS_HOLE_BYTES] = {"hole_bytes",                                                       \
			       DILL_COLUMN_COUNT,                                                  \
			       "HOLES",                                                            \
			       "of free_bytes, those in partly used slabs: fragmentation, they "   \
			       "cannot go back",                                                   \
			       .unit = UNIT_BYTES,                                                 \
			       .rank = 2},                                                         \
	[CENSUS_AROUND_BYTES] = {"around_bytes",                                                   \
				 DILL_COLUMN_COUNT,                                                \
				 "AROUND",                                                         \
				 "of memory, bytes between objects: padding, red zones, "          \
				 "metadata",                                                       \
				 .unit = UNIT_BYTES,                                               \
				 .rank = 8},                                                       \
	[CENSUS_TAIL_BYTES] = {"tail_bytes",                                                       \
			       DILL_COLUMN_COUNT,                                                  \
			       "TAILS",                                                            \
			       "of memory, bytes behind the last objects of slabs",                \
			       .unit = UNIT_BYTES,                                                 \
			       .rank = 9},                                                         \
	[CENSUS_REQUESTED_OBJECTS] = {"requested_objects", DILL_COLUMN_COUNT, NULL,                \
				      "objects in use whose requested size the kernel has "        \
				      "recorded; absent without any"},                             \
	[CENSUS_REQUESTED_BYTES] = {"requested_bytes", DILL_COLUMN_COUNT, NULL,                    \
				    "bytes that were asked for in these objects"},                 \
	[CENSUS_REQUEST_WASTE] = {"request_waste", DILL_COLUMN_COUNT, NULL,                        \
				  "bytes that these objects offer beyond what was asked for"},     \
	[CENSUS_DYING] = {"dying_slabs", DILL_COLUMN_COUNT, NULL,                                  \
			  "slabs that are given back after a grace period; no sum here counts "    \
			  "them"}

static const struct column cache_columns[] = {
	[CENSUS_CACHE_NAME] = {"name", DILL_COLUMN_TEXT, "NAME", "name of the cache"},
	SUM_COLUMNS,
	[CENSUS_CACHE_ACTIVE] = {"active", DILL_COLUMN_COUNT, NULL,
				 "objects in use as /proc/slabinfo counts them: all but the free "
				 "ones of partial slabs"},
	[CENSUS_CACHE_KERNEL_SLABS] = {"kernel_slabs", DILL_COLUMN_COUNT, NULL,
				       "slabs as the kernel counts them (num_slabs)"},
	[CENSUS_CACHE_KERNEL_OBJECTS] = {"kernel_objects", DILL_COLUMN_COUNT, NULL,
					 "objects as the kernel counts them (num_objs)"},
	[CENSUS_CACHE_OBJECT_SIZE] = {"object_size", DILL_COLUMN_COUNT, NULL,
				      "bytes that a caller gets"},
	[CENSUS_CACHE_SIZE] = {"size", DILL_COLUMN_COUNT, NULL,
			       "bytes from one object to the next"},
	[CENSUS_CACHE_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL, "its struct kmem_cache"},
	[CENSUS_CACHE_IN_MOTION] = {"in_motion", DILL_COLUMN_BOOL, NULL,
				    "true when a CPU was stopped while it changed the cache's "
				    "lists: an object between two lists counts as live"},
	[CENSUS_CACHE_STANDING] = {"standing", DILL_COLUMN_TEXT, NULL,
				   "destroyed, freed or unlisted: the cache is not on the "
				   "kernel's list; absent for all others"},
	[CENSUS_CACHE_INCOMPLETE] = {"incomplete", DILL_COLUMN_TEXT, NULL,
				     "what could not be read, so that objects found nowhere are "
				     "unknown; absent when everything was"},
};

const struct dill_record_kind census_cache_kind = {
	.name = "census_cache",
	.doc = "A cache, counted object by object.",
	.columns = cache_columns,
	.column_count = COUNT(cache_columns),
};

static const struct column node_columns[] = {
	[CENSUS_NODE_NUMBER] = {"node", DILL_COLUMN_COUNT, "NODE",
				"NUMA node of the slabs' memory"},
	SUM_COLUMNS,
};

const struct dill_record_kind census_node_kind = {
	.name = "census_node",
	.doc = "The slabs of the chosen caches in one node's memory.",
	.columns = node_columns,
	.column_count = COUNT(node_columns),
};

static const struct column total_columns[] = {
	[CENSUS_TOTAL_CACHES] = {"caches", DILL_COLUMN_COUNT, "TOTAL OF CACHES",
				 "how many caches were counted"},
	SUM_COLUMNS,
};

const struct dill_record_kind census_total_kind = {
	.name = "census_total",
	.doc = "All chosen caches together.",
	.columns = total_columns,
	.column_count = COUNT(total_columns),
};

/* By node, or without the node's column. */
#define LARGE_COLUMNS(node_heading)                                                                \
	[CENSUS_LARGE_NAME] = {"name", DILL_COLUMN_TEXT, "NAME", "large_kmalloc"},                 \
	[CENSUS_LARGE_NODE] = {"node", DILL_COLUMN_COUNT, node_heading,                            \
			       "NUMA node of their memory; absent unless by node"},                \
	[CENSUS_LARGE_SIZE] = {"size", DILL_COLUMN_COUNT, "SIZE", "bytes of each of these blocks", \
			       .unit = UNIT_BYTES},                                                \
	[CENSUS_LARGE_BLOCKS] = {"blocks", DILL_COLUMN_COUNT, "BLOCKS", "how many there are"},     \
	[CENSUS_LARGE_MEMORY] = {"memory", DILL_COLUMN_COUNT, "MEMORY", "bytes of their pages",    \
				 .unit = UNIT_BYTES},                                              \
	[CENSUS_LARGE_CERTAIN] = {                                                                 \
		"certain", DILL_COLUMN_BOOL, "CERTAIN",                                            \
		"true where the pages' type says so (since 6.15); else they look "                 \
		"like that, and pages of drivers may be among them"}

static const struct column large_columns[] = {LARGE_COLUMNS(NULL)};
static const struct column large_node_columns[] = {LARGE_COLUMNS("NODE")};

const struct dill_record_kind census_large_kind = {
	.name = "census_large",
	.doc = "Blocks of one size that kmalloc() took from the page allocator, past all caches.",
	.columns = large_columns,
	.column_count = COUNT(large_columns),
};

const struct dill_record_kind census_large_node_kind = {
	.name = "census_large",
	.doc = "The same, by node.",
	.columns = large_node_columns,
	.column_count = COUNT(large_node_columns),
};

#define KERNEL_COLUMNS(node_heading)                                                               \
	[CENSUS_KERNEL_NODE] = {"node", DILL_COLUMN_COUNT, node_heading,                           \
				"NUMA node; absent for all together, which is the rule"},          \
	[CENSUS_KERNEL_SLABS] = {"slabs_memory", DILL_COLUMN_COUNT, "IN SLABS",                    \
				 "bytes of all slabs that were found, dying ones among them",      \
				 .unit = UNIT_BYTES},                                              \
	[CENSUS_KERNEL_LARGE] = {"large_memory", DILL_COLUMN_COUNT, "LARGE KMALLOC",               \
				 "bytes of all blocks of large kmalloc(); absent when not known",  \
				 .unit = UNIT_BYTES},                                              \
	[CENSUS_KERNEL_LOST] = {"lost_memory", DILL_COLUMN_COUNT, NULL,                            \
				"bytes of slabs that name no cache: kcheck names them"},           \
	[CENSUS_KERNEL_RECLAIMABLE] = {"reclaimable", DILL_COLUMN_COUNT, NULL,                     \
				       "bytes that the kernel counts as NR_SLAB_RECLAIMABLE_B "    \
				       "(SReclaimable in /proc/meminfo); absent when not known"},  \
	[CENSUS_KERNEL_UNRECLAIMABLE] = {"unreclaimable", DILL_COLUMN_COUNT, NULL,                 \
					 "the same of NR_SLAB_UNRECLAIMABLE_B (SUnreclaim)"},      \
	[CENSUS_KERNEL_ALL] = {"kernel_memory", DILL_COLUMN_COUNT, "KERNEL COUNTS",                \
			       "both together: Slab in /proc/meminfo", .unit = UNIT_BYTES},        \
	[CENSUS_KERNEL_UNEXPLAINED] = {"unexplained", DILL_COLUMN_SIGNED, "UNEXPLAINED",           \
				       "bytes that the kernel counts and that are in none of the " \
				       "above; negative when more was found than it counts",       \
				       .unit = UNIT_BYTES},                                        \
	[CENSUS_KERNEL_SLABS_RECLAIMABLE] = {"slabs_reclaimable", DILL_COLUMN_COUNT, NULL,         \
					     "of slabs_memory, bytes of caches with the flag "     \
					     "RECLAIM_ACCOUNT; absent when not known"},            \
	[CENSUS_KERNEL_SLABS_UNRECLAIMABLE] = {"slabs_unreclaimable", DILL_COLUMN_COUNT, NULL,     \
					       "of slabs_memory, the others"},                     \
	[CENSUS_KERNEL_NOTE] = {"note", DILL_COLUMN_TEXT, "NOTE",                                  \
				"what makes these numbers uncertain; absent when nothing does"}

static const struct column kernel_columns[] = {KERNEL_COLUMNS(NULL)};
static const struct column kernel_node_columns[] = {KERNEL_COLUMNS("NODE")};

const struct dill_record_kind census_kernel_kind = {
	.name = "census_kernel",
	.doc = "What was found beside what the kernel itself counts as slab memory.",
	.columns = kernel_columns,
	.column_count = COUNT(kernel_columns),
};

const struct dill_record_kind census_kernel_node_kind = {
	.name = "census_kernel",
	.doc = "The same of one node.",
	.columns = kernel_node_columns,
	.column_count = COUNT(kernel_node_columns),
};

static const struct column slab_columns[] = {
	[CENSUS_SLAB_SLAB] = {"slab", DILL_COLUMN_ADDRESS, "SLAB",
			      "its descriptor: struct slab, or struct page before 5.17"},
	[CENSUS_SLAB_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE", "name of the cache"},
	[CENSUS_SLAB_UNUSED] = {"unused_bytes", DILL_COLUMN_COUNT, "UNUSED",
				"bytes in objects that are not in use", .unit = UNIT_BYTES},
	[CENSUS_SLAB_OBJECTS] = {"objects", DILL_COLUMN_COUNT, "OBJECTS", "objects in it",
				 .rank = 3},
	[CENSUS_SLAB_LIVE] = {"live", DILL_COLUMN_COUNT, "LIVE", "objects that are allocated"},
	[CENSUS_SLAB_CACHED] = {"cached", DILL_COLUMN_COUNT, "CACHED",
				"free objects on CPUs' freelists, in sheaves and in barns",
				.rank = 4},
	[CENSUS_SLAB_FREE] = {"free", DILL_COLUMN_COUNT, "FREE",
			      "free objects on its own freelist"},
	[CENSUS_SLAB_WAITING] = {"waiting", DILL_COLUMN_COUNT, "WAITING",
				 "freed objects that cannot be had again yet"},
	[CENSUS_SLAB_UNKNOWN] = {"unknown", DILL_COLUMN_COUNT, "UNKNOWN",
				 "objects found on no list while a list that could hold them is "
				 "broken or unreadable"},
	[CENSUS_SLAB_MEMORY] = {"memory", DILL_COLUMN_COUNT, NULL, "bytes of its pages"},
	[CENSUS_SLAB_NODE] = {"node", DILL_COLUMN_COUNT, "NODE", "NUMA node of its memory",
			      .rank = 6},
	[CENSUS_SLAB_WHERE] = {"where", DILL_COLUMN_ENUM, "WHERE", "whose it is",
			       .words = &slab_wheres},
	[CENSUS_SLAB_BASE] = {"base", DILL_COLUMN_ADDRESS, NULL, "its memory in the direct map"},
};

const struct dill_record_kind census_slab_kind = {
	.name = "census_slab",
	.doc = "A slab, with the states of its objects in numbers.",
	.columns = slab_columns,
	.column_count = COUNT(slab_columns),
};

static const struct column site_columns[] = {
	[CENSUS_SITE_SITE] =
		{"site", DILL_COLUMN_TEXT, "SITE",
		 "where the objects were allocated: the caller as symbol+offset, or "
		 "file:line function(); absent for objects whose site is not recorded"},
	[CENSUS_SITE_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE", "name of the cache"},
	[CENSUS_SITE_OBJECTS] = {"objects", DILL_COLUMN_COUNT, "OBJECTS", "objects in use"},
	[CENSUS_SITE_MEMORY] = {"memory", DILL_COLUMN_COUNT, "MEMORY",
				"bytes that they take up, metadata included", .unit = UNIT_BYTES},
	[CENSUS_SITE_SHARE] = {"share", DILL_COLUMN_COUNT, "SHARE",
			       "of the memory that was counted", .unit = UNIT_PERMILLE,
			       .screen = true, .rank = 5},
	[CENSUS_SITE_REQUESTED_BYTES] = {"requested_bytes", DILL_COLUMN_COUNT, "REQUESTED",
					 "bytes that were asked for, where that is recorded",
					 .unit = UNIT_BYTES, .rank = 4},
	[CENSUS_SITE_REQUEST_WASTE] = {"request_waste", DILL_COLUMN_COUNT, "WASTE",
				       "bytes that these objects offer beyond that",
				       .unit = UNIT_BYTES, .rank = 3},
	[CENSUS_SITE_YOUNGEST] = {"youngest_ns", DILL_COLUMN_TIME, "YOUNGEST",
				  "age of the object that was allocated last, where the kernel "
				  "records times",
				  .rank = 2},
	[CENSUS_SITE_OLDEST] = {"oldest_ns", DILL_COLUMN_TIME, "OLDEST",
				"age of the one that was allocated first", .rank = 1},
	[CENSUS_SITE_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL,
				 "the return address, or the allocation tag"},
	[CENSUS_SITE_DOUBT] = {"site_doubt", DILL_COLUMN_TEXT, NULL,
			       "why the site may be a former owner's: allocation profiling is "
			       "switched off; else absent"},
};

const struct dill_record_kind census_site_kind = {
	.name = "census_site",
	.doc = "Objects in use of one cache that were allocated at one place.",
	.columns = site_columns,
	.column_count = COUNT(site_columns),
};

static const struct column type_columns[] = {
	[CENSUS_TYPE_TYPE] =
		{"type", DILL_COLUMN_TEXT, "TYPE",
		 "what the objects are, such as \"struct file\" or \"text\"; absent where "
		 "that is not known"},
	[CENSUS_TYPE_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE",
			       "name of the cache; large_kmalloc for blocks"},
	[CENSUS_TYPE_OBJECTS] = {"objects", DILL_COLUMN_COUNT, "OBJECTS", "objects in use"},
	[CENSUS_TYPE_MEMORY] = {"memory", DILL_COLUMN_COUNT, "MEMORY",
				"bytes that they take up, metadata included", .unit = UNIT_BYTES},
	[CENSUS_TYPE_SHARE] = {"share", DILL_COLUMN_COUNT, "SHARE",
			       "of the memory that was counted", .unit = UNIT_PERMILLE,
			       .screen = true, .rank = 5},
	[CENSUS_TYPE_CERTAIN] = {"certain", DILL_COLUMN_COUNT, "CERTAIN",
				 "objects whose type is certain, unless memory is corrupt",
				 .rank = 4},
	[CENSUS_TYPE_LIKELY] = {"likely", DILL_COLUMN_COUNT, "LIKELY",
				"objects for whose type something speaks, and nothing against it",
				.rank = 3},
	[CENSUS_TYPE_BEGINS] = {"begins", DILL_COLUMN_COUNT, "BEGINS",
				"objects that only begin so: what they are as a whole is not known",
				.rank = 2},
	[CENSUS_TYPE_SOURCE] = {"source", DILL_COLUMN_ENUM, "SOURCE",
				"how the type of most of them is known, as in object",
				.words = &type_sources, .rank = 1},
	[CENSUS_TYPE_AGAINST] = {"against", DILL_COLUMN_COUNT, NULL,
				 "pointers to these objects that say that they are something else; "
				 "else absent"},
	[CENSUS_TYPE_OBJECT] = {"object", DILL_COLUMN_ADDRESS, NULL, "one of them, for kobj"},
};

const struct dill_record_kind census_type_kind = {
	.name = "census_type",
	.doc = "Objects in use of one cache that are of one type.",
	.columns = type_columns,
	.column_count = COUNT(type_columns),
};

static const struct column age_columns[] = {
	[CENSUS_AGE_FROM] = {"from_ns", DILL_COLUMN_TIME, "FROM",
			     "least age; absent for objects whose time is not recorded"},
	[CENSUS_AGE_TO] = {"to_ns", DILL_COLUMN_TIME, "BELOW",
			   "all ages are below; absent for the oldest"},
	[CENSUS_AGE_OBJECTS] = {"objects", DILL_COLUMN_COUNT, "OBJECTS", "objects in use"},
	[CENSUS_AGE_MEMORY] = {"memory", DILL_COLUMN_COUNT, "MEMORY",
			       "bytes that they take up, metadata included", .unit = UNIT_BYTES},
	[CENSUS_AGE_REQUESTED_BYTES] = {"requested_bytes", DILL_COLUMN_COUNT, "REQUESTED",
					"bytes that were asked for, where that is recorded",
					.unit = UNIT_BYTES},
};

const struct dill_record_kind census_age_kind = {
	.name = "census_age",
	.doc = "Objects in use that are about as old.",
	.columns = age_columns,
	.column_count = COUNT(age_columns),
};

#define GROUP_COLUMNS                                                                              \
	[CENSUS_GROUP_OBJECTS] = {"objects", DILL_COLUMN_COUNT, "OBJECTS", "objects in use"},      \
	[CENSUS_GROUP_MEMORY] = {"memory", DILL_COLUMN_COUNT, "MEMORY",                            \
				 "bytes that they take up, metadata included",                     \
				 .unit = UNIT_BYTES},                                              \
	[CENSUS_GROUP_SHARE] = {"share",                                                           \
				DILL_COLUMN_COUNT,                                                 \
				"SHARE",                                                           \
				"of the memory that was counted",                                  \
				.unit = UNIT_PERMILLE,                                             \
				.screen = true,                                                    \
				.rank = 5},                                                        \
	[CENSUS_GROUP_REQUESTED_BYTES] = {"requested_bytes", DILL_COLUMN_COUNT, "REQUESTED",       \
					  "bytes that were asked for, where that is recorded",     \
					  .unit = UNIT_BYTES},                                     \
	[CENSUS_GROUP_YOUNGEST] = {"youngest_ns", DILL_COLUMN_TIME, "YOUNGEST",                    \
				   "age of the object that was allocated last"},                   \
	[CENSUS_GROUP_OLDEST] = {"oldest_ns", DILL_COLUMN_TIME, "OLDEST",                          \
				 "age of the one that was allocated first"}

static const struct column pid_columns[] = {
	[CENSUS_GROUP_KEY] = {"pid", DILL_COLUMN_SIGNED, "PID",
			      "thread that allocated them; absent for objects whose user is not "
			      "recorded"},
	[CENSUS_GROUP_NAME] = {"comm", DILL_COLUMN_TEXT, "COMM",
			       "name of the thread that has this number now; absent when it has "
			       "ended"},
	GROUP_COLUMNS,
};

const struct dill_record_kind census_pid_kind = {
	.name = "census_pid",
	.doc = "Objects in use that one thread has allocated; what interrupts allocated counts as "
	       "the interrupted thread's.",
	.columns = pid_columns,
	.column_count = COUNT(pid_columns),
};

static const struct column cpu_columns[] = {
	[CENSUS_GROUP_KEY] = {"cpu", DILL_COLUMN_SIGNED, "CPU",
			      "where they were allocated; absent where that is not recorded"},
	GROUP_COLUMNS,
};

const struct dill_record_kind census_cpu_kind = {
	.name = "census_cpu",
	.doc = "Objects in use that were allocated on one CPU.",
	.columns = cpu_columns,
	.column_count = COUNT(cpu_columns),
};

static const struct column stack_columns[] = {
	[CENSUS_GROUP_KEY] = {"number", DILL_COLUMN_SIGNED, NULL,
			      "what tells this stack from others of the same kernel; absent where "
			      "no stack is recorded"},
	[CENSUS_GROUP_NAME] = {"cache", DILL_COLUMN_TEXT, "CACHE", "name of the cache"},
	GROUP_COLUMNS,
	[CENSUS_STACK_STACK] = {"stack", DILL_COLUMN_TEXTS, "STACK",
				"return addresses as symbol+offset, innermost first"},
	[CENSUS_STACK_ADDRESSES] = {"addresses", DILL_COLUMN_ADDRESSES, NULL,
				    "the same as numbers"},
};

const struct dill_record_kind census_stack_kind = {
	.name = "census_stack",
	.doc = "Objects in use of one cache whose allocations came the same way.",
	.columns = stack_columns,
	.column_count = COUNT(stack_columns),
};

static const struct column object_columns[] = {
	[CENSUS_OBJECT_OBJECT] = {"object", DILL_COLUMN_ADDRESS, "OBJECT",
				  "address as callers got it"},
	[CENSUS_OBJECT_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE", "name of the cache"},
	[CENSUS_OBJECT_STATE] = {"state", DILL_COLUMN_ENUM, "STATE",
				 "live, or unknown when it is on no list while one that could hold "
				 "it is broken or unreadable",
				 .words = &object_states},
	[CENSUS_OBJECT_SIZE] = {"object_size", DILL_COLUMN_COUNT, "SIZE",
				"bytes that a caller gets"},
	[CENSUS_OBJECT_SLAB] = {"slab", DILL_COLUMN_ADDRESS, NULL, "descriptor of its slab"},
	[CENSUS_OBJECT_INDEX] = {"index", DILL_COLUMN_COUNT, NULL,
				 "its number in the slab, from 0"},
	[CENSUS_OBJECT_NODE] = {"node", DILL_COLUMN_COUNT, NULL, "NUMA node of its memory"},
	[CENSUS_OBJECT_REQUESTED] = {"requested_size", DILL_COLUMN_COUNT, "REQUESTED",
				     "bytes that were asked for, where that is recorded",
				     .rank = 3},
	[CENSUS_OBJECT_SITE] = {"site", DILL_COLUMN_TEXT, "SITE",
				"where it was allocated, where that is recorded"},
	[CENSUS_OBJECT_CALLER] = {"caller", DILL_COLUMN_ADDRESS, NULL,
				  "the same as an address: of the caller, or of the allocation "
				  "tag"},
	[CENSUS_OBJECT_PID] = {"pid", DILL_COLUMN_SIGNED, "PID",
			       "task that allocated it, where that is recorded", .rank = 2},
	[CENSUS_OBJECT_CPU] = {"cpu", DILL_COLUMN_COUNT, NULL, "and the CPU"},
	[CENSUS_OBJECT_AGE] = {"age_ns", DILL_COLUMN_TIME, "AGE",
			       "time since then, in steps of a jiffy", .rank = 1},
	[CENSUS_OBJECT_DOUBT] = {"site_doubt", DILL_COLUMN_TEXT, NULL, "as in census_site"},
	[CENSUS_OBJECT_TYPE] = {"type", DILL_COLUMN_TEXT, "TYPE",
				"with --types: what it is, as far as that is known"},
	[CENSUS_OBJECT_SOURCE] = {"type_source", DILL_COLUMN_ENUM, NULL,
				  "how that is known, as in object", .words = &type_sources},
	[CENSUS_OBJECT_TRUST] = {"type_trust", DILL_COLUMN_ENUM, NULL,
				 "how sure that is, as in object", .words = &type_trusts},
};

const struct dill_record_kind census_object_kind = {
	.name = "census_object",
	.doc = "An object in use.",
	.columns = object_columns,
	.column_count = COUNT(object_columns),
};
