/* SPDX-License-Identifier: MIT */
#include "trace/trace_members.h"

static const struct member_row rows[] = {
#define MEMBER(id, structs, paths, need, note) MEMBER_ROW(trace_members, id, structs, paths, need),
#include "trace/members.def"
#undef MEMBER
};

#define ROWS (sizeof(rows) / sizeof(*rows))

struct dill_error *trace_members_find(struct types *types, enum trace_need need,
				      struct trace_members *ret)
{
	static const char *const subjects[] = {
		[TRACE_REGISTERS] = "its struct pt_regs",
		[TRACE_CURRENT] = "its tasks",
	};
	const struct member_row *missing;

	members_resolve(members_of_types(types), rows, ROWS, ret);
	missing = need ? members_missing(rows, ROWS, ret, need) : NULL;
	if (!missing)
		return NULL;
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "the kernel's types do not describe %s: there is no struct %s with a "
			      "member %s",
			      subjects[need], missing->structs, missing->paths);
}
