/* SPDX-License-Identifier: MIT */
#include "command/value.h"

#include <string.h>

#include "command/number.h"
#include "kernel/tasks.h"
#include "slub/object.h"

struct dill_error *value_kbase(struct session *session, const struct value_argument *argument,
			       uint64_t *ret)
{
	struct kernel *kernel;

	(void)argument;
	TRY(session_kernel(session, &kernel));
	*ret = kernel_facts(kernel)->base;
	return NULL;
}

struct dill_error *value_kcache(struct session *session, const struct value_argument *argument,
				uint64_t *ret)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct findings findings = {0};
	struct cache_list caches;
	struct heap *heap;

	TRY(session_heap(session, &heap));
	TRY(arena_new(&arena));
	findings.arena = arena;
	TRY(caches_read(heap, arena, &findings, &caches));
	for (size_t i = 0; i < caches.count; i++) {
		if (strcmp(caches.items[i].name, argument->text) == 0) {
			*ret = caches.items[i].address;
			return NULL;
		}
	}
	return dill_error_new(DILL_ERROR_NOT_FOUND, "no cache is named \"%s\"", argument->text);
}

struct dill_error *value_kobj(struct session *session, const struct value_argument *argument,
			      uint64_t *ret)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	uint64_t address = argument->number;
	struct heap *heap;

	TRY(session_heap(session, &heap));
	TRY(arena_new(&arena));
	if (!argument->is_number)
		TRY(session_address(session, argument->text, &address));
	return object_start(heap, address, arena, ret);
}

struct by_name {
	const char *name;
	uint64_t *ret;
	bool found;
};

static struct dill_error *match_name(void *context, const struct task *task)
{
	struct by_name *search = context;

	if (!search->found && strcmp(task->comm, search->name) == 0) {
		search->found = true;
		*search->ret = task->address;
	}
	return NULL;
}

/* A value has no place for findings: `ktask` shows them. */
static struct dill_error *ignore_finding(void *context, const struct task_finding *finding)
{
	(void)context;
	(void)finding;
	return NULL;
}

struct dill_error *value_ktask(struct session *session, const struct value_argument *argument,
			       uint64_t *ret)
{
	_cleanup_(tasks_freep)
	struct tasks *tasks = NULL;
	struct by_name search = {argument->text, ret, false};
	struct task_visitor visitor = {match_name, ignore_finding, &search};
	struct kernel *kernel;

	TRY(session_kernel(session, &kernel));
	TRY(tasks_new(kernel, &tasks));
	if (argument->is_number) {
		struct task task;

		if (argument->number > UINT32_MAX)
			return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "no pid is that large");
		TRY(tasks_find(tasks, (uint32_t)argument->number, &visitor, &task));
		*ret = task.address;
		return NULL;
	}
	TRY(tasks_each(tasks, TASK_SCOPE_PROCESSES, &visitor));
	return search.found ? NULL
			    : dill_error_new(DILL_ERROR_NOT_FOUND, "no process is named \"%s\"",
					     argument->text);
}

/* --- as people type them --- */

static const struct {
	const char *name;
	const char *argument; /* NULL = takes none */
	value_function compute;
} functions[] = {
	{"kbase", NULL, value_kbase},
	{"kcache", "NAME", value_kcache},
	{"kobj", "ADDRESS", value_kobj},
	{"ktask", "PID or NAME", value_ktask},
};

/* The text between the parentheses, without quotes around it. */
static char *argument_text(const char *from, const char *end)
{
	while (from < end && *from == ' ')
		from++;
	while (from < end && end[-1] == ' ')
		end--;
	if (end - from >= 2 && (*from == '"' || *from == '\'') && end[-1] == *from) {
		from++;
		end--;
	}
	return strndup(from, (size_t)(end - from));
}

struct dill_error *value_call(struct session *session, const char *text, uint64_t *ret)
{
	const char *open = strchr(text, '('), *close = open ? strrchr(open, ')') : NULL;
	_cleanup_(freep)
	char *word = close ? argument_text(open + 1, close) : NULL;
	struct value_argument argument = {.text = word};

	if (!close || close[1])
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "\"%s\" is no value: give $kbase(), $kcache(NAME), "
				      "$kobj(ADDRESS) or $ktask(PID)",
				      text);
	if (!word)
		return error_no_memory();
	argument.is_number = number_parse(word, &argument.number);
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		size_t length = strlen(functions[i].name);

		if ((size_t)(open - text) != length + 1 ||
		    strncmp(text + 1, functions[i].name, length) != 0)
			continue;
		if (!*word != !functions[i].argument)
			return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "usage: $%s(%s)",
					      functions[i].name,
					      functions[i].argument ? functions[i].argument : "");
		return dill_error_add_context(functions[i].compute(session, &argument, ret), "$%s",
					      functions[i].name);
	}
	return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
			      "\"%s\": there are $kbase(), $kcache(NAME), $kobj(ADDRESS) and "
			      "$ktask(PID)",
			      text);
}
