/* SPDX-License-Identifier: MIT */
#ifndef CLI_DOCS_H
#define CLI_DOCS_H

#include "base/strbuf.h"
#include "command/command.h"

/*
 * Documents, and tables for documents that people write, made from the tables that the program
 * works with, so that they cannot drift. Prose is not made here.
 */

/** Usage line and options of a command, in Markdown. */
void docs_append_usage(const struct command *command, struct strbuf *text);
/** The program's own options, in Markdown. */
void docs_append_options(struct strbuf *text);
/**
 * Records that a command prints with --json, with all their fields, in Markdown. Those that other
 * commands print as well are left out: they are documented in one place.
 * @param command  NULL = only those that several commands print
 */
DILL_MUST_CHECK struct dill_error *docs_append_records(const struct command *command,
						       struct strbuf *text);
/** Every kind of record with the commands that print it, in Markdown. */
DILL_MUST_CHECK struct dill_error *docs_append_kinds(struct strbuf *text);
/** What the slab model reads of a kernel, of slub/layout.def, in Markdown. */
void docs_append_members(struct strbuf *text);
/** What the slab model finds out about a kernel, of slub/feature.h, in Markdown. */
void docs_append_features(struct strbuf *text);
/**
 * man/dill.1.
 * @param loader  path of the installed dill.py
 */
void docs_append_man(const char *loader, struct strbuf *text);

/** Append the text of a cell of a Markdown table: a bar would end it. */
void docs_append_cell(const char *cell, struct strbuf *text);

#endif
