/* SPDX-License-Identifier: MIT */
#ifndef DILL_ERROR_H
#define DILL_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

#define DILL_MUST_CHECK		 __attribute__((warn_unused_result))
#define DILL_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))

/**
 * What went wrong, in terms of what the caller can do about it. The set is closed; new causes get a
 * text, not a code.
 */
enum dill_error_code {
	DILL_ERROR_NO_MEMORY = 1,    /**< dill itself ran out of memory */
	DILL_ERROR_INVALID_ARGUMENT, /**< the request makes no sense: ask differently */
	DILL_ERROR_NOT_FOUND,	     /**< what was asked for by name is not there */
	DILL_ERROR_FAULT,	     /**< an address of the target could not be read */
	DILL_ERROR_BAD_DATA,	     /**< the target or file holds something impossible */
	DILL_ERROR_UNSUPPORTED,	     /**< the target, file or kernel lacks what is needed */
	DILL_ERROR_OS,		     /**< a system call of the host failed */
	DILL_ERROR_PROTOCOL,	     /**< the peer broke the remote protocol or went away */
	DILL_ERROR_INTERRUPTED,	     /**< the user asked to stop */
	DILL_ERROR_LIMIT,	     /**< a bound that protects dill was reached */
};

/**
 * A failed request. NULL means success everywhere in dill.
 *
 * An error says "I could not do what you asked". Something wrong *in* the target's heap is not an
 * error but a finding, and never stops a walk.
 */
struct dill_error;

/**
 * Make an error.
 *
 * @param code    what the caller can do about it
 * @param format  one line without a newline: what was wrong and what to do
 * @return the error; owned by the caller. Never NULL: with no memory left a static error is
 * returned.
 */
DILL_MUST_CHECK struct dill_error *dill_error_new(enum dill_error_code code, const char *format,
						  ...) DILL_PRINTF(2, 3);

/** Make an error from a host's @p errno_value; its text is appended after ": ". Owned by the
 * caller. */
DILL_MUST_CHECK struct dill_error *dill_error_new_os(int errno_value, const char *format, ...)
	DILL_PRINTF(2, 3);

/** Make a FAULT for @p address of the target. Owned by the caller. */
DILL_MUST_CHECK struct dill_error *dill_error_new_fault(uint64_t address, const char *format, ...)
	DILL_PRINTF(2, 3);

/**
 * Put context in front of an error's text, as "CONTEXT: text".
 *
 * @param error  taken over; may be NULL
 * @return the error with its context, owned by the caller; NULL when @p error is NULL
 */
DILL_MUST_CHECK struct dill_error *dill_error_add_context(struct dill_error *error,
							  const char *format, ...)
	DILL_PRINTF(2, 3);

/** The code of @p error, which must not be NULL. */
enum dill_error_code dill_error_code(const struct dill_error *error);

/** The target's address that a FAULT is about, else 0. */
uint64_t dill_error_address(const struct dill_error *error);

/** One line of text, no newline, no control characters; borrowed, valid until the error is freed.
 */
const char *dill_error_text(const struct dill_error *error);

/** Free an error; NULL is allowed. */
void dill_error_free(struct dill_error *error);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
