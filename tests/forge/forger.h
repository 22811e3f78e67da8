/* SPDX-License-Identifier: MIT */
#ifndef FORGE_FORGER_H
#define FORGE_FORGER_H

#include "command/session.h"
#include "fields.h"
#include "forged_target.h"

/** What a forger knows of a healthy target: where to hit, and what to put there. */
struct forger {
	struct forged_target target;
	struct session *session; /**< on the target */
	struct fields fields;
	/** Pages that commands read, with the space in the low bits: those that the kernel was
	 * found by, and those of the heap. */
	ARRAY(uint64_t) early;
	ARRAY(uint64_t) later;
};

/** Open a recording, find its kernel, and run every command once on it. */
DILL_MUST_CHECK struct dill_error *forger_open(const char *path, struct forger *ret);
void forger_close(struct forger *forger);

/** Which pages the values that are put blindly mostly lie in. */
enum forge_aim { FORGE_HEAP, FORGE_KERNEL };

/** Put false values into the target: mostly one or a few, seldom many. */
DILL_MUST_CHECK struct dill_error *forger_forge(struct forger *forger, enum forge_aim aim,
						struct dice *dice);

#endif
