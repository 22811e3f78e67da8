/* SPDX-License-Identifier: MIT */
#ifndef RENDER_FOLD_H
#define RENDER_FOLD_H

#include "base/strbuf.h"

/**
 * Break the lines of @p text from byte @p start on that take more than @p width columns, at blanks
 * where there are any. What follows is indented: as far as the text behind a label, else a little
 * more than the line. Escape sequences take no columns; a style goes on behind the break.
 *
 * A line that fits is not touched; @p text is marked failed when memory runs out.
 */
void fold_lines(struct strbuf *text, size_t start, size_t width);

#endif
