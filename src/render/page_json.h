/* SPDX-License-Identifier: MIT */
#ifndef RENDER_PAGE_JSON_H
#define RENDER_PAGE_JSON_H

#include "base/strbuf.h"

/* JSON that stands inside of an HTML page, in a script element. */

/** Append a printable UTF-8 text as a string. Nothing in it ends the element: "<" and others are
 * escaped. */
void page_append_text(struct strbuf *text, const char *value);

/** Append a number; fast. */
void page_append_number(struct strbuf *text, int64_t value);

/** Append the 16 digits of an address, without quotes. */
void page_append_digits(struct strbuf *text, uint64_t address);

#endif
