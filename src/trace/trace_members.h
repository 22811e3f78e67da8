/* SPDX-License-Identifier: MIT */
#ifndef TRACE_TRACE_MEMBERS_H
#define TRACE_TRACE_MEMBERS_H

#include "types/members.h"

/** Readers that need all of some members. */
enum trace_need {
	TRACE_OPTIONAL,
	TRACE_REGISTERS,
	TRACE_CURRENT,
};

/** Where the members lie that the tracer reads: members.def. */
struct trace_members {
#define MEMBER(id, structs, paths, need, note) struct member id;
#include "trace/members.def"
#undef MEMBER
};

/**
 * Look them up.
 * @return NULL; UNSUPPORTED when a member is missing that @p need cannot do without
 */
DILL_MUST_CHECK struct dill_error *trace_members_find(struct types *types, enum trace_need need,
						      struct trace_members *ret);

#endif
