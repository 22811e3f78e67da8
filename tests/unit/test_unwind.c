/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/user.h>

#include <cmocka.h>

#include "btf_image.h"
#include "trace/unwind.h"

/* The stack of a task, and that of an interrupt, both of four pages. */
#define PAGES	  4u
#define TASK	  UINT64_C(0xffffc90000100000)
#define INTERRUPT UINT64_C(0xffffc90000200000)
#define SIZE	  (PAGES * (uint64_t)DILL_PAGE_SIZE)
/* Functions of the made-up kernel, 256 bytes each. */
#define CODE	  UINT64_C(0xffffffff81000000)
#define FUNCTIONS 16u
#define AT(n)	  (CODE + 256 * (n) + 5)

struct fixture {
	struct peek peek;	 /* first */
	struct unwind_code code; /* reached by its place */
	uint64_t task[SIZE / 8], interrupt[SIZE / 8];
	struct orc_entry entries[FUNCTIONS];
	bool unknown[FUNCTIONS];
	dill_virt looked_up; /* last */
	unsigned reads;
	bool gone; /* reads fail for good */
	struct unwind_stack stack;
	uint64_t registers[DILL_REGISTER_COUNT];
	struct backtrace backtrace;
};

static uint64_t *word_at(struct fixture *f, dill_virt address)
{
	if (address - TASK < SIZE)
		return &f->task[(address - TASK) / 8];
	return address - INTERRUPT < SIZE ? &f->interrupt[(address - INTERRUPT) / 8] : NULL;
}

static struct dill_error *read_stack(struct peek *peek, dill_virt address, void *buffer,
				     size_t length)
{
	struct fixture *f = (struct fixture *)peek;

	f->reads++;
	if (f->gone)
		return dill_error_new(DILL_ERROR_PROTOCOL, "hung up");
	assert_int_equal(address / DILL_PAGE_SIZE, (address + length - 1) / DILL_PAGE_SIZE);
	if (!word_at(f, address))
		return dill_error_new(DILL_ERROR_FAULT, "not mapped");
	memcpy(buffer, word_at(f, address), length);
	return NULL;
}

static struct fixture *of_code(struct unwind_code *code)
{
	return (struct fixture *)((char *)code - offsetof(struct fixture, code));
}

static bool is_code(struct unwind_code *code, dill_virt ip)
{
	(void)code;
	return ip - CODE < UINT64_C(256) * FUNCTIONS;
}

static struct dill_error *find(struct unwind_code *code, dill_virt ip, struct orc_entry *ret,
			       bool *ret_found)
{
	struct fixture *f = of_code(code);
	size_t number = (ip - CODE) / 256;

	f->looked_up = ip;
	*ret_found = number < FUNCTIONS && !f->unknown[number];
	if (*ret_found)
		*ret = f->entries[number];
	return NULL;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->peek.read = read_stack;
	f->code = (struct unwind_code){is_code, find};
	f->stack.peek = &f->peek;
	f->stack.layout = (struct unwind_registers){.r13 = 16,
						    .bp = 32,
						    .r10 = 56,
						    .ax = 80,
						    .dx = 96,
						    .di = 112,
						    .ip = 128,
						    .sp = 152};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void put(struct fixture *f, dill_virt address, uint64_t value)
{
	*word_at(f, address) = value;
}

/* Function @p number has its return address @p offset - 8 bytes above its stack pointer. */
static void by_sp(struct fixture *f, unsigned number, int16_t offset)
{
	f->entries[number] = (struct orc_entry){
		.type = ORC_CALL, .sp_register = ORC_REG_SP, .sp_offset = offset};
}

/* A CPU at the first instruction of a function that function 0 has called. */
static void begin(struct fixture *f, dill_virt sp)
{
	f->registers[DILL_RSP] = sp;
	put(f, sp, AT(0));
}

static void expect(struct fixture *f, size_t count, ...)
{
	va_list list;

	va_start(list, count);
	assert_int_equal(f->backtrace.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(f->backtrace.addresses[i],
				 CODE + 256 * va_arg(list, unsigned) + 5);
	va_end(list);
}

static void walk(struct fixture *f)
{
	assert_null(unwind_orc(&f->stack, &f->code, f->registers, &f->backtrace));
}

static void test_calls(void **state)
{
	struct fixture *f = *state;

	begin(f, TASK + 64);
	by_sp(f, 0, 24);
	put(f, TASK + 64 + 24, AT(1));
	by_sp(f, 1, 8);
	put(f, TASK + 64 + 32, AT(2));
	f->entries[2].type = ORC_END;
	walk(f);
	expect(f, 3, 0u, 1u, 2u);
	assert_int_equal(f->looked_up, AT(2) - 1); /* a call ends before its return address */
	assert_int_equal(f->reads, 1);
	f->entries[2].type = ORC_UNDEFINED;
	walk(f);
	expect(f, 3, 0u, 1u, 2u);
}

/* A frame pointer that is saved, changed, used and restored; a realigned stack. */
static void test_frame_pointer(void **state)
{
	struct fixture *f = *state;

	begin(f, TASK + 64);
	f->registers[DILL_RBP] = TASK + 256;
	f->entries[0] = (struct orc_entry){ORC_CALL, ORC_REG_BP, ORC_REG_PREV_SP, 16, -16, false};
	put(f, TASK + 256, TASK + 512);
	put(f, TASK + 264, AT(1));
	/* The word below its frame pointer tells where its caller's stack is. */
	f->entries[1] = (struct orc_entry){ORC_CALL, ORC_REG_BP_INDIRECT, ORC_REG_BP, -8, 0, false};
	put(f, TASK + 504, TASK + 600);
	put(f, TASK + 512, TASK + 800);
	put(f, TASK + 592, AT(2));
	f->entries[2] = (struct orc_entry){ORC_CALL, ORC_REG_BP, ORC_REG_PREV_SP, 16, -16, false};
	put(f, TASK + 808, AT(3));
	walk(f);
	expect(f, 4, 0u, 1u, 2u, 3u);
}

/* On the stack of an interrupt, whose top tells where it came from; then through its pt_regs. */
static void test_interrupt(void **state)
{
	struct fixture *f = *state;
	dill_virt top = INTERRUPT + SIZE - 8, registers = TASK + 1024;

	begin(f, top - 64);
	by_sp(f, 0, 56);
	put(f, top - 8, AT(1));
	/* Function 1 has put its old stack pointer on the top of this stack. */
	f->entries[1] = (struct orc_entry){
		.type = ORC_CALL, .sp_register = ORC_REG_SP_INDIRECT, .sp_offset = 8};
	put(f, top, registers - 16);
	put(f, registers - 16, AT(2));
	f->entries[2] = (struct orc_entry){
		.type = ORC_REGS, .sp_register = ORC_REG_SP, .sp_offset = 8, .is_signal = true};
	put(f, registers + 32, TASK + 2048);	 /* bp */
	put(f, registers + 128, CODE + 256 * 3); /* ip, the first byte of a function */
	put(f, registers + 152, TASK + 1536);	 /* sp */
	f->entries[3] =
		(struct orc_entry){.type = ORC_CALL, .sp_register = ORC_REG_BP, .sp_offset = 16};
	put(f, TASK + 2048 + 8, AT(4));
	walk(f);
	assert_int_equal(f->backtrace.count, 5);
	assert_int_equal(f->backtrace.addresses[1], AT(1));
	assert_int_equal(f->backtrace.addresses[2], AT(2));
	assert_int_equal(f->backtrace.addresses[3], CODE + 256 * 3);
	assert_int_equal(f->backtrace.addresses[4], AT(4));
}

/* Where registers were saved, others than the usual may tell where the caller's stack is. */
static void test_saved_registers(void **state)
{
	static const struct {
		enum orc_register number;
		unsigned offset;
	} cases[] = {{ORC_REG_R13, 16},
		     {ORC_REG_R10, 56},
		     {ORC_REG_AX, 80},
		     {ORC_REG_DX, 96},
		     {ORC_REG_DI, 112}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fixture *f;

		setup((void **)&f);
		begin(f, TASK + 64);
		f->entries[0] = (struct orc_entry){
			.type = ORC_REGS, .sp_register = ORC_REG_SP, .sp_offset = 0};
		put(f, TASK + 72 + 128, AT(1));
		put(f, TASK + 72 + 152, TASK + 512);
		put(f, TASK + 72 + cases[i].offset, TASK + 1024);
		f->entries[1] =
			(struct orc_entry){.type = ORC_CALL, .sp_register = cases[i].number};
		put(f, TASK + 1024 - 8, AT(2));
		/* They hold no longer behind a call. */
		f->entries[2] = f->entries[1];
		walk(f);
		expect(f, 3, 0u, 1u, 2u);
		teardown((void **)&f);
	}
	(void)state;
}

/* Only what the processor pushed: the other registers are those of before. */
static void test_partial(void **state)
{
	struct fixture *f = *state;

	begin(f, TASK + 64);
	f->registers[DILL_RBP] = TASK + 1024;
	f->entries[0] = (struct orc_entry){
		.type = ORC_REGS_PARTIAL, .sp_register = ORC_REG_SP, .sp_offset = 0};
	put(f, TASK + 72, AT(1));
	put(f, TASK + 72 + 24, TASK + 512);
	f->entries[1] =
		(struct orc_entry){.type = ORC_CALL, .sp_register = ORC_REG_BP, .sp_offset = 16};
	put(f, TASK + 1024 + 8, AT(2));
	walk(f);
	expect(f, 3, 0u, 1u, 2u);
}

/* User code, and whatever else is no code of the kernel's, ends it. */
static void test_user(void **state)
{
	struct fixture *f = *state;

	begin(f, TASK + 64);
	f->entries[0] = (struct orc_entry){.type = ORC_REGS, .sp_register = ORC_REG_SP};
	put(f, TASK + 72 + 128, 0x401000);
	put(f, TASK + 72 + 152, 0x7ffc00001000);
	walk(f);
	expect(f, 1, 0u);
	put(f, TASK + 64, 0x401000);
	walk(f);
	assert_int_equal(f->backtrace.count, 0);
}

/* Generated code has no ORC, but a frame pointer. */
static void test_generated(void **state)
{
	struct fixture *f = *state;

	begin(f, TASK + 64);
	f->unknown[0] = true;
	f->registers[DILL_RBP] = TASK + 256;
	put(f, TASK + 256, TASK + 512);
	put(f, TASK + 264, AT(1));
	f->entries[1] =
		(struct orc_entry){.type = ORC_CALL, .sp_register = ORC_REG_BP, .sp_offset = 16};
	put(f, TASK + 512 + 8, AT(2));
	walk(f);
	expect(f, 3, 0u, 1u, 2u);
}

static void test_no_way_up(void **state)
{
	struct fixture *f = *state;

	begin(f, TASK + 64);
	for (int16_t offset = 0; offset >= -64; offset -= 8) {
		by_sp(f, 0, offset);
		put(f, (uint64_t)((int64_t)TASK + 64 + offset), AT(0));
		put(f, TASK + 64, AT(0));
		walk(f);
		assert_int_equal(f->backtrace.count, 1);
	}
	/* Between two stacks for ever. */
	f->registers[DILL_RBP] = INTERRUPT;
	f->entries[0] = (struct orc_entry){ORC_CALL, ORC_REG_BP, ORC_REG_PREV_SP, 16, -16, false};
	for (unsigned i = 0; i < 2; i++) {
		put(f, i ? INTERRUPT : TASK, i ? TASK : INTERRUPT);
		put(f, (i ? INTERRUPT : TASK) + 8, AT(0));
	}
	walk(f);
	assert_in_range(f->backtrace.count, 2, 32);
}

static void test_many(void **state)
{
	struct fixture *f = *state;

	begin(f, TASK);
	by_sp(f, 0, 8);
	for (dill_virt at = TASK; at < TASK + SIZE; at += 8)
		put(f, at, AT(0));
	walk(f);
	assert_int_equal(f->backtrace.count, TRACE_STACK_MAX + 1);
	assert_int_equal(f->reads, 1);
	begin(f, TASK + SIZE - 16); /* and then nothing is mapped */
	walk(f);
	expect(f, 2, 0u, 0u);
}

/* Each page is read once, from the first word that is wanted. */
static void test_reads(void **state)
{
	struct fixture *f = *state;

	begin(f, TASK + 8);
	by_sp(f, 0, 2048);
	for (dill_virt at = TASK + 8; at < TASK + SIZE; at += 2048)
		put(f, at, AT(0));
	walk(f);
	assert_int_equal(f->backtrace.count, 2 * PAGES);
	assert_in_range(f->reads, PAGES, PAGES + 1); /* and the page behind */
	f->reads = 0;
	walk(f); /* the target has run: all is read again */
	assert_in_range(f->reads, PAGES, PAGES + 1);
}

static void test_unreadable(void **state)
{
	static const dill_virt places[] = {
		0, 8, 0x1000, TASK + 1, TASK - 4096, UINT64_MAX, UINT64_MAX - 7, UINT64_MAX - 4095};
	struct fixture *f = *state;
	struct dill_error *error;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		f->registers[DILL_RSP] = places[i];
		f->registers[DILL_RBP] = places[i];
		walk(f);
		assert_int_equal(f->backtrace.count, 0);
		assert_null(unwind_frames(&f->stack, &f->code, f->registers, &f->backtrace));
		assert_int_equal(f->backtrace.count, 0);
	}
	f->gone = true;
	f->registers[DILL_RSP] = TASK;
	error = unwind_orc(&f->stack, &f->code, f->registers, &f->backtrace);
	assert_int_equal(dill_error_code(error), DILL_ERROR_PROTOCOL);
	dill_error_free(error);
}

/* Without ORC: frames are chained, and an interrupt's is marked by the lowest bit. */
static void test_frames(void **state)
{
	struct fixture *f = *state;

	begin(f, TASK + 64);
	f->registers[DILL_RBP] = TASK + 256;
	put(f, TASK + 256, (TASK + 512) | 1);
	put(f, TASK + 264, AT(1));
	put(f, TASK + 512 + 32, TASK + 1024);
	put(f, TASK + 512 + 128, AT(2));
	put(f, TASK + 1024, 0);
	put(f, TASK + 1024 + 8, AT(3));
	assert_null(unwind_frames(&f->stack, &f->code, f->registers, &f->backtrace));
	expect(f, 4, 0u, 1u, 2u, 3u);
	put(f, TASK + 256, TASK + 256); /* one that is its own caller */
	assert_null(unwind_frames(&f->stack, &f->code, f->registers, &f->backtrace));
	expect(f, 2, 0u, 1u);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* --- where registers are --- */

/* What ptrace(2) gives of a process is struct pt_regs, and its header the oracle. */
static const struct {
	const char *name;
	size_t offset, mine;
} saved_registers[] = {
#define SAVED(kernel, user)                                                                        \
	{                                                                                          \
#kernel, offsetof(struct user_regs_struct, user),                                  \
			offsetof(struct unwind_registers, kernel)                                  \
	}
	SAVED(ip, rip),	 SAVED(sp, rsp), SAVED(bp, rbp), SAVED(r10, r10),
	SAVED(r13, r13), SAVED(di, rdi), SAVED(dx, rdx), SAVED(ax, rax),
#undef SAVED
};

#define SAVED_COUNT (sizeof(saved_registers) / sizeof(*saved_registers))

static struct types *types_without(size_t missing)
{
	struct btf_image image = {0};
	uint32_t word = btf_image_int(&image, "unsigned long", 8, 0);

	btf_image_struct(&image, BTF_STRUCT, "pt_regs", sizeof(struct user_regs_struct),
			 SAVED_COUNT - (missing < SAVED_COUNT));
	for (size_t i = 0; i < SAVED_COUNT; i++)
		if (i != missing)
			btf_image_member(&image, saved_registers[i].name, word,
					 (uint32_t)saved_registers[i].offset * 8, 0);
	return btf_image_open(&image);
}

static void test_where_registers_are(void **state)
{
	struct unwind_registers found = {0};
	struct types *types = types_without(SAVED_COUNT);

	(void)state;
	assert_null(unwind_registers_find(types, &found));
	for (size_t i = 0; i < SAVED_COUNT; i++)
		assert_int_equal(*(uint64_t *)((char *)&found + saved_registers[i].mine),
				 saved_registers[i].offset);
	types_free(types);
}

/* None of them is taken for one at offset 0. */
static void test_register_missing(void **state)
{
	(void)state;
	for (size_t i = 0; i < SAVED_COUNT; i++) {
		struct unwind_registers found;
		struct types *types = types_without(i);
		struct dill_error *error = unwind_registers_find(types, &found);

		assert_int_equal(dill_error_code(error), DILL_ERROR_UNSUPPORTED);
		dill_error_free(error);
		types_free(types);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FIXTURE(test_calls),
		WITH_FIXTURE(test_frame_pointer),
		WITH_FIXTURE(test_interrupt),
		cmocka_unit_test(test_saved_registers),
		WITH_FIXTURE(test_partial),
		WITH_FIXTURE(test_user),
		WITH_FIXTURE(test_generated),
		WITH_FIXTURE(test_no_way_up),
		WITH_FIXTURE(test_many),
		WITH_FIXTURE(test_reads),
		WITH_FIXTURE(test_unreadable),
		WITH_FIXTURE(test_frames),
		cmocka_unit_test(test_where_registers_are),
		cmocka_unit_test(test_register_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
