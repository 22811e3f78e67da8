/* SPDX-License-Identifier: MIT */
#include "trace/reboot.h"

struct dill_error *boot_clock_start(struct kernel *kernel, struct peek *peek,
				    struct boot_clock *ret)
{
	*ret = (struct boot_clock){0};
	if (!kernel_has_symbol(kernel, "jiffies_64", &ret->address) &&
	    !kernel_has_symbol(kernel, "jiffies", &ret->address))
		return NULL;
	return peek_u64(peek, ret->address, &ret->last);
}

struct dill_error *boot_clock_check(struct boot_clock *clock, struct peek *peek, bool *ret_again)
{
	struct dill_error *error;
	uint64_t now = 0;

	*ret_again = false;
	if (!clock->address)
		return NULL;
	error = peek_u64(peek, clock->address, &now);
	if (error && error_is_fatal(error))
		return error;
	*ret_again = error || now < clock->last;
	dill_error_free(error);
	clock->last = now;
	return NULL;
}
