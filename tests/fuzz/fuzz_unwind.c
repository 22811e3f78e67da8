/* SPDX-License-Identifier: MIT */
/*
 * A kernel's ORC tables, registers and stack, all of them the fuzzer's. The walk must end, stay in
 * bounds, give code only, and read little.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/unwind.h"

#define TABLE	    UINT64_C(0xffffffff82000000)
#define CODE	    UINT64_C(0xffffffff81000000)
#define CODE_SIZE   UINT64_C(0x1000000)
#define STACK	    UINT64_C(0xffffc90000100000)
#define ENTRIES	    16u
#define ENTRY_SIZE  6u
#define READS_MAX   (TRACE_STACK_MAX * 8)
#define TABLE_BYTES (ENTRIES * (4 + ENTRY_SIZE))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
	struct peek peek; /* first */
	struct unwind_code code;
	struct orc_layout layout;
	struct orc_table table;
	struct span stack;
	unsigned reads;
};

static const enum orc_register numbers[ORC_REGISTER_COUNT] = {
	ORC_REG_UNDEFINED, ORC_REG_PREV_SP,	ORC_REG_DX,	     ORC_REG_DI,
	ORC_REG_BP,	   ORC_REG_SP,		ORC_REG_R10,	     ORC_REG_R13,
	ORC_REG_AX,	   ORC_REG_BP_INDIRECT, ORC_REG_SP_INDIRECT,
};

static struct dill_error *read_stack(struct peek *peek, dill_virt address, void *buffer,
				     size_t length)
{
	struct world *world = (struct world *)peek;

	if (++world->reads > READS_MAX ||
	    address / DILL_PAGE_SIZE != (address + length - 1) / DILL_PAGE_SIZE)
		abort();
	if (!span_holds(world->stack, address - STACK, 1))
		return dill_error_new(DILL_ERROR_FAULT, "not mapped");
	memset(buffer, 0, length);
	if (length > world->stack.size - (address - STACK))
		length = world->stack.size - (address - STACK);
	memcpy(buffer, world->stack.data + (address - STACK), length);
	return NULL;
}

static bool is_code(struct unwind_code *code, dill_virt ip)
{
	(void)code;
	return ip - CODE < CODE_SIZE;
}

static struct dill_error *find(struct unwind_code *code, dill_virt ip, struct orc_entry *ret,
			       bool *ret_found)
{
	struct world *world = (struct world *)((char *)code - offsetof(struct world, code));

	*ret_found = orc_find(&world->layout, &world->table, ip, ret);
	return NULL;
}

static void check(const struct backtrace *backtrace)
{
	if (backtrace->count > TRACE_STACK_MAX + 1)
		abort();
	for (size_t i = 0; i < backtrace->count; i++)
		if (!is_code(NULL, backtrace->addresses[i]))
			abort();
}

static void walk(struct world *world, const uint64_t *registers)
{
	static struct unwind_stack stack;
	struct backtrace backtrace;

	stack.peek = &world->peek;
	stack.layout = (struct unwind_registers){.r13 = 16,
						 .bp = 32,
						 .r10 = 56,
						 .ax = 80,
						 .dx = 96,
						 .di = 112,
						 .ip = 128,
						 .sp = 152};
	dill_error_free(unwind_orc(&stack, &world->code, registers, &backtrace));
	check(&backtrace);
	world->reads = 0;
	dill_error_free(unwind_frames(&stack, &world->code, registers, &backtrace));
	check(&backtrace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world world = {
		.peek = {read_stack},
		.code = {is_code, find},
		.layout = {ENTRY_SIZE,
			   {0, 16},
			   {16, 16},
			   {32, 4},
			   {36, 4},
			   {40, 3},
			   {43, 1},
			   {size & 1 ? 44 : 0, size & 1},
			   numbers},
	};
	uint64_t registers[DILL_REGISTER_COUNT] = {0};
	uint8_t *copy;

	if (size < TABLE_BYTES + 16)
		return 0;
	/* A copy of its own, so that reading past the end is noticed whatever the fuzzer gives. */
	copy = malloc(TABLE_BYTES);
	if (!copy)
		return 0;
	memcpy(copy, data, TABLE_BYTES);
	world.table = (struct orc_table){
		TABLE, {copy, ENTRIES * 4}, {copy + ENTRIES * 4, ENTRIES * ENTRY_SIZE}, ENTRIES};
	memcpy(&registers[DILL_RSP], data + TABLE_BYTES, 8);
	memcpy(&registers[DILL_RBP], data + TABLE_BYTES + 8, 8);
	registers[DILL_RSP] = STACK + registers[DILL_RSP] % DILL_PAGE_SIZE / 8 * 8;
	world.stack = (struct span){data + TABLE_BYTES + 16, size - TABLE_BYTES - 16};
	walk(&world, registers);
	free(copy);
	return 0;
}
