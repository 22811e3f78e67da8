/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_KERNEL_MEMBERS_H
#define KERNEL_KERNEL_MEMBERS_H

#include "types/members.h"

/** Readers of the kernel's structures that need all of some members. */
enum kernel_need {
	NEED_NONE,
	NEED_TASKS,
	NEED_MODULES,
	NEED_MODULE_SYMBOLS,
	NEED_AREAS,
	NEED_CLOCK,
	NEED_XARRAY,
};

/** Where the members lie that the kernel room reads: members.def. */
struct kernel_members {
#define MEMBER(id, structs, paths, need, note) struct member id;
#include "kernel/members.def"
#undef MEMBER
};

/** Find all members. */
void kernel_members_resolve(struct member_source source, struct kernel_members *ret);
/** The row of members.def with an id; NULL when there is none. */
const struct member_row *kernel_members_row(const char *id);
/** The row of members.def behind a field of struct kernel_members; it exists. */
const struct member_row *kernel_members_row_at(size_t field);
/** UNSUPPORTED when a member is missing that @p need cannot do without. */
DILL_MUST_CHECK struct dill_error *kernel_members_need(const struct kernel_members *members,
						       enum kernel_need need);

#endif
