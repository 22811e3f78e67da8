/* SPDX-License-Identifier: MIT */
#include "gdb/short_names.h"

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "command/registry.h"
#include "gdb/command.h"
#include "gdb/host.h"

/*
 * `kcache` for `dill kcache`. Another plugin may want the same names, and pwndbg for one ends GDB
 * when it finds that a name exists. GDB can give a name to somebody else, but never take one away,
 * so dill is the last to come: it waits for GDB's first prompt. Scripts have none, and want the
 * names at once; for them there is an alias that GDB lists nowhere (`alias -a`), which gives way to
 * whoever defines the name.
 */

/* How much of GDB's own command line and of scripts is looked at, to know what comes next. */
#define COMMAND_LINE_MAX 65536u
#define LINES_MAX	 10000u
#define DEPTH_MAX	 4u
#define LOADER		 "dill.py"

static bool is_short(const struct command *command)
{
	/* The others have names that are too common to take in GDB. */
	return command->name[0] == 'k';
}

/* True when GDB, a script or another plugin has a command of exactly this name. */
static bool is_taken(struct plugin *plugin, const char *name)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf line = {0}, needle = {0};
	_cleanup_(py_decrefp)
	PyObject *listed = NULL;
	_cleanup_(freep)
	char *text = NULL;

	/* GDB has no question for it; its own completions name it in a line of its own. */
	strbuf_append_format(&line, "complete %s", name);
	strbuf_append_format(&needle, "\n%s\n", name);
	listed = py_call(plugin->gdb, "execute", "(sOO)", strbuf_get(&line), Py_False, Py_True);
	text = listed ? py_text(listed) : NULL;
	if (!text) {
		PyErr_Clear();
		return false;
	}
	strbuf_clear(&line);
	strbuf_append_format(&line, "\n%s", text);
	return strstr(strbuf_get(&line), strbuf_get(&needle)) != NULL;
}

/* What GDB says against it is no fault of the user's: the long form is there. */
static bool execute(struct plugin *plugin, const char *line)
{
	_cleanup_(py_decrefp)
	PyObject *done = py_call(plugin->gdb, "execute", "(sOO)", line, Py_False, Py_True);

	if (!done)
		PyErr_Clear();
	return done != NULL;
}

static bool give(struct plugin *plugin, const struct command *command, enum short_names_state how)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf line = {0};

	if (how == SHORT_NAMES_LISTED)
		return command_register(plugin, command->name, command);
	strbuf_append_format(&line, "alias -a %s = dill %s", command->name, command->name);
	(void)execute(plugin, strbuf_get(&line));
	return true;
}

/* Say once of each name that it is somebody else's. */
static void say_taken(struct plugin *plugin, uint64_t taken)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	for (size_t i = 0; commands[i]; i++)
		if ((taken & ~plugin->names.told) >> i & 1)
			strbuf_append_format(&text, "%s%s", text.length ? ", " : "",
					     commands[i]->name);
	plugin->names.told |= taken;
	if (!text.length)
		return;
	strbuf_append(&text, ": already defined by someone else and left alone; dill's are reached "
			     "as \"dill NAME\"");
	plugin_log(plugin, strbuf_get(&text));
}

static bool define(struct plugin *plugin, enum short_names_state how)
{
	uint64_t taken = 0;

	if (plugin->names.state >= how)
		return true;
	plugin->names.state = how;
	for (size_t i = 0; commands[i]; i++) {
		if (!is_short(commands[i]))
			continue;
		if (is_taken(plugin, commands[i]->name))
			taken |= UINT64_C(1) << i;
		else if (!give(plugin, commands[i], how))
			return false;
	}
	say_taken(plugin, taken);
	return true;
}

/* --- what GDB will do next --- */

/* What GDB's command line, and the scripts that it names, have behind the line that loads dill. */
struct later {
	bool known;	  /* such a line is there: no init file loads dill */
	unsigned seen;	  /* commands "source FILE", in the order in which they end */
	unsigned sources; /* those up to the last that may load another plugin */
	bool scripts;	  /* options "-x FILE", whose end shows nowhere */
	bool python;	  /* commands that may load anything */
	unsigned depth;	  /* scripts that name scripts */
};

/* The command in a word: that of "-ex COMMAND" is a word of its own, that of "--ex=COMMAND" not. */
static const char *command_of(const char *word)
{
	const char *equals = *word == '-' ? strchr(word, '=') : NULL;
	const char *command = equals ? equals + 1 : word;

	return command + strspn(command, " \t");
}

static bool starts(const char *text, const char *word)
{
	size_t length = strlen(word);

	return !strncmp(text, word, length) && (!text[length] || strchr(" \t=/", text[length]));
}

static bool is_option_x(const char *word)
{
	return starts(word, "-x") || starts(word, "--x") || starts(word, "-command") ||
	       starts(word, "--command");
}

static bool look_into(const char *path, struct later *later);

/* A command, or a line of a script. */
static void look_at(const char *line, struct later *later)
{
	static const char *const loaders[] = {"python", "py", "python-interactive",
					      "pi",	"gu", "guile"};
	const char *command = command_of(line);
	bool sources = starts(command, "source");

	if (strstr(line, LOADER)) {
		later->known = true;
		return;
	}
	if (sources) {
		bool was_known = later->known,
		     is_script = look_into(command + strlen("source"), later);

		later->seen += later->known;
		if (was_known && !is_script)
			later->sources = later->seen;
	}
	if (!later->known)
		return;
	for (size_t i = 0; i < sizeof(loaders) / sizeof(*loaders); i++)
		later->python |= starts(command, loaders[i]);
}

/* False when the file cannot be read, or is no script of GDB's own commands: it may do anything. */
static bool look_into(const char *path, struct later *later)
{
	char line[1024];
	FILE *file;

	path += strspn(path, " \t");
	file = later->depth < DEPTH_MAX && !strstr(path, ".py") ? fopen(path, "re") : NULL;
	if (!file)
		return false;
	later->depth++;
	for (unsigned i = 0; i < LINES_MAX && fgets(line, sizeof(line), file); i++) {
		line[strcspn(line, "\r\n")] = '\0';
		look_at(line, later);
	}
	later->depth--;
	fclose(file);
	return true;
}

static void look_at_script(const char *path, struct later *later)
{
	if (later->known)
		later->scripts = true;
	else if (strstr(path, LOADER))
		later->known = true;
	else
		(void)look_into(path, later);
}

static struct later look_ahead(void)
{
	struct later later = {0};
	char words[COMMAND_LINE_MAX];
	FILE *file = fopen("/proc/self/cmdline", "re");
	bool is_script = false;
	size_t size;

	if (!file)
		return later;
	size = fread(words, 1, sizeof(words) - 1, file);
	fclose(file);
	words[size] = '\0';
	for (size_t at = 0; at < size; at += strlen(words + at) + 1) {
		const char *word = words + at;

		if (is_script || (is_option_x(word) && strchr(word, '=')))
			look_at_script(command_of(word), &later);
		else
			look_at(word, &later);
		is_script = is_option_x(word) && !strchr(word, '=');
	}
	return later;
}

/* --- when --- */

/* Have GDB say when a file has been read. A hook of the user's stays. */
static bool hook_source(struct plugin *plugin)
{
	return !is_taken(plugin, "hookpost-source") &&
	       execute(plugin, "define hookpost-source\n"
			       "python import sys; sys.modules['gdb.dill'].sourced()\n"
			       "end");
}

static bool has_target(struct plugin *plugin)
{
	_cleanup_(py_decrefp)
	PyObject *thread = py_call(plugin->gdb, "selected_thread", "()");

	PyErr_Clear();
	return thread && thread != Py_None;
}

bool short_names_begin(struct plugin *plugin)
{
	struct later later = look_ahead();

	if (later.known && !later.sources && !later.scripts && !later.python)
		return define(plugin, SHORT_NAMES_LISTED);
	if (later.known && later.sources && hook_source(plugin)) {
		/* dill's own file, which is still being read, counts as well. */
		plugin->names.sources = later.sources + 1;
		return true;
	}
	if ((later.known && !later.scripts) || has_target(plugin))
		return define(plugin, SHORT_NAMES_HIDDEN);
	return true;
}

bool short_names_sourced(struct plugin *plugin)
{
	if (!plugin->names.sources || --plugin->names.sources)
		return true;
	return define(plugin, SHORT_NAMES_HIDDEN);
}

bool short_names_needed(struct plugin *plugin)
{
	return plugin->names.sources ? true : define(plugin, SHORT_NAMES_HIDDEN);
}

bool short_names_prompt(struct plugin *plugin)
{
	/* GDB cannot undo a hook; an empty one does nothing. */
	if (plugin->names.sources)
		(void)execute(plugin, "define hookpost-source\nend");
	plugin->names.sources = 0;
	return define(plugin, SHORT_NAMES_LISTED);
}
