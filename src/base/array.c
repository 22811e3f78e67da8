/* SPDX-License-Identifier: MIT */
#include "base/array.h"

struct dill_error *array_reserve_raw(void **items, size_t count, size_t *capacity, size_t more,
				     size_t item_size)
{
	if (more <= *capacity - count)
		return NULL;

	size_t wanted = *capacity ? *capacity : 8;

	while (wanted - count < more) {
		if (__builtin_mul_overflow(wanted, 2, &wanted))
			return error_no_memory();
	}
	void *grown = reallocarray(*items, wanted, item_size);

	if (!grown)
		return error_no_memory();
	*items = grown;
	*capacity = wanted;
	return NULL;
}
