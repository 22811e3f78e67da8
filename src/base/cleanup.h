/* SPDX-License-Identifier: MIT */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdlib.h>

/** Scope guard: `_cleanup_(x_freep) struct x *p = NULL;` frees p on every way out of the scope. */
#define _cleanup_(function) __attribute__((cleanup(function)))

/** Define `DESTRUCTORp`, the guard that calls @p destructor (which accepts NULL) on a variable of
 * type @p type. */
#define DEFINE_CLEANUP(type, destructor)                                                           \
	static inline void destructor##p(type *variable) /* NOLINT(bugprone-macro-parentheses) */  \
	{                                                                                          \
		destructor(*variable);                                                             \
	}

static inline void freep(void *variable)
{
	free(*(void **)variable);
}

/** Hand ownership out of a guarded variable: the guard then finds NULL. */
#define steal(pointer)                                                                             \
	({                                                                                         \
		__typeof__(pointer) stolen_ = (pointer);                                           \
		(pointer) = NULL;                                                                  \
		stolen_;                                                                           \
	})

#endif
