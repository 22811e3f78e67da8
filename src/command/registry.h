/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_REGISTRY_H
#define COMMAND_REGISTRY_H

#include "command/command.h"

/* Every command there is; registry.c puts them in order. */

extern const struct command kcache_command;
extern const struct command kslab_command;
extern const struct command kmap_command;
extern const struct command kcensus_command;
extern const struct command kfind_command;
extern const struct command kobj_command;
extern const struct command kwhy_command;
extern const struct command kleak_command;
extern const struct command kcheck_command;
extern const struct command knext_command;
extern const struct command ktask_command;
extern const struct command kstruct_command;
extern const struct command kbase_command;
extern const struct command rescue_command;
extern const struct command trace_command;
extern const struct command export_command;
extern const struct command diff_command;
extern const struct command sql_command;
extern const struct command symbols_command;
extern const struct command break_command;
extern const struct command report_command;
extern const struct command history_command;
extern const struct command info_command;
extern const struct command help_command; /* command_help() is a function */

#endif
