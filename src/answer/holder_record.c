/* SPDX-License-Identifier: MIT */
#include "answer/holder_record.h"

#include "answer/heap_words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *holder_text(enum holder_word word)
{
	static const char *const words[HOLDER_WORDS] = {
		[HOLDER_OBJECT] = "object",   [HOLDER_SYMBOL] = "symbol",
		[HOLDER_PERCPU] = "percpu",   [HOLDER_STACK] = "stack",
		[HOLDER_MODULE] = "module",   [HOLDER_VMALLOC] = "vmalloc",
		[HOLDER_PAGE] = "page",	      [HOLDER_PAGE_STRUCT] = "page_struct",
		[HOLDER_WAITING] = "waiting",
	};

	return words[word];
}

ENUMERATION_OF_FILE(holder_words, holder_text, HOLDER_WORDS);

static const struct column held_columns[] = {
	[HELD_OBJECT] = {"object", DILL_COLUMN_ADDRESS, "OBJECT", "start of the object"},
	[HELD_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE", "its cache; large_kmalloc for a block"},
	[HELD_TYPE] = {"type", DILL_COLUMN_TEXT, "TYPE",
		       "what it is, as kobj --type tells; absent where that is not known"},
	[HELD_SIZE] = {"object_size", DILL_COLUMN_COUNT, "SIZE", "its bytes"},
	[HELD_STATE] = {"state", DILL_COLUMN_ENUM, "STATE", "whether it is in use",
			.words = &object_states},
	[HELD_REACHED] =
		{"reached", DILL_COLUMN_BOOL, "REACHED",
		 "whether a way leads there from outside of the heap; else it may be lost"},
	[HELD_HOLDERS] = {"holders", DILL_COLUMN_COUNT, "HOLDERS",
			  "words that point to it, in the heap and outside"},
	[HELD_RETAINED_OBJECTS] = {"retained_objects", DILL_COLUMN_COUNT, "RETAINED",
				   "objects that are held through it only, with itself"},
	[HELD_RETAINED_BYTES] = {"retained_bytes", DILL_COLUMN_COUNT, "BYTES",
				 "memory that these take up", .unit = UNIT_BYTES},
};

const struct dill_record_kind held_kind = {
	.name = "held",
	.doc = "An object, and how much depends on it.",
	.columns = held_columns,
	.column_count = COUNT(held_columns),
};

static const struct column holder_columns[] = {
	[HOLDER_STEP] =
		{"step", DILL_COLUMN_COUNT, "STEP",
		 "place on the shortest way to the object, from 0 outside of the heap; absent "
		 "for a direct holder that --all shows"},
	[HOLDER_KIND] = {"kind", DILL_COLUMN_ENUM, "KIND", "what the pointer stands in",
			 .words = &holder_words},
	[HOLDER_NAME] =
		{"name", DILL_COLUMN_TEXT, "WHERE",
		 "the same with its name: type.member, symbol+offset, the thread of a stack"},
	[HOLDER_HOLDER] = {"holder", DILL_COLUMN_ADDRESS, "HOLDER",
			   "start of the object that has the pointer; absent outside of the heap"},
	[HOLDER_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE", "its cache", .rank = 2},
	[HOLDER_TYPE] = {"type", DILL_COLUMN_TEXT, NULL, "its type, where that is known"},
	[HOLDER_MEMBER] = {"member", DILL_COLUMN_TEXT, NULL, "the member that is the pointer"},
	[HOLDER_POINTER] = {"pointer", DILL_COLUMN_ADDRESS, "POINTER", "where the pointer is"},
	[HOLDER_TO] = {"to", DILL_COLUMN_ADDRESS, "TO", "start of the object that it leads to"},
	[HOLDER_OFFSET] = {"offset", DILL_COLUMN_COUNT, "OFFSET", "where in that it leads",
			   .rank = 1},
};

const struct dill_record_kind holder_kind = {
	.name = "holder",
	.doc = "A pointer to an object.",
	.columns = holder_columns,
	.column_count = COUNT(holder_columns),
};

static const char *leak_text(enum leak_word word)
{
	static const char *const words[LEAK_WORDS] = {
		[LEAK_PERHAPS] = "perhaps",
		[LEAK_LIKELY] = "likely",
		[LEAK_CERTAIN] = "certain",
	};

	return words[word];
}

ENUMERATION_OF_FILE(leak_words, leak_text, LEAK_WORDS);

static const struct column leak_columns[] = {
	[LEAK_TYPE] = {"type", DILL_COLUMN_TEXT, "TYPE",
		       "what the objects are, where that is known"},
	[LEAK_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE", "their cache"},
	[LEAK_SITE] = {"site", DILL_COLUMN_TEXT, "SITE",
		       "where they were allocated, where the kernel records it", .rank = 1},
	[LEAK_SIZE] = {"object_size", DILL_COLUMN_COUNT, "SIZE", "bytes of each"},
	[LEAK_OBJECTS] = {"objects", DILL_COLUMN_COUNT, "OBJECTS",
			  "objects that no pointer leads to from outside of the heap"},
	[LEAK_BYTES] = {"bytes", DILL_COLUMN_COUNT, "MEMORY",
			"memory that they take up, metadata included", .unit = UNIT_BYTES},
	[LEAK_HEADS] =
		{"heads", DILL_COLUMN_COUNT, "HEADS",
		 "of these, how many no pointer leads to at all; lost ones point to the others"},
	[LEAK_SURE] =
		{"sure", DILL_COLUMN_ENUM, "SURE",
		 "certain: many of one kind, of which none is held; likely: several; perhaps: so "
		 "few that a pointer in a disguise may hold them",
		 .words = &leak_words},
	[LEAK_OBJECT] = {"object", DILL_COLUMN_ADDRESS, "ONE OF THEM", "for kobj and kwhy"},
};

const struct dill_record_kind leak_kind = {
	.name = "leak",
	.doc = "Objects of one kind that nothing reaches.",
	.columns = leak_columns,
	.column_count = COUNT(leak_columns),
};

static const struct column leak_total_columns[] = {
	[LEAK_TOTAL_OBJECTS] = {"objects", DILL_COLUMN_COUNT, "IN USE",
				"objects in use that were looked at"},
	[LEAK_TOTAL_LOST] = {"lost", DILL_COLUMN_COUNT, "NOT REACHED",
			     "of these, how many nothing reaches"},
	[LEAK_TOTAL_BYTES] = {"lost_bytes", DILL_COLUMN_COUNT, "MEMORY", "memory of these",
			      .unit = UNIT_BYTES},
	[LEAK_TOTAL_SURE] = {"certain", DILL_COLUMN_COUNT, "CERTAIN",
			     "of these, how many are lost beyond doubt"},
	[LEAK_TOTAL_UNREADABLE] =
		{"unreadable", DILL_COLUMN_COUNT, "UNREADABLE",
		 "pages that could not be read, where pointers may be: nothing is "
		 "certain then"},
};

const struct dill_record_kind leak_total_kind = {
	.name = "leak_total",
	.doc = "Sums over all groups, those too that are not shown.",
	.columns = leak_total_columns,
	.column_count = COUNT(leak_total_columns),
};
