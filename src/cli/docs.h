/* SPDX-License-Identifier: MIT */
#ifndef CLI_DOCS_H
#define CLI_DOCS_H

#include "base/strbuf.h"
#include "command/command.h"

/* Documents made from the same tables that the program works with, so that they cannot drift. Each
 * function appends a whole document. */

/** docs/json.md: every kind of record, its fields and the commands that print it. */
DILL_MUST_CHECK struct dill_error *docs_append_json(struct strbuf *text);
/** docs/commands/NAME.md. */
DILL_MUST_CHECK struct dill_error *docs_append_command(const struct command *command,
						       struct strbuf *text);
/** man/dill.1. */
void docs_append_man(struct strbuf *text);
/** Completion for bash. */
void docs_append_bash(struct strbuf *text);

#endif
