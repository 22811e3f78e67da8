/* SPDX-License-Identifier: MIT */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stddef.h>
#include <stdlib.h>

#include "base/error.h"

/** A growable array of TYPE: `ARRAY(uint64_t) list = {0};` then array_push(), array_free(). */
#define ARRAY(type)                                                                                \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t count, capacity;                                                            \
	}

/** Make room for @p more items of @p item_size bytes. NULL or NO_MEMORY; the array is unchanged on
 * error. */
DILL_MUST_CHECK struct dill_error *array_reserve_raw(void **items, size_t count, size_t *capacity,
						     size_t more, size_t item_size);

#define array_reserve(array, more)                                                                 \
	array_reserve_raw((void **)&(array)->items, (array)->count, &(array)->capacity, (more),    \
			  sizeof(*(array)->items))

/** Append @p value; NULL or NO_MEMORY. */
#define array_push(array, value)                                                                   \
	({                                                                                         \
		struct dill_error *push_error_ = array_reserve(array, 1);                          \
		if (!push_error_)                                                                  \
			(array)->items[(array)->count++] = (value);                                \
		push_error_;                                                                       \
	})

#define array_free(array)                                                                          \
	do {                                                                                       \
		free((array)->items);                                                              \
		(array)->items = NULL;                                                             \
		(array)->count = (array)->capacity = 0;                                            \
	} while (0)

#endif
