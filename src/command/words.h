/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_WORDS_H
#define COMMAND_WORDS_H

#include "base/array.h"

/** A line split into words, as an argv. */
struct words {
	/** Each from malloc; followed by a NULL that is not counted. */
	ARRAY(char *) list;
	size_t last_start; /**< where in the line the last word starts, with its quote */
};

/**
 * Split a line as a shell does, without expansions: blanks separate; '...' takes everything as it
 * is; in "..." and outside a backslash takes the next character as it is (in "..." only before
 * \ and
 * "). A '#' at the start of a word makes the rest a comment.
 *
 * @param ret  free with words_deinit(), also on error
 * @return NULL; INVALID_ARGUMENT when a quote is not closed; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *words_split(const char *line, struct words *ret);

/**
 * Split what was typed up to the cursor: a quote may still be open, and the last word is the one at
 * the cursor, "" after a blank. There is always one.
 */
DILL_MUST_CHECK struct dill_error *words_split_unfinished(const char *line, struct words *ret);

void words_deinit(struct words *words);

static inline void words_deinitp(struct words *words)
{
	words_deinit(words);
}

#endif
