/* SPDX-License-Identifier: MIT */
#include "kernel/kernel_members.h"

#include <string.h>

static const struct member_row rows[] = {
#define MEMBER(id, structs, paths, need, note) MEMBER_ROW(kernel_members, id, structs, paths, need),
#include "kernel/members.def"
#undef MEMBER
};

#define ROWS (sizeof(rows) / sizeof(*rows))

void kernel_members_resolve(struct member_source source, struct kernel_members *ret)
{
	members_resolve(source, rows, ROWS, ret);
}

const struct member_row *kernel_members_row(const char *id)
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].id, id))
			return &rows[i];
	return NULL;
}

const struct member_row *kernel_members_row_at(size_t field)
{
	const struct member_row *row = rows;

	while (row->field != field)
		row++;
	return row;
}

struct dill_error *kernel_members_need(const struct kernel_members *members, enum kernel_need need)
{
	static const char *const subjects[] = {
		[NEED_TASKS] = "tasks",
		[NEED_MODULES] = "modules",
		[NEED_MODULE_SYMBOLS] = "symbols of modules",
		[NEED_AREAS] = "vmalloc areas",
		[NEED_CLOCK] = "clocks",
		[NEED_XARRAY] = "XArrays",
	};
	const struct member_row *missing = need ? members_missing(rows, ROWS, members, need) : NULL;

	if (!missing)
		return NULL;
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "the types do not describe %s: there is no struct %s with "
			      "a member %s",
			      subjects[need], missing->structs, missing->paths);
}
