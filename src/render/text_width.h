/* SPDX-License-Identifier: MIT */
#ifndef RENDER_TEXT_WIDTH_H
#define RENDER_TEXT_WIDTH_H

#include <stddef.h>

/**
 * Columns that a UTF-8 text takes on a terminal. Does not depend on the locale, which belongs to
 * the program around dill. A byte that is no UTF-8 counts as one column.
 */
size_t text_width(const char *text);

/**
 * How much of the start of @p text fits into @p columns.
 * @param ret_columns  columns of that start; less than @p columns when a wide character is left out
 * @return its length in bytes; never splits a character from its combining marks
 */
size_t text_fit(const char *text, size_t columns, size_t *ret_columns);

#endif
