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

/**
 * Go on without what could not be had for the target's sake: @p error is freed, and NULL returned.
 * A fatal one is handed back.
 */
DILL_MUST_CHECK static inline struct dill_error *error_forgive(struct dill_error *error)
{
	if (error && error_is_fatal(error))
		return error;
	dill_error_free(error);
	return NULL;
}

/** Of two errors, either of which may be NULL, the first that there is; the other is freed. */
DILL_MUST_CHECK static inline struct dill_error *error_join(struct dill_error *first,
							    struct dill_error *second)
{
	if (!first)
		return second;
	dill_error_free(second);
	return first;
}

DEFINE_CLEANUP(struct dill_error *, dill_error_free)

#if defined(__clang_analyzer__) && !defined(DEFINES_ERRORS)
/*
 * clang's analyzer sees one file at a time: to it, error_no_memory() may well return NULL, and a
 * function that failed go on with what it did not get. This tells it that a new error is there.
 */
#define error_made(call)                                                                           \
	({                                                                                         \
		struct dill_error *made_ = (call);                                                 \
		if (!made_)                                                                        \
			__builtin_unreachable();                                                   \
		made_;                                                                             \
	})
#define error_no_memory()	  error_made(error_no_memory())
#define error_interrupted()	  error_made(error_interrupted())
#define dill_error_new(...)	  error_made(dill_error_new(__VA_ARGS__))
#define dill_error_new_os(...)	  error_made(dill_error_new_os(__VA_ARGS__))
#define dill_error_new_fault(...) error_made(dill_error_new_fault(__VA_ARGS__))
#endif

#endif
