/* SPDX-License-Identifier: MIT */
#ifndef GDB_PLUGIN_SESSION_H
#define GDB_PLUGIN_SESSION_H

#include "gdb/plugin.h"

/** Forget the target; NULL members are fine. */
void plugin_close_session(struct plugin *plugin);

/**
 * The session of GDB's selected inferior: the one of the last command when nothing has changed, or
 * a new one.
 *
 * @param ret  borrowed; NULL when GDB has no live target or core
 * @return NULL; NO_MEMORY; INTERRUPTED and others along with a Python exception
 */
DILL_MUST_CHECK struct dill_error *plugin_session(struct plugin *plugin, struct session **ret);

/**
 * Bracket around what reads the target on its own, as the value functions do. Works inside an
 * expression that a command is evaluating, too.
 *
 * @param ret  as plugin_session(), but never NULL: without a target it is an error
 */
DILL_MUST_CHECK struct dill_error *plugin_begin(struct plugin *plugin, struct session **ret);

DILL_MUST_CHECK struct dill_error *plugin_end(struct plugin *plugin);

/** The error for commands that need a target and have none. */
DILL_MUST_CHECK struct dill_error *plugin_no_target(void);

#endif
