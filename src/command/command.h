/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include "answer/record.h"
#include "base/array.h"
#include "command/session.h"
#include "render/render.h"

/** What an argument or an option's value means: decides its check, its completion and its place in
 * the docs. */
enum argument_kind {
	ARGUMENT_NONE, /**< an option without a value */
	ARGUMENT_TEXT,
	ARGUMENT_NUMBER,  /**< unsigned, decimal or 0x */
	ARGUMENT_ADDRESS, /**< 0x..., or a symbol, or symbol+offset; in GDB every expression */
	ARGUMENT_CACHE,	  /**< a cache's name or a glob */
	ARGUMENT_TYPE,	  /**< a C type; may consist of several words */
	ARGUMENT_MEMBER,  /**< member path of the type before it, or @ADDRESS */
	ARGUMENT_TASK,	  /**< pid or comm */
	ARGUMENT_CPU,
	ARGUMENT_NODE,
	ARGUMENT_COMMAND, /**< name of a command */
	ARGUMENT_FILE,	  /**< path of a file */
	ARGUMENT_EVENT,	  /**< alloc or free */
};

struct command_argument {
	const char *name; /**< as in the usage line, upper case */
	enum argument_kind kind;
	bool optional;
	bool rest; /**< the last argument only: takes all words that are left */
};

struct command_option {
	const char *name; /**< long name without dashes */
	char letter;	  /**< 0 = none */
	enum argument_kind kind;
	const char *value; /**< placeholder in help, e.g. "CPU" */
	const char *doc;
	/** ARGUMENT_TEXT: the words that it may be, offered by completion; ends with NULL. NULL =
	 * any. */
	const char *const *choices;
};

#define COMMAND_ARGUMENTS_MAX 4 /**< in a command's table */
#define COMMAND_OPTIONS_MAX   16

/** One run of a command, parsed and checked against its tables. */
struct command_call {
	struct session *session;
	const struct command *command;
	/**
	 * Positional words, as many as a `rest` argument was given; those of the command's table
	 * are NULL past the last given. Words of a NUMBER, CPU or NODE argument have been checked
	 * (number_parse() cannot fail on them), all others are as typed. Lives in the arena.
	 */
	const char **arguments;
	size_t argument_count;
	struct {
		bool given;
		const char *text;
		uint64_t number; /**< NUMBER, CPU, NODE (these two fit an unsigned), ADDRESS */
	} options[COMMAND_OPTIONS_MAX]; /**< in the order of the command's table; of repeated ones
					   the last counts */
	struct dill_sink *sink;
	const struct output *output; /**< where the sink prints, for its interrupted() */
	struct arena *arena;	     /**< dies with the call */
	bool screen;		     /**< the answer is a text for a person at a terminal ... */
	bool wide;		     /**< ... who wants all of it */
	bool findings; /**< out: the target's heap is broken somewhere; exit status 1 */
};

/**
 * A command: the same function, help, completion and errors in GDB, on the command line and at the
 * prompt.
 *
 * To add a command: a file of its own in src/command/ that defines one of these; a row in
 * src/command/registry.c; a page in docs/commands/; cases in tests/e2e/. Its records' kinds live
 * beside it, or in src/render/ when they are drawn otherwise than as a table.
 */
struct command {
	const char *name;    /**< "kcache" */
	const char *summary; /**< one line without a full stop */
	const char *help;    /**< paragraphs below the usage; examples last */
	struct command_argument arguments[COMMAND_ARGUMENTS_MAX]; /**< ends with a NULL name */
	struct command_option options[COMMAND_OPTIONS_MAX]; /**< ends with a NULL name; --json and
							       --help are added */
	bool needs_target; /**< run inside session_begin() ... session_end() */
	bool streams;	   /**< shows what happens while the target runs, as it happens */
	const struct dill_record_kind *const
		*kinds; /**< kinds it emits, NULL-terminated; for docs/json.md */
	struct dill_error *(*run)(struct command_call *call);
};

/** All commands, in the order of the help; ends with NULL. */
extern const struct command *const commands[];

/** NOT_FOUND with near matches. */
DILL_MUST_CHECK struct dill_error *command_find(const char *name, const struct command **ret);

/** What a run amounts to; also the program's exit status. */
enum command_status {
	COMMAND_OK = 0,
	COMMAND_FINDINGS = 1, /**< answered, and the target's heap is broken somewhere */
	COMMAND_FAILED = 2,   /**< could not do what was asked; the error says why */
};

/**
 * Parse and run one command line, print its answer, and leave the target as it was.
 *
 * @param session  may be NULL: commands that need no target work, others fail with "no target"
 * @param argc     words of @p argv, the command's name first
 * @param output   where the answer goes
 * @param ret      always set
 * @return the error behind COMMAND_FAILED, for the front end to show; else NULL
 */
DILL_MUST_CHECK struct dill_error *command_execute(struct session *session, int argc,
						   const char *const *argv,
						   const struct output *output,
						   enum command_status *ret);

/**
 * True when running this command line will read a target: it is well-formed, its command needs one,
 * and it does not merely ask for help. Lets a front end connect only then.
 */
bool command_wants_target(int argc, const char *const *argv);

/** True when this command line's answer comes while the target runs: in a pager, which reads when
 * its user scrolls, it would hold up the target. */
bool command_streams(int argc, const char *const *argv);

/** Usage line, options and help text of a command; the caller's, to be freed. */
DILL_MUST_CHECK struct dill_error *command_help(const struct command *command, char **ret);

/** Words that may stand at the end of a command line. */
struct completions {
	ARRAY(char *) words;
	/** Set before the call: names that would have to be quoted are wanted, too, as they are. */
	bool with_quotable;
};
/**
 * Complete the last word of a command line. Never fails for the target's sake: what cannot be read
 * is not offered.
 *
 * @param session  may be NULL: names from the target are not offered then
 * @param line     what was typed up to the cursor, the command's name first
 * @param ret      each replaces the whole last word; sorted, without duplicates; free with
 * completions_deinit()
 */
DILL_MUST_CHECK struct dill_error *command_complete(struct session *session, const char *line,
						    struct completions *ret);
void completions_deinit(struct completions *completions);

static inline void completions_deinitp(struct completions *completions)
{
	completions_deinit(completions);
}

#endif
