/* SPDX-License-Identifier: MIT */
#include "gdb/run_words.h"

#include "command/command.h"
#include "gdb/output.h"
#include "gdb/plugin_session.h"

/* Which session to run with; an error when a target is needed and there is none. */
static struct dill_error *session_for(struct plugin *plugin, const struct words *words,
				      struct session **ret)
{
	*ret = NULL;
	if (!command_wants_target((int)words->list.count, (const char *const *)words->list.items))
		return NULL;
	if (plugin->evaluating)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "a command cannot run while another one evaluates an "
				      "expression");
	TRY(plugin_session(plugin, ret));
	return *ret ? NULL : plugin_no_target();
}

struct dill_error *run_words(struct plugin *plugin, const struct words *words,
			     enum command_status *ret)
{
	_cleanup_(gdb_output_deinitp)
	struct gdb_output held = {0};
	struct session *session;
	struct output output;
	struct dill_error *error, *write_error;

	*ret = COMMAND_FAILED;
	TRY(session_for(plugin, words, &session));
	output = gdb_output_open(&held, plugin);
	error = command_execute(session, (int)words->list.count,
				(const char *const *)words->list.items, &output, ret);
	/* Half an answer is shown, too; but nothing more once the user has said stop. */
	if (PyErr_Occurred())
		return error ? error : error_interrupted();
	write_error = gdb_output_flush(&held);
	if (!error)
		return write_error;
	dill_error_free(write_error);
	return error;
}
