/* SPDX-License-Identifier: MIT */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

#include <dill/error.h>

#include "base/cleanup.h"

/** The static error for "out of memory": needs no memory itself. */
DILL_MUST_CHECK struct dill_error *error_no_memory(void);

/** The static error for "the user asked to stop". */
DILL_MUST_CHECK struct dill_error *error_interrupted(void);

/** Return from the calling function when @p expression yields an error. */
#define TRY(expression)                                                                            \
	do {                                                                                       \
		struct dill_error *try_error_ = (expression);                                      \
		if (try_error_)                                                                    \
			return try_error_;                                                         \
	} while (0)

/** The codes that end a walk, as opposed to a page that merely could not be read. */
static inline bool error_is_fatal(const struct dill_error *error)
{
	switch (dill_error_code(error)) {
	case DILL_ERROR_NO_MEMORY:
	case DILL_ERROR_OS:
	case DILL_ERROR_PROTOCOL:
	case DILL_ERROR_INTERRUPTED:
		return true;
	default:
		return false;
	}
}

DEFINE_CLEANUP(struct dill_error *, dill_error_free)

#endif
