/* SPDX-License-Identifier: MIT */
#ifndef GDB_PLUGIN_H
#define GDB_PLUGIN_H

#include "command/session.h"
#include "command/words.h"
#include "gdb/inferior_target.h"
#include "gdb/py.h"

/** What "dill open" was given. */
struct opened {
	ARRAY(char *) files;
	char *memory_map, *kernel; /**< NULL = not given */
};

struct command;

/** How far the names without a prefix have come (short_names.h). */
enum short_names_state {
	SHORT_NAMES_NONE,
	SHORT_NAMES_HIDDEN, /**< they work, and GDB lists them nowhere */
	SHORT_NAMES_LISTED,
};

/**
 * dill inside GDB: one per loaded module, lives in its state.
 *
 * GDB's Python is single-threaded here; commands and functions can still nest, because evaluating
 * an expression of the user may call one of dill's functions.
 */
struct plugin {
	PyObject *gdb;	     /**< the module `gdb` */
	PyObject *gdb_error; /**< gdb.GdbError: an error without a traceback */

	struct session *session;   /**< what is known of the target; NULL before the first use */
	struct inferior *inferior; /**< the session's target, closed with it; NULL for a file */
	char *session_key;	   /**< what the session was opened for */
	struct opened *opened;	   /**< by "dill open", instead of GDB's target; or NULL */
	uint64_t opened_count; /**< how often a file was opened: the same one may have changed */

	struct live *live; /**< the trace by GDB's breakpoints; NULL while none is armed */

	struct {
		enum short_names_state state;
		unsigned sources; /**< files that GDB has yet to read before they are due */
		uint64_t told;	  /**< bits: which command's name was said to be someone else's */
	} names;

	uint64_t generation; /**< counts GDB's events that may have changed the target */
	bool evaluating;     /**< inside evaluate(): the session is begun and the target paused */
	uint64_t signals_checked_ns;
};

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

/** What GDB does for the core: interruption and remarks. */
struct dill_host plugin_host(struct plugin *plugin);

/** Write to GDB's standard error stream, a line. */
void plugin_log(struct plugin *plugin, const char *text);

/** Define the commands that trace by GDB's breakpoints (live_command.c). False with an exception.
 */
bool live_commands_register(struct plugin *plugin);
/**
 * "dill NAME": follow the tasks of that name from now on.
 * @return NULL; NOT_FOUND when nothing is armed
 */
DILL_MUST_CHECK struct dill_error *live_follow_line(struct plugin *plugin, const char *line);
/** "dill break", a line that is known to be well-formed: arm it. */
DILL_MUST_CHECK struct dill_error *live_break_words(struct plugin *plugin,
						    const struct words *words);

/** Define "dill open" and "dill close" (file_command.c). False with an exception. */
bool file_commands_register(struct plugin *plugin);
/**
 * The file of the core that GDB has as its target; NULL when GDB does not tell.
 * @param ret  the caller's
 * @return NULL; INTERRUPTED along with a Python exception
 */
DILL_MUST_CHECK struct dill_error *file_of_core(struct plugin *plugin, char **ret);

/** Count GDB's events that may have changed the target. False with an exception. */
bool events_connect(struct plugin *plugin);

/* What the module registers in GDB; false with an exception. */
bool commands_register(struct plugin *plugin);
/** Define a command of GDB under a name, with the prefix or without. */
bool command_register(struct plugin *plugin, const char *name, const struct command *command);
bool functions_register(struct plugin *plugin);
bool parameters_register(struct plugin *plugin);

/** `set dill direct`: whether a local QEMU's memory may be read directly. */
enum direct {
	DIRECT_AUTO,
	DIRECT_ON, /**< as auto, with a remark when it is impossible */
	DIRECT_OFF,
};
enum direct parameter_direct(struct plugin *plugin);
/** `set dill cache`: whether symbols and types of known kernels are kept. */
bool parameter_cache(struct plugin *plugin);

/**
 * Make a subclass of gdb.@p base with @p dict as its body, and one instance of it by @p arguments,
 * which GDB keeps. False with an exception.
 */
bool gdb_object_register(struct plugin *plugin, const char *base, PyObject *dict,
			 PyObject *arguments);

#endif
