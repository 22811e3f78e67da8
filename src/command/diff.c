/* SPDX-License-Identifier: MIT */
#include "answer/gap_record.h"
#include "command/fill_finding.h"
#include "command/heap_file.h"
#include "command/registry.h"
#include "store/heap_diff.h"

enum { OPTION_OBJECTS, OPTION_ROWS };

/* --- records --- */

enum {
	COL_CHANGE,
	COL_CACHE,
	COL_MEMORY_CHANGE,
	COL_LIVE_CHANGE,
	COL_MEMORY_A,
	COL_MEMORY_B,
	COL_LIVE_A,
	COL_LIVE_B,
	COL_SLABS_A,
	COL_SLABS_B,
	CACHE_COLUMNS,
	COL_SITE = COL_SLABS_A,
};

#define CHANGE_COLUMNS                                                                             \
	[COL_CHANGE] = {"change", DILL_COLUMN_TEXT, "CHANGE",                                      \
			"appeared: only in B, went: only in A, grew or shrank: by memory, or, "    \
			"where that is the same, by objects"},                                     \
	[COL_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE", "name of the cache"},                   \
	[COL_MEMORY_CHANGE] = {"memory_change", DILL_COLUMN_SIGNED, "MEMORY +/-",                  \
			       "bytes in B minus bytes in A", .unit = UNIT_BYTES},                 \
	[COL_LIVE_CHANGE] = {"live_change", DILL_COLUMN_SIGNED, "OBJECTS +/-",                     \
			     "objects in use in B minus those in A"},                              \
	[COL_MEMORY_A] = {"memory_a",	DILL_COLUMN_COUNT,  "MEMORY A",                            \
			  "bytes in A", .unit = UNIT_BYTES, .rank = 4},                            \
	[COL_MEMORY_B] = {"memory_b",	DILL_COLUMN_COUNT,  "MEMORY B",                            \
			  "bytes in B", .unit = UNIT_BYTES, .rank = 3},                            \
	[COL_LIVE_A] = {"live_a", DILL_COLUMN_COUNT, "OBJECTS A", "objects in use in A",           \
			.rank = 6},                                                                \
	[COL_LIVE_B] = {"live_b", DILL_COLUMN_COUNT, "OBJECTS B", "objects in use in B",           \
			.rank = 5}

static const struct column cache_columns[] = {
	CHANGE_COLUMNS,
	[COL_SLABS_A] = {"slabs_a", DILL_COLUMN_COUNT, "SLABS A", "slabs in A", .rank = 8},
	[COL_SLABS_B] = {"slabs_b", DILL_COLUMN_COUNT, "SLABS B", "slabs in B", .rank = 7},
};

static const struct dill_record_kind cache_kind = {
	.name = "diff_cache",
	.doc = "A cache that is not the same in both heaps; its memory is that of its slabs. "
	       "Blocks "
	       "of large kmalloc() are the cache large_kmalloc.",
	.columns = cache_columns,
	.column_count = CACHE_COLUMNS,
};

static const struct column site_columns[] = {
	CHANGE_COLUMNS,
	[COL_SITE] = {"site", DILL_COLUMN_TEXT, "SITE",
		      "where the objects were allocated; absent where that is not recorded"},
};

static const struct dill_record_kind site_kind = {
	.name = "diff_site",
	.doc = "A place of which not the same objects are in use; their memory, metadata included.",
	.columns = site_columns,
	.column_count = COL_SITE + 1,
};

enum {
	TOTAL_MEMORY_CHANGE,
	TOTAL_LIVE_CHANGE,
	TOTAL_CACHES,
	TOTAL_SITES,
	TOTAL_SECONDS,
	TOTAL_KERNEL_CHANGE,
};

static const struct column total_columns[] = {
	[TOTAL_MEMORY_CHANGE] = {"memory_change", DILL_COLUMN_SIGNED, "TOTAL MEMORY +/-",
				 "bytes of slabs and blocks of large kmalloc() in B minus bytes in "
				 "A",
				 .unit = UNIT_BYTES},
	[TOTAL_LIVE_CHANGE] = {"live_change", DILL_COLUMN_SIGNED, "OBJECTS +/-",
			       "objects in use in B minus those in A"},
	[TOTAL_CACHES] = {"caches", DILL_COLUMN_COUNT, "CACHES", "caches that are not the same"},
	[TOTAL_SITES] = {"sites", DILL_COLUMN_COUNT, "SITES", "sites that are not the same"},
	[TOTAL_SECONDS] = {"seconds", DILL_COLUMN_SIGNED, "SECONDS",
			   "from A to B, by the clock of the host that exported them; absent "
			   "with a dump"},
	[TOTAL_KERNEL_CHANGE] =
		{"kernel_change", DILL_COLUMN_SIGNED, "KERNEL COUNTS +/-",
		 "bytes that the kernel counts as slab memory, in B minus those in "
		 "A; absent where one has only some caches, or the counters are not "
		 "known",
		 .unit = UNIT_BYTES},
};

static const struct dill_record_kind total_kind = {
	.name = "diff_total",
	.doc = "All caches together.",
	.columns = total_columns,
	.column_count = sizeof(total_columns) / sizeof(total_columns[0]),
};

enum {
	OBJECT_CHANGE,
	OBJECT_OBJECT,
	OBJECT_CACHE,
	OBJECT_REQUESTED,
	OBJECT_SITE,
	OBJECT_PID,
	OBJECT_AGE
};

static const struct column object_columns[] = {
	[OBJECT_CHANGE] = {"change", DILL_COLUMN_TEXT, "CHANGE",
			   "went: in use in A, appeared: in use in B"},
	[OBJECT_OBJECT] = {"object", DILL_COLUMN_ADDRESS, "OBJECT", "its address"},
	[OBJECT_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE", "name of its cache"},
	[OBJECT_REQUESTED] = {"requested_size", DILL_COLUMN_COUNT, "REQUESTED",
			      "bytes that were asked for, where that is recorded", .rank = 2},
	[OBJECT_SITE] = {"site", DILL_COLUMN_TEXT, "SITE",
			 "where it was allocated, where that is recorded"},
	[OBJECT_PID] = {"pid", DILL_COLUMN_SIGNED, "PID", "task that allocated it, likewise",
			.rank = 3},
	[OBJECT_AGE] = {"age_ns", DILL_COLUMN_TIME, "AGE", "its age when the heap was exported",
			.rank = 1},
};

static const struct dill_record_kind object_kind = {
	.name = "diff_object",
	.doc = "An object that is in use in one of the two heaps only.",
	.columns = object_columns,
	.column_count = sizeof(object_columns) / sizeof(object_columns[0]),
};

/* --- emitting --- */

struct differ {
	struct command_call *call;
	struct arena *arena; /* of one record */
	uint64_t rows, caches, sites;
	uint64_t objects[2]; /* that went, that appeared */
	int64_t memory, live;
};

static int64_t change_of(const uint64_t values[2])
{
	return (int64_t)(values[1] - values[0]);
}

static const char *change_word(const struct heap_change *change)
{
	int64_t by = change_of(change->memory);

	if (!change->present[0])
		return "appeared";
	if (!change->present[1])
		return "went";
	if (!by)
		by = change_of(change->live);
	return by < 0 ? "shrank" : "grew";
}

static struct dill_error *make(struct differ *differ, const struct heap_change *change,
			       const struct dill_record_kind *kind, struct dill_record **ret)
{
	struct dill_record *record;

	arena_reset(differ->arena);
	record = record_new(differ->arena, kind);
	if (!record)
		return error_no_memory();
	record_set_text(record, COL_CHANGE, change_word(change));
	record_set_text(record, COL_CACHE, change->cache);
	record_set_signed(record, COL_MEMORY_CHANGE, change_of(change->memory));
	record_set_signed(record, COL_LIVE_CHANGE, change_of(change->live));
	record_set_number(record, COL_MEMORY_A, change->memory[0]);
	record_set_number(record, COL_MEMORY_B, change->memory[1]);
	record_set_number(record, COL_LIVE_A, change->live[0]);
	record_set_number(record, COL_LIVE_B, change->live[1]);
	*ret = record;
	return NULL;
}

static struct dill_error *emit_cache(void *context, const struct heap_change *change)
{
	struct differ *differ = context;
	struct dill_record *record;

	differ->memory += change_of(change->memory);
	differ->live += change_of(change->live);
	if (differ->caches++ >= differ->rows)
		return NULL;
	TRY(make(differ, change, &cache_kind, &record));
	record_set_number(record, COL_SLABS_A, change->slabs[0]);
	record_set_number(record, COL_SLABS_B, change->slabs[1]);
	return differ->call->sink->emit(differ->call->sink, record);
}

static struct dill_error *emit_site(void *context, const struct heap_change *change)
{
	struct differ *differ = context;
	struct dill_record *record;

	if (differ->sites++ >= differ->rows)
		return NULL;
	TRY(make(differ, change, &site_kind, &record));
	record_set_text(record, COL_SITE, change->site);
	return differ->call->sink->emit(differ->call->sink, record);
}

static struct dill_error *emit_object(void *context, const struct heap_object_change *change)
{
	struct differ *differ = context;
	struct dill_record *record;

	if (differ->objects[change->appeared]++ >= differ->rows)
		return NULL;
	arena_reset(differ->arena);
	record = record_new(differ->arena, &object_kind);
	if (!record)
		return error_no_memory();
	record_set_text(record, OBJECT_CHANGE, change->appeared ? "appeared" : "went");
	record_set_number(record, OBJECT_OBJECT, change->address);
	record_set_text(record, OBJECT_CACHE, change->cache);
	if (change->has_requested)
		record_set_number(record, OBJECT_REQUESTED, change->requested);
	record_set_text(record, OBJECT_SITE, change->site);
	if (change->has_pid)
		record_set_signed(record, OBJECT_PID, change->pid);
	if (change->has_age)
		record_set_number(record, OBJECT_AGE, change->age);
	return differ->call->sink->emit(differ->call->sink, record);
}

static struct dill_error *emit_total(const struct differ *differ, const struct heap_diff *diff)
{
	struct dill_record *record = record_new(differ->call->arena, &total_kind);
	struct heap_facts facts[2];

	if (!record)
		return error_no_memory();
	heap_diff_facts(diff, facts);
	record_set_signed(record, TOTAL_MEMORY_CHANGE, differ->memory);
	record_set_signed(record, TOTAL_LIVE_CHANGE, differ->live);
	record_set_number(record, TOTAL_CACHES, differ->caches);
	record_set_number(record, TOTAL_SITES, differ->sites);
	if (facts[0].time && facts[1].time)
		record_set_signed(record, TOTAL_SECONDS, (int64_t)(facts[1].time - facts[0].time));
	if (facts[0].has_counted && facts[1].has_counted)
		record_set_signed(record, TOTAL_KERNEL_CHANGE,
				  (int64_t)(facts[1].counted - facts[0].counted));
	return differ->call->sink->emit(differ->call->sink, record);
}

static struct dill_error *run(struct command_call *call)
{
	struct differ differ = {.call = call, .rows = UINT64_MAX};
	_cleanup_(heap_files_deinitp)
	struct heap_files files = {0};
	_cleanup_(heap_diff_freep)
	struct heap_diff *diff = NULL;
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct heap_facts facts[2];

	if (call->options[OPTION_ROWS].given && call->options[OPTION_ROWS].number)
		differ.rows = call->options[OPTION_ROWS].number;
	TRY(arena_new(&arena));
	differ.arena = arena;
	TRY(heap_files_prepare(call->arguments, &files));
	call->findings = files.findings != 0;
	TRY(heap_diff_open(files.paths[0], files.paths[1], &diff));
	if (call->options[OPTION_OBJECTS].given)
		return heap_diff_objects(diff, emit_object, &differ);
	TRY(heap_diff_caches(diff, emit_cache, &differ));
	TRY(heap_diff_sites(diff, emit_site, &differ));
	TRY(emit_total(&differ, diff));
	heap_diff_facts(diff, facts);
	for (int i = 0; i < 2; i++) {
		TRY(gap_emit(call, call->arguments[i], facts[i].incomplete));
		TRY(doubt_emit(call, call->arguments[i], facts[i].site_doubt));
	}
	return NULL;
}

static const struct dill_record_kind *const kinds[] = {&cache_kind,  &site_kind, &total_kind,
						       &object_kind, &gap_kind,	 NULL};

const struct command diff_command = {
	.name = "diff",
	.summary = "What grew, appeared and went between two exported heaps, or dumps",
	.help = "Compares two heaps, each a file that \"export\" wrote, a dump or a recording: "
		"first the caches whose memory or objects differ, then the\n"
		"places where objects were allocated, if the kernel records these. Largest change "
		"first. Caches and\n"
		"places are matched by name, so that heaps of different boots can be compared.\n"
		"\n"
		"--objects shows each object that is in use in one of the two only. Both must be "
		"of the same boot.\n"
		"Without a record of its place, an object that was freed and allocated again in "
		"between is the same.\n"
		"\n"
		"Examples:\n"
		"  diff before.db after.db\n"
		"  diff before.db after.db --rows 10\n"
		"  diff before.db after.db --objects --json\n"
		"  diff monday.vmcore tuesday.vmcore\n",
	.arguments = {{"A", ARGUMENT_FILE}, {"B", ARGUMENT_FILE}},
	.options =
		{
			[OPTION_OBJECTS] = {"objects", 'o', ARGUMENT_NONE, NULL,
					    "show each object that is in use in one of the two "
					    "instead"},
			[OPTION_ROWS] = {"rows", 'r', ARGUMENT_NUMBER, "N",
					 "show the first N rows of each list; 0 shows all, as "
					 "without this"},
		},
	.kinds = kinds,
	.run = run,
};
