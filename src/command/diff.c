/* SPDX-License-Identifier: MIT */
#include "answer/diff_record.h"
#include "answer/gap_record.h"
#include "command/fill_finding.h"
#include "command/heap_file.h"
#include "command/registry.h"
#include "store/heap_diff.h"

enum { OPTION_OBJECTS, OPTION_ROWS };

/* --- records --- */

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
	record_set_text(record, DIFF_COLUMN_CHANGE, change_word(change));
	record_set_text(record, DIFF_COLUMN_CACHE, change->cache);
	record_set_signed(record, DIFF_COLUMN_MEMORY_CHANGE, change_of(change->memory));
	record_set_signed(record, DIFF_COLUMN_LIVE_CHANGE, change_of(change->live));
	record_set_number(record, DIFF_COLUMN_MEMORY_A, change->memory[0]);
	record_set_number(record, DIFF_COLUMN_MEMORY_B, change->memory[1]);
	record_set_number(record, DIFF_COLUMN_LIVE_A, change->live[0]);
	record_set_number(record, DIFF_COLUMN_LIVE_B, change->live[1]);
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
	TRY(make(differ, change, &diff_cache_kind, &record));
	record_set_number(record, DIFF_COLUMN_SLABS_A, change->slabs[0]);
	record_set_number(record, DIFF_COLUMN_SLABS_B, change->slabs[1]);
	return differ->call->sink->emit(differ->call->sink, record);
}

static struct dill_error *emit_site(void *context, const struct heap_change *change)
{
	struct differ *differ = context;
	struct dill_record *record;

	if (differ->sites++ >= differ->rows)
		return NULL;
	TRY(make(differ, change, &diff_site_kind, &record));
	record_set_text(record, DIFF_COLUMN_SITE, change->site);
	return differ->call->sink->emit(differ->call->sink, record);
}

static struct dill_error *emit_object(void *context, const struct heap_object_change *change)
{
	struct differ *differ = context;
	struct dill_record *record;

	if (differ->objects[change->appeared]++ >= differ->rows)
		return NULL;
	arena_reset(differ->arena);
	record = record_new(differ->arena, &diff_object_kind);
	if (!record)
		return error_no_memory();
	record_set_text(record, DIFF_OBJECT_CHANGE, change->appeared ? "appeared" : "went");
	record_set_number(record, DIFF_OBJECT_OBJECT, change->address);
	record_set_text(record, DIFF_OBJECT_CACHE, change->cache);
	if (change->has_requested)
		record_set_number(record, DIFF_OBJECT_REQUESTED, change->requested);
	record_set_text(record, DIFF_OBJECT_SITE, change->site);
	if (change->has_pid)
		record_set_signed(record, DIFF_OBJECT_PID, change->pid);
	if (change->has_age)
		record_set_number(record, DIFF_OBJECT_AGE, change->age);
	return differ->call->sink->emit(differ->call->sink, record);
}

static struct dill_error *emit_total(const struct differ *differ, const struct heap_diff *diff)
{
	struct dill_record *record = record_new(differ->call->arena, &diff_total_kind);
	struct heap_facts facts[2];

	if (!record)
		return error_no_memory();
	heap_diff_facts(diff, facts);
	record_set_signed(record, DIFF_TOTAL_MEMORY_CHANGE, differ->memory);
	record_set_signed(record, DIFF_TOTAL_LIVE_CHANGE, differ->live);
	record_set_number(record, DIFF_TOTAL_CACHES, differ->caches);
	record_set_number(record, DIFF_TOTAL_SITES, differ->sites);
	if (facts[0].time && facts[1].time)
		record_set_signed(record, DIFF_TOTAL_SECONDS,
				  (int64_t)(facts[1].time - facts[0].time));
	if (facts[0].has_counted && facts[1].has_counted)
		record_set_signed(record, DIFF_TOTAL_KERNEL_CHANGE,
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

static const struct dill_record_kind *const kinds[] = {
	&diff_cache_kind, &diff_site_kind, &diff_total_kind, &diff_object_kind, &gap_kind, NULL};

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
