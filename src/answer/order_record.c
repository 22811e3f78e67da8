/* SPDX-License-Identifier: MIT */
#include "answer/order_record.h"

#include "answer/heap_words.h"
#include "slub/order.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *source_word(enum order_cpu_source source)
{
	static const char *const words[] = {
		[ORDER_CPU_OPTION] = "option",
		[ORDER_CPU_SELECTED] = "selected",
		[ORDER_CPU_DEFAULT] = "default",
	};

	return words[source];
}

ENUMERATION_OF_FILE(cpu_sources, source_word, ORDER_CPU_DEFAULT + 1);
ENUMERATION_OF_FILE(engines, order_engine_name, ORDER_SLABS + 1);
ENUMERATION_OF_FILE(note_kinds, order_note_name, NOTE_KFENCE_DUE + 1);

static const struct column head_columns[] = {
	[ORDER_COLUMN_CACHE] = {"cache", DILL_COLUMN_TEXT, NULL, "name of the cache"},
	[ORDER_COLUMN_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL, "its struct kmem_cache"},
	[ORDER_COLUMN_CPU] = {"cpu", DILL_COLUMN_COUNT, NULL, "the CPU that allocates"},
	[ORDER_COLUMN_CPU_FROM] =
		{"cpu_from", DILL_COLUMN_ENUM, NULL,
		 "why this CPU; selected means that its thread is selected in GDB",
		 .words = &cpu_sources},
	[ORDER_COLUMN_NODE] = {"node", DILL_COLUMN_COUNT, NULL, "the CPU's NUMA node"},
	[ORDER_COLUMN_ENGINE] = {"engine", DILL_COLUMN_ENUM, NULL,
				 "what hands objects out; slabs means one at a time",
				 .words = &engines},
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
	[NEXT_COLUMN_PLACE] = {"place", DILL_COLUMN_ENUM, NULL,
			       "where it is now; cpu_slab is the freelist of the CPU's slab",
			       .words = &place_kinds},
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
	[NOTE_COLUMN_KIND] = {"kind", DILL_COLUMN_ENUM, NULL, "what it is about",
			      .words = &note_kinds},
	[NOTE_COLUMN_TEXT] = {"text", DILL_COLUMN_TEXT, NULL, "the same in words"},
};

const struct dill_record_kind order_note_kind = {
	.name = "next_note",
	.doc = "Where the certainty of a prediction ends or changes.",
	.columns = note_columns,
	.column_count = COUNT(note_columns),
};
