/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "command/fill_finding.h"
#include "command/registry.h"
#include "render/view.h"
#include "slub/feature.h"
#include "slub/selfcheck.h"

/* --- what is looked at --- */

enum {
	INFO_TARGET,
	INFO_BANNER,
	INFO_BASE,
	INFO_SYMBOLS,
	INFO_TYPES,
	INFO_MEMORY,
	INFO_CPUS,
	INFO_ONLINE,
	INFO_NODES,
	INFO_ENGINE,
	INFO_CACHES,
	INFO_COUNT,
};

static const struct column info_columns[] = {
	[INFO_TARGET] = {"target", DILL_COLUMN_TEXT, "target", "how memory is read"},
	[INFO_BANNER] = {"banner", DILL_COLUMN_TEXT, "kernel", "linux_banner, escaped for display"},
	[INFO_BASE] = {"base", DILL_COLUMN_ADDRESS, "image at", "address of _text"},
	[INFO_SYMBOLS] = {"symbols", DILL_COLUMN_TEXT, "symbols from",
			  "where the symbols come from"},
	[INFO_TYPES] = {"types", DILL_COLUMN_TEXT, "types from", "where the types come from"},
	[INFO_MEMORY] = {"memory", DILL_COLUMN_COUNT, "memory",
			 "bytes of physical memory up to the last page, holes included"},
	[INFO_CPUS] = {"cpus", DILL_COLUMN_COUNT, "possible CPUs", "CPUs that could be online"},
	[INFO_ONLINE] = {"cpus_online", DILL_COLUMN_COUNT, "online CPUs", "CPUs that are online"},
	[INFO_NODES] = {"nodes", DILL_COLUMN_COUNT, "NUMA nodes", "NUMA nodes"},
	[INFO_ENGINE] = {"engine", DILL_COLUMN_TEXT, "allocator", "how objects are handed out"},
	[INFO_CACHES] = {"caches", DILL_COLUMN_COUNT, "caches", "slab caches"},
};

#define LABEL_WIDTH 16

static void draw_value(struct painter *painter, const struct dill_record *record, size_t column)
{
	if (!record->fields[column].present)
		paint(painter, STYLE_DIM, "-");
	else if (info_columns[column].type == DILL_COLUMN_ADDRESS)
		paint_address(painter, record_number(record, column));
	else if (info_columns[column].type == DILL_COLUMN_COUNT)
		paint_format(painter, STYLE_NUMBER, "%" PRIu64, record_number(record, column));
	else
		paint(painter, STYLE_PLAIN, record_text(record, column));
}

static struct dill_error *draw_info(struct painter *painter, const struct dill_record *record)
{
	for (size_t i = 0; i < INFO_COUNT; i++) {
		paint_padded(painter, STYLE_DIM, info_columns[i].heading, LABEL_WIDTH);
		draw_value(painter, record, i);
		paint_newline(painter);
	}
	return NULL;
}

static const struct record_view info_view = {draw_info};

static const struct dill_record_kind info_kind = {
	.name = "info",
	.doc = "The target, its kernel, and where dill's knowledge of it comes from.",
	.columns = info_columns,
	.column_count = INFO_COUNT,
	.view = &info_view,
};

/* --- several kernels --- */

/* What is searched for other kernels, some seconds' worth: a dump may have a terabyte. */
#define SEARCHED_BYTES (UINT64_C(16) << 30)

enum { KERNEL_NUMBER, KERNEL_SHOWN, KERNEL_RELEASE, KERNEL_BASE, KERNEL_PHYSICAL };

static const struct column kernel_columns[] = {
	[KERNEL_NUMBER] = {"number", DILL_COLUMN_COUNT, NULL, "for --kernel, by physical address"},
	[KERNEL_SHOWN] = {"shown", DILL_COLUMN_BOOL, NULL, "whether it is the one that dill shows"},
	[KERNEL_RELEASE] = {"release", DILL_COLUMN_TEXT, NULL, "of its banner"},
	[KERNEL_BASE] = {"base", DILL_COLUMN_ADDRESS, NULL, "address of its image"},
	[KERNEL_PHYSICAL] = {"physical_base", DILL_COLUMN_ADDRESS, NULL, "physical address of it"},
};

static struct dill_error *draw_kernel(struct painter *painter, const struct dill_record *record)
{
	bool shown = record->fields[KERNEL_SHOWN].flag;

	paint(painter, shown ? STYLE_LIVE : STYLE_DIM, shown ? "  * " : "    ");
	paint_format(painter, STYLE_NUMBER, "--kernel=%-3" PRIu64,
		     record_number(record, KERNEL_NUMBER));
	paint_address(painter, record_number(record, KERNEL_BASE));
	paint(painter, STYLE_DIM, "  physical ");
	paint_address(painter, record_number(record, KERNEL_PHYSICAL));
	paint(painter, STYLE_PLAIN, "  ");
	paint(painter, STYLE_NAME, record_text(record, KERNEL_RELEASE));
	paint_newline(painter);
	return NULL;
}

static const struct record_view kernel_view = {draw_kernel};

static const struct dill_record_kind kernel_kind = {
	.name = "kernel",
	.doc = "One of several kernels in the memory of a dump, such as the one that crashed and "
	       "the "
	       "one that captured it. None when there is one kernel, or the target is no dump.",
	.columns = kernel_columns,
	.column_count = sizeof(kernel_columns) / sizeof(*kernel_columns),
	.view = &kernel_view,
};

/* --- features --- */

enum { FEATURE_NAME, FEATURE_PRESENT, FEATURE_TEXT };

static const struct column feature_columns[] = {
	[FEATURE_NAME] = {"feature", DILL_COLUMN_TEXT, NULL, "stable word"},
	[FEATURE_PRESENT] = {"present", DILL_COLUMN_BOOL, NULL, "whether this heap has it"},
	[FEATURE_TEXT] = {"text", DILL_COLUMN_TEXT, NULL, "what it means when it is there"},
};

/* "+ word    sentence", or "-" for what is not there. */
static struct dill_error *draw_feature(struct painter *painter, const struct dill_record *record)
{
	bool present = record->fields[FEATURE_PRESENT].flag;

	paint(painter, present ? STYLE_LIVE : STYLE_DIM, present ? "  + " : "  - ");
	paint_padded(painter, present ? STYLE_NAME : STYLE_DIM, record_text(record, FEATURE_NAME),
		     20);
	paint(painter, present ? STYLE_PLAIN : STYLE_DIM, record_text(record, FEATURE_TEXT));
	paint_newline(painter);
	return NULL;
}

static const struct record_view feature_view = {draw_feature};

static const struct dill_record_kind feature_kind = {
	.name = "feature",
	.doc = "Something that heaps have or have not, found by types, symbols and what is used of "
	       "them.",
	.columns = feature_columns,
	.column_count = sizeof(feature_columns) / sizeof(*feature_columns),
	.view = &feature_view,
};

/* --- checks --- */

enum { CHECK_NAME, CHECK_RESULT, CHECK_TEXT };

static const struct column check_columns[] = {
	[CHECK_NAME] = {"check", DILL_COLUMN_TEXT, NULL, "stable word"},
	[CHECK_RESULT] = {"result", DILL_COLUMN_TEXT, NULL,
			  "passed, failed, or impossible (nothing to check it on)"},
	[CHECK_TEXT] = {"text", DILL_COLUMN_TEXT, NULL, "what was compared, with its numbers"},
};

static struct dill_error *draw_check(struct painter *painter, const struct dill_record *record)
{
	const char *result = record_text(record, CHECK_RESULT);
	enum style style = *result == 'p' ? STYLE_LIVE : *result == 'f' ? STYLE_BAD : STYLE_WARN;

	paint(painter, STYLE_PLAIN, "  ");
	paint_padded(painter, style, result, 11);
	paint(painter, STYLE_PLAIN, record_text(record, CHECK_TEXT));
	paint_newline(painter);
	return NULL;
}

static const struct record_view check_view = {draw_check};

static const struct dill_record_kind check_kind = {
	.name = "self_check",
	.doc = "Something that dill believes of this kernel, tried on the kernel itself.",
	.columns = check_columns,
	.column_count = sizeof(check_columns) / sizeof(*check_columns),
	.view = &check_view,
};

/* --- the command --- */

static struct dill_error *emit_info(struct command_call *call, struct heap *heap,
				    const struct heap_use *use, size_t caches)
{
	struct dill_record *record = record_new(call->arena, &info_kind);
	const struct kernel_facts *facts = kernel_facts(heap->kernel);
	uint64_t possible = 0, online = 0;

	if (!record)
		return error_no_memory();
	for (unsigned cpu = 0; cpu < kernel_cpu_limit(heap->kernel); cpu++) {
		possible += kernel_cpu_possible(heap->kernel, cpu);
		online += kernel_cpu_online(heap->kernel, cpu);
	}
	record_set_text(
		record, INFO_TARGET,
		arena_format(call->arena, "%s", memory_describe(session_memory(call->session))));
	record_set_text(record, INFO_BANNER, facts->banner);
	record_set_number(record, INFO_BASE, facts->base);
	record_set_text(record, INFO_SYMBOLS, facts->symbols_how);
	record_set_text(record, INFO_TYPES, facts->types_how);
	record_set_number(record, INFO_MEMORY, kernel_memory_map(heap->kernel)->direct_size);
	record_set_number(record, INFO_CPUS, possible);
	record_set_number(record, INFO_ONLINE, online);
	record_set_number(record, INFO_NODES, kernel_node_limit(heap->kernel));
	record_set_text(record, INFO_ENGINE, slub_engine_name(slub_engine(use)));
	record_set_number(record, INFO_CACHES, caches);
	return call->sink->emit(call->sink, record);
}

static struct dill_error *emit_kernel(struct command_call *call, const struct kernel_found *found,
				      size_t number, bool shown)
{
	struct dill_record *record = record_new(call->arena, &kernel_kind);

	if (!record)
		return error_no_memory();
	record_set_number(record, KERNEL_NUMBER, number);
	record_set_bool(record, KERNEL_SHOWN, shown);
	record_set_text(record, KERNEL_RELEASE, arena_format(call->arena, "%s", found->release));
	record_set_number(record, KERNEL_BASE, found->base);
	record_set_number(record, KERNEL_PHYSICAL, found->phys);
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
	struct memory *memory = session_memory(call->session);
	_cleanup_(kernel_list_deinit)
	struct kernel_list list = {0};

	if (memory_moves(memory)) /* a system that runs is no dump */
		return NULL;
	TRY(kernels_find(memory, SEARCHED_BYTES, &list));
	if (list.is_cut)
		memory_log(memory, "not all of memory was searched for other kernels");
	return emit_list(call, kernel_facts(heap->kernel), &list);
}

static struct dill_error *emit_features(struct command_call *call, const struct heap_use *use)
{
	for (const struct slub_feature *feature = slub_features; feature->name; feature++) {
		struct dill_record *record = record_new(call->arena, &feature_kind);

		if (!record)
			return error_no_memory();
		record_set_text(record, FEATURE_NAME, feature->name);
		record_set_bool(record, FEATURE_PRESENT, feature->probe(use));
		record_set_text(record, FEATURE_TEXT, feature->text);
		TRY(call->sink->emit(call->sink, record));
	}
	return NULL;
}

static struct dill_error *emit_checks(struct command_call *call, struct heap *heap,
				      const struct cache_list *caches)
{
	struct self_check checks[SELF_CHECKS];

	TRY(self_check(heap, caches, call->arena, checks));
	for (size_t i = 0; i < SELF_CHECKS; i++) {
		struct dill_record *record = record_new(call->arena, &check_kind);

		if (!record)
			return error_no_memory();
		record_set_text(record, CHECK_NAME, checks[i].name);
		record_set_text(record, CHECK_RESULT, self_check_result_name(checks[i].result));
		record_set_text(record, CHECK_TEXT, checks[i].text);
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
	TRY(emit_features(call, &use));
	TRY(emit_checks(call, heap, &caches));
	return findings_emit(call, NULL, &findings);
}

static const struct dill_record_kind *const kinds[] = {
	&info_kind, &kernel_kind, &feature_kind, &check_kind, &finding_record_kind, NULL};

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
