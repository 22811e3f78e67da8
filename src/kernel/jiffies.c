/* SPDX-License-Identifier: MIT */
#include "kernel/kernel.h"

/* Ticks of 1 Hz to 10 kHz: what HZ can be. */
#define NANOSECONDS_MIN UINT64_C(100000)
#define NANOSECONDS_MAX UINT64_C(1000000000)

/* A member of at most 8 bytes of a struct at @p address. */
static struct dill_error *read_member(struct kernel *kernel, struct types *types, dill_virt address,
				      const char *type, const char *name, uint64_t *ret)
{
	struct type_place place;
	type_id id;

	*ret = 0;
	if (!types_has_struct(types, type, &id) || !types_has_member(types, id, name, &place) ||
	    place.bit_size || !place.size || place.size > sizeof(*ret))
		return dill_error_new(DILL_ERROR_NOT_FOUND, "struct %s has no %s", type, name);
	return kernel_read(kernel, address + place.bit_offset / 8, ret, (size_t)place.size);
}

struct dill_error *kernel_jiffies(struct kernel *kernel, struct jiffies *ret)
{
	uint64_t mult, shift;
	struct types *types;
	dill_virt source, now;

	TRY(kernel_types(kernel, &types));
	TRY(kernel_symbol(kernel, "clocksource_jiffies", &source));
	TRY(kernel_symbol(kernel, "jiffies_64", &now));
	TRY(kernel_read_u64(kernel, now, &ret->now));
	TRY(read_member(kernel, types, source, "clocksource", "mult", &mult));
	TRY(read_member(kernel, types, source, "clocksource", "shift", &shift));
	ret->nanoseconds = shift < 32 ? mult >> shift : 0;
	if (ret->nanoseconds < NANOSECONDS_MIN || ret->nanoseconds > NANOSECONDS_MAX)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "a jiffy of %lu ns, says clocksource_jiffies",
				      (unsigned long)ret->nanoseconds);
	return NULL;
}
