/* SPDX-License-Identifier: MIT */
#ifndef RENDER_TABLE_H
#define RENDER_TABLE_H

#include "answer/record.h"
#include "base/array.h"
#include "render/view.h"

/**
 * Rows of one kind of record, held until their columns' widths are known.
 *
 * Shown are the columns that have a heading. A long table is drawn in parts so that memory stays
 * bounded; the parts share one heading, and their columns only ever get wider.
 *
 * A table that is too wide for the terminal does without the columns in which nothing is, then
 * writes lists of texts in letters, then does without columns by their rank, then cuts texts. No
 * line is wider than the painter's width.
 */
struct table {
	const struct dill_record_kind *kind; /**< NULL = no table is open */
	struct arena *texts;
	size_t text_bytes;		    /**< about the size of @p texts */
	ARRAY(char *) cells;		    /**< shown columns of all rows; NULL = absent */
	ARRAY(struct table_column) columns; /**< shown ones only */
	bool screen;			    /**< of the painter */
	bool heading_drawn;
};

struct table_column {
	size_t index;	 /**< into the kind's columns */
	size_t width;	 /**< of the widest cell so far, or the heading */
	size_t letters;	 /**< the same with letters; 0 = there are none for its texts */
	bool filled;	 /**< a cell so far says more than 0, "no" or nothing */
	bool dropped;	 /**< for want of room */
	bool is_letters; /**< likewise */
	bool has_texts;	 /**< a cell so far was no number */
};

/** An empty table; nothing is allocated before the first row. */
void table_init(struct table *table);
void table_deinit(struct table *table);

/** Open a table for records of @p kind; the one before has been ended. */
DILL_MUST_CHECK struct dill_error *table_begin(struct table *table,
					       const struct dill_record_kind *kind, bool screen);

/** Add a row; its texts are copied. */
DILL_MUST_CHECK struct dill_error *table_add(struct table *table, const struct dill_record *record);

/** True when table_draw() should be called to bound memory. */
bool table_is_full(const struct table *table);

/** Draw the rows added since the last call, fitted to the painter's width. */
void table_draw(struct table *table, struct painter *painter);

/** Call @p say with the heading of each column that was left out although something is in it. */
void table_left_out(const struct table *table, void (*say)(void *context, const char *heading),
		    void *context);

/** Forget the kind; rows not drawn are dropped. */
void table_end(struct table *table);

#endif
