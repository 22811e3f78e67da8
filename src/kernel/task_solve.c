/* SPDX-License-Identifier: MIT */
#include "kernel/task_solve.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "kernel/roots.h"
#include "kernel/symbol.h"
#include "kernel/task_private.h"
#include "kernel/vm.h"

#define IDLE_NAME "swapper"
#define COMM_SIZE 16u /* include/linux/sched.h TASK_COMM_LEN */
/* How far from its entry in the list of tasks the members of one are looked for, in bytes. */
#define REACH 0x1800
/* What a task_struct may have; by a symbol its name is looked for so far. */
#define TASK_BYTES 0x4000u
/* Processes that vote, and that there are at least: init_task, init, kthreadd and some. */
#define TASKS_MAX 64u
#define TASKS_MIN 5u
#define PID_LIMIT (4u << 20)
#define NEARLY	  97u /* of hundred */

/* A task by its entry in the list, with what surrounds that. */
struct around {
	dill_virt link;
	uint8_t bytes[2 * REACH];
};

struct finder {
	struct kernel *kernel;
	ARRAY(struct around) tasks; /* init_task first */
	dill_virt comm;		    /* of init_task */
};

static uint64_t word(const struct around *task, int distance)
{
	uint64_t value;

	memcpy(&value, task->bytes + REACH + distance, sizeof(value));
	return value;
}

static uint32_t half(const struct around *task, int distance)
{
	uint32_t value;

	memcpy(&value, task->bytes + REACH + distance, sizeof(value));
	return value;
}

static bool read_word(struct kernel *kernel, dill_virt address, uint64_t *ret)
{
	struct dill_error *error = kernel_read_u64(kernel, address, ret);

	dill_error_free(error);
	return !error;
}

/* --- the list --- */

static bool is_name(const char *text)
{
	size_t length = strnlen(text, COMM_SIZE);

	for (size_t i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] == 0x7f)
			return false;
	return length && length < COMM_SIZE;
}

static bool has_name(struct kernel *kernel, dill_virt address)
{
	char text[COMM_SIZE];
	struct dill_error *error = kernel_read(kernel, address, text, sizeof(text));

	dill_error_free(error);
	return !error && is_name(text);
}

/* Follow the list at @p head; how many entries it has, with names at @p distance: 0 when it does
 * not close, or has others. */
static struct dill_error *count_tasks(struct finder *finder, dill_virt head, uint64_t distance,
				      unsigned *ret)
{
	dill_virt at = head;
	unsigned count = 0, named = 0;

	*ret = 0;
	do {
		uint64_t next, back;

		if (!read_word(finder->kernel, at, &next) || !is_kernel_pointer(next) ||
		    !read_word(finder->kernel, next + 8, &back) || back != at)
			return NULL;
		count++;
		named += has_name(finder->kernel, at + distance);
		if (count == 3 && named < 3)
			return NULL;
		at = next;
	} while (at != head && count < PID_LIMIT / 64);
	if (at == head && named * 100 >= count * NEARLY)
		*ret = count;
	return target_check_interrupt(kernel_target(finder->kernel));
}

static struct dill_error *collect(struct finder *finder, dill_virt head)
{
	dill_virt at = head;

	do {
		struct around task = {.link = at};
		struct dill_error *error =
			kernel_read(finder->kernel, at - REACH, task.bytes, sizeof(task.bytes));
		bool failed = error;

		TRY(error_forgive(error));
		if (!failed)
			TRY(array_push(&finder->tasks, task));
		if (!read_word(finder->kernel, at, &at))
			break;
	} while (at != head && finder->tasks.count < TASKS_MAX);
	return NULL;
}

/* The list of tasks around a name: of those that close the one with most names. */
static struct dill_error *find_list(struct finder *finder, dill_virt comm)
{
	dill_virt best = 0;
	unsigned most = 0, equals = 0;

	for (dill_virt at = (comm & ~UINT64_C(7)) - REACH; at < comm + REACH; at += 8) {
		unsigned count;

		TRY(count_tasks(finder, at, comm - at, &count));
		if (count < TASKS_MIN || count < most)
			continue;
		equals = count > most ? 1 : equals + 1;
		most = count;
		best = at;
	}
	if (equals != 1)
		return NULL;
	finder->tasks.count = 0;
	finder->comm = comm;
	return collect(finder, best);
}

/* Where init_task's name is: in the struct when a symbol tells that, else anywhere in the image. */
static struct dill_error *find_in_struct(struct finder *finder, dill_virt init_task)
{
	_cleanup_(freep)
	uint8_t *bytes = calloc(1, TASK_BYTES);
	const uint8_t *name;

	if (!bytes)
		return error_no_memory();
	TRY(error_forgive(kernel_read(finder->kernel, init_task, bytes, TASK_BYTES)));
	name = memmem(bytes, TASK_BYTES, IDLE_NAME, strlen(IDLE_NAME));
	return name ? find_list(finder, init_task + (dill_virt)(name - bytes)) : NULL;
}

static struct dill_error *find_tasks(struct finder *finder)
{
	const dill_virt *names;
	dill_virt init_task;
	size_t count;

	if (kernel_has_symbol(finder->kernel, "init_task", &init_task))
		return find_in_struct(finder, init_task);
	kernel_idle_names(finder->kernel, &names, &count);
	for (size_t i = 0; i < count && !finder->tasks.count; i++)
		TRY(find_list(finder, names[i]));
	return NULL;
}

/* --- the members --- */

/* pid: 0, then 1 and 2, in each task another one, and tgid behind it is the same. */
static bool is_pid(const struct finder *finder, int distance)
{
	const struct around *tasks = finder->tasks.items;
	size_t good = 0;

	for (uint32_t i = 0; i < 3; i++)
		if (half(&tasks[i], distance) != i)
			return false;
	for (size_t i = 0; i < finder->tasks.count; i++) {
		uint32_t pid = half(&tasks[i], distance);

		good += pid < PID_LIMIT && (pid || !i) && pid == half(&tasks[i], distance + 4);
	}
	return good * 100 >= finder->tasks.count * NEARLY;
}

/* real_parent: init_task of init_task, init and kthreadd; of all others a task. */
static bool is_parent(const struct finder *finder, int distance, dill_virt *ret)
{
	const struct around *tasks = finder->tasks.items;

	*ret = word(&tasks[0], distance);
	if (*ret > tasks[0].link || *ret > finder->comm || finder->comm - *ret > TASK_BYTES)
		return false;
	for (size_t i = 1; i < finder->tasks.count; i++)
		if (i < 3 ? word(&tasks[i], distance) != *ret
			  : !is_kernel_pointer(word(&tasks[i], distance)))
			return false;
	return is_kernel_pointer(*ret);
}

static struct member at_offset(const struct finder *finder, dill_virt base, int distance,
			       uint32_t size)
{
	return (struct member){
		.present = true,
		.offset = (uint32_t)(finder->tasks.items[0].link + (uint64_t)(int64_t)distance -
				     base),
		.size = size,
	};
}

/* real_parent, and parent behind it, which is the same but for a task that is traced. */
static unsigned find_parent(const struct finder *finder, int *ret, dill_virt *ret_base)
{
	unsigned found = 0;
	dill_virt base;

	for (int at = -REACH; at + 8 <= REACH; at += 8)
		if (is_parent(finder, at, &base) && !found++) {
			*ret = at;
			*ret_base = base;
		}
	return found;
}

static struct dill_error *find_members(const struct finder *finder, struct kernel_members *ret,
				       dill_virt *ret_init_task)
{
	int pid = 0, parent = 0;
	unsigned pids = 0, parents = find_parent(finder, &parent, ret_init_task);
	dill_virt base = *ret_init_task;

	for (int at = -REACH; at + 8 <= REACH; at += 4)
		if (is_pid(finder, at)) {
			pid = at;
			pids++;
		}
	if (pids != 1 || !parents)
		return dill_error_new(DILL_ERROR_NOT_FOUND,
				      "%u places for the pid, %u for the parent of %zu tasks", pids,
				      parents, finder->tasks.count);
	ret->task_next = at_offset(finder, base, 0, 8);
	ret->task_prev = at_offset(finder, base, 8, 8);
	ret->task_pid = at_offset(finder, base, pid, 4);
	ret->task_tgid = at_offset(finder, base, pid + 4, 4);
	ret->task_comm =
		at_offset(finder, base, (int)(int64_t)(finder->comm - finder->tasks.items[0].link),
			  COMM_SIZE);
	ret->task_parent = at_offset(finder, base, parent, 8);
	return NULL;
}

struct dill_error *task_solve(struct kernel *kernel, struct kernel_members *ret,
			      dill_virt *ret_init_task)
{
	struct finder finder = {.kernel = kernel};
	struct dill_error *error = find_tasks(&finder);

	if (!error && finder.tasks.count < TASKS_MIN)
		error = dill_error_new(DILL_ERROR_NOT_FOUND,
				       "no list of tasks around \"" IDLE_NAME "\" in the image");
	*ret_init_task = 0;
	if (!error)
		error = find_members(&finder, ret, ret_init_task);
	array_free(&finder.tasks);
	return error;
}
