/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "answer/kbase_record.h"
#include "command/registry.h"

static struct dill_error *run(struct command_call *call)
{
	struct dill_record *record = record_new(call->arena, &kbase_kind);
	const struct kernel_facts *facts;
	struct kernel *kernel;

	if (!record)
		return error_no_memory();
	TRY(session_kernel(call->session, &kernel));
	facts = kernel_facts(kernel);
	record_set_number(record, KBASE_COLUMN_BASE, facts->base);
	record_set_text(record, KBASE_COLUMN_BASE_HOW, facts->base_how);
	record_set_number(record, KBASE_COLUMN_SLIDE, facts->slide);
	record_set_text(record, KBASE_COLUMN_SLIDE_HOW, facts->slide_how);
	if (facts->has_phys_base)
		record_set_number(record, KBASE_COLUMN_PHYSICAL_BASE, facts->phys_base);
	record_set_text(record, KBASE_COLUMN_PHYSICAL_BASE_HOW, facts->phys_how);
	record_set_number(record, KBASE_COLUMN_SIZE, facts->image_size);
	record_set_number(record, KBASE_COLUMN_PAGING_LEVELS, facts->paging_levels);
	record_set_text(record, KBASE_COLUMN_SYMBOLS_HOW, facts->symbols_how);
	record_set_text(record, KBASE_COLUMN_BANNER, facts->banner);
	record_set_text(record, KBASE_COLUMN_BANNER_HOW, facts->banner_how);
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
