/* SPDX-License-Identifier: MIT */
#include "gdb/symbol_loader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file_status.h"
#include "command/arguments.h"
#include "command/registry.h"
#include "command/symbols.h"
#include "gdb/host.h"
#include "gdb/parameter.h"
#include "gdb/plugin_session.h"
#include "gdb/run_words.h"
#include "kernel/module.h"
#include "symbols/symbol_file.h"
#include "types/name_hash.h"

/* --- what GDB does --- */

/* GDB's words end at a blank, unless a backslash stands in front. */
static void append_quoted(struct strbuf *line, const char *path)
{
	for (; *path; path++) {
		if (strchr(" \t\\'\"", *path))
			strbuf_append_char(line, '\\');
		strbuf_append_char(line, *path);
	}
}

static struct dill_error *gdb_file_command(struct plugin *plugin, const char *command,
					   const char *path)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf line = {0};
	_cleanup_(py_decrefp)
	PyObject *done = NULL;

	strbuf_append_format(&line, "%s ", command);
	append_quoted(&line, path);
	TRY(strbuf_error(&line));
	done = py_call(plugin->gdb, "execute", "(sOO)", strbuf_get(&line), Py_False, Py_True);
	return done ? NULL : py_error();
}

/* --- files --- */

static void remove_private(struct plugin *plugin)
{
	if (plugin->symbols.path && plugin->symbols.is_private)
		unlink(plugin->symbols.path);
	free(steal(plugin->symbols.path));
}

/* An empty file that is ours alone, in the user's runtime directory, else in the one for such. */
static struct dill_error *make_private(char **ret)
{
	const char *places[] = {getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp"};
	struct file_status status;
	size_t i = 0;
	int file;

	while (i < 2 && (!places[i] || file_status_path(places[i], &status) != 0 || !status.folder))
		i++;
	if (asprintf(ret, "%s/dill-symbols-XXXXXX", places[i]) < 0) {
		*ret = NULL;
		return error_no_memory();
	}
	file = mkstemp(*ret);
	if (file >= 0) {
		close(file);
		return NULL;
	}

	struct dill_error *error = dill_error_new_os(errno, "cannot make %s", *ret);

	free(steal(*ret));
	return error;
}

/*
 * Load a file in place of the one before. The new one first: breakpoints of the user go over from
 * one to the other.
 * @path  from malloc, taken over
 */
static struct dill_error *load(struct plugin *plugin, char *path, bool is_private)
{
	struct dill_error *error = gdb_file_command(plugin, "add-symbol-file", path);

	if (error) {
		if (is_private)
			unlink(path);
		free(path);
		return error;
	}
	/* Somebody may have removed it already. */
	if (plugin->symbols.path)
		dill_error_free(
			gdb_file_command(plugin, "remove-symbol-file", plugin->symbols.path));
	if (PyErr_Occurred())
		PyErr_Clear();
	if (plugin->symbols.path && strcmp(plugin->symbols.path, path) == 0)
		plugin->symbols.is_private = false;
	remove_private(plugin);
	plugin->symbols.path = path;
	plugin->symbols.is_private = is_private;
	return NULL;
}

static PyObject *at_exit(PyObject *self, PyObject *arguments)
{
	struct plugin *plugin = PyCapsule_GetPointer(self, NULL);

	(void)arguments;
	if (!plugin)
		return NULL;
	remove_private(plugin);
	Py_RETURN_NONE;
}

static PyMethodDef exit_method = {"remove_symbols", at_exit, METH_NOARGS, NULL};

bool symbols_at_exit(struct plugin *plugin)
{
	_cleanup_(py_decrefp)
	PyObject *module = PyImport_ImportModule("atexit");
	_cleanup_(py_decrefp)
	PyObject *capsule = PyCapsule_New(plugin, NULL, NULL);
	_cleanup_(py_decrefp)
	PyObject *function = capsule ? PyCFunction_New(&exit_method, capsule) : NULL;
	_cleanup_(py_decrefp)
	PyObject *done = module && function ? py_call(module, "register", "(O)", function) : NULL;

	return done != NULL;
}

/* --- which kernel's --- */

struct identity {
	struct kernel *kernel;
	uint64_t hash;
};

static void mix(struct identity *identity, uint64_t word)
{
	identity->hash = (identity->hash ^ word) * UINT64_C(0x100000001b3);
}

/* A module's start is gone once it has run. */
static struct dill_error *add_part(void *context, const struct module_part *part)
{
	mix(context, part->base);
	mix(context, part->size);
	return NULL;
}

static struct dill_error *add_module(void *context, dill_virt module, const char *name,
				     bool *ret_done)
{
	struct identity *identity = context;

	(void)ret_done;
	mix(identity, module ^ name_hash(name));
	return module_parts_each(identity->kernel, module, add_part, identity);
}

static struct dill_error *identify(struct kernel *kernel, uint64_t *ret)
{
	const struct kernel_facts *facts = kernel_facts(kernel);
	struct identity identity = {kernel, name_hash(facts->banner) ^ facts->base};
	struct dill_error *error = modules_each(kernel, add_module, &identity);

	*ret = identity.hash;
	return error_forgive(error); /* a kernel without modules, or with a broken list */
}

/* What is to be loaded. */
struct made {
	char *path; /* NULL = nothing: what is loaded is right */
	uint64_t identity;
	struct symbol_file_counts counts;
};

static void made_deinit(struct made *made)
{
	if (made->path)
		unlink(made->path);
	free(made->path);
	symbol_file_counts_deinit(&made->counts);
}

/* Write the file unless the loaded one is right. */
static struct dill_error *refresh(struct plugin *plugin, struct kernel *kernel, struct made *ret)
{
	static const struct symbol_file_request request = {.types = true, .modules = true};
	struct dill_error *error;
	FILE *file;

	TRY(identify(kernel, &ret->identity));
	if (plugin->symbols.path && plugin->symbols.identity == ret->identity)
		return NULL;
	TRY(make_private(&ret->path));
	file = fopen(ret->path, "r+e");
	if (!file)
		return dill_error_new_os(errno, "cannot open %s", ret->path);
	error = symbol_file_write(kernel, &request, fileno(file), &ret->counts);
	fclose(file);
	return error;
}

static struct dill_error *in_session(struct plugin *plugin, struct session *session,
				     struct dill_error *(*run)(struct plugin *plugin,
							       struct kernel *kernel,
							       struct made *ret),
				     struct made *ret)
{
	struct kernel *kernel;
	struct dill_error *error, *end_error;

	TRY(session_begin(session));
	error = session_kernel(session, &kernel);
	if (!error)
		error = run(plugin, kernel, ret);
	end_error = session_end(session);
	if (!error)
		return end_error;
	dill_error_free(end_error);
	return error;
}

static void remark(struct plugin *plugin, const char *text)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf line = {0};

	strbuf_append_format(&line, "set dill symbols on: %s", text);
	plugin_log(plugin, strbuf_get(&line));
}

static struct dill_error *make_and_load(struct plugin *plugin, struct session *session,
					struct made *made)
{
	TRY(in_session(plugin, session, refresh, made));
	if (!made->path)
		return NULL;
	TRY(load(plugin, steal(made->path), true));
	plugin->symbols.identity = made->identity;
	if (made->counts.why.length)
		remark(plugin, strbuf_get(&made->counts.why));
	return NULL;
}

struct dill_error *symbols_wanted(struct plugin *plugin)
{
	struct session *session;
	struct made made = {0};
	struct dill_error *error;

	if (!parameter_symbols(plugin) || plugin->evaluating)
		return NULL;
	TRY(plugin_session(plugin, &session));
	if (!session)
		return NULL;
	error = make_and_load(plugin, session, &made);
	made_deinit(&made);
	if (!error || PyErr_Occurred())
		return error;
	remark(plugin, dill_error_text(error));
	dill_error_free(error);
	return NULL;
}

/* --- the command --- */

static struct dill_error *remember(struct plugin *plugin, struct kernel *kernel, struct made *ret)
{
	(void)ret;
	return identify(kernel, &plugin->symbols.identity);
}

static struct dill_error *add_word(struct words *words, const char *text)
{
	char *copy;

	TRY(array_reserve(&words->list, 2));
	copy = strdup(text);
	if (!copy)
		return error_no_memory();
	words->list.items[words->list.count++] = copy;
	words->list.items[words->list.count] = NULL;
	return NULL;
}

/* What was asked for: whether GDB is to load it, and the file; NULL = a private one. */
static struct dill_error *parse(const struct words *words, bool *ret_loads, char **ret_path)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct command_call call = {.command = &symbols_command};
	struct common_given common;
	struct symbols_given given;

	TRY(arena_new(&arena));
	call.arena = arena;
	TRY(arguments_parse(&symbols_command, (int)words->list.count,
			    (const char *const *)words->list.items, &call, &common));
	symbols_given(&call, &given);
	*ret_loads = given.is_elf;
	*ret_path = given.path ? realpath(given.path, NULL) : NULL;
	if (given.path && !*ret_path)
		*ret_path = strdup(given.path);
	return given.path && !*ret_path ? error_no_memory() : NULL;
}

static struct dill_error *run_and_load(struct plugin *plugin, const struct words *words, char *path,
				       bool is_private, enum command_status *ret)
{
	struct dill_error *error = run_words(plugin, words, ret);
	struct session *session;

	if (error || *ret == COMMAND_FAILED) {
		if (is_private)
			unlink(path);
		free(path);
		return error;
	}
	error = load(plugin, path, is_private);
	if (!error)
		error = plugin_session(plugin, &session);
	if (!error && session)
		error = in_session(plugin, session, remember, NULL);
	return error;
}

/* GDB is given the modules, too, and a private file when nobody has named one. */
static struct dill_error *run_private(struct plugin *plugin, struct words *words,
				      enum command_status *ret)
{
	char *path;
	struct dill_error *error;

	TRY(add_word(words, "--modules"));
	TRY(make_private(&path));
	error = add_word(words, "-o");
	if (!error)
		error = add_word(words, path);
	if (!error)
		return run_and_load(plugin, words, path, true, ret);
	unlink(path);
	free(path);
	return error;
}

struct dill_error *symbols_run(struct plugin *plugin, struct words *words, enum command_status *ret)
{
	bool loads = false;
	char *path = NULL;

	if (!command_wants_target((int)words->list.count, (const char *const *)words->list.items))
		return run_words(plugin, words, ret);
	TRY(parse(words, &loads, &path));
	if (loads)
		return path ? run_and_load(plugin, words, path, false, ret)
			    : run_private(plugin, words, ret);
	free(path);
	return run_words(plugin, words, ret);
}
