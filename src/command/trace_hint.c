/* SPDX-License-Identifier: MIT */
#include "command/trace_hint.h"

#include <fnmatch.h>
#include <inttypes.h>

#include "base/strbuf.h"
#include "base/suggest.h"
#include "kernel/tasks.h"
#include "slub/cache.h"

/* Names of idle tasks, which are in no list: "swapper/0". */
#define IDLE_NAME "swapper/0"

struct search {
	const struct trace_filter *filter;
	struct suggest suggest;
	struct strbuf text; /* a task's name, printable */
	bool found, incomplete;
};

/* --- tasks --- */

static struct dill_error *see_task(void *context, const struct task *task)
{
	struct search *search = context;
	const struct trace_filter *filter = search->filter;
	bool is = !filter->has_pid || task->pid == filter->pid || task->tgid == filter->pid;

	if (filter->name && fnmatch(filter->name, task->comm, 0) != 0) {
		strbuf_clear(&search->text);
		strbuf_append_escaped(&search->text, task->comm, task->comm_length);
		suggest_offer(&search->suggest, strbuf_get(&search->text));
		is = false;
	}
	search->found |= is;
	return strbuf_error(&search->text);
}

static struct dill_error *see_finding(void *context, const struct task_finding *finding)
{
	(void)finding;
	((struct search *)context)->incomplete = true;
	return NULL;
}

static struct dill_error *read_tasks(struct kernel *kernel, struct search *search)
{
	const struct task_visitor visitor = {see_task, see_finding, search};
	_cleanup_(tasks_freep)
	struct tasks *tasks = NULL;

	TRY(tasks_new(kernel, &tasks));
	return tasks_each(tasks, TASK_SCOPE_THREADS, &visitor);
}

static bool follows_idle_task(const struct trace_filter *filter)
{
	return filter->name ? !fnmatch(filter->name, IDLE_NAME, 0) && !filter->has_pid
			    : filter->pid == 0;
}

static void say_no_task(struct kernel *kernel, struct search *search)
{
	const struct trace_filter *filter = search->filter;
	struct target *target = kernel_target(kernel);

	if (filter->name && filter->has_pid)
		target_log(target,
			   "no task is called \"%s\" and has the number %" PRIu32
			   " yet%s: waiting for one",
			   filter->name, filter->pid, suggest_text(&search->suggest));
	else if (filter->name)
		target_log(target, "no task is called \"%s\" yet%s: waiting for one", filter->name,
			   suggest_text(&search->suggest));
	else
		target_log(target, "no task has the number %" PRIu32 " yet: waiting for one",
			   filter->pid);
}

static struct dill_error *look_for_task(struct kernel *kernel, const struct trace_filter *filter)
{
	struct search search = {.filter = filter};
	struct dill_error *error;

	if ((!filter->name && !filter->has_pid) || follows_idle_task(filter))
		return NULL;
	suggest_init(&search.suggest, filter->name ? filter->name : "");
	error = read_tasks(kernel, &search);
	if (!error && !search.found && !search.incomplete)
		say_no_task(kernel, &search);
	strbuf_deinit(&search.text);
	return error_forgive(error);
}

/* --- caches --- */

static struct dill_error *look_for_cache(struct heap *heap, const char *pattern)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct findings findings = {0};
	struct cache_list caches;
	struct suggest suggest;

	if (!pattern)
		return NULL;
	TRY(arena_new(&arena));
	findings.arena = arena;
	TRY(caches_read(heap, arena, &findings, &caches));
	suggest_init(&suggest, pattern);
	for (size_t i = 0; i < caches.count; i++) {
		if (!fnmatch(pattern, caches.items[i].name, 0))
			return NULL;
		suggest_offer(&suggest, caches.items[i].name);
	}
	target_log(kernel_target(heap->kernel), "no cache is called \"%s\" yet%s: waiting for one",
		   pattern, suggest_text(&suggest));
	return NULL;
}

static struct dill_error *check_cpu(struct kernel *kernel, const struct trace_filter *filter)
{
	unsigned limit = kernel_cpu_limit(kernel);

	if (!filter->has_cpu || (filter->cpu < limit && kernel_cpu_possible(kernel, filter->cpu)))
		return NULL;
	return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
			      "--cpu %u: this kernel has no such CPU; the last one is %u",
			      filter->cpu, limit - 1);
}

struct dill_error *trace_hint(struct session *session, const struct trace_filter *filter)
{
	struct heap *heap;

	TRY(session_heap(session, &heap));
	TRY(check_cpu(heap->kernel, filter));
	TRY(look_for_task(heap->kernel, filter));
	return error_forgive(look_for_cache(heap, filter->caches));
}
