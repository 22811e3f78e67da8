/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_HELP_H
#define COMMAND_HELP_H

#include "base/strbuf.h"
#include "command/command.h"

/** Append one command's help: usage, summary, options, paragraphs; whole lines. */
void help_append(const struct command *command, struct strbuf *text);

/** Emit the same as a record, for --help and the help command. */
DILL_MUST_CHECK struct dill_error *help_emit(const struct command *command, struct arena *arena,
					     struct dill_sink *sink);

#endif
