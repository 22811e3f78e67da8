/* SPDX-License-Identifier: MIT */
#ifndef RENDER_VIEW_H
#define RENDER_VIEW_H

#include "base/record.h"
#include "base/strbuf.h"

/** What a piece of text means; the painter chooses the colour, or none. */
enum style {
	STYLE_PLAIN,
	STYLE_HEADING, /**< section and table headings */
	STYLE_NAME,    /**< caches, tasks, members */
	STYLE_ADDRESS,
	STYLE_NUMBER,
	STYLE_DIM,  /**< punctuation, labels, what is absent */
	STYLE_LIVE, /**< an allocated object */
	STYLE_FREE, /**< a free object */
	STYLE_WARN, /**< suspicious */
	STYLE_BAD,  /**< a finding */
};

/** Collects styled text; the renderer hands it to the output. */
struct painter {
	struct strbuf text;
	bool color;	/**< write ANSI escapes */
	unsigned width; /**< columns of the terminal, at least 40; UINT_MAX when there is none */
};

void paint(struct painter *painter, enum style style, const char *text);
void paint_format(struct painter *painter, enum style style, const char *format, ...)
	DILL_PRINTF(3, 4);
/** Address as 0x and 16 digits. */
void paint_address(struct painter *painter, uint64_t address);
/**
 * Text cut or padded with blanks to @p width columns (UTF-8 aware); negative aligns right. What was
 * cut ends in "~".
 */
void paint_padded(struct painter *painter, enum style style, const char *text, int width);
void paint_newline(struct painter *painter);

/** How one kind of record is drawn as text when a row of a table does not do. */
struct record_view {
	/** Draw @p record as whole lines. An error ends the command; running out of memory while
	 * painting is noticed by the renderer. */
	struct dill_error *(*draw)(struct painter *painter, const struct record *record);
};

#endif
