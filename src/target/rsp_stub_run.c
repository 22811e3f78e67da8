/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "target/rsp_packet.h"
#include "target/rsp_stub_private.h"

/* GDB's number of SIGTRAP, the same on every system. */
#define SIGNAL_TRAP 5u

struct dill_error *rsp_stub_insert(struct rsp_stub *stub, dill_virt address)
{
	/* The last number is the length of the instruction that other stubs write there. */
	return rsp_send_change(stub->connection, "Z0,%" PRIx64 ",1", address);
}

struct dill_error *rsp_stub_remove(struct rsp_stub *stub, dill_virt address)
{
	return rsp_send_change(stub->connection, "z0,%" PRIx64 ",1", address);
}

struct dill_error *rsp_stub_set_register(struct rsp_stub *stub, const struct rsp_features *features,
					 enum dill_register number, uint64_t value)
{
	char digits[2 * sizeof(value) + 1] = "";
	bool selects;

	if (!features->registers[number].known)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "the gdbstub does not describe its registers");
	rsp_hex_encode((const uint8_t *)&value, sizeof(value), digits);
	TRY(rsp_stub_send_select(stub, &stub->stopped, RSP_TO_CHANGE, &selects));
	return rsp_send_change(stub->connection, "P%x=%s", features->registers[number].number,
			       digits);
}

struct dill_error *rsp_stub_resume(struct rsp_stub *stub)
{
	/* QEMU knows both, others may not know the long form. */
	return rsp_send_run(stub->connection, stub->has_physical ? "vCont;c" : "c");
}

struct dill_error *rsp_stub_step(struct rsp_stub *stub, unsigned cpu)
{
	char request[sizeof(stub->home.id) + 16];

	TRY(rsp_stub_know_threads(stub));
	if (cpu >= stub->threads.list.count)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "there is no CPU %u", cpu);
	/* Plain "s" would let the other CPUs run at full speed. */
	snprintf(request, sizeof(request), "vCont;s:%s", stub->threads.list.items[cpu].id);
	return rsp_send_run(stub->connection, request);
}

/* The CPU whose thread a stop names. */
static struct dill_error *take_thread(struct rsp_stub *stub, const struct rsp_thread *thread,
				      bool traps, unsigned *ret)
{
	TRY(rsp_stub_know_threads(stub));
	stub->selected_known = false;
	stub->stopped = *thread;
	/* gdbstub.c gdb_set_stop_cpu(), before it tells of the stop */
	stub->stop_selects = traps && stub->has_physical && thread->id[0];
	*ret = 0;
	if (!thread->id[0])
		return NULL;
	for (size_t i = 0; i < stub->threads.list.count; i++) {
		if (strcmp(stub->threads.list.items[i].id, thread->id) != 0)
			continue;
		*ret = (unsigned)i;
		return NULL;
	}
	return dill_error_new(DILL_ERROR_PROTOCOL, "the gdbstub stops a CPU that it did not list");
}

/* QEMU to 7.2 often says no word when it ends: a stub that hangs up has no target any more. */
static struct dill_error *wait_reply(struct rsp_stub *stub, int timeout_ms, struct span *ret,
				     bool *ret_gone)
{
	struct dill_error *error = rsp_wait_stop(stub->connection, timeout_ms, ret);

	*ret_gone =
		error && (rsp_has_hung_up(stub->connection) || rsp_has_exited(stub->connection));
	if (*ret_gone) {
		dill_error_free(error);
		*ret = (struct span){0};
		return NULL;
	}
	return error;
}

struct dill_error *rsp_stub_wait(struct rsp_stub *stub, const struct rsp_features *features,
				 int timeout_ms, struct dill_stop *ret)
{
	struct rsp_thread thread;
	struct span reply;
	unsigned signal;
	bool gone;

	*ret = (struct dill_stop){.kind = DILL_STILL_RUNNING};
	TRY(wait_reply(stub, timeout_ms, &reply, &gone));
	if (!reply.size && !gone)
		return NULL;
	if (gone || rsp_reply_is_exit(reply)) {
		ret->kind = DILL_STOP_GONE;
		return NULL;
	}
	rsp_stop_parse(reply, &signal, &thread);
	ret->kind = signal == SIGNAL_TRAP ? DILL_STOP_TRAP : DILL_STOP_PAUSED;
	TRY(take_thread(stub, &thread, ret->kind == DILL_STOP_TRAP, &ret->cpu));
	if (ret->kind != DILL_STOP_TRAP)
		return NULL;
	return rsp_stub_general_registers(stub, features, ret->cpu, ret->registers);
}

struct dill_error *rsp_stub_interrupt(struct rsp_stub *stub, const struct rsp_features *features,
				      int timeout_ms, struct dill_stop *ret)
{
	*ret = (struct dill_stop){.kind = DILL_STOP_PAUSED};
	if (!rsp_is_running(stub->connection))
		return NULL;
	TRY(rsp_break_in(stub->connection));
	TRY(rsp_stub_wait(stub, features, timeout_ms, ret));
	if (ret->kind == DILL_STILL_RUNNING)
		return dill_error_new(DILL_ERROR_PROTOCOL, "the gdbstub does not stop its target");
	return NULL;
}

struct dill_error *rsp_stub_read(struct rsp_stub *stub, enum dill_space space, uint64_t address,
				 void *buffer, size_t length)
{
	uint8_t *to = buffer;

	TRY(rsp_stub_set_physical(stub, space == DILL_SPACE_PHYSICAL));
	while (length) {
		size_t part = length < stub->read_size ? length : stub->read_size;
		struct span reply;

		TRY(rsp_exchange(stub->connection, &reply, "m%" PRIx64 ",%zx", address, part));
		if (reply.size != 2 * part || !rsp_hex_decode(reply, to, part))
			return dill_error_new_fault(address, "cannot read address 0x%" PRIx64,
						    address);
		to += part;
		address += part;
		length -= part;
	}
	return NULL;
}
