/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "answer/info_record.h"
#include "command/fill_finding.h"
#include "command/registry.h"
#include "kernel/tasks.h"
#include "slub/feature.h"
#include "slub/lock_moving.h"
#include "slub/selfcheck.h"
#include "solve/solution.h"

/* --- what is looked at --- */

/* --- several kernels --- */

/* What is searched for other kernels, some seconds' worth: a dump may have a terabyte. */
#define SEARCHED_BYTES (UINT64_C(16) << 30)

/* --- features --- */

/* --- checks --- */

/* --- the command --- */

/* Whether what a file says of tasks fits; heap_open() has checked what it says of the heap. */
static struct dill_error *check_tasks(struct heap *heap, struct arena *arena, const char **ret)
{
	_cleanup_(tasks_freep)
	struct tasks *tasks = NULL;
	struct dill_error *error = tasks_new(heap->kernel, &tasks);

	if (error && error_is_fatal(error))
		return error;
	*ret = error ? arena_format(arena, "; not for tasks: %s", dill_error_text(error))
		     : ", and tasks";
	dill_error_free(error);
	return *ret ? NULL : error_no_memory();
}

static struct dill_error *describe_types(struct command_call *call, struct heap *heap,
					 const char **ret)
{
	const struct kernel_facts *facts = kernel_facts(heap->kernel);
	const char *tasks;

	*ret = facts->types_how;
	if (facts->types_source != TYPES_OF_FILE)
		return NULL;
	TRY(check_tasks(heap, call->arena, &tasks));
	*ret = arena_format(call->arena,
			    "%s; checked on the target: %u members of the heap fit its caches, "
			    "slabs and lists%s",
			    facts->types_how, heap->members_tried, tasks);
	return *ret ? NULL : error_no_memory();
}

static struct dill_error *emit_info(struct command_call *call, struct heap *heap,
				    const struct heap_use *use, size_t caches)
{
	struct dill_record *record = record_new(call->arena, &info_kind);
	const struct kernel_facts *facts = kernel_facts(heap->kernel);
	uint64_t possible = 0, online = 0;
	const struct memory_map *map;
	const char *locks, *types;

	if (!record)
		return error_no_memory();
	TRY(locks_describe(&heap->layout, call->arena, &locks));
	for (unsigned cpu = 0; cpu < kernel_cpu_limit(heap->kernel); cpu++) {
		possible += kernel_cpu_possible(heap->kernel, cpu);
		online += kernel_cpu_online(heap->kernel, cpu);
	}
	record_set_text(
		record, INFO_COLUMN_TARGET,
		arena_format(call->arena, "%s", target_describe(session_target(call->session))));
	record_set_text(record, INFO_COLUMN_BANNER, facts->banner);
	record_set_number(record, INFO_COLUMN_BASE, facts->base);
	record_set_text(record, INFO_COLUMN_SYMBOLS, facts->symbols_how);
	TRY(describe_types(call, heap, &types));
	record_set_text(record, INFO_COLUMN_TYPES, types);
	record_set_enum(record, INFO_COLUMN_TYPES_SOURCE,
			heap->solution ? TYPES_SOLVED : facts->types_source);
	map = kernel_memory_map(heap->kernel);
	record_set_number(record, INFO_COLUMN_MEMORY, map->direct_size - map->first);
	record_set_number(record, INFO_COLUMN_CPUS, possible);
	record_set_number(record, INFO_COLUMN_ONLINE, online);
	record_set_number(record, INFO_COLUMN_NODES, kernel_node_limit(heap->kernel));
	record_set_text(record, INFO_COLUMN_ENGINE,
			heap->unsolved ? arena_format(call->arena, "not known for certain: %s",
						      heap->unsolved)
				       : slub_engine_name(slub_engine(use)));
	record_set_text(record, INFO_COLUMN_LOCKS, locks);
	record_set_number(record, INFO_COLUMN_CACHES, caches);
	return call->sink->emit(call->sink, record);
}

static struct dill_error *emit_kernel(struct command_call *call, const struct kernel_found *found,
				      size_t number, bool shown)
{
	struct dill_record *record = record_new(call->arena, &info_kernel_kind);

	if (!record)
		return error_no_memory();
	record_set_number(record, INFO_KERNEL_NUMBER, number);
	record_set_bool(record, INFO_KERNEL_SHOWN, shown);
	record_set_text(record, INFO_KERNEL_RELEASE,
			arena_format(call->arena, "%s", found->release));
	record_set_number(record, INFO_KERNEL_BASE, found->base);
	record_set_number(record, INFO_KERNEL_PHYSICAL, found->phys);
	return call->sink->emit(call->sink, record);
}

static struct dill_error *emit_list(struct command_call *call, const struct kernel_facts *facts,
				    const struct kernel_list *list)
{
	if (list->found.count < 2)
		return NULL;
	for (size_t i = 0; i < list->found.count; i++) {
		const struct kernel_found *found = &list->found.items[i];

		TRY(emit_kernel(call, found, i + 1,
				found->base == facts->base && found->phys == facts->phys_base));
	}
	return NULL;
}

static struct dill_error *emit_kernels(struct command_call *call, struct heap *heap)
{
	struct target *target = session_target(call->session);
	_cleanup_(kernel_list_deinit)
	struct kernel_list list = {0};

	if (target_moves(target)) /* a system that runs is no dump */
		return NULL;
	TRY(kernels_find(target, SEARCHED_BYTES, &list));
	if (list.is_cut)
		target_log(target, "not all of memory was searched for other kernels");
	return emit_list(call, kernel_facts(heap->kernel), &list);
}

static struct dill_error *emit_features(struct command_call *call, const struct heap_use *use)
{
	for (const struct slub_feature *feature = slub_features; feature->name; feature++) {
		struct dill_record *record = record_new(call->arena, &info_feature_kind);

		if (!record)
			return error_no_memory();
		record_set_text(record, INFO_FEATURE_NAME, feature->name);
		if (slub_feature_is_known(feature, use))
			record_set_bool(record, INFO_FEATURE_PRESENT, feature->probe(use));
		record_set_text(record, INFO_FEATURE_TEXT, feature->text);
		TRY(call->sink->emit(call->sink, record));
	}
	return NULL;
}

static struct dill_error *emit_member(struct command_call *call, const struct solved *solved)
{
	struct dill_record *record = record_new(call->arena, &info_member_kind);
	const struct member_row *row = layout_row(solved->id);

	if (!record)
		return error_no_memory();
	if (!row)
		row = kernel_members_row(solved->id);
	record_set_text(record, INFO_MEMBER_ID, solved->id);
	if (row) {
		record_set_text(record, INFO_MEMBER_STRUCT, row->structs);
		record_set_text(record, INFO_MEMBER_PATH, row->paths);
	}
	record_set_bool(record, INFO_MEMBER_FOUND, solved->member.present);
	if (solved->member.present)
		record_set_number(record, INFO_MEMBER_OFFSET, solved->member.offset);
	record_set_number(record, INFO_MEMBER_VOTES_FOR, solved->good);
	record_set_number(record, INFO_MEMBER_VOTES, solved->all);
	if (solved->voters)
		record_set_text(record, INFO_MEMBER_VOTERS, solved->voters);
	record_set_number(record, INFO_MEMBER_CANDIDATES, solved->candidates);
	return call->sink->emit(call->sink, record);
}

/* What was found, what was left open, and what no rule has looked for on this kernel. */
static struct dill_error *emit_members(struct command_call *call, const struct solution *solution)
{
	const struct member_row *row;

	if (!solution)
		return NULL;
	for (size_t i = 0; i < solution->count; i++)
		TRY(emit_member(call, &solution->items[i]));
	for (size_t i = 0; (row = layout_row_number(i)); i++)
		if (!solution_find(solution, row->id))
			TRY(emit_member(call, &(struct solved){.id = row->id}));
	return NULL;
}

static struct dill_error *emit_checks(struct command_call *call, struct heap *heap,
				      const struct cache_list *caches)
{
	struct self_check checks[SELF_CHECKS];

	TRY(self_check(heap, caches, call->arena, checks));
	for (size_t i = 0; i < SELF_CHECKS; i++) {
		struct dill_record *record = record_new(call->arena, &self_check_kind);

		if (!record)
			return error_no_memory();
		record_set_text(record, SELF_CHECK_COLUMN_NAME, checks[i].name);
		record_set_enum(record, SELF_CHECK_COLUMN_RESULT, checks[i].result);
		record_set_text(record, SELF_CHECK_COLUMN_TEXT, checks[i].text);
		TRY(call->sink->emit(call->sink, record));
		call->findings |= checks[i].result == SELF_CHECK_FAILED;
	}
	return NULL;
}

static struct dill_error *run(struct command_call *call)
{
	struct findings findings = findings_new(call);
	struct cache_list caches;
	struct heap_use use;
	struct heap *heap;

	TRY(session_heap(call->session, &heap));
	TRY(caches_read(heap, call->arena, &findings, &caches));
	TRY(heap_use_read(heap, &caches, &use));
	TRY(emit_info(call, heap, &use, caches.count));
	TRY(emit_kernels(call, heap));
	TRY(emit_members(call, heap->solution));
	TRY(emit_features(call, &use));
	TRY(emit_checks(call, heap, &caches));
	return findings_emit(call, NULL, &findings);
}

static const struct dill_record_kind *const kinds[] = {&info_kind,
						       &info_kernel_kind,
						       &info_member_kind,
						       &info_feature_kind,
						       &self_check_kind,
						       &finding_record_kind,
						       NULL};

const struct command info_command = {
	.name = "info",
	.summary = "Show what dill found in the target, and whether it fits",
	.help = "Shows how memory is read, which kernel runs, where its symbols and types come "
		"from, how its slab\n"
		"allocator works and what it has; then what dill believes of it, checked on the "
		"kernel itself. The\n"
		"commands on the heap make the same checks before their first answer, and give "
		"none "
		"when one fails.\n"
		"\n"
		"Examples:\n"
		"  info\n"
		"  info --json\n",
	.needs_target = true,
	.kinds = kinds,
	.run = run,
};
