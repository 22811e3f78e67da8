/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "answer/gap_record.h"
#include "command/census.h"
#include "command/choose.h"
#include "command/fill_finding.h"
#include "command/registry.h"

enum { OPTION_BY, OPTION_OBJECTS, OPTION_TYPES, OPTION_ROWS, OPTION_SORT };

static const struct {
	const char *name;
	const struct dill_record_kind *kind;
	struct dill_error *(*count)(struct command_call *call, const struct census_order *order);
} groupings[] = {
	{"cache", &census_cache_kind, census_by_cache},
	{"slab", &census_slab_kind, census_by_slab},
	{"node", &census_node_kind, census_by_node},
	{"age", &census_age_kind, census_by_age},
	{"site", &census_site_kind, census_by_site},
	{"stack", &census_stack_kind, census_by_stack},
	{"pid", &census_pid_kind, census_by_pid},
	{"cpu", &census_cpu_kind, census_by_cpu},
	{"type", &census_type_kind, census_by_type},
};

/* The same names, for completion. */
static const char *const grouping_names[] = {"cache", "slab", "node", "age",  "site",
					     "stack", "pid",  "cpu",  "type", NULL};

#define GROUPINGS (sizeof(groupings) / sizeof(groupings[0]))

static struct dill_error *find_grouping(const struct command_call *call, size_t *ret)
{
	const char *name = call->options[OPTION_BY].text;

	*ret = 0;
	if (!call->options[OPTION_BY].given)
		return NULL;
	if (call->options[OPTION_OBJECTS].given)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "--objects shows each object by itself: leave out --by");
	for (size_t i = 0; i < GROUPINGS; i++) {
		*ret = i;
		if (!strcmp(groupings[i].name, name))
			return NULL;
	}
	return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
			      "--by %s: one of cache, slab, node, age, site, stack, pid, cpu, "
			      "type",
			      name);
}

/* Blocks of large kmalloc() go by a name that no cache has. */
static struct dill_error *choose(struct command_call *call, struct survey *survey,
				 struct cache_list *ret, struct census_order *order)
{
	order->large = !strcmp(call->arguments[0], LARGE_BLOCK_NAME);
	if (!order->large)
		return survey_choose(survey, call->arguments[0], CHOOSE_ALL, call->arena, ret);
	*ret = (struct cache_list){0};
	return survey_scan(survey, &survey->all);
}

/* Which rows, and in which order. */
static struct dill_error *find_order(const struct command_call *call, size_t grouping,
				     struct census_order *ret)
{
	bool limited = call->options[OPTION_ROWS].given;

	ret->order = (struct row_order){.column = SIZE_MAX, .rows = UINT64_MAX};
	ret->folds = call->screen && !call->wide && !limited;
	if (limited && call->options[OPTION_ROWS].number)
		ret->order.rows = call->options[OPTION_ROWS].number;
	ret->types = call->options[OPTION_TYPES].given;
	if (ret->types && !call->options[OPTION_OBJECTS].given)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "--types goes with --objects; --by type counts");
	if (!call->options[OPTION_SORT].given)
		return NULL;
	if (call->options[OPTION_OBJECTS].given)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "--objects come as they are found: leave out --sort");
	return row_order_parse(call->options[OPTION_SORT].text, groupings[grouping].kind,
			       &ret->order);
}

static struct dill_error *run(struct command_call *call)
{
	struct findings findings = findings_new(call);
	_cleanup_(survey_deinitp)
	struct survey survey = {0};
	struct census_order order = {.survey = &survey};
	struct cache_list chosen;
	struct heap *heap;
	size_t grouping;

	TRY(find_grouping(call, &grouping));
	TRY(find_order(call, grouping, &order));
	TRY(session_heap(call->session, &heap));
	TRY(survey_init(heap, call->arena, &findings, &survey));
	order.chosen = &survey.all;
	order.large = true;
	if (call->arguments[0]) {
		TRY(choose(call, &survey, &chosen, &order));
		order.chosen = &chosen;
	}
	if (call->options[OPTION_OBJECTS].given)
		TRY(census_objects(call, &order));
	else
		TRY(groupings[grouping].count(call, &order));
	return survey_emit(call, &survey, &findings);
}

static const struct dill_record_kind *const kinds[] = {
	&census_cache_kind,	 &census_slab_kind,
	&census_node_kind,	 &census_age_kind,
	&census_site_kind,	 &census_stack_kind,
	&census_pid_kind,	 &census_cpu_kind,
	&census_type_kind,	 &census_total_kind,
	&census_large_kind,	 &census_kernel_kind,
	&census_large_node_kind, &census_kernel_node_kind,
	&census_object_kind,	 &gap_kind,
	&finding_record_kind,	 NULL,
};

const struct command kcensus_command = {
	.name = "kcensus",
	.summary = "What fills the slab memory: every object of every cache, counted",
	.help = "Looks at every slab of the caches that CACHE names, a name or a glob, or of all "
		"caches, and\n"
		"counts every object by its state: memory, what of it is in use, and where the "
		"rest is lost:\n"
		"in free objects of partly used slabs (HOLES), between objects (AROUND), behind "
		"the last\n"
		"objects of slabs (TAILS). Largest first; totals at the end.\n"
		"\n"
		"--by slab puts the slabs with the most unused bytes first. --by site, "
		"stack, age, pid\n"
		"and cpu need a kernel that records who allocates: slab_debug=U (slub_debug=U "
		"before 6.8); for\n"
		"sites, stacks and threads KASAN will do, and for sites allocation profiling.\n"
		"\n"
		"--by type tells what the objects are, as far as the kernel's own types lead from "
		"one to the next.\n"
		"\n"
		"Blocks of large kmalloc() stand behind the caches, and behind the totals what the "
		"kernel itself counts\n"
		"as slab memory. CACHE may be large_kmalloc.\n"
		"\n"
		"Examples:\n"
		"  kcensus\n"
		"  kcensus 'kmalloc-*' --rows 10\n"
		"  kcensus --sort hole_bytes --rows 10\n"
		"  kcensus dentry --by slab --rows 20\n"
		"  kcensus --by site\n"
		"  kcensus 'kmalloc-*' --by type --rows 20\n"
		"  kcensus --objects --json\n",
	.arguments = {{"CACHE", ARGUMENT_CACHE, .optional = true}},
	.options =
		{
			[OPTION_BY] = {"by", 'b', ARGUMENT_TEXT, "GROUP",
				       "count by cache (without this), slab, node, site, stack, "
				       "age, pid, cpu or type",
				       .choices = grouping_names},
			[OPTION_OBJECTS] = {"objects", 'o', ARGUMENT_NONE, NULL,
					    "show every object in use instead"},
			[OPTION_TYPES] = {"types", 't', ARGUMENT_NONE, NULL,
					  "with --objects: what each of them is, too"},
			[OPTION_ROWS] = {"rows", 'r', ARGUMENT_NUMBER, "N",
					 "show the first N rows; 0 shows all, as without this"},
			[OPTION_SORT] = {"sort", 's', ARGUMENT_TEXT, "COLUMN",
					 "the largest of this column first, with -COLUMN last"},
		},
	.needs_target = true,
	.kinds = kinds,
	.run = run,
};
