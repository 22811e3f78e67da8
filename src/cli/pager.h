/* SPDX-License-Identifier: MIT */
#ifndef CLI_PAGER_H
#define CLI_PAGER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/**
 * A pager for one answer: $DILL_PAGER, else $PAGER, else less; as git does it. "cat" or "" is none.
 * Where LESS is not set, less gets -FRX: it ends by itself when the answer fits the screen.
 *
 * It is started with the first bytes, so that an answer without any, and an error, need none. Who
 * leaves it early has seen enough: the rest is dropped, and that is no error.
 */
struct pager {
	int pipe; /* to the pager; -1 = none runs */
	int pid;
	bool tried; /* to start one; once for an answer */
	bool left;  /* by its user, before the end */
};

#define PAGER_NONE                                                                                 \
	(struct pager)                                                                             \
	{                                                                                          \
		.pipe = -1                                                                         \
	}

/** The pager's command; NULL when answers go to the terminal directly. */
const char *pager_command(void);

/**
 * Write to the pager, which is started when it does not run.
 * @param ret_taken  false: there is no pager, the bytes are still to be written
 */
DILL_MUST_CHECK struct dill_error *pager_write(struct pager *pager, const char *bytes,
					       size_t length, bool *ret_taken);

/** Wait until its user leaves the pager, if one runs. Ctrl-C is the pager's meanwhile. */
void pager_end(struct pager *pager);

#endif
