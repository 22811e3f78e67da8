/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "kernel/kernel.h"

/* x86-64's THREAD_SIZE without KASAN: stacks are aligned to it and end there. */
#define STACK_SIZE 16384u

/* Whether @p address lies in a function of one of these names, or in a part that the compiler split
 * off ("name.isra.0", "name.cold"). */
static struct dill_error *is_in(struct kernel *kernel, dill_virt address,
				const char *const *functions, bool *ret)
{
	struct symbol symbol;
	struct dill_error *error = kernel_symbol_at(kernel, address, &symbol);

	if (error) {
		if (error_is_fatal(error))
			return error;
		dill_error_free(error);
		return NULL;
	}
	for (; *functions && !*ret; functions++) {
		size_t length = strlen(*functions);

		*ret = !strncmp(symbol.name, *functions, length) &&
		       (!symbol.name[length] || symbol.name[length] == '.');
	}
	return NULL;
}

/* Words of the stack from its top on; *ret_count is less than asked for at its end. */
static struct dill_error *read_stack(struct kernel *kernel, dill_virt top, uint64_t *words,
				     size_t *ret_count)
{
	size_t size = STACK_SIZE - top % STACK_SIZE;
	struct dill_error *error = kernel_read(kernel, top, words, size / 8 * 8);

	*ret_count = error ? 0 : size / 8;
	if (error && error_is_fatal(error))
		return error;
	dill_error_free(error);
	return NULL;
}

struct dill_error *kernel_cpu_inside(struct kernel *kernel, unsigned cpu,
				     const char *const *functions, bool *ret)
{
	struct memory *memory = kernel_memory(kernel);
	_cleanup_(freep)
	uint64_t *words = malloc(STACK_SIZE);
	struct dill_registers registers;
	struct dill_error *error;
	size_t count;

	*ret = false;
	if (!words)
		return error_no_memory();
	error = memory_registers(memory, cpu, &registers);
	if (error) {
		/* A dump without registers, or a CPU that the target does not have. */
		if (error_is_fatal(error))
			return error;
		dill_error_free(error);
		return NULL;
	}
	if (registers.cs & 3)
		return NULL;
	TRY(is_in(kernel, registers.ip, functions, ret));
	TRY(read_stack(kernel, registers.sp, words, &count));
	/* A return address points behind its call, which may end a function that never returns. */
	for (size_t i = 0; i < count && !*ret; i++)
		TRY(is_in(kernel, words[i] - 1, functions, ret));
	return NULL;
}
