/* SPDX-License-Identifier: MIT */
#include "command/report_page.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer/report_record.h"
#include "base/file_status.h"
#include "render/trace_page.h"

/* --- files --- */

static struct dill_error *write_all(int file, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(file, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return dill_error_new_os(errno, "cannot write it");
		bytes += written;
		length -= (size_t)written;
	}
	return NULL;
}

/* As other programs' new files: mkstemp() makes them private. */
static void give_usual_mode(int file)
{
	mode_t mask = umask(0);

	umask(mask);
	fchmod(file, 0666 & ~mask);
}

/* Write @p text to a file of its own beside @p path, and put that in its place. */
static struct dill_error *replace_file(const char *path, const struct strbuf *text)
{
	_cleanup_(freep)
	char *temporary = NULL;
	struct dill_error *error;
	int file;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return error_no_memory();
	file = mkstemp(temporary);
	if (file < 0)
		return dill_error_new_os(errno, "cannot create a file beside it");
	error = write_all(file, strbuf_get(text), text->length);
	give_usual_mode(file);
	if (close(file) != 0 && !error)
		error = dill_error_new_os(errno, "cannot write it");
	if (!error && rename(temporary, path) != 0)
		error = dill_error_new_os(errno, "cannot replace it");
	if (error)
		unlink(temporary);
	return error;
}

/* Where the file really is, when there is one: behind links. */
static struct dill_error *resolve(const char *path, char **ret)
{
	struct file_status status;

	if (file_status_path(path, &status) != 0) {
		*ret = strdup(path);
	} else if (!status.regular) {
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "it is no regular file; - stands for standard output");
	} else {
		*ret = realpath(path, NULL);
	}
	return *ret ? NULL : dill_error_new_os(errno, "cannot tell where it is");
}

struct dill_error *report_file_write(const char *path, const struct strbuf *text)
{
	_cleanup_(freep)
	char *target = NULL;

	TRY(resolve(path, &target));
	return replace_file(target, text);
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
