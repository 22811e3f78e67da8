/* SPDX-License-Identifier: MIT */
#include <fnmatch.h>
#include <string.h>

#include "base/suggest.h"
#include "command/cache_record.h"
#include "command/finding_record.h"
#include "command/registry.h"
#include "slub/encoding.h"

enum { OPTION_CPU, OPTION_NODE, OPTION_COUNTS };

static bool is_glob(const char *pattern)
{
	return strpbrk(pattern, "*?[");
}

/* The caches that @p pattern names, as a list of its own. */
static struct dill_error *select_caches(const struct cache_list *all, const char *pattern,
					struct arena *arena, struct cache_list *ret)
{
	struct suggest suggest;

	ret->count = 0;
	ret->items = arena_alloc_array(arena, all->count + 1, sizeof(*ret->items));
	if (!ret->items)
		return error_no_memory();
	for (size_t i = 0; i < all->count; i++)
		if (!strcmp(all->items[i].name, pattern) ||
		    (is_glob(pattern) && !fnmatch(pattern, all->items[i].name, 0)))
			ret->items[ret->count++] = all->items[i];
	if (ret->count)
		return NULL;
	suggest_init(&suggest, pattern);
	for (size_t i = 0; i < all->count; i++)
		suggest_offer(&suggest, all->items[i].name);
	return dill_error_new(DILL_ERROR_NOT_FOUND, "no cache %s \"%s\"%s",
			      is_glob(pattern) ? "matches" : "is named", pattern,
			      suggest_text(&suggest));
}

static struct dill_error *emit_rows(struct command_call *call, struct heap *heap,
				    const struct cache_list *caches, struct findings *findings)
{
	const struct contents_filter everything = {.cpu = -1, .node = -1};
	struct contents *contents =
		arena_alloc_array(call->arena, caches->count + 1, sizeof(*contents));

	if (!contents)
		return error_no_memory();
	TRY(contents_read(heap, caches->items, caches->count, CONTENTS_COUNTS, &everything,
			  call->arena, findings, contents));
	for (size_t i = 0; i < caches->count; i++) {
		struct record *record;

		TRY(cache_row_record(heap, &contents[i], call->arena, &record));
		TRY(call->sink->emit(call->sink, record));
	}
	return NULL;
}

/* One cache at a time, each with an arena of its own: a glob may match caches with millions of
 * objects. */
static struct dill_error *emit_details(struct command_call *call, struct heap *heap,
				       const struct cache_list *caches,
				       const struct contents_filter *filter,
				       struct findings *findings)
{
	enum cache_record_detail detail =
		call->options[OPTION_COUNTS].given ? CACHE_RECORD_COUNTS : CACHE_RECORD_OBJECTS;
	_cleanup_(arena_freep)
	struct arena *arena = NULL;

	TRY(arena_new(&arena));
	for (size_t i = 0; i < caches->count; i++) {
		struct contents contents;
		struct record *record;

		TRY(contents_read(heap, &caches->items[i], 1, CONTENTS_FREELISTS, filter, arena,
				  findings, &contents));
		TRY(cache_detail_record(heap, &contents, filter, detail, arena, &record));
		TRY(call->sink->emit(call->sink, record));
		arena_reset(arena);
	}
	return NULL;
}

static struct dill_error *read_filter(struct command_call *call, struct heap *heap,
				      struct contents_filter *ret)
{
	*ret = (struct contents_filter){.cpu = -1, .node = -1};
	if (call->options[OPTION_CPU].given) {
		uint64_t cpu = call->options[OPTION_CPU].number;

		if (cpu >= kernel_cpu_limit(heap->kernel) ||
		    !kernel_cpu_possible(heap->kernel, (unsigned)cpu))
			return dill_error_new(
				DILL_ERROR_INVALID_ARGUMENT,
				"--cpu %lu: this kernel has no such CPU; the last one is %u",
				(unsigned long)cpu, kernel_cpu_limit(heap->kernel) - 1);
		ret->cpu = (int)cpu;
	}
	if (call->options[OPTION_NODE].given) {
		uint64_t node = call->options[OPTION_NODE].number;

		if (node >= kernel_node_limit(heap->kernel))
			return dill_error_new(
				DILL_ERROR_INVALID_ARGUMENT,
				"--node %lu: this kernel has no such node; the last one is %u",
				(unsigned long)node, kernel_node_limit(heap->kernel) - 1);
		ret->node = (int)node;
	}
	return NULL;
}

static struct dill_error *run(struct command_call *call)
{
	const char *pattern = call->argument_count ? call->arguments[0] : NULL;
	struct findings findings = {.arena = call->arena};
	struct contents_filter filter;
	struct cache_list all, chosen;
	struct heap *heap;

	TRY(session_heap(call->session, &heap));
	TRY(read_filter(call, heap, &filter));
	if (!pattern && (filter.cpu >= 0 || filter.node >= 0))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "--cpu and --node need a cache: kcache NAME --cpu CPU");
	TRY(caches_read(heap, call->arena, &findings, &all));
	if (!pattern) {
		TRY(emit_rows(call, heap, &all, &findings));
	} else {
		TRY(select_caches(&all, pattern, call->arena, &chosen));
		TRY(encoding_learn(heap, &all));
		TRY(emit_details(call, heap, &chosen, &filter, &findings));
	}
	return findings_emit(call, &findings);
}

static const struct record_kind *const kinds[] = {
	&cache_row_kind,
	&cache_detail_kind,
	&cache_cpu_kind,
	&cache_node_kind,
	&cache_slab_kind,
	&finding_record_kind,
	NULL,
};

const struct command kcache_command = {
	.name = "kcache",
	.summary = "Slab caches: all in a table, or one with everything it holds",
	.help = "Without CACHE: every cache with its objects and slabs, counted as /proc/slabinfo "
		"counts them.\n"
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
		"  kcache kmalloc-64\n"
		"  kcache 'kmalloc-*' --counts\n"
		"  kcache dentry --cpu 0 --json\n",
	.arguments = {{"CACHE", ARGUMENT_CACHE, .optional = true}},
	.options =
		{
			[OPTION_CPU] = {"cpu", 'c', ARGUMENT_CPU, "CPU",
					"of the CPUs show only this one"},
			[OPTION_NODE] = {"node", 'n', ARGUMENT_NODE, "NODE",
					 "of the NUMA nodes show only this one"},
			[OPTION_COUNTS] = {"counts", 'C', ARGUMENT_NONE, NULL,
					   "say how many objects, do not list them"},
		},
	.needs_target = true,
	.kinds = kinds,
	.run = run,
};
