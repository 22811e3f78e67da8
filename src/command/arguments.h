/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_ARGUMENTS_H
#define COMMAND_ARGUMENTS_H

#include "base/strbuf.h"
#include "command/command.h"

/** Options that every command has, as indices into common_options[]. */
enum { COMMON_JSON, COMMON_WIDE, COMMON_HELP, COMMON_COUNT };

extern const struct command_option common_options[COMMON_COUNT];

/** Which of the common options were given. */
struct common_given {
	bool json, wide, help;
};

/**
 * Parse the words of a command line against the tables of its command, like getopt_long(): options
 * and words in any order, "--name=value", "--name value", unambiguous beginnings of names, "-n5",
 * "-n 5", letters together, "--" before words that start with a dash. Nothing is printed and no
 * state is kept.
 *
 * ADDRESS options get their number here only when they are one (see address_parse()); symbols need
 * the target. With --help the number of words is not checked.
 *
 * @param argc, argv  the command's name first; borrowed by @p ret_call
 * @param ret_call    arguments and options are set, the rest is left alone; undefined on error. Its
 *                    arena is there, and gets the list of words
 * @return NULL; INVALID_ARGUMENT, one line that names the word and the usage; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *arguments_parse(const struct command *command, int argc,
						   const char *const *argv,
						   struct command_call *ret_call,
						   struct common_given *ret_common);

/**
 * The option at @p index of the command's own, then the common ones; NULL behind the last. A
 * command's own letter hides a common one's.
 */
const struct command_option *arguments_option(const struct command *command, size_t index);

/**
 * The option whose value the word behind @p word is: "--name" or the last letter of "-abn"; NULL
 * when @p word is no such option, or has its value with it.
 */
const struct command_option *arguments_awaits_value(const struct command *command,
						    const char *word);

/** The option that a long name of @p length bytes means, also abbreviated; NULL when none or
 * several. */
const struct command_option *arguments_long_option(const struct command *command, const char *name,
						   size_t length);

/** Append "kcache [OPTION...] [CACHE]". */
void command_append_usage(const struct command *command, struct strbuf *text);

#endif
