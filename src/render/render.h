/* SPDX-License-Identifier: MIT */
#ifndef RENDER_RENDER_H
#define RENDER_RENDER_H

#include "base/record.h"

enum render_format { RENDER_TEXT, RENDER_JSON };

/** Where rendered bytes go: a FILE, gdb.write(), a test's buffer. */
struct output {
	/** Write all of @p bytes; an error (such as the pager's "quit") ends the command. */
	struct dill_error *(*write)(void *context, const char *bytes, size_t length);
	void *context;
	bool color;
	unsigned width; /**< columns; 0 = no terminal: lines are not cut */
};

/**
 * A sink that prints: text tables and pictures, or JSON lines.
 *
 * JSON: one object per record and line, "record" first (the kind's name), then the present fields
 * by column name. Text: consecutive records of one kind without a view form a table, whose columns
 * fit the widest value; a table is printed when the kind changes and at render_finish().
 */
struct render;

DILL_MUST_CHECK struct dill_error *render_new(const struct output *output,
					      enum render_format format, struct render **ret);
/** The sink to emit to; borrowed. */
struct sink *render_sink(struct render *render);
/** Print what is still held back. Must be called before render_free() when the command succeeded or
 * failed midway. */
DILL_MUST_CHECK struct dill_error *render_finish(struct render *render);
void render_free(struct render *render);
DEFINE_CLEANUP(struct render *, render_free)

#endif
