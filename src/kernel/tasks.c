/* SPDX-License-Identifier: MIT */
#include "kernel/tasks.h"

#include "kernel/kernel_types.h"
#include "kernel/symbol.h"
#include "kernel/task_read.h"
#include "kernel/task_ring.h"
#include "kernel/task_solve.h"
#include "kernel/task_votes.h"
#include "kernel/vm.h"

/* Tasks whose first pages are fetched ahead of the walk; later ones cost a round trip each. */
#define HINTS_MAX 4096
/* Tasks whose members are fetched together. */
#define BATCH 256

/* --- where they are --- */

static struct dill_error *find_pid_table(struct tasks *tasks)
{
	const struct kernel_members *m = tasks->members;
	struct dill_error *error;
	dill_virt namespace;

	if (!m->pid_numbers.present || !m->pid_tasks.present || !m->task_pid_link.present ||
	    !kernel_has_symbol(tasks->kernel, "init_pid_ns", &namespace))
		return NULL;
	error = xarray_layout_find(tasks->kernel, &tasks->xarray);
	if (error && error_is_fatal(error))
		return error;
	tasks->has_pid_table = !error;
	dill_error_free(error);
	tasks->pid_table = namespace + m->pid_numbers.offset;
	return NULL;
}

/* Where no type tells them: by what memory shows. */
static struct dill_error *find_members(struct tasks *tasks)
{
	struct dill_error *error, *other;

	error = kernel_members(tasks->kernel, NEED_TASKS, &tasks->members);
	if (!error)
		return kernel_symbol(tasks->kernel, "init_task", &tasks->init_task);
	if (dill_error_code(error) != DILL_ERROR_NOT_FOUND)
		return error;
	other = task_solve(tasks->kernel, &tasks->solved, &tasks->init_task);
	if (other && !error_is_fatal(other)) {
		dill_error_free(other); /* what would help is said by the first */
		return error;
	}
	dill_error_free(error);
	tasks->members = &tasks->solved;
	return other;
}

bool tasks_are_solved(const struct tasks *tasks)
{
	return tasks->members == &tasks->solved;
}

struct dill_error *tasks_new(struct kernel *kernel, struct tasks **ret)
{
	_cleanup_(tasks_freep)
	struct tasks *tasks = calloc(1, sizeof(*tasks));

	if (!tasks)
		return error_no_memory();
	tasks->kernel = kernel;
	TRY(find_members(tasks));
	if (kernel_types_file(kernel))
		TRY(task_votes_check(tasks));
	TRY(find_pid_table(tasks));
	*ret = steal(tasks);
	return NULL;
}

void tasks_free(struct tasks *tasks)
{
	free(tasks);
}

/* --- reading ahead --- */

/*
 * A list is read link by link, a round trip each. The pid table names the same tasks in a tree, so
 * that all of them can be asked for in a few: struct pids, then the tasks they lead to.
 */
static struct dill_error *prefetch_by_pid_table(const struct tasks *tasks)
{
	const struct kernel_members *m = tasks->members;
	struct xarray_entries pids = {0};
	struct dill_error *error;
	uint64_t head;
	size_t count = 0;

	if (!tasks->has_pid_table)
		return NULL;
	error = kernel_read_u64(tasks->kernel, tasks->pid_table, &head);
	if (!error)
		error = xarray_collect(tasks->kernel, &tasks->xarray, head, HINTS_MAX, &pids);
	if (!error)
		error = kernel_prefetch(tasks->kernel, pids.found.items, pids.found.count);
	for (size_t i = 0; !error && i < pids.found.count; i++) {
		uint64_t link;

		error = kernel_read_u64(tasks->kernel, pids.found.items[i] + m->pid_tasks.offset,
					&link);
		if (!error && is_kernel_pointer(link))
			pids.found.items[count++] =
				link - m->task_pid_link.offset + m->task_next.offset;
		(void)forgive(&error);
	}
	if (!error)
		error = kernel_prefetch(tasks->kernel, pids.found.items, count);
	(void)forgive(&error);
	array_free(&pids.found);
	return error;
}

/* Fetch what reading @count tasks touches: their members first, then what those lead to. */
static struct dill_error *prefetch_tasks(const struct tasks *tasks, const dill_virt *addresses,
					 size_t count, enum task_scope scope)
{
	const struct kernel_members *m = tasks->members;
	const struct member *members[] = {
		&m->task_pid,	&m->task_tgid, &m->task_comm,	    &m->task_parent,
		&m->task_state, &m->task_cpu,  &m->task_exit_state, &m->task_stack,
		&m->task_mm,	&m->task_cred, &m->task_signal,
	};
	_cleanup_(addresses_deinitp)
	struct addresses wanted = {0};

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < sizeof(members) / sizeof(*members); j++)
			if (members[j]->present)
				TRY(array_push(&wanted.found, addresses[i] + members[j]->offset));
	TRY(kernel_prefetch(tasks->kernel, wanted.found.items, wanted.found.count));

	wanted.found.count = 0;
	for (size_t i = 0; i < count; i++) {
		struct dill_error *error;
		uint64_t pointer;

		error = task_read_member(tasks, addresses[i], &m->task_cred, &pointer);
		if (!error)
			TRY(array_push(&wanted.found, pointer + m->cred_uid.offset));
		(void)forgive(&error);
		TRY(error);
		error = scope == TASK_SCOPE_THREADS
				? task_read_member(tasks, addresses[i], &m->task_signal, &pointer)
				: NULL;
		if (!error && scope == TASK_SCOPE_THREADS)
			TRY(array_push(&wanted.found, pointer + m->signal_next.offset));
		(void)forgive(&error);
		TRY(error);
	}
	return kernel_prefetch(tasks->kernel, wanted.found.items, wanted.found.count);
}

/* --- visiting --- */

static struct dill_error *visit(struct tasks *tasks, dill_virt address,
				const struct task_visitor *visitor)
{
	struct task task;
	struct dill_error *error = task_read(tasks, address, visitor, &task);

	if (forgive(&error))
		return report(visitor, &(struct task_finding){
					       .kind = TASK_FINDING_UNREADABLE,
					       .text = "a member cannot be read",
					       .task = address,
					       .address = address + tasks->members->task_pid.offset,
				       });
	TRY(error);
	return visitor->task(visitor->context, &task);
}

/* Visit the threads of @leader but not itself: it was visited, in a list or not. */
static struct dill_error *visit_other_threads(struct tasks *tasks, dill_virt leader,
					      const struct task_visitor *visitor)
{
	const struct kernel_members *m = tasks->members;
	struct task_ring ring = {
		RING_TEXTS("list of threads"), .head_next = &m->signal_next,
		.head_prev = &m->signal_prev,  .next = &m->task_thread_next,
		.prev = &m->task_thread_prev,
	};
	_cleanup_(addresses_deinitp)
	struct addresses threads = {0};
	unsigned has = 0;

	if (!m->signal_next.present || !m->signal_prev.present || !m->task_thread_next.present ||
	    !m->task_thread_prev.present)
		return NULL;
	TRY(task_read_field(tasks, leader, leader, &m->task_signal, TASK_TGID, visitor, &has,
			    &ring.head));
	if (!has)
		return NULL;
	if (!is_kernel_pointer(ring.head))
		return report(visitor,
			      &(struct task_finding){
				      .kind = TASK_FINDING_POINTER,
				      .text = "its signal_struct lies outside of the kernel",
				      .task = leader,
				      .address = leader + m->task_signal.offset,
			      });
	TRY(ring_collect(tasks, &ring, visitor, &threads));
	for (size_t i = 0; i < threads.found.count; i++)
		if (threads.found.items[i] != leader)
			TRY(visit(tasks, threads.found.items[i], visitor));
	return NULL;
}

/* The processes, without the idle task that holds the list together. */
static struct dill_error *collect_leaders(const struct tasks *tasks,
					  const struct task_visitor *visitor, struct addresses *ret)
{
	const struct kernel_members *m = tasks->members;
	struct task_ring ring = {
		RING_TEXTS("list of processes"), .head = tasks->init_task,
		.head_next = &m->task_next,	 .head_prev = &m->task_prev,
		.next = &m->task_next,		 .prev = &m->task_prev,
	};

	TRY(prefetch_by_pid_table(tasks));
	return ring_collect(tasks, &ring, visitor, ret);
}

struct dill_error *tasks_each(struct tasks *tasks, enum task_scope scope,
			      const struct task_visitor *visitor)
{
	_cleanup_(addresses_deinitp)
	struct addresses leaders = {0};

	TRY(collect_leaders(tasks, visitor, &leaders));
	for (size_t i = 0; i < leaders.found.count; i++) {
		dill_virt leader = leaders.found.items[i];
		size_t left = leaders.found.count - i;

		TRY(target_check_interrupt(kernel_target(tasks->kernel)));
		if (i % BATCH == 0)
			TRY(prefetch_tasks(tasks, &leaders.found.items[i],
					   left < BATCH ? left : BATCH, scope));
		TRY(visit(tasks, leader, visitor));
		if (scope == TASK_SCOPE_THREADS)
			TRY(visit_other_threads(tasks, leader, visitor));
	}
	return NULL;
}

struct dill_error *tasks_each_thread(struct tasks *tasks, const struct task *task,
				     const struct task_visitor *visitor)
{
	struct task leader = *task;

	if ((task->has & TASK_TGID) && task->tgid != task->pid)
		TRY(tasks_find(tasks, task->tgid, visitor, &leader));
	TRY(visitor->task(visitor->context, &leader));
	return visit_other_threads(tasks, leader.address, visitor);
}

/* --- finding --- */

/* The task that the pid table has for @pid; 0 when it has none. */
static struct dill_error *look_up(const struct tasks *tasks, uint32_t pid, dill_virt *ret)
{
	const struct kernel_members *m = tasks->members;
	uint64_t head, entry, link;

	TRY(kernel_read_u64(tasks->kernel, tasks->pid_table, &head));
	TRY(xarray_load(tasks->kernel, &tasks->xarray, head, pid, &entry));
	*ret = 0;
	if (!is_kernel_pointer(entry))
		return NULL;
	/* The first lists of struct pid and task_struct.pid_links are PIDTYPE_PID's. */
	TRY(kernel_read_u64(tasks->kernel, entry + m->pid_tasks.offset, &link));
	if (is_kernel_pointer(link))
		*ret = link - m->task_pid_link.offset;
	return NULL;
}

struct search {
	uint32_t pid;
	const struct task_visitor *visitor;
	bool found;
	struct task task;
};

static struct dill_error *search_task(void *context, const struct task *task)
{
	struct search *search = context;

	if (task->pid == search->pid && !search->found) {
		search->found = true;
		search->task = *task;
	}
	return NULL;
}

static struct dill_error *search_finding(void *context, const struct task_finding *finding)
{
	struct search *search = context;

	return report(search->visitor, finding);
}

static struct dill_error *find_by_walk(struct tasks *tasks, uint32_t pid,
				       const struct task_visitor *visitor, struct task *ret)
{
	struct search search = {.pid = pid, .visitor = visitor};
	struct task_visitor searching = {search_task, search_finding, &search};

	TRY(tasks_each(tasks, TASK_SCOPE_THREADS, &searching));
	if (!search.found)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "no task with pid %u", pid);
	*ret = search.task;
	return NULL;
}

struct dill_error *tasks_find(struct tasks *tasks, uint32_t pid, const struct task_visitor *visitor,
			      struct task *ret)
{
	struct task task = {0};
	struct dill_error *error;
	dill_virt address = 0;

	if (pid == 0)
		return task_read(tasks, tasks->init_task, visitor, ret);
	if (!tasks->has_pid_table)
		return find_by_walk(tasks, pid, visitor, ret);

	error = look_up(tasks, pid, &address);
	if (!error && !address)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "no task with pid %u", pid);
	if (!error)
		error = task_read(tasks, address, visitor, &task);
	if (!error && task.pid == pid) {
		*ret = task;
		return NULL;
	}
	if (error && !forgive(&error))
		return error;
	TRY(report(visitor,
		   &(struct task_finding){
			   .kind = TASK_FINDING_POINTER,
			   .text = "the table of pids does not lead to the task with this pid",
			   .task = address,
			   .address = tasks->pid_table,
			   .has_values = task.address != 0,
			   .expected = pid,
			   .seen = task.pid,
		   }));
	return find_by_walk(tasks, pid, visitor, ret);
}
