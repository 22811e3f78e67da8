/* SPDX-License-Identifier: MIT */
#include "symbols/symbols_members.h"

static const struct member_row rows[] = {
#define MEMBER(id, structs, paths, need, note)                                                     \
	MEMBER_ROW(symbols_members, id, structs, paths, need),
#include "symbols/members.def"
#undef MEMBER
};

#define ROWS (sizeof(rows) / sizeof(*rows))

struct dill_error *symbols_members_find(struct types *types, enum symbols_need need,
					struct symbols_members *ret)
{
	static const char *const subjects[] = {
		[SYMBOLS_ORC] = "its struct orc_entry",
		[SYMBOLS_REGISTERS] = "its struct pt_regs",
		[SYMBOLS_MODULE_ORC] = "how its modules are unwound",
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
