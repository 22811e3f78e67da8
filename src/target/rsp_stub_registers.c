/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "target/rsp_packet.h"
#include "target/rsp_stub_private.h"

/* Longest answer to 'g' that is looked at. */
#define BLOCK_LIMIT 4096u

static struct dill_error *read_annex(void *context, const char *annex, struct strbuf *ret)
{
	struct rsp_stub *stub = context;
	size_t step = stub->supported.packet_size - 5;
	struct span reply;

	for (;;) {
		TRY(rsp_exchange(stub->connection, &reply, "qXfer:features:read:%s:%zx,%zx", annex,
				 ret->length, step));
		bool more = rsp_skip(&reply, "m");

		if (!more && !rsp_skip(&reply, "l"))
			return rsp_stub_refused(reply, "describe its registers");
		strbuf_append_bytes(ret, (const char *)reply.data, reply.size);
		if (!more)
			return NULL;
		if (!reply.size || ret->length > RSP_FEATURES_LIMIT)
			return dill_error_new(DILL_ERROR_BAD_DATA,
					      "the gdbstub's target description has no end");
	}
}

struct dill_error *rsp_stub_features(struct rsp_stub *stub, struct rsp_features *ret)
{
	if (stub->supported.features)
		return rsp_features_read(read_annex, stub, ret);
	rsp_features_default(ret);
	return NULL;
}

/* The answer to 'g'. Registers that are not available are written as x instead of digits. */
struct register_block {
	char digits[2 * BLOCK_LIMIT];
	size_t size;
};

static struct dill_error *take_block(struct span reply, struct register_block *ret)
{
	unsigned code;

	if (!reply.size || rsp_reply_is_error(reply, &code))
		return rsp_stub_refused(reply, "read registers");
	ret->size = reply.size < sizeof(ret->digits) ? reply.size : sizeof(ret->digits);
	memcpy(ret->digits, reply.data, ret->size);
	return NULL;
}

static struct dill_error *read_block(struct rsp_stub *stub, const struct rsp_thread *thread,
				     struct register_block *ret)
{
	struct span reply;
	bool selects;

	TRY(rsp_drain(stub->connection));
	TRY(rsp_stub_send_select(stub, thread, RSP_TO_READ, &selects));
	TRY(rsp_send(stub->connection, "g"));
	rsp_expect(stub->connection, stub->block_size);
	if (selects) {
		TRY(rsp_receive(stub->connection, &reply));
		if (!rsp_equal(reply, "OK"))
			return rsp_stub_refused(reply, "select a CPU");
	}
	TRY(rsp_receive(stub->connection, &reply));
	stub->block_size = rsp_wire_size(stub->connection) + 1;
	return take_block(reply, ret);
}

static bool decode_register(struct span digits, size_t size, uint64_t *ret)
{
	uint8_t bytes[8] = {0};

	if (!rsp_hex_decode(digits, bytes, size))
		return false;
	memcpy(ret, bytes, sizeof(bytes)); /* as all machines that dill knows send them */
	return true;
}

/* A register that 'g' does not hold. Left out of @p ret_known when the stub does not give it. */
static struct dill_error *read_register(struct rsp_stub *stub, const struct rsp_register *wanted,
					uint64_t *ret, bool *ret_known)
{
	struct span reply;

	TRY(rsp_exchange(stub->connection, &reply, "p%x", wanted->number));
	*ret_known = decode_register(reply, wanted->size, ret);
	return NULL;
}

static struct dill_error *read_values(struct rsp_stub *stub, const struct rsp_features *features,
				      const struct rsp_thread *thread,
				      uint64_t values[static RSP_REGISTER_COUNT],
				      bool known[static RSP_REGISTER_COUNT])
{
	struct register_block block = {.size = 0};

	TRY(read_block(stub, thread, &block));
	for (unsigned id = 0; id < RSP_REGISTER_COUNT; id++) {
		const struct rsp_register *wanted = &features->registers[id];
		struct span digits = span_cut((struct span){(uint8_t *)block.digits, block.size},
					      2 * wanted->offset, 2 * wanted->size);

		if (!wanted->known)
			continue;
		known[id] = decode_register(digits, wanted->size, &values[id]);
		if (!known[id])
			TRY(read_register(stub, wanted, &values[id], &known[id]));
	}
	return NULL;
}

static struct dill_error *find_cpu(struct rsp_stub *stub, unsigned cpu,
				   const struct rsp_thread **ret)
{
	TRY(rsp_stub_know_threads(stub));
	if (cpu >= stub->threads.list.count)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "there is no CPU %u", cpu);
	*ret = &stub->threads.list.items[cpu];
	return NULL;
}

struct dill_error *rsp_stub_general_registers(struct rsp_stub *stub,
					      const struct rsp_features *features, unsigned cpu,
					      uint64_t ret[static DILL_REGISTER_COUNT])
{
	uint64_t values[RSP_REGISTER_COUNT] = {0};
	bool known[RSP_REGISTER_COUNT] = {0};
	const struct rsp_thread *thread = NULL;

	TRY(find_cpu(stub, cpu, &thread));
	TRY(read_values(stub, features, thread, values, known));
	for (unsigned i = 0; i < DILL_REGISTER_COUNT; i++) {
		if (!known[i])
			return dill_error_new(DILL_ERROR_PROTOCOL,
					      "the gdbstub does not give the registers of CPU %u",
					      cpu);
		ret[i] = values[i];
	}
	return NULL;
}

struct dill_error *rsp_stub_registers(struct rsp_stub *stub, const struct rsp_features *features,
				      unsigned cpu, struct dill_registers *ret)
{
	uint64_t values[RSP_REGISTER_COUNT] = {0};
	bool known[RSP_REGISTER_COUNT] = {0};
	const struct rsp_thread *thread = NULL;

	TRY(find_cpu(stub, cpu, &thread));
	TRY(read_values(stub, features, thread, values, known));
	if (!known[RSP_REGISTER_ROLES + ARCH_IP])
		return dill_error_new(DILL_ERROR_PROTOCOL,
				      "the gdbstub does not give the registers of CPU %u", cpu);
	*ret = (struct dill_registers){.has_control = true};
	for (unsigned role = 0; role < ARCH_ROLES; role++) {
		*arch_register_of(ret, role) = values[RSP_REGISTER_ROLES + role];
		if (features->arch->control >> role & 1 && !known[RSP_REGISTER_ROLES + role])
			ret->has_control = false;
	}
	return NULL;
}
