/* SPDX-License-Identifier: MIT */
#include "command/report_folded.h"

#include <inttypes.h>
#include <string.h>

#include "answer/report_record.h"
#include "command/report_page.h"
#include "store/stacks.h"

static void append_plain(struct strbuf *text, char character)
{
	if (strchr("; \n", character))
		character = '_';
	strbuf_append_char(text, character);
}

/* A name without what separates names and counts; of code without the offset, so that calls from
 * several places of a function are one box: "vfs_read", "leak_one_[module]". */
static void append_name(struct strbuf *text, const char *name)
{
	size_t length = strcspn(name, "+");
	const char *module = strchr(name, '[');

	if (name[0] == '+' || (name[0] == '0' && name[1] == 'x'))
		length = strlen(name);
	for (size_t i = 0; i < length; i++)
		append_plain(text, name[i]);
	if (module && name[length] == '+') {
		strbuf_append_char(text, '_');
		for (; *module; module++)
			append_plain(text, *module);
	}
}

static void append_process(struct strbuf *text, const char *comm)
{
	for (; *comm; comm++)
		append_plain(text, *comm);
}

static void append_group(const struct trace_totals *totals, const struct trace_stack_group *group,
			 struct strbuf *text)
{
	append_process(text, totals->processes.items[group->key].comm);
	for (size_t i = group->count; i-- > 0;) {
		strbuf_append_char(text, ';');
		append_name(text, totals_caller_name(totals, group->symbols[i]));
	}
	strbuf_append_format(text, " %" PRIu64 "\n", group->bytes);
}

static struct dill_error *emit_text(struct command_call *call, const struct strbuf *text)
{
	struct dill_record *record = record_new(call->arena, &report_folded_text_kind);

	if (!record)
		return error_no_memory();
	record_set_text(record, REPORT_TEXT, strbuf_get(text));
	return call->sink->emit(call->sink, record);
}

static struct dill_error *write_lines(struct command_call *call, const char *path,
				      const struct strbuf *text, size_t stacks, uint64_t bytes)
{
	struct dill_record *record;

	if (!strcmp(path, "-"))
		return emit_text(call, text);
	TRY(dill_error_add_context(report_file_write(path, text), "%s", path));
	record = record_new(call->arena, &report_folded_kind);
	if (!record)
		return error_no_memory();
	record_set_text(record, REPORT_FOLDED_FILE, path);
	record_set_number(record, REPORT_FOLDED_STACKS, stacks);
	record_set_number(record, REPORT_FOLDED_BYTES, bytes);
	return call->sink->emit(call->sink, record);
}

struct dill_error *report_folded(struct command_call *call, const struct trace_totals *totals,
				 bool alive_only, const char *path)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	trace_stack_groups groups = {0};
	uint64_t bytes = 0;
	struct dill_error *error;

	error = trace_stacks_group(totals, TRACE_STACK_BY_PROCESS, alive_only, call->arena,
				   &groups);
	for (size_t i = 0; i < groups.count; i++) {
		append_group(totals, &groups.items[i], &text);
		bytes += groups.items[i].bytes;
	}
	if (!error)
		error = strbuf_error(&text);
	if (!error)
		error = write_lines(call, path, &text, groups.count, bytes);
	array_free(&groups);
	return error;
}
