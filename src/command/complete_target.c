/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command/completions.h"
#include "kernel/tasks.h"
#include "slub/cache.h"

#define MEMBERS_MAX 10000

static struct dill_error *offer(void *context, const char *name)
{
	return completer_offer(context, name);
}

static struct dill_error *offer_number(struct completer *completer, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	return completer_offer(completer, text);
}

static struct dill_error *offer_caches(struct completer *completer)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct cache_list caches = {0};
	struct heap *heap;

	TRY(arena_new(&arena));

	struct findings findings = {.arena = arena};

	TRY(session_heap(completer->session, &heap));
	TRY(caches_read(heap, arena, &findings, &caches));
	for (size_t i = 0; i < caches.count; i++)
		TRY(completer_offer(completer, caches.items[i].name));
	return NULL;
}

/* Names of tasks, or their numbers once a digit was typed. */
static struct dill_error *offer_task(void *context, const struct task *task)
{
	struct completer *completer = context;

	if (completer->prefix[0] >= '0' && completer->prefix[0] <= '9')
		return offer_number(completer, task->pid);
	return task->has & TASK_COMM ? completer_offer(completer, task->comm) : NULL;
}

static struct dill_error *ignore_finding(void *context, const struct task_finding *finding)
{
	(void)context;
	(void)finding;
	return NULL;
}

static struct dill_error *offer_tasks(struct completer *completer, struct kernel *kernel)
{
	struct task_visitor visitor = {offer_task, ignore_finding, completer};
	_cleanup_(tasks_freep)
	struct tasks *tasks = NULL;

	TRY(tasks_new(kernel, &tasks));
	return tasks_each(tasks, TASK_SCOPE_PROCESSES, &visitor);
}

static struct dill_error *offer_cpus(struct completer *completer, struct kernel *kernel)
{
	for (unsigned cpu = 0; cpu < kernel_cpu_limit(kernel); cpu++)
		if (kernel_cpu_possible(kernel, cpu))
			TRY(offer_number(completer, cpu));
	return NULL;
}

static struct dill_error *offer_nodes(struct completer *completer, struct kernel *kernel)
{
	for (unsigned node = 0; node < kernel_node_limit(kernel); node++)
		TRY(offer_number(completer, node));
	return NULL;
}

static struct dill_error *offer_types(struct completer *completer, struct kernel *kernel)
{
	static const char *const keywords[] = {"struct", "union", "enum"};
	struct types *types;

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		TRY(completer_offer(completer, keywords[i]));
	TRY(kernel_types(kernel, &types));
	return types_each_name(types, completer->prefix, offer, completer);
}

/* Members of a struct or union, and those of anonymous ones in it; *budget bounds how many are
 * looked at, since forged types can hold each other many times. */
static struct dill_error *offer_struct(struct completer *completer, struct types *types, type_id id,
				       unsigned *budget, unsigned depth)
{
	struct type type;
	struct type_member member;

	TRY(types_strip(types, id, &type));
	/* A path goes on behind a pointer: offer what it points to. */
	for (unsigned i = 0; type.kind == TYPE_POINTER && i < TYPE_DEPTH_MAX; i++)
		TRY(types_strip(types, type.target, &type));
	if ((type.kind != TYPE_STRUCT && type.kind != TYPE_UNION) || depth > TYPE_DEPTH_MAX)
		return NULL;
	for (uint32_t i = 0; i < type.count && *budget; i++) {
		--*budget;
		TRY(types_member(types, type.id, i, &member));
		if (*member.name)
			TRY(completer_offer(completer, member.name));
		else
			TRY(offer_struct(completer, types, member.type, budget, depth + 1));
	}
	return NULL;
}

/* Length of the finished part of a member path, with its last separator. */
static size_t path_lead(const char *path)
{
	size_t lead = 0;

	for (size_t i = 0; path[i]; i++)
		if (path[i] == '.' || (path[i] == '>' && i && path[i - 1] == '-'))
			lead = i + 1;
	return lead;
}

static struct dill_error *offer_members(struct completer *completer, struct kernel *kernel,
					const char *type)
{
	size_t lead = path_lead(completer->prefix);
	size_t separator = lead && completer->prefix[lead - 1] == '>' ? 2 : 1;
	_cleanup_(freep)
	char *before = strndup(completer->prefix, lead);
	struct completer last = {
		.lead = before, .prefix = completer->prefix + lead, .ret = completer->ret};
	struct type_place place;
	unsigned budget = MEMBERS_MAX;
	struct types *types;
	type_id id;

	if (!before)
		return error_no_memory();
	TRY(kernel_types(kernel, &types));
	TRY(types_find(types, type, &id));
	if (lead) {
		before[lead - separator] = '\0';
		TRY(types_place(types, id, before, &place));
		before[lead - separator] = completer->prefix[lead - separator];
		id = place.type;
	}
	return offer_struct(&last, types, id, &budget, 0);
}

static struct dill_error *offer_names(struct completer *completer, enum argument_kind kind,
				      const char *type)
{
	struct kernel *kernel;

	TRY(session_kernel(completer->session, &kernel));
	switch (kind) {
	case ARGUMENT_CACHE:
		return offer_caches(completer);
	case ARGUMENT_TASK:
		return offer_tasks(completer, kernel);
	case ARGUMENT_CPU:
		return offer_cpus(completer, kernel);
	case ARGUMENT_NODE:
		return offer_nodes(completer, kernel);
	case ARGUMENT_TYPE:
		return offer_types(completer, kernel);
	case ARGUMENT_MEMBER:
		return offer_members(completer, kernel, type);
	default:
		return NULL;
	}
}

struct dill_error *complete_from_target(struct completer *completer, enum argument_kind kind,
					const char *type)
{
	TRY(session_begin(completer->session));

	struct dill_error *error = offer_names(completer, kind, type);

	(void)target_take_lacks(
		session_target(completer->session)); /* nothing to say while typing */

	struct dill_error *end_error = session_end(completer->session);

	if (!error)
		return end_error;
	dill_error_free(end_error);
	return error;
}
