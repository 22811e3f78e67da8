/* SPDX-License-Identifier: MIT */
#include "answer/order_record.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct column head_columns[] = {
	[ORDER_COLUMN_CACHE] = {"cache", DILL_COLUMN_TEXT, NULL, "name of the cache"},
	[ORDER_COLUMN_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL, "its struct kmem_cache"},
	[ORDER_COLUMN_CPU] = {"cpu", DILL_COLUMN_COUNT, NULL, "the CPU that allocates"},
	[ORDER_COLUMN_CPU_FROM] =
		{"cpu_from", DILL_COLUMN_TEXT, NULL,
		 "why this CPU: option, selected (its thread is selected in GDB), or default"},
	[ORDER_COLUMN_NODE] = {"node", DILL_COLUMN_COUNT, NULL, "the CPU's NUMA node"},
	[ORDER_COLUMN_ENGINE] = {"engine", DILL_COLUMN_TEXT, NULL,
				 "what hands objects out: cpu_slabs, sheaves, "
				 "sheaves_on_cpu_slabs, or slabs (one at a time)"},
	[ORDER_COLUMN_SHEAF_CAPACITY] =
		{"sheaf_capacity", DILL_COLUMN_COUNT, NULL,
		 "objects that a sheaf has room for; absent without sheaves"},
};

const struct dill_record_kind order_head_kind = {
	.name = "knext",
	.doc = "Whose next objects the records behind it are.",
	.columns = head_columns,
	.column_count = COUNT(head_columns),
};

static const struct column next_columns[] = {
	[NEXT_COLUMN_POSITION] = {"position", DILL_COLUMN_COUNT, NULL,
				  "0 = the next allocation; there are gaps where a note says so"},
	[NEXT_COLUMN_OBJECT] = {"object", DILL_COLUMN_ADDRESS, NULL,
				"what that allocation returns"},
	[NEXT_COLUMN_PLACE] =
		{"place", DILL_COLUMN_TEXT, NULL,
		 "where it is now: cpu_freelist, cpu_slab (its slab's freelist), cpu_partial, "
		 "main_sheaf, spare_sheaf, barn, or node_partial"},
	[NEXT_COLUMN_CPU] = {"cpu", DILL_COLUMN_COUNT, NULL, "whose it is"},
	[NEXT_COLUMN_NODE] = {"node", DILL_COLUMN_COUNT, NULL, "whose it is"},
	[NEXT_COLUMN_LIST] =
		{"list", DILL_COLUMN_COUNT, NULL,
		 "number of the slab on its list, or of the sheaf in its barn, from 0"},
	[NEXT_COLUMN_SLOT] = {"slot", DILL_COLUMN_COUNT, NULL,
			      "slot of the sheaf, or place on the freelist, from 0"},
	[NEXT_COLUMN_CONTAINER] = {"container", DILL_COLUMN_ADDRESS, NULL,
				   "the sheaf, or the slab's descriptor"},
	[NEXT_COLUMN_CERTAIN] = {"certain", DILL_COLUMN_BOOL, NULL,
				 "false: only if what the notes before it say comes true"},
};

const struct dill_record_kind order_next_kind = {
	.name = "next",
	.doc = "An object that a coming allocation gets.",
	.columns = next_columns,
	.column_count = COUNT(next_columns),
};

static const struct column note_columns[] = {
	[NOTE_COLUMN_POSITION] = {"position", DILL_COLUMN_COUNT, NULL,
				  "of the first object that it is about"},
	[NOTE_COLUMN_COUNT] = {"count", DILL_COLUMN_COUNT, NULL,
			       "objects that it is about; absent: all from there on"},
	[NOTE_COLUMN_KIND] =
		{"kind", DILL_COLUMN_TEXT, NULL,
		 "new_slab, other_nodes, may_sleep, new_sheaf, broken, in_motion, reserves, "
		 "offline, kfence, or kfence_due"},
	[NOTE_COLUMN_TEXT] = {"text", DILL_COLUMN_TEXT, NULL, "the same in words"},
};

const struct dill_record_kind order_note_kind = {
	.name = "next_note",
	.doc = "Where the certainty of a prediction ends or changes.",
	.columns = note_columns,
	.column_count = COUNT(note_columns),
};
