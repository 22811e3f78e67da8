/* SPDX-License-Identifier: MIT */
#ifndef FORGE_LINES_H
#define FORGE_LINES_H

#include "command/command.h"
#include "fields.h"

#define LINE_WORDS 8

/** A command line with its words. */
struct line {
	int argc;
	const char *argv[LINE_WORDS];
	char words[LINE_WORDS][64]; /**< those that were made up */
};

/**
 * Make a folder for what commands write, and remove it with all that is in it. Without one the
 * commands that write a file are not chosen. An errno, or 0.
 */
int lines_open_folder(void);
void lines_close_folder(void);

/**
 * Make up a call of a command that reads the target, from the tables of all commands: every command
 * that is registered is called, with arguments that make sense.
 */
void line_choose(const struct fields *fields, struct dice *dice, struct line *ret);

/** A line that somebody wants completed: a command and the beginning of its argument. */
void line_choose_incomplete(struct dice *dice, struct strbuf *text);

/**
 * Call number @p index of those that together read what commands read: each command on the target
 * without arguments where it needs none, and on all caches where it takes one.
 * @return false past the last
 */
bool line_plain(size_t index, struct line *ret);

/** The line as typed. */
void line_append(const struct line *line, struct strbuf *text);

#endif
