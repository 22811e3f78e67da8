/* SPDX-License-Identifier: MIT */
#ifndef RENDER_RENDER_H
#define RENDER_RENDER_H

#include "answer/record.h"

enum render_format { RENDER_TEXT, RENDER_JSON };

/** Where rendered bytes go: a file, gdb.write(), a test's buffer. */
struct output {
	/** Write all of @p bytes; an error (such as the pager's "quit") ends the command. */
	struct dill_error *(*write)(void *context, const char *bytes, size_t length);
	void *context;
	bool color;
	unsigned width;		   /**< columns; 0 = no terminal: lines are not cut */
	enum render_format format; /**< unless the command line says --json */
	/** A person looks at it: sizes in KiB and MiB, and what only a terminal gets. */
	bool screen;
	/**
	 * Bytes to collect before they are written; 0 = some KiB. Many, where write() may wait for
	 * a reader: the target is stopped as long as a command writes before its end.
	 */
	size_t hold;
	/** Show what was written, where write() holds it back; NULL = it does not. For answers that
	 * come while the target runs. */
	struct dill_error *(*flush)(void *context);
	/** Takes the records themselves, in place of write(); NULL = they are printed. */
	struct dill_sink *sink;
	/** True as soon as the user wants the running command to stop, for commands that need no
	 * target; NULL = never. Asked often: must be cheap. */
	bool (*interrupted)(void *context);
};

/**
 * A sink that prints: text tables and pictures, or JSON lines.
 *
 * JSON: one object per record and line, "record" first (the kind's name), then the present fields
 * by column name. Text: a record of a kind with a view is drawn by it; consecutive records of one
 * kind without a view form a table, whose columns fit the widest value. Nested records
 * (DILL_COLUMN_RECORDS) show in JSON and in what views draw.
 *
 * Bytes are handed on in larger pieces, so the last of them only with render_finish(); a long table
 * is printed in parts. Memory is bounded by output->hold and the largest single record, not by
 * their number.
 */
struct render;

/** @param output  copied; its context must outlive the renderer */
DILL_MUST_CHECK struct dill_error *render_new(const struct output *output,
					      enum render_format format, struct render **ret);
/** The sink to emit to; borrowed. Its emit() also fails with what output->write() failed with. */
struct dill_sink *render_sink(struct render *render);
/** Print what is still held back. Must be called before render_free() when the command succeeded or
 * failed midway. Prints nothing more once the output has failed. */
DILL_MUST_CHECK struct dill_error *render_finish(struct render *render);
void render_free(struct render *render);
DEFINE_CLEANUP(struct render *, render_free)

#endif
