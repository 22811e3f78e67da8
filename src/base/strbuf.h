/* SPDX-License-Identifier: MIT */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include <stddef.h>

#include "base/error.h"

/**
 * A growing text. Appending never fails visibly: when memory runs out the text is marked failed,
 * and strbuf_error() says so once at the end. `struct strbuf text = {0};` is an empty one; data is
 * NULL or NUL-terminated.
 */
struct strbuf {
	char *data;
	size_t length, capacity;
	bool failed;
};

void strbuf_append(struct strbuf *text, const char *string);
void strbuf_append_bytes(struct strbuf *text, const char *bytes, size_t length);
void strbuf_append_format(struct strbuf *text, const char *format, ...) DILL_PRINTF(2, 3);
void strbuf_append_char(struct strbuf *text, char c);
/** Append @p count times @p c. */
void strbuf_append_repeated(struct strbuf *text, char c, size_t count);
/**
 * Append bytes of the target as one printable run: control characters, DEL, backslash and bytes
 * that are no valid UTF-8 appear as \xNN, so that nothing reaches a terminal as a command.
 */
void strbuf_append_escaped(struct strbuf *text, const char *bytes, size_t length);
/** The same for a text that should have been escaped before: backslashes stay as they are. */
void strbuf_append_printable(struct strbuf *text, const char *bytes, size_t length);
/** Empty the text, keeping its memory. */
void strbuf_clear(struct strbuf *text);
/** The text, "" when empty; borrowed until the next change. */
const char *strbuf_get(const struct strbuf *text);
/** NULL, or NO_MEMORY when an append failed. */
DILL_MUST_CHECK struct dill_error *strbuf_error(const struct strbuf *text);
void strbuf_deinit(struct strbuf *text);

static inline void strbuf_deinitp(struct strbuf *text)
{
	strbuf_deinit(text);
}

#endif
