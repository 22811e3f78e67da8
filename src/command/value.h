/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_VALUE_H
#define COMMAND_VALUE_H

#include "command/session.h"

/** What a value function is called with: a number, or a text. */
struct value_argument {
	bool is_number;
	uint64_t number;
	char *text; /**< of a number outside of GDB as it was typed; in GDB NULL then */
};

/** What a value function computes; between begin and end. */
typedef struct dill_error *(*value_function)(struct session *session,
					     const struct value_argument *argument, uint64_t *ret);

/** $kbase(): address of the kernel's image. */
DILL_MUST_CHECK struct dill_error *value_kbase(struct session *session,
					       const struct value_argument *argument,
					       uint64_t *ret);
/** $kcache("NAME"): of a struct kmem_cache. */
DILL_MUST_CHECK struct dill_error *value_kcache(struct session *session,
						const struct value_argument *argument,
						uint64_t *ret);
/** $kobj(ADDRESS): start of the object that it lies in. */
DILL_MUST_CHECK struct dill_error *value_kobj(struct session *session,
					      const struct value_argument *argument, uint64_t *ret);
/** $ktask(PID) or $ktask("NAME"): of a struct task_struct. */
DILL_MUST_CHECK struct dill_error *value_ktask(struct session *session,
					       const struct value_argument *argument,
					       uint64_t *ret);

/**
 * The value of "$kcache(kmalloc-64)" as people type it where no GDB evaluates it: quotes around the
 * argument may be left out.
 * @return NULL; INVALID_ARGUMENT when it is no such call; what the function fails with
 */
DILL_MUST_CHECK struct dill_error *value_call(struct session *session, const char *text,
					      uint64_t *ret);

#endif
