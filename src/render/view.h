/* SPDX-License-Identifier: MIT */
#ifndef RENDER_VIEW_H
#define RENDER_VIEW_H

#include "answer/record.h"
#include "base/strbuf.h"

/** What a piece of text means; the painter chooses the colour, or none. */
enum style {
	STYLE_PLAIN,
	STYLE_HEADING, /**< section and table headings */
	STYLE_NAME,    /**< caches, tasks, members */
	STYLE_ADDRESS,
	STYLE_NUMBER,
	STYLE_DIM,    /**< punctuation, labels, what is absent */
	STYLE_LIVE,   /**< an allocated object */
	STYLE_FREE,   /**< a free object */
	STYLE_CACHED, /**< a free object that a CPU or node keeps at hand */
	STYLE_WARN,   /**< suspicious */
	STYLE_BAD,    /**< a finding */
};

/** Collects styled text; the renderer hands it to the output. */
struct painter {
	struct strbuf text;
	bool color;	/**< write ANSI escapes */
	unsigned width; /**< columns of the terminal, at least 20; UINT_MAX: lines are not fitted */
	bool screen;	/**< a person looks at it: see struct output */
	/**
	 * What a view leaves for the next record with the same view, so that records can share a
	 * line. Zeros at the first one; the renderer ends an open line before anything else.
	 */
	struct {
		unsigned column; /**< columns used of a line that is not ended; 0 = none is open */
		uint64_t group;	 /**< what the view wants to remember */
	} flow;
};

void paint(struct painter *painter, enum style style, const char *text);
/** The first @p length bytes of @p text. */
void paint_part(struct painter *painter, enum style style, const char *text, size_t length);
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
/** A field by the type of its column, ADDRESS, COUNT or with a text; "-" when it is absent. */
void paint_field(struct painter *painter, const struct dill_record *record, size_t column);

/** How one kind of record is drawn as text when a row of a table does not do. */
struct record_view {
	/** Draw @p record as whole lines. An error ends the command; running out of memory while
	 * painting is noticed by the renderer. */
	struct dill_error *(*draw)(struct painter *painter, const struct dill_record *record);
	bool heads; /**< a table right behind it follows without an empty line */
	bool apart; /**< an empty line comes before each, unless it is the first */
	bool foots; /**< belongs to the table right before it: no empty line between them */
};

#endif
