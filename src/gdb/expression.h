/* SPDX-License-Identifier: MIT */
#ifndef GDB_EXPRESSION_H
#define GDB_EXPRESSION_H

#include "base/strbuf.h"

/**
 * Prepare a command line of GDB for words_split(), which would take the quotes and blanks of an
 * expression such as `$kcache("kmalloc-64")` for its own: what stands in parentheses is escaped, so
 * that it reaches the command as it was typed. Quotes outside of them work as everywhere.
 *
 * @param ret  appended to
 */
void expression_protect(const char *line, struct strbuf *ret);

#endif
