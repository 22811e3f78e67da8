/* SPDX-License-Identifier: MIT */
/*
 * A kernel's ORC entries, registers and stack, all of them the fuzzer's: first the entries, then
 * three bytes for each word, of which the first says whether it is an address of code, of the stack
 * or neither. The walk must end, stay in bounds, give code only, and read little.
 */
#include <stdlib.h>
#include <string.h>

#include "trace/unwind.h"

#define TABLE	   UINT64_C(0xffffffff82000000)
#define CODE	   UINT64_C(0xffffffff81000000)
#define CODE_SIZE  (ENTRIES * UINT64_C(0x1000))
#define STACK	   UINT64_C(0xffffc90000100000)
#define ENTRIES	   16u
#define ENTRY_SIZE 6u
#define READS_MAX  (TRACE_STACK_MAX * 8)
#define WORD_SIZE  3u
#define WORDS_MAX  2048u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world;

struct world_code {
	struct unwind_code code; /* first */
	const struct world *world;
};

struct world {
	struct peek peek; /* first */
	struct world_code code;
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
	const struct world *world = ((struct world_code *)code)->world;

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
	dill_error_free(unwind_orc(&stack, &world->code.code, registers, &backtrace));
	check(&backtrace);
	world->reads = 0;
	dill_error_free(unwind_frames(&stack, &world->code.code, registers, &backtrace));
	check(&backtrace);
}

/* A word of the fuzzer's choice. */
static uint64_t make_word(const uint8_t *data)
{
	uint64_t value = data[1] | (uint64_t)data[2] << 8;

	switch (data[0] % 4) {
	case 0:
		return CODE + value % CODE_SIZE;
	case 1:
		return STACK + value % (WORDS_MAX * 8) / 8 * 8;
	case 2:
		return STACK + value;
	default:
		return (uint64_t)(int64_t)(int16_t)value;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t words[WORDS_MAX];
	struct world world = {
		.peek = {read_stack},
		.code = {{is_code, find}, &world},
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
	int32_t distances[ENTRIES];
	uint8_t entries[ENTRIES * ENTRY_SIZE];
	size_t count = 0;

	if (size < sizeof(entries) + WORD_SIZE)
		return 0;
	memcpy(entries, data, sizeof(entries));
	for (unsigned i = 0; i < ENTRIES; i++)
		distances[i] = (int32_t)(int64_t)(CODE + 0x1000 * i - (TABLE + 4 * i));
	for (size_t at = sizeof(entries); at + WORD_SIZE <= size && count < WORDS_MAX;
	     at += WORD_SIZE)
		words[count++] = make_word(data + at);
	world.table = (struct orc_table){TABLE,
					 {(const uint8_t *)distances, sizeof(distances)},
					 {entries, sizeof(entries)},
					 ENTRIES};
	registers[DILL_RSP] = STACK + 8;
	registers[DILL_RBP] = words[0];
	world.stack = (struct span){(const uint8_t *)words, count * 8};
	walk(&world, registers);
	return 0;
}
