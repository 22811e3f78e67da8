/* SPDX-License-Identifier: MIT */
#include "trace/unwind.h"

#include <string.h>

#include "trace/trace_members.h"

/*
 * What a kernel stack looks like. Source: kernel Documentation/arch/x86/orc-unwinder.rst,
 * kernel-stacks.rst; arch/x86/include/asm/frame.h
 */

/* Changes of stack on the way: task, interrupt, exception, NMI. */
#define SWITCHES_MAX 8u
/* Two stacks lie further apart: behind each is a page that is not mapped. */
#define STACKS_APART DILL_PAGE_SIZE
#define WORD	     8u

/* Where a walk is. */
struct walk {
	struct unwind_stack *stack;
	struct unwind_code *code;
	dill_virt ip, sp, bp;
	dill_virt registers; /* a whole pt_regs whose values still hold; 0 = none */
	bool is_signal;	     /* ip was interrupted there */
	unsigned switches;
};

struct dill_error *unwind_registers_find(struct types *types, struct unwind_registers *ret)
{
	struct trace_members m;

	TRY(trace_members_find(types, TRACE_REGISTERS, &m));
	*ret = (struct unwind_registers){
		.ip = m.regs_ip.offset,
		.sp = m.regs_sp.offset,
		.bp = m.regs_bp.offset,
		.r10 = m.regs_r10.offset,
		.r13 = m.regs_r13.offset,
		.di = m.regs_di.offset,
		.dx = m.regs_dx.offset,
		.ax = m.regs_ax.offset,
	};
	return NULL;
}

/* --- the stack --- */

static const struct unwind_part *find_part(const struct unwind_stack *stack, dill_virt address)
{
	size_t count = sizeof(stack->parts) / sizeof(*stack->parts);

	for (size_t i = 0; i < count; i++) {
		const struct unwind_part *part = &stack->parts[i];

		if (address >= part->first && address < part->end)
			return part;
	}
	return NULL;
}

/* The rest of the page, because what follows is wanted next. */
static struct dill_error *read_part(struct unwind_stack *stack, dill_virt address,
				    const struct unwind_part **ret)
{
	size_t count = sizeof(stack->parts) / sizeof(*stack->parts);
	struct unwind_part *part = &stack->parts[stack->next++ % count];
	size_t length = DILL_PAGE_SIZE - (size_t)(address % DILL_PAGE_SIZE);

	*part = (struct unwind_part){0};
	TRY(stack->peek->read(stack->peek, address, part->bytes, length));
	part->first = address;
	part->end = address + length;
	*ret = part;
	return NULL;
}

/* A word of a stack; false in *ret_there when there is none. */
static struct dill_error *word(struct unwind_stack *stack, dill_virt address, uint64_t *ret,
			       bool *ret_there)
{
	const struct unwind_part *part = find_part(stack, address);
	struct dill_error *error = NULL;

	*ret_there = false;
	if (address % WORD || address >> 63 == 0 || address > UINT64_MAX - DILL_PAGE_SIZE)
		return NULL;
	if (!part)
		error = read_part(stack, address, &part);
	if (error && error_is_fatal(error))
		return error;
	*ret_there = !error;
	if (!error)
		memcpy(ret, part->bytes + (address - part->first), sizeof(*ret));
	dill_error_free(error);
	return NULL;
}

static void begin(struct unwind_stack *stack, struct backtrace *ret)
{
	for (size_t i = 0; i < sizeof(stack->parts) / sizeof(*stack->parts); i++)
		stack->parts[i].end = 0; /* the target has run since */
	stack->next = 0;
	ret->count = 0;
}

/* Keep an address; false when it is none of the kernel's, or there is no room for more. */
static bool keep(struct walk *walk, struct backtrace *ret)
{
	size_t room = sizeof(ret->addresses) / sizeof(*ret->addresses);

	if (ret->count == room || !walk->code->is_code(walk->code, walk->ip))
		return false;
	ret->addresses[ret->count++] = walk->ip;
	return ret->count < room;
}

/* Whether the stack may go on at @to. Frames are left upwards, except to another stack. */
static bool may_go(struct walk *walk, dill_virt to)
{
	if (to > walk->sp)
		return true;
	return walk->sp - to >= STACKS_APART && walk->switches++ < SWITCHES_MAX;
}

/* --- ORC --- */

/* A register as it was before an interrupt. */
static struct dill_error *saved(struct walk *walk, uint64_t offset, uint64_t *ret, bool *ret_there)
{
	*ret_there = false;
	return walk->registers ? word(walk->stack, walk->registers + offset, ret, ret_there) : NULL;
}

/*
 * The stack pointer of whoever called, or where the registers were saved.
 *
 * SP_INDIRECT is the word on top of the stack plus the offset since 5.12 (87ccc826bf1c): C code
 * that has gone to an interrupt's stack. Before, it was the word at the offset, in entry code only.
 */
static struct dill_error *find_sp(struct walk *walk, const struct orc_entry *entry, dill_virt *ret,
				  bool *ret_there)
{
	const struct unwind_registers *layout = &walk->stack->layout;
	uint64_t offset = (uint64_t)(int64_t)entry->sp_offset;

	*ret_there = true;
	switch (entry->sp_register) {
	case ORC_REG_SP:
		*ret = walk->sp + offset;
		return NULL;
	case ORC_REG_BP:
		*ret = walk->bp + offset;
		return NULL;
	case ORC_REG_SP_INDIRECT:
		TRY(word(walk->stack, walk->sp, ret, ret_there));
		*ret += *ret_there ? offset : 0;
		return NULL;
	case ORC_REG_BP_INDIRECT:
		return word(walk->stack, walk->bp + offset, ret, ret_there);
	case ORC_REG_R10:
		return saved(walk, layout->r10, ret, ret_there);
	case ORC_REG_R13:
		return saved(walk, layout->r13, ret, ret_there);
	case ORC_REG_DI:
		return saved(walk, layout->di, ret, ret_there);
	case ORC_REG_DX:
		return saved(walk, layout->dx, ret, ret_there);
	case ORC_REG_AX:
		return saved(walk, layout->ax, ret, ret_there);
	case ORC_REG_UNDEFINED:
	case ORC_REG_PREV_SP:
		break;
	}
	*ret_there = false;
	return NULL;
}

/* Go to whoever called, whose stack pointer or saved registers are at @sp. */
static struct dill_error *find_ip(struct walk *walk, const struct orc_entry *entry, dill_virt sp,
				  bool *ret_there)
{
	const struct unwind_registers *layout = &walk->stack->layout;
	dill_virt registers = sp;

	if (entry->type == ORC_CALL) {
		walk->sp = sp;
		walk->registers = 0;
		return word(walk->stack, sp - WORD, &walk->ip, ret_there);
	}
	if (entry->type == ORC_REGS_PARTIAL)
		registers = sp - layout->ip; /* the processor pushes from there on */
	else
		walk->registers = registers;
	TRY(word(walk->stack, registers + layout->ip, &walk->ip, ret_there));
	if (*ret_there)
		TRY(word(walk->stack, registers + layout->sp, &walk->sp, ret_there));
	return NULL;
}

static struct dill_error *find_bp(struct walk *walk, const struct orc_entry *entry, dill_virt sp,
				  bool *ret_there)
{
	uint64_t offset = (uint64_t)(int64_t)entry->bp_offset;
	bool there;

	*ret_there = true;
	switch (entry->bp_register) {
	case ORC_REG_UNDEFINED: /* unchanged, or in the registers */
		return saved(walk, walk->stack->layout.bp, &walk->bp, &there);
	case ORC_REG_PREV_SP:
		return word(walk->stack, sp + offset, &walk->bp, ret_there);
	case ORC_REG_BP:
		return word(walk->stack, walk->bp + offset, &walk->bp, ret_there);
	default:
		*ret_there = false;
		return NULL;
	}
}

/* Code without ORC is generated code: it keeps a frame pointer. */
static const struct orc_entry frame_entry = {
	.type = ORC_CALL,
	.sp_register = ORC_REG_BP,
	.sp_offset = 2 * WORD,
	.bp_register = ORC_REG_PREV_SP,
	.bp_offset = -2 * (int16_t)WORD,
};

/* One frame outwards; false in *ret_more when there is none. */
static struct dill_error *leave_frame(struct walk *walk, bool *ret_more)
{
	/* A return address may be behind the end of a function that calls as the last it does. */
	dill_virt ip = walk->is_signal ? walk->ip : walk->ip - 1, sp = 0, before = walk->sp;
	struct orc_entry entry;
	bool found;

	*ret_more = false;
	TRY(walk->code->find(walk->code, ip, &entry, &found));
	if (!found)
		entry = frame_entry;
	if (entry.type == ORC_UNDEFINED || entry.type == ORC_END)
		return NULL;
	TRY(find_sp(walk, &entry, &sp, ret_more));
	if (*ret_more)
		TRY(find_ip(walk, &entry, sp, ret_more));
	if (*ret_more)
		TRY(find_bp(walk, &entry, sp, ret_more));
	walk->is_signal = entry.is_signal;
	sp = walk->sp;
	walk->sp = before;
	*ret_more = *ret_more && may_go(walk, sp);
	walk->sp = sp;
	return NULL;
}

struct dill_error *unwind_orc(struct unwind_stack *stack, struct unwind_code *code,
			      const uint64_t *registers, struct backtrace *ret)
{
	struct walk walk = {
		.stack = stack,
		.code = code,
		.sp = registers[DILL_RSP] + WORD,
		.bp = registers[DILL_RBP],
	};
	bool more;

	begin(stack, ret);
	TRY(word(stack, registers[DILL_RSP], &walk.ip, &more));
	while (more && keep(&walk, ret))
		TRY(leave_frame(&walk, &more));
	return NULL;
}

/* --- frame pointers --- */

/* A frame pointer, or, with the lowest bit set, a pt_regs. */
static struct dill_error *follow_frame(struct walk *walk, bool *ret_more)
{
	const struct unwind_registers *layout = &walk->stack->layout;
	dill_virt frame = walk->bp & ~UINT64_C(1);
	bool is_registers = walk->bp & 1;

	*ret_more = false;
	if (!may_go(walk, frame))
		return NULL;
	walk->sp = frame;
	TRY(word(walk->stack, frame + (is_registers ? layout->ip : WORD), &walk->ip, ret_more));
	if (*ret_more)
		TRY(word(walk->stack, frame + (is_registers ? layout->bp : 0), &walk->bp,
			 ret_more));
	return NULL;
}

struct dill_error *unwind_frames(struct unwind_stack *stack, struct unwind_code *code,
				 const uint64_t *registers, struct backtrace *ret)
{
	struct walk walk = {
		.stack = stack,
		.code = code,
		.sp = registers[DILL_RSP],
		.bp = registers[DILL_RBP],
	};
	bool more;

	begin(stack, ret);
	TRY(word(stack, registers[DILL_RSP], &walk.ip, &more));
	while (more && keep(&walk, ret))
		TRY(follow_frame(&walk, &more));
	return NULL;
}
