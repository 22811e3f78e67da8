/* SPDX-License-Identifier: MIT */
#include "kernel/kernel.h"

/* Numbers, for tests that have a kernel_read() of their own. */

struct dill_error *kernel_read_u8(struct kernel *kernel, dill_virt address, uint8_t *ret)
{
	return kernel_read(kernel, address, ret, sizeof(*ret));
}

struct dill_error *kernel_read_u32(struct kernel *kernel, dill_virt address, uint32_t *ret)
{
	return kernel_read(kernel, address, ret, sizeof(*ret));
}

struct dill_error *kernel_read_u64(struct kernel *kernel, dill_virt address, uint64_t *ret)
{
	return kernel_read(kernel, address, ret, sizeof(*ret));
}
