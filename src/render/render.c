/* SPDX-License-Identifier: MIT */
#include "render/render.h"

#include <limits.h>
#include <string.h>

#include "render/fold.h"
#include "render/json.h"
#include "render/table.h"
#include "render/view.h"
#include "render/views.h"

#define PIECE	  ((size_t)32 * 1024) /* bytes collected when the output does not say */
#define WIDTH_MIN 20u

struct render {
	struct dill_sink sink; /* first: emit() gets a pointer to it */
	struct output output;
	enum render_format format;
	struct painter painter; /* its text is what has not been written yet, JSON too */
	const struct dill_record_kind *kind; /* of the last record, and its view */
	const struct record_view *kind_view;
	const struct record_view *view; /* what was drawn last; NULL when that was a row */
	struct table table;
	struct strbuf left_out; /* headings of columns that did not fit, once each */
	bool headed;		/* what was drawn last heads a table */
	bool started;		/* something was drawn: a table is set off by an empty line */
	bool after_table;	/* ... and so is what follows one */
	bool failed;		/* the output takes no more */
};

static struct dill_error *flush(struct render *render)
{
	struct strbuf *text = &render->painter.text;
	struct dill_error *error = strbuf_error(text);

	if (!error && text->length)
		error = render->output.write(render->output.context, text->data, text->length);
	if (error)
		render->failed = true;
	strbuf_clear(text);
	return error;
}

static struct dill_error *flush_piece(struct render *render)
{
	return render->painter.text.length >= render->output.hold || render->painter.text.failed
		       ? flush(render)
		       : NULL;
}

static void draw_table(struct render *render)
{
	struct table *table = &render->table;

	if (!table->heading_drawn && render->started && !render->headed)
		paint_newline(&render->painter);
	table_draw(table, &render->painter);
	render->started = render->after_table = true;
	render->headed = false;
}

static void note_left_out(void *context, const char *heading)
{
	struct strbuf *list = context;
	_cleanup_(strbuf_deinitp)
	struct strbuf entry = {0};

	strbuf_append_format(&entry, ", %s,", heading);
	if (strstr(strbuf_get(list), strbuf_get(&entry)))
		return;
	strbuf_append_format(list, "%s%s,", list->length ? " " : ", ", heading);
}

static void end_table(struct render *render)
{
	if (!render->table.kind)
		return;
	if (render->table.cells.count)
		draw_table(render);
	table_left_out(&render->table, note_left_out, &render->left_out);
	table_end(&render->table);
}

/* What the last view left in painter.flow is for records with the same view only. */
static void change_view(struct render *render, const struct record_view *view)
{
	if (render->view == view)
		return;
	if (render->painter.flow.column)
		paint_newline(&render->painter);
	memset(&render->painter.flow, 0, sizeof(render->painter.flow));
	render->view = view;
}

static struct dill_error *emit_row(struct render *render, const struct dill_record *record)
{
	change_view(render, NULL);
	if (render->table.kind != record->kind) {
		end_table(render);
		TRY(table_begin(&render->table, record->kind, render->painter.screen));
	}
	TRY(table_add(&render->table, record));
	if (table_is_full(&render->table))
		draw_table(render);
	return NULL;
}

static struct dill_error *emit_drawn(struct render *render, const struct dill_record *record)
{
	const struct record_view *view = render->kind_view;
	struct painter *painter = &render->painter;
	size_t start;

	end_table(render);
	change_view(render, view);
	if ((render->after_table && !view->foots) || (view->apart && render->started))
		paint_newline(painter);
	render->after_table = false;
	render->headed = view->heads;
	render->started = true;
	start = painter->text.length;
	if (painter->width == UINT_MAX || painter->flow.column)
		return view->draw(painter, record);
	TRY(view->draw(painter, record));
	fold_lines(&painter->text, start, painter->width);
	return NULL;
}

static struct dill_error *emit(struct dill_sink *sink, const struct dill_record *record)
{
	struct render *render = (struct render *)sink;

	if (render->failed)
		return dill_error_new(DILL_ERROR_OS, "the output failed before");
	if (render->kind != record->kind) {
		render->kind = record->kind;
		render->kind_view = view_of(record->kind);
	}
	if (render->format == RENDER_JSON) {
		TRY(json_append_record(&render->painter.text, record));
		strbuf_append_char(&render->painter.text, '\n');
	} else if (render->kind_view) {
		TRY(emit_drawn(render, record));
	} else {
		TRY(emit_row(render, record));
	}
	return flush_piece(render);
}

static struct dill_error *flush_now(struct dill_sink *sink)
{
	struct render *render = (struct render *)sink;

	if (render->failed)
		return NULL; /* said by the emit() that failed */
	end_table(render);
	TRY(flush(render));
	return render->output.flush ? render->output.flush(render->output.context) : NULL;
}

struct dill_error *render_new(const struct output *output, enum render_format format,
			      struct render **ret)
{
	struct render *render = calloc(1, sizeof(*render));

	if (!render)
		return error_no_memory();
	render->sink.emit = emit;
	render->sink.flush = flush_now;
	render->output = *output;
	if (!output->hold)
		render->output.hold = PIECE;
	render->format = format;
	render->painter.color = output->color;
	render->painter.screen = output->screen;
	render->painter.width = output->width == 0	    ? UINT_MAX
				: output->width < WIDTH_MIN ? WIDTH_MIN
							    : output->width;
	table_init(&render->table);
	*ret = render;
	return NULL;
}

struct dill_sink *render_sink(struct render *render)
{
	return &render->sink;
}

/* Below the answer: what a reader may look for in vain. */
static void say_left_out(struct render *render)
{
	struct strbuf *list = &render->left_out;
	struct painter *painter = &render->painter;
	size_t start = painter->text.length;

	painter->text.failed |= list->failed;
	if (!list->length || painter->text.failed)
		return;
	list->data[list->length - 1] = '\0'; /* each stands between commas, for the search */
	paint_format(painter, STYLE_DIM, "not shown for want of room: %s (--wide shows all)",
		     list->data + 2);
	paint_newline(painter);
	fold_lines(&painter->text, start, painter->width);
	strbuf_clear(list);
}

struct dill_error *render_finish(struct render *render)
{
	if (render->failed)
		return NULL; /* emit() has reported it */
	end_table(render);
	change_view(render, NULL);
	say_left_out(render);
	return flush(render);
}

void render_free(struct render *render)
{
	if (!render)
		return;
	table_deinit(&render->table);
	strbuf_deinit(&render->painter.text);
	strbuf_deinit(&render->left_out);
	free(render);
}
