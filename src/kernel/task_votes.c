/* SPDX-License-Identifier: MIT */
#include "kernel/task_votes.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/kernel_types.h"
#include "kernel/percpu.h"
#include "kernel/symbol.h"
#include "kernel/task_read.h"
#include "kernel/vm.h"
#include "types/member_votes.h"

/* Processes that are asked. */
#define TASKS_ASKED 64u
/* Where each byte of the target costs. */
#define TASKS_SLOW 4u
/* include/linux/threads.h PID_MAX_LIMIT on 64 bits */
#define PID_LIMIT (4u << 20)
/* include/linux/sched.h: more bits than a state has; those of exit_state. */
#define STATE_BITS 0xffffu
#define EXIT_BITS  0x30u

/* Of so many processes some sleep. */
#define ALL_RUN_MAX 12u

enum task_rule {
	RULE_TASKS,
	RULE_COMM_IDLE,
	RULE_COMM,
	RULE_PID,
	RULE_TGID,
	RULE_PARENT,
	RULE_STATE,
	RULE_STATE_SET,
	RULE_EXIT_STATE,
	RULE_CPU,
	RULE_CRED,
	RULE_UID,
	RULE_STACK,
	RULE_MM,
	RULE_SIGNAL,
	RULE_THREADS,
	RULES
};

static const struct {
	size_t field; /* of struct kernel_members */
	const char *must;
} rules[RULES] = {
#define RULE(member, must)                                                                         \
	{                                                                                          \
		offsetof(struct kernel_members, member), must                                      \
	}
	[RULE_TASKS] = RULE(task_next, "a list that closes"),
	[RULE_COMM_IDLE] = RULE(task_comm, "\"swapper\" of the idle task"),
	[RULE_COMM] = RULE(task_comm, "a text"),
	[RULE_PID] = RULE(task_pid, "the number of a process, 0 of the idle task"),
	[RULE_TGID] = RULE(task_tgid, "the same as pid"),
	[RULE_PARENT] = RULE(task_parent, "a pointer to a task"),
	[RULE_STATE] = RULE(task_state, "bits of a state"),
	[RULE_STATE_SET] = RULE(task_state, "set in tasks that sleep"),
	[RULE_EXIT_STATE] = RULE(task_exit_state, "0, or bits of a state"),
	[RULE_CPU] = RULE(task_cpu, "the number of a CPU"),
	[RULE_CRED] = RULE(task_cred, "a pointer, of the idle task to init_cred"),
	[RULE_UID] = RULE(cred_uid, "0 of the idle task and of init"),
	[RULE_STACK] = RULE(task_stack, "a pointer to pages"),
	[RULE_MM] = RULE(task_mm, "0 or a pointer; 0 of the idle task, and not of init"),
	[RULE_SIGNAL] = RULE(task_signal, "a pointer"),
	[RULE_THREADS] = RULE(signal_next, "a list that begins with the process"),
#undef RULE
};

struct asking {
	const struct tasks *tasks;
	struct member_vote votes[RULES];
	unsigned asked, asleep; /* processes; those of a state that is not 0 */
};

typedef unsigned long long u64_text;

/* A member that may be absent or unreadable: not asked then, or a vote against it. */
static struct dill_error *ask(struct asking *asking, enum task_rule rule, dill_virt base,
			      const struct member *member, uint64_t *ret, bool *ret_ok)
{
	struct dill_error *error = NULL;

	*ret_ok = member->present && is_kernel_pointer(base);
	if (*ret_ok)
		error = task_read_member(asking->tasks, base, member, ret);
	if (forgive(&error)) {
		*ret_ok = false;
		member_vote(&asking->votes[rule], false, "not readable at 0x%" PRIx64, base);
	}
	return error;
}

static bool is_text(const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	for (size_t i = 0; i < length; i++)
		if (text[i] < ' ' || text[i] == 0x7f)
			return false;
	return length && length < size;
}

static struct dill_error *ask_name(struct asking *asking, dill_virt task, bool idle)
{
	const struct member *comm = &asking->tasks->members->task_comm;
	char text[TASK_COMM_MAX] = "";
	size_t size = comm->size < sizeof(text) ? comm->size : sizeof(text) - 1;
	struct dill_error *error =
		kernel_read(asking->tasks->kernel, task + comm->offset, text, size);

	if (error && error_is_fatal(error))
		return error;
	if (idle)
		member_vote(&asking->votes[RULE_COMM_IDLE], !strncmp(text, "swapper", 7),
			    "\"%.16s\"", text);
	member_vote(&asking->votes[RULE_COMM], !error && is_text(text, size),
		    "\"%.16s\" in the task at 0x%" PRIx64, text, task);
	dill_error_free(error);
	return NULL;
}

static struct dill_error *ask_numbers(struct asking *asking, dill_virt task, bool idle)
{
	const struct kernel_members *m = asking->tasks->members;
	uint64_t pid, tgid, parent, state;
	bool ok, ok_too;

	TRY(ask(asking, RULE_PID, task, &m->task_pid, &pid, &ok));
	if (ok)
		member_vote(&asking->votes[RULE_PID], idle ? !pid : pid && pid < PID_LIMIT,
			    "%llu in the task at 0x%" PRIx64, (u64_text)pid, task);
	TRY(ask(asking, RULE_TGID, task, &m->task_tgid, &tgid, &ok_too));
	if (ok && ok_too)
		member_vote(&asking->votes[RULE_TGID], tgid == pid, "%llu of process %llu",
			    (u64_text)tgid, (u64_text)pid);
	TRY(ask(asking, RULE_PARENT, task, &m->task_parent, &parent, &ok));
	if (ok && is_kernel_pointer(parent))
		TRY(ask(asking, RULE_PARENT, parent, &m->task_tgid, &tgid, &ok));
	if (ok)
		member_vote(&asking->votes[RULE_PARENT],
			    is_kernel_pointer(parent) && tgid < PID_LIMIT &&
				    (!idle || parent == task),
			    "0x%" PRIx64 " in the task at 0x%" PRIx64, parent, task);
	TRY(ask(asking, RULE_STATE, task, &m->task_state, &state, &ok));
	if (ok)
		member_vote(&asking->votes[RULE_STATE], !(state & ~(uint64_t)STATE_BITS),
			    "0x%" PRIx64 " in the task at 0x%" PRIx64, state, task);
	asking->asleep += ok && state;
	TRY(ask(asking, RULE_EXIT_STATE, task, &m->task_exit_state, &state, &ok));
	if (ok)
		member_vote(&asking->votes[RULE_EXIT_STATE], !(state & ~(uint64_t)EXIT_BITS),
			    "0x%" PRIx64 " in the task at 0x%" PRIx64, state, task);
	TRY(ask(asking, RULE_CPU, task, &m->task_cpu, &state, &ok));
	if (ok)
		member_vote(&asking->votes[RULE_CPU],
			    state < kernel_cpu_limit(asking->tasks->kernel),
			    "%llu in the task at 0x%" PRIx64, (u64_text)state, task);
	return NULL;
}

static struct dill_error *ask_cred(struct asking *asking, dill_virt task, bool idle, bool init)
{
	const struct kernel_members *m = asking->tasks->members;
	dill_virt known;
	uint64_t cred, uid;
	bool ok;

	TRY(ask(asking, RULE_CRED, task, &m->task_cred, &cred, &ok));
	if (!ok)
		return NULL;
	if (idle && kernel_has_symbol(asking->tasks->kernel, "init_cred", &known))
		member_vote(&asking->votes[RULE_CRED], cred == known,
			    "0x%" PRIx64 " of the idle task", cred);
	else
		member_vote(&asking->votes[RULE_CRED], is_kernel_pointer(cred),
			    "0x%" PRIx64 " in the task at 0x%" PRIx64, cred, task);
	TRY(ask(asking, RULE_UID, cred, &m->cred_uid, &uid, &ok));
	if (ok && (idle || init))
		member_vote(&asking->votes[RULE_UID], !uid, "%llu in the cred at 0x%" PRIx64,
			    (u64_text)uid, cred);
	return NULL;
}

static struct dill_error *ask_memory(struct asking *asking, dill_virt task, bool idle, bool init)
{
	const struct kernel_members *m = asking->tasks->members;
	uint64_t stack, mm;
	bool ok;

	TRY(ask(asking, RULE_STACK, task, &m->task_stack, &stack, &ok));
	if (ok)
		member_vote(&asking->votes[RULE_STACK],
			    !stack ? !idle : stack >> 63 && stack % DILL_PAGE_SIZE == 0,
			    "0x%" PRIx64 " in the task at 0x%" PRIx64, stack, task);
	TRY(ask(asking, RULE_MM, task, &m->task_mm, &mm, &ok));
	if (ok)
		member_vote(&asking->votes[RULE_MM],
			    idle ? !mm : (!mm && !init) || is_kernel_pointer(mm),
			    "0x%" PRIx64 " in the task at 0x%" PRIx64, mm, task);
	return NULL;
}

static struct dill_error *ask_threads(struct asking *asking, dill_virt task)
{
	const struct kernel_members *m = asking->tasks->members;
	uint64_t signal, first;
	bool ok;

	TRY(ask(asking, RULE_SIGNAL, task, &m->task_signal, &signal, &ok));
	if (!ok)
		return NULL;
	member_vote(&asking->votes[RULE_SIGNAL], is_kernel_pointer(signal),
		    "0x%" PRIx64 " in the task at 0x%" PRIx64, signal, task);
	if (!m->task_thread_next.present)
		return NULL;
	TRY(ask(asking, RULE_THREADS, signal, &m->signal_next, &first, &ok));
	if (ok)
		member_vote(&asking->votes[RULE_THREADS],
			    first == task + m->task_thread_next.offset,
			    "0x%" PRIx64
			    " by task_struct.signal at %u, with task_struct.thread_node at "
			    "%u",
			    first, m->task_signal.offset, m->task_thread_next.offset);
	return NULL;
}

static struct dill_error *ask_task(struct asking *asking, dill_virt task, bool idle, bool init)
{
	TRY(ask_name(asking, task, idle));
	TRY(ask_numbers(asking, task, idle));
	TRY(ask_cred(asking, task, idle, init));
	TRY(ask_memory(asking, task, idle, init));
	return ask_threads(asking, task);
}

/* From the idle task along the list; each link must lead back. */
static struct dill_error *ask_all(struct asking *asking)
{
	const struct tasks *tasks = asking->tasks;
	const struct kernel_members *m = tasks->members;
	unsigned most = target_is_slow(kernel_target(tasks->kernel)) ? TASKS_SLOW : TASKS_ASKED;
	dill_virt at = tasks->init_task;

	for (unsigned i = 0; i < most; i++) {
		uint64_t next, back;
		bool ok;

		TRY(ask_task(asking, at, i == 0, i == 1));
		asking->asked++;
		TRY(ask(asking, RULE_TASKS, at, &m->task_next, &next, &ok));
		if (!ok)
			return NULL;
		next -= m->task_next.offset;
		TRY(ask(asking, RULE_TASKS, next, &m->task_prev, &back, &ok));
		ok = ok && back - m->task_next.offset == at;
		member_vote(&asking->votes[RULE_TASKS], ok,
			    "no way on behind the task at 0x%" PRIx64, at);
		if (!ok || next == tasks->init_task)
			return NULL;
		at = next;
	}
	return NULL;
}

struct dill_error *task_votes_check(const struct tasks *tasks)
{
	struct asking asking = {.tasks = tasks};
	struct member_rule asked[RULES];
	struct types *types;

	TRY(kernel_types(tasks->kernel, &types));
	TRY(ask_all(&asking));
	if (asking.asked > ALL_RUN_MAX)
		member_vote(&asking.votes[RULE_STATE_SET], asking.asleep, "0 in all of %u",
			    asking.asked);
	for (size_t i = 0; i < RULES; i++) {
		asked[i] = (struct member_rule){.row = kernel_members_row_at(rules[i].field),
						.must = rules[i].must};
		memcpy(&asked[i].member, (const char *)tasks->members + rules[i].field,
		       sizeof(asked[i].member));
	}
	return member_votes_judge(kernel_types_file(tasks->kernel), types, asked, asking.votes,
				  RULES);
}
