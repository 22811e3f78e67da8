/* SPDX-License-Identifier: MIT */
#include "command/report_page.h"

#include <errno.h>
#include <string.h>

#include "answer/report_record.h"
#include "base/write_all.h"
#include "command/whole_file.h"
#include "render/trace_page.h"

/* --- files --- */

struct dill_error *report_file_write(const char *path, const struct strbuf *text)
{
	struct whole_file file;
	struct dill_error *error = NULL;

	TRY(whole_file_begin(path, &file));
	if (!write_all(file.fd, strbuf_get(text), text->length))
		error = dill_error_new_os(errno, "cannot write it");
	return whole_file_end(&file, error);
}

static struct dill_error *emit_text(struct command_call *call, const struct strbuf *text)
{
	struct dill_record *record = record_new(call->arena, &report_page_text_kind);

	if (!record)
		return error_no_memory();
	record_set_text(record, REPORT_TEXT, strbuf_get(text));
	return call->sink->emit(call->sink, record);
}

static struct dill_error *emit_written(struct command_call *call, const char *path, size_t bytes,
				       size_t objects, size_t left_out)
{
	struct dill_record *record = record_new(call->arena, &report_page_kind);

	if (!record)
		return error_no_memory();
	record_set_text(record, REPORT_PAGE_FILE, path);
	record_set_number(record, REPORT_PAGE_BYTES, bytes);
	record_set_number(record, REPORT_PAGE_OBJECTS, objects);
	record_set_number(record, REPORT_PAGE_LEFT_OUT, left_out);
	return call->sink->emit(call->sink, record);
}

struct dill_error *report_page(struct command_call *call, const struct trace_totals *totals,
			       const char *path)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	size_t objects = 0;

	TRY(trace_page_append(totals, &trace_page_limits, &text, &objects));
	if (!strcmp(path, "-"))
		return emit_text(call, &text);
	TRY(dill_error_add_context(report_file_write(path, &text), "%s", path));
	return emit_written(call, path, text.length, objects, totals->objects.count - objects);
}
