/* SPDX-License-Identifier: MIT */
#include "kernel/task_private.h"

enum need { OPTIONAL, REQUIRED };

#define FIELD(name) offsetof(struct task_layout, name)

static const struct {
	size_t field;
	enum need need;
	const char *type;
	const char *paths[2]; /* newest name first */
} table[] = {
	{FIELD(tasks_next), REQUIRED, "task_struct", {"tasks.next"}},
	{FIELD(tasks_prev), REQUIRED, "task_struct", {"tasks.prev"}},
	{FIELD(pid), REQUIRED, "task_struct", {"pid"}},
	{FIELD(tgid), REQUIRED, "task_struct", {"tgid"}},
	{FIELD(comm), REQUIRED, "task_struct", {"comm"}},
	{FIELD(parent), REQUIRED, "task_struct", {"real_parent"}},
	/* 2f064a59a11f "sched: Change task_struct::state" (5.14) */
	{FIELD(state), REQUIRED, "task_struct", {"__state", "state"}},
	{FIELD(exit_state), REQUIRED, "task_struct", {"exit_state"}},
	/* bcf9033e5449 "sched: move CPU field back into thread_info ..." (5.16) */
	{FIELD(cpu), OPTIONAL, "task_struct", {"thread_info.cpu", "cpu"}},
	{FIELD(cred), OPTIONAL, "task_struct", {"real_cred"}},
	{FIELD(stack), OPTIONAL, "task_struct", {"stack"}},
	{FIELD(mm), OPTIONAL, "task_struct", {"mm"}},
	{FIELD(signal), OPTIONAL, "task_struct", {"signal"}},
	{FIELD(thread_next), OPTIONAL, "task_struct", {"thread_node.next"}},
	{FIELD(thread_prev), OPTIONAL, "task_struct", {"thread_node.prev"}},
	{FIELD(pid_link), OPTIONAL, "task_struct", {"pid_links"}},
	{FIELD(uid), OPTIONAL, "cred", {"uid.val"}},
	{FIELD(head_next), OPTIONAL, "signal_struct", {"thread_head.next"}},
	{FIELD(head_prev), OPTIONAL, "signal_struct", {"thread_head.prev"}},
	{FIELD(pid_tasks), OPTIONAL, "pid", {"tasks"}},
	{FIELD(pids), OPTIONAL, "pid_namespace", {"idr.idr_rt.xa_head"}},
};

static bool find_member(struct types *types, const char *type, const char *path, struct member *ret)
{
	struct type_place place;
	type_id id;

	if (!types_has_struct(types, type, &id) || !types_has_member(types, id, path, &place))
		return false;
	*ret = (struct member){true, place.bit_offset / 8, place.size};
	return true;
}

static struct dill_error *find_layout(struct types *types, struct task_layout *ret)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct member *member = (void *)((char *)ret + table[i].field);

		for (size_t j = 0; j < 2 && table[i].paths[j] && !member->found; j++)
			(void)find_member(types, table[i].type, table[i].paths[j], member);
		if (!member->found && table[i].need == REQUIRED)
			return dill_error_new(DILL_ERROR_NOT_FOUND,
					      "the kernel's struct %s has no member %s",
					      table[i].type, table[i].paths[0]);
	}
	return NULL;
}

static struct dill_error *find_pid_table(struct tasks *tasks, struct types *types)
{
	const struct task_layout *layout = &tasks->layout;
	struct dill_error *error;
	dill_virt namespace;

	if (!layout->pids.found || !layout->pid_tasks.found || !layout->pid_link.found ||
	    !kernel_has_symbol(tasks->kernel, "init_pid_ns", &namespace))
		return NULL;
	error = xarray_layout_find(types, &tasks->xarray);
	if (error && error_is_fatal(error))
		return error;
	tasks->has_pid_table = !error;
	dill_error_free(error);
	tasks->pid_table = namespace + layout->pids.offset;
	return NULL;
}

struct dill_error *tasks_new(struct kernel *kernel, struct tasks **ret)
{
	_cleanup_(tasks_freep)
	struct tasks *tasks = calloc(1, sizeof(*tasks));
	struct types *types;

	if (!tasks)
		return error_no_memory();
	tasks->kernel = kernel;
	TRY(kernel_types(kernel, &types));
	TRY(find_layout(types, &tasks->layout));
	TRY(kernel_symbol(kernel, "init_task", &tasks->init_task));
	TRY(find_pid_table(tasks, types));
	*ret = steal(tasks);
	return NULL;
}

void tasks_free(struct tasks *tasks)
{
	free(tasks);
}
