/* SPDX-License-Identifier: MIT */
#include "gdb/inferior_private.h"

/*
 * GDB does not know that its target runs meanwhile, and need not: it is stopped again when the
 * command ends, and GDB is told to read everything anew.
 */

static const struct dill_run_ops *ops_of(const struct inferior *inferior)
{
	return inferior->route == ROUTE_SOCKET && inferior->active ? inferior->socket_ops->run
								   : NULL;
}

static struct dill_error *no_way(void)
{
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "GDB's connection to its target cannot be borrowed, and without it "
			      "dill cannot let the target run; \"dill run\" traces through GDB");
}

static struct dill_error *insert(void *context, dill_virt address)
{
	struct inferior *inferior = context;
	const struct dill_run_ops *ops = ops_of(inferior);

	return ops ? ops->insert(inferior->socket_context, address) : no_way();
}

static struct dill_error *remove_breakpoint(void *context, dill_virt address)
{
	struct inferior *inferior = context;
	const struct dill_run_ops *ops = ops_of(inferior);

	return ops ? ops->remove(inferior->socket_context, address) : no_way();
}

static struct dill_error *set_register(void *context, enum dill_register number, uint64_t value)
{
	struct inferior *inferior = context;
	const struct dill_run_ops *ops = ops_of(inferior);

	return ops ? ops->set_register(inferior->socket_context, number, value) : no_way();
}

static struct dill_error *resume(void *context)
{
	struct inferior *inferior = context;
	const struct dill_run_ops *ops = ops_of(inferior);

	if (!ops)
		return no_way();
	inferior->ran = true;
	inferior->plugin->generation++;
	return ops->resume(inferior->socket_context);
}

static struct dill_error *step(void *context, unsigned cpu)
{
	struct inferior *inferior = context;
	const struct dill_run_ops *ops = ops_of(inferior);

	return ops ? ops->step(inferior->socket_context, cpu) : no_way();
}

static struct dill_error *wait_stop(void *context, int timeout_ms, struct dill_stop *ret)
{
	struct inferior *inferior = context;
	const struct dill_run_ops *ops = ops_of(inferior);

	return ops ? ops->wait(inferior->socket_context, timeout_ms, ret) : no_way();
}

static struct dill_error *interrupt(void *context, struct dill_stop *ret)
{
	struct inferior *inferior = context;
	const struct dill_run_ops *ops = ops_of(inferior);

	return ops ? ops->interrupt(inferior->socket_context, ret) : no_way();
}

static struct dill_error *release(void *context)
{
	struct inferior *inferior = context;
	const struct dill_run_ops *ops = ops_of(inferior);

	return ops ? ops->release(inferior->socket_context) : no_way();
}

/* GDB's target stays stopped until its user says "continue". */
static void hold(void *context)
{
	(void)context;
}

static unsigned direct_spaces(void *context)
{
	struct inferior *inferior = context;
	const struct dill_run_ops *ops = ops_of(inferior);

	return ops ? ops->direct_spaces(inferior->socket_context) : 0;
}

static struct dill_error *read_few(void *context, enum dill_space space, uint64_t address,
				   void *buffer, size_t length)
{
	struct inferior *inferior = context;
	const struct dill_run_ops *ops = ops_of(inferior);

	return ops ? ops->read(inferior->socket_context, space, address, buffer, length) : no_way();
}

const struct dill_run_ops inferior_run_ops = {
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
