/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "answer/aliases_record.h"
#include "answer/gap_record.h"
#include "base/plural.h"
#include "command/aliases.h"
#include "command/choose.h"
#include "command/fill_cache.h"
#include "command/fill_finding.h"
#include "command/registry.h"
#include "command/row_order.h"
#include "slub/gone_cache.h"

enum { OPTION_CPU, OPTION_NODE, OPTION_COUNTS, OPTION_ALIASES, OPTION_SORT, OPTION_ROWS };

/* The table of all caches. */
struct cache_rows {
	const struct heap *heap;
	const struct contents **contents; /* of those that are shown */
	const struct state_counts **states;
	uint64_t total;
};

static struct dill_error *make_row(void *context, size_t index, struct arena *arena,
				   struct dill_record **ret)
{
	const struct cache_rows *rows = context;

	return cache_row_record(rows->heap, rows->contents[index], rows->states[index], rows->total,
				arena, ret);
}

static bool is_empty(const struct contents *contents)
{
	return contents->has_totals && !contents->slabs && !contents->objects;
}

/* A person is interested in what there is, the largest first; a program has what the kernel has. */
static struct dill_error *find_order(const struct command_call *call, struct row_order *ret)
{
	bool limited = call->options[OPTION_ROWS].given;

	*ret = (struct row_order){.column = SIZE_MAX, .rows = UINT64_MAX};
	if (limited && call->options[OPTION_ROWS].number)
		ret->rows = call->options[OPTION_ROWS].number;
	if (call->options[OPTION_SORT].given)
		return row_order_parse(call->options[OPTION_SORT].text, &cache_row_kind, ret);
	if (call->screen || limited)
		ret->column = CACHE_MEMORY;
	return NULL;
}

static struct dill_error *note_rest(struct command_call *call, size_t empty, size_t more)
{
	if (more)
		return rows_note(call,
				 arena_format(call->arena, "%zu more cache%s: --rows 0 shows all",
					      more, plural(more)));
	if (empty)
		return rows_note(call, arena_format(call->arena,
						    "%zu more cache%s empty: --rows 0 shows all",
						    empty, empty == 1 ? " is" : "s are"));
	return NULL;
}

static struct dill_error *emit_rows(struct command_call *call, struct survey *survey,
				    const struct cache_list *caches)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct findings untold = FINDINGS_MUTED;
	struct reading counts, reading;
	struct contents *contents =
		arena_alloc_array(call->arena, caches->count + 1, sizeof(*contents));
	struct state_counts *states =
		arena_alloc_array(call->arena, caches->count + 1, sizeof(*states));
	struct cache_rows rows = {
		.heap = survey->heap,
		.contents = arena_alloc_array(call->arena, caches->count + 1, sizeof(void *)),
		.states = arena_alloc_array(call->arena, caches->count + 1, sizeof(void *)),
	};
	struct row_source source = {&cache_row_kind, 0, make_row, &rows};
	bool folds = call->screen && !call->wide && !call->options[OPTION_ROWS].given;
	struct row_order order;

	if (!contents || !states || !rows.contents || !rows.states)
		return error_no_memory();
	TRY(find_order(call, &order));
	TRY(arena_new(&arena));
	/* The lists of all caches side by side first, which a slow target likes better; what is
	 * broken is found again below. */
	counts = reading_start(survey->heap, CONTENTS_COUNTS, call->arena, &untold);
	TRY(contents_read(&counts, caches->items, caches->count, contents));
	reading = reading_start(survey->heap, CONTENTS_FREELISTS, arena, survey->findings);
	for (size_t i = 0; i < caches->count; i++) {
		struct contents whole;

		TRY(contents_read(&reading, &caches->items[i], 1, &whole));
		TRY(survey_states(survey, &whole, &states[i]));
		arena_reset(arena);
		rows.total += cache_memory(&contents[i]);
		if (folds && is_empty(&contents[i]))
			continue;
		rows.contents[source.count] = &contents[i];
		rows.states[source.count++] = &states[i];
	}
	TRY(rows_emit(call, &source, &order));
	return note_rest(call, caches->count - source.count,
			 source.count > order.rows ? source.count - order.rows : 0);
}

/* All of /sys/kernel/slab is read for them. */
static struct dill_error *prepare_aliases(struct survey *survey, const struct cache_list *chosen,
					  struct alias_list *ret)
{
	*ret = (struct alias_list){0};
	if (!target_is_slow(kernel_target(survey->heap->kernel)))
		return aliases_prepare(survey, chosen, ret);
	return NULL;
}

/* One cache at a time, each with an arena of its own: a glob may match caches with millions of
 * objects. */
static struct dill_error *emit_details(struct command_call *call, struct survey *survey,
				       const struct cache_list *caches,
				       const struct cache_filter *filter)
{
	enum cache_record_detail detail =
		call->options[OPTION_COUNTS].given ? CACHE_RECORD_COUNTS : CACHE_RECORD_OBJECTS;
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct alias_list aliases;
	struct reading reading;

	TRY(arena_new(&arena));
	reading = reading_start(survey->heap, CONTENTS_FREELISTS, arena, survey->findings);
	TRY(prepare_aliases(survey, caches, &aliases));
	for (size_t i = 0; i < caches->count; i++) {
		struct state_counts states;
		struct contents contents;
		struct dill_record *record;

		TRY(contents_read(&reading, &caches->items[i], 1, &contents));
		TRY(survey_states(survey, &contents, &states));
		TRY(cache_detail_record(survey->heap, &contents, &states, filter, detail, arena,
					&record));
		aliases_fill(&aliases, &caches->items[i], record, CACHE_ALIASES);
		TRY(call->sink->emit(call->sink, record));
		arena_reset(arena);
	}
	return NULL;
}

/* All struct pages are read for them: hours where each byte costs. */
static struct dill_error *find_loose_sheaves(struct survey *survey)
{
	const struct target *target = kernel_target(survey->heap->kernel);

	if (!target_is_slow(target))
		return survey_scan(survey, &survey->all);
	target_log(target, "sheaves that no list leads to are not looked for over this slow "
			   "connection: objects in them count as live");
	return NULL;
}

/* Caches that have left the list are found at the price of a look at all of memory. */
static struct dill_error *find_gone(struct survey *survey)
{
	bool exist;

	TRY(gone_caches_exist(survey->heap, &survey->all, &exist));
	return exist ? survey_find_gone(survey) : NULL;
}

static struct dill_error *run(struct command_call *call)
{
	const char *pattern = call->argument_count ? call->arguments[0] : NULL;
	struct findings findings = findings_new(call);
	_cleanup_(survey_deinitp)
	struct survey survey = {0};
	struct cache_filter filter;
	struct cache_list chosen;
	struct heap *heap;

	TRY(session_heap(call->session, &heap));
	TRY(cpu_choose(call, OPTION_CPU, heap->kernel, &filter.cpu));
	TRY(node_choose(call, OPTION_NODE, heap->kernel, &filter.node));
	if (!pattern && (filter.cpu >= 0 || filter.node >= 0))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "--cpu and --node need a cache: kcache NAME --cpu CPU");
	if ((pattern || call->options[OPTION_ALIASES].given) &&
	    (call->options[OPTION_SORT].given || call->options[OPTION_ROWS].given))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "--sort and --rows are for the table of all caches: leave "
				      "out %s",
				      pattern ? pattern : "--aliases");
	TRY(survey_init_named(heap, call->options[OPTION_ALIASES].given ? NULL : pattern,
			      call->arena, &findings, &survey));
	if (heap->layout.cache_cpu_sheaves.present) /* for those that no list leads to */
		TRY(find_loose_sheaves(&survey));
	if (pattern)
		TRY(survey_choose(&survey, pattern, CHOOSE_LISTED_FIRST, call->arena, &chosen));
	else
		TRY(find_gone(&survey));
	if (call->options[OPTION_ALIASES].given)
		TRY(aliases_emit(call, &survey, pattern ? &chosen : NULL));
	else if (pattern)
		TRY(emit_details(call, &survey, &chosen, &filter));
	else
		TRY(emit_rows(call, &survey, &survey.all));
	if (!heap->layout.node_nr_slabs.present && !call->options[OPTION_ALIASES].given)
		target_log(kernel_target(heap->kernel),
			   "this kernel does not count slabs and objects (built without "
			   "CONFIG_SLUB_DEBUG): kcensus and kmap count them");
	return survey_emit(call, &survey, &findings);
}

static const struct dill_record_kind *const kinds[] = {
	&cache_row_kind,      &cache_detail_kind,
	&cache_cpu_kind,      &cache_node_kind,
	&cache_slab_kind,     &cache_sheaf_kind,
	&aliases_kind,	      &gap_kind,
	&finding_record_kind, NULL,
};

const struct command kcache_command = {
	.name = "kcache",
	.summary = "Slab caches: all in a table, or one with everything it holds",
	.help = "Without CACHE: every cache with its objects and slabs, counted as /proc/slabinfo "
		"counts them.\n"
		"On a terminal the largest come first and empty ones are only counted; elsewhere "
		"all come in\n"
		"the kernel's order, unless --sort or --rows is given.\n"
		"\n"
		"With CACHE, a name or a glob: what the cache is, then every CPU's slab with its "
		"freelist and its\n"
		"partial slabs, then every NUMA node's partial slabs with their freelists, and its "
		"full slabs where\n"
		"the kernel lists them. Free objects stand in the order in which they will be "
		"handed out.\n"
		"\n"
		"A broken freelist or list is reported where it breaks, the rest is shown, and the "
		"status says so.\n"
		"\n"
		"Examples:\n"
		"  kcache\n"
		"  kcache --sort live --rows 10\n"
		"  kcache kmalloc-64\n"
		"  kcache 'kmalloc-*' --counts\n"
		"  kcache dentry --cpu 0 --json\n"
		"  kcache --aliases\n",
	.arguments = {{"CACHE", ARGUMENT_CACHE, .optional = true}},
	.options =
		{
			[OPTION_CPU] = {"cpu", 'c', ARGUMENT_CPU, "CPU",
					"of the CPUs show only this one"},
			[OPTION_NODE] = {"node", 'n', ARGUMENT_NODE, "NODE",
					 "of the NUMA nodes show only this one"},
			[OPTION_COUNTS] = {"counts", 'C', ARGUMENT_NONE, NULL,
					   "say how many objects, do not list them"},
			[OPTION_ALIASES] = {"aliases", 'a', ARGUMENT_NONE, NULL,
					    "show under which names merged caches are known"},
			[OPTION_SORT] = {"sort", 's', ARGUMENT_TEXT, "COLUMN",
					 "of the table: the largest of this column first, with "
					 "-COLUMN last"},
			[OPTION_ROWS] = {"rows", 'r', ARGUMENT_NUMBER, "N",
					 "of the table: the first N rows, largest first; 0 shows "
					 "all"},
		},
	.needs_target = true,
	.kinds = kinds,
	.run = run,
};
