/* SPDX-License-Identifier: MIT */
#include "symbols/stack_change.h"

#include "kernel/vm.h"

/* Of code that does nothing but go to another stack. */
#define CODE_MAX 128u
#define LENGTH	 3u

/*
 * "mov reg, %rsp" in both of its forms. Source: Intel SDM volume 2, MOV: REX.W 89 /r to a register,
 * REX.W 8B /r from one. Bytes in the middle of an instruction may look like it.
 */
static bool is_change(const uint8_t *code)
{
	bool to_stack = (code[0] & ~0x04) == 0x48 && code[1] == 0x89 && (code[2] & 0xc7) == 0xc4;
	bool from_any = (code[0] & ~0x01) == 0x48 && code[1] == 0x8b && (code[2] & 0xf8) == 0xe0;
	bool from_frame = code[0] == 0x48 && (code[2] == 0xec || code[2] == 0xe5);

	return (to_stack || from_any) && !from_frame;
}

bool stack_change_in(void *context, uint64_t first, uint64_t end)
{
	struct kernel *kernel = context;
	uint64_t size = end - first;
	uint8_t code[CODE_MAX];
	struct dill_error *error;

	if (size > CODE_MAX || size < LENGTH)
		return false;
	error = kernel_read(kernel, first, code, size);
	dill_error_free(error); /* what ORC says is all there is */
	for (uint64_t i = 0; !error && i + LENGTH <= size; i++)
		if (is_change(code + i))
			return true;
	return false;
}
