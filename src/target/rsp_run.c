/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "target/rsp_private.h"

static struct dill_error *insert(void *context, dill_virt address)
{
	struct rsp *rsp = context;

	return rsp_stub_insert(rsp->stub, address);
}

static struct dill_error *remove_breakpoint(void *context, dill_virt address)
{
	struct rsp *rsp = context;

	return rsp_stub_remove(rsp->stub, address);
}

/*
 * QEMU takes and gives single registers only after it was asked for their description in the same
 * conversation (gdbstub.c gdb_has_xml, to 8.0), and answers with nothing otherwise.
 */
static struct dill_error *ask_description(struct rsp *rsp)
{
	if (rsp->described)
		return NULL;
	rsp->features_known = false;
	rsp->described = true;
	return rsp_know_features(rsp);
}

static struct dill_error *set_register(void *context, enum dill_register number, uint64_t value)
{
	struct rsp *rsp = context;

	return rsp_stub_set_register(rsp->stub, &rsp->features, number, value);
}

static struct dill_error *resume(void *context)
{
	struct rsp *rsp = context;

	TRY(ask_description(rsp));
	rsp->generation++;
	return rsp_stub_resume(rsp->stub);
}

static struct dill_error *step(void *context, unsigned cpu)
{
	struct rsp *rsp = context;

	rsp->generation++;
	return rsp_stub_step(rsp->stub, cpu);
}

/* A connection that was lost on its way: the stub still listens. */
static struct dill_error *confirm_gone(struct rsp *rsp)
{
	struct dill_error *error;
	int fd;

	rsp->gone = true;
	if (rsp->owner != RSP_OWN || !rsp_has_hung_up(rsp->connection))
		return NULL;
	error = rsp_address_connect(&rsp->address, rsp->timeout_ms, &rsp->host, &fd);
	if (error) {
		dill_error_free(error);
		return NULL;
	}
	close(fd);
	rsp->gone = false;
	return dill_error_new(DILL_ERROR_PROTOCOL, "the connection to the gdbstub was lost");
}

static struct dill_error *wait_stop(void *context, int timeout_ms, struct dill_stop *ret)
{
	struct rsp *rsp = context;

	TRY(rsp_stub_wait(rsp->stub, &rsp->features, timeout_ms, ret));
	return ret->kind == DILL_STOP_GONE ? confirm_gone(rsp) : NULL;
}

static struct dill_error *interrupt(void *context, struct dill_stop *ret)
{
	struct rsp *rsp = context;

	rsp_connection_set_patience(rsp->connection, RSP_UNINTERRUPTIBLE);

	struct dill_error *error =
		rsp_stub_interrupt(rsp->stub, &rsp->features, rsp->timeout_ms, ret);

	rsp_connection_set_patience(rsp->connection, RSP_INTERRUPTIBLE);
	return !error && ret->kind == DILL_STOP_GONE ? confirm_gone(rsp) : error;
}

/* Letting go of the target takes all breakpoints out, also those of others. */
static struct dill_error *release(void *context)
{
	struct rsp *rsp = context;

	if (rsp->owner == RSP_BORROWED)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "GDB holds the target: \"continue\" or \"detach\" there");
	rsp->ran = true;
	return NULL;
}

static void hold(void *context)
{
	struct rsp *rsp = context;

	rsp->ran = false;
}

static unsigned direct_spaces(void *context)
{
	const struct rsp *rsp = context;

	return rsp->local ? DILL_SPACE_PHYSICAL : 0;
}

static struct dill_error *read_few(void *context, enum dill_space space, uint64_t address,
				   void *buffer, size_t length)
{
	struct rsp *rsp = context;

	if (space == DILL_SPACE_PHYSICAL && rsp->local &&
	    qemu_local_read(rsp->local, address, buffer, length))
		return NULL;
	return rsp_stub_read(rsp->stub, space, address, buffer, length);
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

bool rsp_run(void *context, struct dill_runner *ret)
{
	*ret = (struct dill_runner){&run_ops, context};
	return true;
}
