/* SPDX-License-Identifier: MIT */
#ifndef GDB_PLUGIN_H
#define GDB_PLUGIN_H

#include "base/array.h"
#include "command/session.h"
#include "gdb/py.h"

/** What "dill open" was given. */
struct opened {
	ARRAY(char *) files;
	char *memory_map, *kernel; /**< NULL = not given */
};

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

	struct armed_trace
		*armed_trace; /**< the trace by GDB's breakpoints; NULL while none is armed */

	struct {
		char *path;	   /**< of the file that GDB has loaded; NULL = none */
		bool is_private;   /**< nobody else has a use for it */
		uint64_t identity; /**< stands for the kernel and modules that it is of */
	} symbols;

	struct {
		enum short_names_state state;
		unsigned sources; /**< files that GDB has yet to read before they are due */
		uint64_t told;	  /**< bits: which command's name was said to be someone else's */
	} names;

	uint64_t generation; /**< counts GDB's events that may have changed the target */
	bool evaluating;     /**< inside evaluate(): the session is begun and the target paused */
	uint64_t signals_checked_ns;
};

#endif
