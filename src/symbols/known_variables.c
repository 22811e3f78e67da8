/* SPDX-License-Identifier: MIT */
#include "symbols/known_variables.h"

#include <string.h>

#include "kernel/symbol.h"
#include "kernel/vm.h"
#include "symbols/symbols_members.h"

#define FIRST_TASK "swapper"

/* What of memory is being looked at. */
struct look {
	struct kernel *kernel;
	struct symbols_members m;
};

static struct dill_error *is_first_task(const struct look *look, dill_virt address, bool *ret)
{
	char name[sizeof(FIRST_TASK) - 1];

	if (!look->m.task_comm.present)
		return NULL;
	TRY(kernel_read(look->kernel, address + look->m.task_comm.offset, name, sizeof(name)));
	*ret = memcmp(name, FIRST_TASK, sizeof(name)) == 0;
	return NULL;
}

/* What follows the head names it as the one before. */
static struct dill_error *is_list(const struct look *look, dill_virt address, bool *ret)
{
	dill_virt next, back;

	if (!look->m.list_next.present || !look->m.list_prev.present)
		return NULL;
	TRY(kernel_read_u64(look->kernel, address + look->m.list_next.offset, &next));
	TRY(kernel_read_u64(look->kernel, next + look->m.list_prev.offset, &back));
	*ret = back == address;
	return NULL;
}

/* Source: include/linux/sched/task.h, mm/slab.h, kernel/module/internal.h */
static const struct {
	const char *name, *type;
	struct dill_error *(*check)(const struct look *look, dill_virt address, bool *ret);
} candidates[] = {
	{"init_task", "task_struct", is_first_task},
	{"slab_caches", "list_head", is_list},
	{"modules", "list_head", is_list},
};

_Static_assert(sizeof(candidates) / sizeof(*candidates) <= KNOWN_VARIABLES_MAX, "room for all");

struct dill_error *known_variables_find(struct kernel *kernel, struct types *types,
					struct known_variables *ret)
{
	struct look look = {.kernel = kernel};

	*ret = (struct known_variables){0};
	TRY(symbols_members_find(types, SYMBOLS_OPTIONAL, &look.m));
	for (size_t i = 0; i < sizeof(candidates) / sizeof(*candidates); i++) {
		struct known_variable *item = &ret->items[ret->count];
		struct dill_error *error;
		bool holds = false;

		item->name = candidates[i].name;
		if (!kernel_has_symbol(kernel, item->name, &item->address) ||
		    !types_has_struct(types, candidates[i].type, &item->type))
			continue;
		error = candidates[i].check(&look, item->address, &holds);
		if (error && error_is_fatal(error))
			return error;
		dill_error_free(error); /* not readable: not known */
		ret->count += holds && !error;
	}
	return NULL;
}
