/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "command/registry.h"
#include "render/view.h"

enum {
	COL_BASE,
	COL_BASE_HOW,
	COL_SLIDE,
	COL_SLIDE_HOW,
	COL_PHYSICAL_BASE,
	COL_PHYSICAL_BASE_HOW,
	COL_SIZE,
	COL_PAGING_LEVELS,
	COL_SYMBOLS_HOW,
	COL_BANNER,
	COL_BANNER_HOW,
	COL_COUNT,
};

static const struct column columns[] = {
	[COL_BASE] = {"base", DILL_COLUMN_ADDRESS, "base",
		      "address of the image's first byte, _text"},
	[COL_BASE_HOW] = {"base_how", DILL_COLUMN_TEXT, NULL, "how base was found"},
	[COL_SLIDE] =
		{"slide", DILL_COLUMN_ADDRESS, "slide",
		 "distance of base from the address the kernel was linked at; 0 without KASLR"},
	[COL_SLIDE_HOW] = {"slide_how", DILL_COLUMN_TEXT, NULL, "how slide was found"},
	[COL_PHYSICAL_BASE] = {"physical_base", DILL_COLUMN_ADDRESS, "physical base",
			       "physical address of base; absent when it cannot be known"},
	[COL_PHYSICAL_BASE_HOW] = {"physical_base_how", DILL_COLUMN_TEXT, NULL,
				   "how physical_base was found"},
	[COL_SIZE] = {"size", DILL_COLUMN_COUNT, "size",
		      "bytes from base to the end of the image, holes included"},
	[COL_PAGING_LEVELS] = {"paging_levels", DILL_COLUMN_COUNT, "paging levels",
			       "levels of the page tables, 4 or 5"},
	[COL_SYMBOLS_HOW] = {"symbols_how", DILL_COLUMN_TEXT, "symbols",
			     "where the symbols come from, and how many there are"},
	[COL_BANNER] = {"banner", DILL_COLUMN_TEXT, "banner", "linux_banner, escaped for display"},
	[COL_BANNER_HOW] = {"banner_how", DILL_COLUMN_TEXT, NULL, "how banner was found"},
};

/** Lines of the text form: a value, and the column that says how it was found. */
static const struct {
	size_t column, how;
} lines[] = {
	{COL_BASE, COL_BASE_HOW},
	{COL_SLIDE, COL_SLIDE_HOW},
	{COL_PHYSICAL_BASE, COL_PHYSICAL_BASE_HOW},
	{COL_SIZE, COL_COUNT},
	{COL_PAGING_LEVELS, COL_COUNT},
	{COL_SYMBOLS_HOW, COL_COUNT},
	{COL_BANNER, COL_COUNT},
};

#define LABEL_WIDTH 15

static void draw_value(struct painter *painter, const struct dill_record *record, size_t column)
{
	if (!record->fields[column].present)
		paint(painter, STYLE_DIM, "-");
	else if (columns[column].type == DILL_COLUMN_ADDRESS)
		paint_address(painter, record_number(record, column));
	else if (columns[column].type == DILL_COLUMN_COUNT)
		paint_format(painter, STYLE_NUMBER, "%" PRIu64, record_number(record, column));
	else
		paint(painter, STYLE_PLAIN, record_text(record, column));
}

static struct dill_error *draw(struct painter *painter, const struct dill_record *record)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		paint_padded(painter, STYLE_DIM, columns[lines[i].column].heading, LABEL_WIDTH);
		draw_value(painter, record, lines[i].column);
		if (lines[i].how != COL_COUNT)
			paint_format(painter, STYLE_DIM, "  (%s)",
				     record_text(record, lines[i].how));
		paint_newline(painter);
	}
	return NULL;
}

static const struct record_view view = {draw};

static const struct dill_record_kind kbase_kind = {
	.name = "kbase",
	.doc = "Where the kernel image is, and how that was found.",
	.columns = columns,
	.column_count = COL_COUNT,
	.view = &view,
};

static struct dill_error *run(struct command_call *call)
{
	struct dill_record *record = record_new(call->arena, &kbase_kind);
	const struct kernel_facts *facts;
	struct kernel *kernel;

	if (!record)
		return error_no_memory();
	TRY(session_kernel(call->session, &kernel));
	facts = kernel_facts(kernel);
	record_set_number(record, COL_BASE, facts->base);
	record_set_text(record, COL_BASE_HOW, facts->base_how);
	record_set_number(record, COL_SLIDE, facts->slide);
	record_set_text(record, COL_SLIDE_HOW, facts->slide_how);
	if (facts->has_phys_base)
		record_set_number(record, COL_PHYSICAL_BASE, facts->phys_base);
	record_set_text(record, COL_PHYSICAL_BASE_HOW, facts->phys_how);
	record_set_number(record, COL_SIZE, facts->image_size);
	record_set_number(record, COL_PAGING_LEVELS, facts->paging_levels);
	record_set_text(record, COL_SYMBOLS_HOW, facts->symbols_how);
	record_set_text(record, COL_BANNER, facts->banner);
	record_set_text(record, COL_BANNER_HOW, facts->banner_how);
	return call->sink->emit(call->sink, record);
}

static const struct dill_record_kind *const kinds[] = {&kbase_kind, NULL};

const struct command kbase_command = {
	.name = "kbase",
	.summary = "Show where the kernel image is",
	.help = "Shows the address of the running kernel's image, its KASLR slide, its physical\n"
		"address, the kernel's version banner, and how each was found. Nothing but the\n"
		"target's memory and registers is needed.\n"
		"\n"
		"Examples:\n"
		"  kbase\n"
		"  kbase --json\n",
	.needs_target = true,
	.kinds = kinds,
	.run = run,
};
