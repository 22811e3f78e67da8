/* SPDX-License-Identifier: MIT */
#include "kernel/jiffies.h"

#include "kernel/kernel_members.h"
#include "kernel/kernel_types.h"
#include "kernel/symbol.h"
#include "kernel/vm.h"

/* Ticks of 1 Hz to 10 kHz: what HZ can be. */
#define NANOSECONDS_MIN UINT64_C(100000)
#define NANOSECONDS_MAX UINT64_C(1000000000)

/* A member of at most 8 bytes of a struct at @p address. */
static struct dill_error *read_member(struct kernel *kernel, dill_virt address,
				      struct member member, uint64_t *ret)
{
	*ret = 0;
	if (member.bit_size || !member.size || member.size > sizeof(*ret))
		return dill_error_new(DILL_ERROR_BAD_DATA, "struct clocksource makes no sense");
	return kernel_read(kernel, address + member.offset, ret, member.size);
}

struct dill_error *kernel_jiffies(struct kernel *kernel, struct jiffies *ret)
{
	const struct kernel_members *members;
	uint64_t mult, shift;
	dill_virt source, now;

	TRY(kernel_members(kernel, NEED_CLOCK, &members));
	TRY(kernel_symbol(kernel, "clocksource_jiffies", &source));
	TRY(kernel_symbol(kernel, "jiffies_64", &now));
	TRY(kernel_read_u64(kernel, now, &ret->now));
	TRY(read_member(kernel, source, members->clock_mult, &mult));
	TRY(read_member(kernel, source, members->clock_shift, &shift));
	ret->nanoseconds = shift < 32 ? mult >> shift : 0;
	if (ret->nanoseconds < NANOSECONDS_MIN || ret->nanoseconds > NANOSECONDS_MAX)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "a jiffy of %lu ns, says clocksource_jiffies",
				      (unsigned long)ret->nanoseconds);
	return NULL;
}
