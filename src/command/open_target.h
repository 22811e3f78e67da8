/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_OPEN_TARGET_H
#define COMMAND_OPEN_TARGET_H

#include "target/open.h"

/**
 * target_open() for front ends: a file that is no target, but that a command reads, is refused with
 * the name of that command.
 */
DILL_MUST_CHECK struct dill_error *command_target_open(const struct target_options *options,
						       const struct dill_target_ops **ret_ops,
						       void **ret_context);

#endif
