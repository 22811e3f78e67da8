/* SPDX-License-Identifier: MIT */
#include "kernel/inside.h"

#include <string.h>

#include "kernel/state.h"
#include "kernel/symbol.h"
#include "kernel/vm.h"

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
	size_t stack = kernel->arch->stack_size(&kernel->vm.tables.paging);
	size_t size = stack - top % stack;
	struct dill_error *error = kernel_read(kernel, top, words, size / 8 * 8);

	*ret_count = error ? 0 : size / 8;
	return error_forgive(error);
}

/* A CPU's registers when it was stopped in the kernel: a dump may have none, a target fewer CPUs.
 */
static struct dill_error *in_kernel(struct kernel *kernel, unsigned cpu,
				    struct dill_registers *registers, bool *ret)
{
	struct dill_error *error = target_registers(kernel_target(kernel), cpu, registers);

	*ret = !error && !kernel->arch->is_user(registers);
	return error_forgive(error);
}

struct dill_error *kernel_cpu_masked(struct kernel *kernel, unsigned cpu, bool *ret)
{
	struct dill_registers registers;

	TRY(in_kernel(kernel, cpu, &registers, ret));
	*ret = *ret && kernel->arch->is_masked(&registers);
	return NULL;
}

struct dill_error *kernel_cpu_inside(struct kernel *kernel, unsigned cpu,
				     const char *const *functions, bool *ret)
{
	_cleanup_(freep)
	uint64_t *words = malloc(kernel->arch->stack_size(&kernel->vm.tables.paging));
	struct dill_registers registers;
	size_t count;
	bool known;

	*ret = false;
	if (!words)
		return error_no_memory();
	TRY(in_kernel(kernel, cpu, &registers, &known));
	if (!known)
		return NULL;
	TRY(is_in(kernel, registers.ip, functions, ret));
	TRY(read_stack(kernel, registers.sp, words, &count));
	/* A return address points behind its call, which may end a function that never returns. */
	for (size_t i = 0; i < count && !*ret; i++)
		TRY(is_in(kernel, words[i] - 1, functions, ret));
	return NULL;
}
