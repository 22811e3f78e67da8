/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_COMPLETIONS_H
#define COMMAND_COMPLETIONS_H

#include "command/command.h"

/** The word to complete, and where its completions are collected. */
struct completer {
	struct session *session; /**< NULL = no target */
	const char *lead;	 /**< start of the word that stays as it is, as "--cpu=" */
	const char *prefix;	 /**< the rest, which names must begin with */
	struct completions *ret;
	bool sockets_only; /**< of files, beside folders */
};

/**
 * Collect @p name when it begins with the completer's prefix. Names that would have to be quoted,
 * or are not printable, are passed over; so are those past a limit.
 */
DILL_MUST_CHECK struct dill_error *completer_offer(struct completer *completer, const char *name);

/**
 * Offer names from the target: caches, tasks, CPUs, nodes, types, members.
 *
 * @param type  ARGUMENT_MEMBER: the type before it
 * @return NULL; what reading the target failed with
 */
DILL_MUST_CHECK struct dill_error *complete_from_target(struct completer *completer,
							enum argument_kind kind, const char *type);

/** Offer files and folders; a folder's name ends with a slash. */
DILL_MUST_CHECK struct dill_error *complete_file(struct completer *completer);

#endif
