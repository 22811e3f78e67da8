/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_SYMBOLS_MEMBERS_H
#define SYMBOLS_SYMBOLS_MEMBERS_H

#include "types/members.h"

/** Readers that need all of some members. */
enum symbols_need {
	SYMBOLS_OPTIONAL,
	SYMBOLS_ORC,
	SYMBOLS_MODULE_ORC,
	SYMBOLS_REGISTERS,
};

/** Where the members lie that this room reads: members.def. */
struct symbols_members {
#define MEMBER(id, structs, paths, need, note) struct member id;
#include "symbols/members.def"
#undef MEMBER
};

/**
 * Look them up.
 * @return NULL; UNSUPPORTED when a member is missing that @p need cannot do without
 */
DILL_MUST_CHECK struct dill_error *symbols_members_find(struct types *types, enum symbols_need need,
							struct symbols_members *ret);

#endif
