/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>

#include "answer/task_record.h"
#include "command/fill_finding.h"
#include "command/registry.h"
#include "kernel/tasks.h"

struct ktask {
	struct command_call *call;
	const struct dill_record_kind *kind;
	const char *pattern; /* NULL = every task */
	size_t shown;
	struct findings findings;
};

static void set_if(struct dill_record *record, const struct task *task, enum task_field field,
		   size_t column, uint64_t value)
{
	if (task->has & field)
		record_set_number(record, column, value);
}

static struct dill_error *make_record(struct arena *arena, const struct dill_record_kind *kind,
				      const struct task *task, struct dill_record **ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf comm = {0};
	struct dill_record *record = record_new(arena, kind);

	strbuf_append_escaped(&comm, task->comm, task->comm_length);
	TRY(strbuf_error(&comm));
	if (!record)
		return error_no_memory();
	record_set_number(record, TASK_COLUMN_TASK, task->address);
	record_set_number(record, TASK_COLUMN_PID, task->pid);
	set_if(record, task, TASK_TGID, TASK_COLUMN_TGID, task->tgid);
	set_if(record, task, TASK_PARENT_PID, TASK_COLUMN_PARENT_PID, task->parent_pid);
	set_if(record, task, TASK_UID, TASK_COLUMN_UID, task->uid);
	set_if(record, task, TASK_CPU, TASK_COLUMN_CPU, task->cpu);
	set_if(record, task, TASK_PARENT, TASK_COLUMN_PARENT, task->parent);
	/* A task without a stack or mm has NULL there: absent, not address 0. */
	if (task->stack)
		set_if(record, task, TASK_STACK, TASK_COLUMN_STACK, task->stack);
	if (task->mm)
		set_if(record, task, TASK_MM, TASK_COLUMN_MM, task->mm);
	if (task->has & TASK_STATE)
		record_set_text(record, TASK_COLUMN_STATE, task->state);
	if (task->has & TASK_COMM) {
		const char *name = arena_copy_text(arena, strbuf_get(&comm), comm.length);

		if (!name)
			return error_no_memory();
		record_set_text(record, TASK_COLUMN_COMM, name);
	}
	*ret = record;
	return NULL;
}

static struct dill_error *show(void *context, const struct task *task)
{
	struct ktask *run = context;
	struct dill_sink *sink = run->call->sink;
	struct dill_record *record = NULL;

	if (run->pattern && strcmp(run->pattern, task->comm) != 0 &&
	    fnmatch(run->pattern, task->comm, 0) != 0)
		return NULL;
	TRY(make_record(run->call->arena, run->kind, task, &record));
	run->shown++;
	return sink->emit(sink, record);
}

/* Kept until the tasks are shown: a table in two halves is hard to read. */
static struct dill_error *keep_finding(void *context, const struct task_finding *finding)
{
	static const enum finding_kind kinds[] = {
		[TASK_FINDING_LIST] = FINDING_LIST_BROKEN,
		[TASK_FINDING_POINTER] = FINDING_POINTER,
		[TASK_FINDING_UNREADABLE] = FINDING_UNREADABLE,
	};
	const struct finding_place place = {.cpu = -1, .node = -1};
	struct ktask *run = context;

	if (finding->has_values)
		findings_add_values(&run->findings, kinds[finding->kind], &place, finding->address,
				    finding->expected, finding->seen, "task 0x%" PRIx64 ": %s",
				    finding->task, finding->text);
	else
		findings_add(&run->findings, kinds[finding->kind], &place, finding->address,
			     "task 0x%" PRIx64 ": %s", finding->task, finding->text);
	return NULL;
}

static bool parse_pid(const char *text, uint32_t *ret)
{
	unsigned long value;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (*end || errno || value > UINT32_MAX)
		return false;
	*ret = (uint32_t)value;
	return true;
}

enum { OPTION_THREADS };

static struct dill_error *show_tasks(struct ktask *run, struct tasks *tasks)
{
	const struct command_call *call = run->call;
	const char *wanted = call->arguments[0];
	bool threads = call->options[OPTION_THREADS].given;
	struct task_visitor visitor = {show, keep_finding, run};
	struct task task;
	uint32_t pid;

	if (wanted && parse_pid(wanted, &pid)) {
		TRY(tasks_find(tasks, pid, &visitor, &task));
		if (threads)
			return tasks_each_thread(tasks, &task, &visitor);
		run->kind = &task_detail_kind;
		return show(run, &task);
	}
	run->pattern = wanted;
	TRY(tasks_each(tasks, threads ? TASK_SCOPE_THREADS : TASK_SCOPE_PROCESSES, &visitor));
	if (wanted && !run->shown)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "no %s is named \"%s\"%s",
				      threads ? "thread" : "process", wanted,
				      threads ? "" : " (threads are searched with --threads)");
	return NULL;
}

static struct dill_error *run_ktask(struct command_call *call)
{
	_cleanup_(tasks_freep)
	struct tasks *tasks = NULL;
	_cleanup_(dill_error_freep)
	struct dill_error *error = NULL;
	struct ktask run = {.call = call, .kind = &task_row_kind, .findings = findings_new(call)};
	struct kernel *kernel;

	TRY(session_kernel(call->session, &kernel));
	TRY(tasks_new(kernel, &tasks));
	if (tasks_are_solved(tasks))
		target_log(session_target(call->session),
			   "tasks were found in memory: processes only, without what types tell of "
			   "them (state, CPU, uid, stack, mm); --types FILE gives it");
	error = show_tasks(&run, tasks);
	/* What is broken explains why something was not found. */
	TRY(findings_emit(call, NULL, &run.findings));
	return steal(error);
}

static const struct dill_record_kind *const kinds[] = {&task_row_kind, &finding_record_kind, NULL};

const struct command ktask_command = {
	.name = "ktask",
	.summary = "Show processes and threads",
	.help = "Without an argument every process is listed, in the order of creation. TASK is a\n"
		"number, then that process or thread is shown in full, or a name: exactly as the\n"
		"kernel has it, or with the wildcards * ? [...].\n"
		"\n"
		"Numbers are those of the initial pid and user namespaces. TASK addresses are\n"
		"struct task_struct pointers; kernel threads have no MM.\n"
		"\n"
		"Examples:\n"
		"  ktask\n"
		"  ktask 1\n"
		"  ktask 'kworker/*'\n"
		"  ktask --threads sshd\n",
	.arguments = {{"TASK", ARGUMENT_TASK, true}},
	.options =
		{
			[OPTION_THREADS] = {"threads", 't', ARGUMENT_NONE, NULL,
					    "show every thread of the processes"},
		},
	.needs_target = true,
	.kinds = kinds,
	.run = run_ktask,
};
