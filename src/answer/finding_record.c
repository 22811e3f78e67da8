/* SPDX-License-Identifier: MIT */
#include "answer/finding_record.h"

#include "answer/heap_words.h"
#include "answer/track_record.h"

static const struct column neighbour_columns[] = {
	[NEIGHBOUR_COLUMN_OBJECT] = {"object", DILL_COLUMN_ADDRESS, NULL, "as callers got it"},
	[NEIGHBOUR_COLUMN_CACHE] = {"cache", DILL_COLUMN_TEXT, NULL, "its cache"},
	[NEIGHBOUR_COLUMN_OBJECT_SIZE] = {"object_size", DILL_COLUMN_COUNT, NULL,
					  "bytes that its user may use"},
	[NEIGHBOUR_COLUMN_STATE] = {"state", DILL_COLUMN_ENUM, NULL, "as kobj tells it",
				    .words = &object_states},
	[NEIGHBOUR_COLUMN_ROLE_TEXT] = {"role_text", DILL_COLUMN_TEXT, NULL,
					"what it is to the allocator itself"},
	[NEIGHBOUR_COLUMN_ALLOC_TAG] = {"alloc_tag", DILL_COLUMN_TEXT, NULL,
					"source line that allocated it (MEM_ALLOC_PROFILING)"},
	[NEIGHBOUR_COLUMN_ALLOC_TAG_DOUBT] = {"alloc_tag_doubt", DILL_COLUMN_TEXT, NULL,
					      "why that may be a former owner's; else absent"},
	[NEIGHBOUR_COLUMN_TRACKS] = {"tracks", DILL_COLUMN_RECORDS, NULL,
				     "who allocated and who freed it, where recorded", &track_kind},
};

const struct dill_record_kind neighbour_kind = {
	.name = "neighbour",
	.doc = "The object in front of one that was overwritten; lies inside of a finding.",
	.columns = neighbour_columns,
	.column_count = sizeof(neighbour_columns) / sizeof(neighbour_columns[0]),
};

static const struct column columns[] = {
	[FINDING_COLUMN_KIND] = {"kind", DILL_COLUMN_TEXT, NULL,
				 "what is wrong, as a stable word such as freelist_cycle"},
	[FINDING_COLUMN_CACHE] = {"cache", DILL_COLUMN_TEXT, NULL,
				  "name of the cache it was found in"},
	[FINDING_COLUMN_CPU] = {"cpu", DILL_COLUMN_COUNT, NULL, "CPU whose lists it was found on"},
	[FINDING_COLUMN_NODE] = {"node", DILL_COLUMN_COUNT, NULL,
				 "NUMA node whose lists it was found on"},
	[FINDING_COLUMN_SLAB] = {"slab", DILL_COLUMN_ADDRESS, NULL,
				 "descriptor of the slab it was found in"},
	[FINDING_COLUMN_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL,
				    "of the word that is wrong: where a watchpoint catches who "
				    "writes it; of an object that is free twice, its own"},
	[FINDING_COLUMN_EXPECTED] = {"expected", DILL_COLUMN_ADDRESS, NULL,
				     "value that would have fitted; absent when several would"},
	[FINDING_COLUMN_SEEN] = {"seen", DILL_COLUMN_ADDRESS, NULL,
				 "value that was there, decoded where the kernel encodes it"},
	[FINDING_COLUMN_OBJECT] = {"object", DILL_COLUMN_ADDRESS, NULL,
				   "object it is about, as callers got it"},
	[FINDING_COLUMN_SEEN_BYTES] = {"seen_bytes", DILL_COLUMN_TEXT, NULL,
				       "bytes from address on, each of which should be expected"},
	[FINDING_COLUMN_STORED] = {"stored", DILL_COLUMN_ADDRESS, NULL,
				   "the word at address as memory has it, of pointers"},
	[FINDING_COLUMN_STORED_TEXT] = {"stored_text", DILL_COLUMN_TEXT, NULL,
					"stored, or the bytes seen, as text where it is text"},
	[FINDING_COLUMN_FLIPPED_BITS] =
		{"flipped_bits", DILL_COLUMN_COUNT, NULL,
		 "1 or 2: so many bits differ from what should be there, as faulty memory leaves "
		 "it; absent when it is more"},
	[FINDING_COLUMN_NEAREST] = {"nearest", DILL_COLUMN_ADDRESS, NULL,
				    "value that fits with these bits put right"},
	[FINDING_COLUMN_WORD] = {"word", DILL_COLUMN_TEXT, NULL,
				 "what the word at address is in the allocator's own structs, such "
				 "as kmem_cache_cpu.freelist of a cache"},
	[FINDING_COLUMN_BEFORE] =
		{"before", DILL_COLUMN_RECORDS, NULL,
		 "the object that ends in front of the one with the wrong word: what runs over its "
		 "end writes there; of the first 100 findings",
		 &neighbour_kind},
	[FINDING_COLUMN_TRACKS] = {"tracks", DILL_COLUMN_RECORDS, NULL,
				   "who allocated and who freed the object, where recorded",
				   &track_kind},
	[FINDING_COLUMN_TEXT] = {"text", DILL_COLUMN_TEXT, NULL, "the same in a sentence"},
};

const struct dill_record_kind finding_record_kind = {
	.name = "finding",
	.doc = "Something broken in the target's heap. The walk went on behind it.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
};
