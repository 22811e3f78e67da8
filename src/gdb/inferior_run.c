/* SPDX-License-Identifier: MIT */
#include "gdb/inferior_run.h"

#include "gdb/inferior_private.h"

/*
 * GDB does not know that its target runs meanwhile, and need not: it is stopped again when the
 * command ends, and GDB is told to read everything anew.
 */

/* Run control of the borrowed connection; false when there is none. */
static bool borrowed(const struct inferior *inferior, struct dill_runner *ret)
{
	return inferior->route == ROUTE_SOCKET && inferior->active && inferior->socket_ops->run &&
	       inferior->socket_ops->run(inferior->socket_context, ret);
}

static struct dill_error *no_way(void)
{
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "GDB's connection to its target cannot be borrowed, and without it "
			      "dill cannot let the target run; \"dill run\" traces through GDB");
}

static struct dill_error *insert(void *context, dill_virt address)
{
	struct dill_runner runner;

	return borrowed(context, &runner) ? runner.ops->insert(runner.context, address) : no_way();
}

static struct dill_error *remove_breakpoint(void *context, dill_virt address)
{
	struct dill_runner runner;

	return borrowed(context, &runner) ? runner.ops->remove(runner.context, address) : no_way();
}

static struct dill_error *set_register(void *context, enum dill_register number, uint64_t value)
{
	struct dill_runner runner;

	return borrowed(context, &runner) ? runner.ops->set_register(runner.context, number, value)
					  : no_way();
}

static struct dill_error *resume(void *context)
{
	struct inferior *inferior = context;
	struct dill_runner runner;

	if (!borrowed(inferior, &runner))
		return no_way();
	inferior->ran = true;
	inferior->plugin->generation++;
	return runner.ops->resume(runner.context);
}

static struct dill_error *step(void *context, unsigned cpu)
{
	struct dill_runner runner;

	return borrowed(context, &runner) ? runner.ops->step(runner.context, cpu) : no_way();
}

static struct dill_error *wait_stop(void *context, int timeout_ms, struct dill_stop *ret)
{
	struct dill_runner runner;

	return borrowed(context, &runner) ? runner.ops->wait(runner.context, timeout_ms, ret)
					  : no_way();
}

static struct dill_error *interrupt(void *context, struct dill_stop *ret)
{
	struct dill_runner runner;

	return borrowed(context, &runner) ? runner.ops->interrupt(runner.context, ret) : no_way();
}

static struct dill_error *release(void *context)
{
	struct dill_runner runner;

	return borrowed(context, &runner) ? runner.ops->release(runner.context) : no_way();
}

/* GDB's target stays stopped until its user says "continue". */
static void hold(void *context)
{
	(void)context;
}

static unsigned direct_spaces(void *context)
{
	struct dill_runner runner;

	return borrowed(context, &runner) ? runner.ops->direct_spaces(runner.context) : 0;
}

static struct dill_error *read_few(void *context, enum dill_space space, uint64_t address,
				   void *buffer, size_t length)
{
	struct dill_runner runner;

	return borrowed(context, &runner)
		       ? runner.ops->read(runner.context, space, address, buffer, length)
		       : no_way();
}

static const struct dill_run_ops run_ops = {
	.insert = insert,
	.remove = remove_breakpoint,
	.set_register = set_register,
	.resume = resume,
	.step = step,
	.wait = wait_stop,
	.interrupt = interrupt,
	.release = release,
	.hold = hold,
	.direct_spaces = direct_spaces,
	.read = read_few,
};

bool inferior_run(void *context, struct dill_runner *ret)
{
	*ret = (struct dill_runner){&run_ops, context};
	return true;
}

/* A command whose failure does not matter: GDBs differ in what they have. */
static void try_command(PyObject *gdb, const char *command)
{
	_cleanup_(py_decrefp)
	PyObject *printed = py_call(gdb, "execute", "(sOO)", command, Py_False, Py_True);

	if (!printed)
		PyErr_Clear();
}

void inferior_tell_gdb(struct inferior *inferior)
{
	/* The first two are the same, in the words of GDB 11 and newer and of older ones. */
	static const char *const commands[] = {"maintenance flush register-cache", "flushregs",
					       "maintenance flush dcache"};
	struct py_pending pending;

	if (!inferior->ran)
		return;
	inferior->ran = false;
	pending = py_pending_take();
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		try_command(inferior->plugin->gdb, commands[i]);
	py_pending_restore(&pending);
}
