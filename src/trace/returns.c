/* SPDX-License-Identifier: MIT */
#include "trace/returns.h"

#include <capstone/capstone.h>

/* Longer than any function of the allocator. */
#define CODE_MAX 16384u

/* What the disassembler fails with. */
static struct dill_error *decoder_failure(cs_err code)
{
	if (code == CS_ERR_MEM)
		return error_no_memory();
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "capstone does not take x86-64 code apart here: %s",
			      cs_strerror(code));
}

/* Bytes from @address on that belong to its function, as far as the symbols tell. */
static struct dill_error *function_rest(struct kernel *kernel, dill_virt address, size_t *ret)
{
	struct symbol function, other;

	TRY(kernel_symbol_at(kernel, address, &function));
	/* Functions start at multiples of 16 or at least of 4 bytes. */
	for (*ret = 4; *ret < CODE_MAX; *ret += 4) {
		TRY(kernel_symbol_at(kernel, address + *ret, &other));
		if (other.address != function.address)
			break;
	}
	return NULL;
}

/* Where a jump goes; 0 when that is not written in it. */
static dill_virt jump_target(const cs_insn *instruction)
{
	const cs_x86 *x86 = &instruction->detail->x86;

	return x86->op_count == 1 && x86->operands[0].type == X86_OP_IMM
		       ? (dill_virt)x86->operands[0].imm
		       : 0;
}

static struct dill_error *collect(csh decoder, struct span code, dill_virt address, dill_virt thunk,
				  struct code_places *ret)
{
	cs_insn *instruction = cs_malloc(decoder);
	struct dill_error *error = NULL;
	const uint8_t *at = code.data;
	uint64_t here = address;
	size_t left = code.size;

	if (!instruction)
		return error_no_memory();
	while (!error && cs_disasm_iter(decoder, &at, &left, &here, instruction))
		if (instruction->id == X86_INS_RET ||
		    (instruction->id == X86_INS_JMP && thunk && jump_target(instruction) == thunk))
			error = array_push(&ret->list, instruction->address);
	cs_free(instruction, 1);
	return error;
}

struct dill_error *returns_find(struct kernel *kernel, dill_virt address, struct code_places *ret)
{
	uint8_t code[CODE_MAX];
	struct dill_error *error;
	dill_virt thunk = 0;
	size_t size;
	csh decoder;
	cs_err failure;

	(void)kernel_has_symbol(kernel, "__x86_return_thunk", &thunk);
	TRY(function_rest(kernel, address, &size));
	TRY(kernel_read(kernel, address, code, size));
	failure = cs_open(CS_ARCH_X86, CS_MODE_64, &decoder);
	if (failure != CS_ERR_OK)
		return decoder_failure(failure);
	cs_option(decoder, CS_OPT_DETAIL, CS_OPT_ON);
	/* Padding behind the last instruction may make no sense: the walk ends there. */
	error = collect(decoder, (struct span){code, size}, address, thunk, ret);
	cs_close(&decoder);
	return error;
}
