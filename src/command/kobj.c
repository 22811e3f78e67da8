/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "answer/history_record.h"
#include "answer/layout_record.h"
#include "command/fill_finding.h"
#include "command/fill_object.h"
#include "command/history.h"
#include "command/kstruct_layout.h"
#include "command/registry.h"
#include "command/symbol_text.h"

enum { OPTION_HEXDUMP, OPTION_AS, OPTION_TYPE, OPTION_TRACE };

#define AS_AUTO "auto"

/* The trace that was asked for, or the one that this session has written; NULL in *ret for none. */
static struct dill_error *open_trace(struct command_call *call, struct trace_store **ret)
{
	const char *path = call->options[OPTION_TRACE].text;
	struct dill_error *error;

	*ret = NULL;
	if (path)
		return trace_store_open(path, ret);
	path = session_trace(call->session);
	error = path ? trace_store_open(path, ret) : NULL;
	/* Nobody asked for it: it may have gone meanwhile. */
	dill_error_free(error);
	return NULL;
}

/* The type that was asked for, or the one that the object has. */
static struct dill_error *choose_type(struct command_call *call, const struct inquiry *inquiry,
				      dill_virt address, struct types *types, type_id *ret)
{
	const char *name = call->options[OPTION_AS].text;
	const struct typing *typing = inquiry->typing;
	uint32_t delta;
	graph_index object;

	if (strcmp(name, AS_AUTO) != 0)
		return types_find(types, name, ret);
	object = typing ? graph_find(typing->graph, address, &delta) : GRAPH_NONE;
	if (object == GRAPH_NONE || !typing->objects[object].type)
		return dill_error_new(
			DILL_ERROR_NOT_FOUND,
			"--as auto: it is not known what 0x%" PRIx64 " is; give a TYPE", address);
	*ret = typing->objects[object].type;
	return NULL;
}

/* What lies there as a type. */
static struct dill_error *emit_typed(struct command_call *call, const struct inquiry *inquiry,
				     dill_virt address)
{
	struct kernel *kernel = inquiry->kernel;
	struct value_reader reader = kernel_value_reader(kernel);
	struct layout_request request = {
		.depth = UINT32_MAX, .reader = &reader, .address = address};

	TRY(kernel_types(kernel, &request.types));
	TRY(choose_type(call, inquiry, address, request.types, &request.type));
	return layout_emit(&request, call->sink);
}

static struct dill_error *emit_answer(struct command_call *call, struct inquiry *inquiry,
				      struct trace_store *trace, dill_virt address)
{
	struct dill_record *record;
	dill_virt start;

	TRY(inquire(inquiry, address, &record, &start));
	TRY(call->sink->emit(call->sink, record));
	if (call->options[OPTION_AS].given)
		TRY(emit_typed(call, inquiry, start));
	return trace ? history_emit(call, trace, address) : NULL;
}

/* What objects are takes a look at the whole heap. */
static struct dill_error *find_types(struct command_call *call, struct survey *survey,
				     struct graph *graph, struct typing *typing,
				     struct inquiry *inquiry)
{
	const char *as = call->options[OPTION_AS].text;

	if (!call->options[OPTION_TYPE].given && (!as || strcmp(as, AS_AUTO) != 0))
		return NULL;
	TRY(graph_read(survey, graph));
	TRY(dill_error_add_context(typing_find(graph, call->arena, typing), "--type"));
	inquiry->typing = typing;
	return NULL;
}

/* All words are checked before the first answer: a mistyped one is noticed at once. */
static struct dill_error *read_addresses(struct command_call *call, dill_virt *ret)
{
	for (size_t i = 0; i < call->argument_count; i++)
		TRY(session_address(call->session, call->arguments[i], &ret[i]));
	return NULL;
}

static struct dill_error *run(struct command_call *call)
{
	struct findings of_survey = findings_new(call), findings = findings_new(call);
	dill_virt *addresses =
		arena_alloc_array(call->arena, call->argument_count, sizeof(*addresses));
	_cleanup_(survey_deinitp)
	struct survey survey = {0};
	_cleanup_(trace_store_freep)
	struct trace_store *trace = NULL;
	_cleanup_(graph_deinitp)
	struct graph graph = {0};
	_cleanup_(typing_deinitp)
	struct typing typing = {0};
	struct inquiry inquiry = {
		.survey = &survey,
		.arena = call->arena,
		.findings = &findings,
		.whole_dump = call->options[OPTION_HEXDUMP].given,
	};

	if (!addresses)
		return error_no_memory();
	TRY(session_heap(call->session, &inquiry.heap));
	inquiry.kernel = inquiry.heap->kernel;
	TRY(read_addresses(call, addresses));
	TRY(open_trace(call, &trace));
	TRY(survey_init(inquiry.heap, call->arena, &of_survey, &survey));
	TRY(find_types(call, &survey, &graph, &typing, &inquiry));
	TRY(objects_init(&survey, call->arena, &inquiry.objects));
	for (size_t i = 0; i < call->argument_count; i++)
		TRY(emit_answer(call, &inquiry, trace, addresses[i]));
	return findings_emit(call, &survey, &findings);
}

static const struct dill_record_kind *const kinds[] = {
	&object_kind,  &track_kind,	    &layout_kind,	  &layout_end_kind,
	&history_kind, &history_event_kind, &finding_record_kind, NULL,
};

const struct command kobj_command = {
	.name = "kobj",
	.summary = "What an address is: which object, its state, where it is free, who uses it",
	.help = "Of an object of the slab heap: its cache, slab and number, and its state. A free "
		"object is\n"
		"on exactly one list; which one, where on it, and how many allocations come before "
		"it is\n"
		"shown. A live one has an owner: who allocated and freed it is shown where the "
		"kernel\n"
		"records it (slab_debug=U, slub_debug=U before 6.8; KASAN; KFENCE; allocation "
		"profiling).\n"
		"\n"
		"Any address will do: inside of an object, in a red zone, a struct page or struct "
		"slab, a\n"
		"page that is no slab, vmalloc, per-CPU data, the kernel image, a module. It is a "
		"number, a\n"
		"symbol, symbol+offset, or in GDB any expression without blanks. With several, "
		"what "
		"they\n"
		"have in common is read once.\n"
		"\n"
		"After a \"trace -o FILE\" in the same session FILE tells also who had the "
		"memory before.\n"
		"\n"
		"The status is 1 when something is broken that concerns the answer.\n"
		"\n"
		"Examples:\n"
		"  kobj 0xffff888003c41a40\n"
		"  kobj 0xffff888003c41a40 --as task_struct\n"
		"  kobj 0xffff888003c41a40 --type\n"
		"  kobj 0xffff888003c41a40 --as auto\n"
		"  kobj -x init_task\n",
	.arguments = {{"ADDRESS", ARGUMENT_ADDRESS, .rest = true}},
	.options =
		{
			[OPTION_HEXDUMP] = {"hexdump", 'x', ARGUMENT_NONE, NULL,
					    "show all bytes of the object, red zones and metadata "
					    "too"},
			[OPTION_AS] = {"as", 'a', ARGUMENT_TYPE, "TYPE",
				       "show the values of TYPE at the start of the object; "
				       "auto: of what it is"},
			[OPTION_TYPE] = {"type", 'y', ARGUMENT_NONE, NULL,
					 "tell what the object is, from the whole heap"},
			[OPTION_TRACE] = {"trace", 't', ARGUMENT_FILE, "FILE",
					  "show also who had this memory before, from a trace "
					  "(see history)"},
		},
	.needs_target = true,
	.kinds = kinds,
	.run = run,
};
