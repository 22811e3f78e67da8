/* SPDX-License-Identifier: MIT */
#include "kernel/task_read.h"

#include "kernel/vm.h"

struct dill_error *task_read_member(const struct tasks *tasks, dill_virt base,
				    const struct member *member, uint64_t *ret)
{
	uint64_t value = 0;

	if (!member->present || member->size > sizeof(value))
		return dill_error_new(DILL_ERROR_NOT_FOUND, "member missing");
	/* Little-endian: a short member is the low part. */
	TRY(kernel_read(tasks->kernel, base + member->offset, &value, (size_t)member->size));
	*ret = value;
	return NULL;
}

struct dill_error *task_read_field(const struct tasks *tasks, dill_virt task, dill_virt base,
				   const struct member *member, enum task_field field,
				   const struct task_visitor *visitor, unsigned *has, uint64_t *ret)
{
	struct dill_error *error;

	if (!member->present)
		return NULL;
	if (!is_kernel_pointer(base))
		return report(visitor, &(struct task_finding){
					       .kind = TASK_FINDING_POINTER,
					       .text = "a pointer leads out of the kernel",
					       .task = task,
					       .address = base,
				       });
	error = task_read_member(tasks, base, member, ret);
	if (forgive(&error))
		return report(visitor, &(struct task_finding){
					       .kind = TASK_FINDING_UNREADABLE,
					       .text = "a member cannot be read",
					       .task = task,
					       .address = base + member->offset,
				       });
	if (!error)
		*has |= field;
	return error;
}

/*
 * fs/proc/array.c task_state_array[], indexed by the highest set bit. The bits are macros of
 * include/linux/sched.h, which no type information carries; those used here have not changed since
 * 4.14 (TASK_RTLOCK_WAIT, 5.15, and TASK_FROZEN, 6.1, lie where older kernels have no state).
 */
#define STATE_UNINTERRUPTIBLE 0x2u
#define STATE_REPORT	      0x7fu
#define STATE_IDLE	      0x402u /* uninterruptible and not counted as load */
#define STATE_REPORT_IDLE     0x80u
#define STATE_AS_DISK_SLEEP   (0x1000u | 0x8000u)

const char *task_state_text(uint64_t state, uint64_t exit_state)
{
	static const char *const names[] = {
		"R (running)", "S (sleeping)", "D (disk sleep)", "T (stopped)", "t (tracing stop)",
		"X (dead)",    "Z (zombie)",   "P (parked)",	 "I (idle)",
	};
	uint64_t reported = (state | exit_state) & STATE_REPORT;
	size_t index = 0;

	if ((state & STATE_IDLE) == STATE_IDLE)
		reported = STATE_REPORT_IDLE;
	if (state & STATE_AS_DISK_SLEEP)
		reported = STATE_UNINTERRUPTIBLE;
	while (reported) {
		reported >>= 1;
		index++;
	}
	return names[index];
}

static struct dill_error *read_comm(const struct tasks *tasks, const struct task_visitor *visitor,
				    struct task *task)
{
	const struct member *comm = &tasks->members->task_comm;
	size_t size = comm->size < TASK_COMM_MAX ? (size_t)comm->size : TASK_COMM_MAX - 1;
	struct dill_error *error =
		kernel_read(tasks->kernel, task->address + comm->offset, task->comm, size);

	if (forgive(&error))
		return report(visitor, &(struct task_finding){
					       .kind = TASK_FINDING_UNREADABLE,
					       .text = "the name cannot be read",
					       .task = task->address,
					       .address = task->address + comm->offset,
				       });
	if (error)
		return error;
	task->has |= TASK_COMM;
	task->comm_length = strnlen(task->comm, size);
	task->comm[task->comm_length] = '\0';
	return NULL;
}

static struct dill_error *read_parent(const struct tasks *tasks, const struct task_visitor *visitor,
				      struct task *task)
{
	const struct kernel_members *m = tasks->members;
	uint64_t tgid = 0;

	TRY(task_read_field(tasks, task->address, task->address, &m->task_parent, TASK_PARENT,
			    visitor, &task->has, &task->parent));
	if (!(task->has & TASK_PARENT))
		return NULL;
	TRY(task_read_field(tasks, task->address, task->parent, &m->task_tgid, TASK_PARENT_PID,
			    visitor, &task->has, &tgid));
	task->parent_pid = (uint32_t)tgid;
	return NULL;
}

static struct dill_error *read_uid(const struct tasks *tasks, const struct task_visitor *visitor,
				   struct task *task)
{
	const struct kernel_members *m = tasks->members;
	uint64_t cred = 0, uid = 0;
	unsigned has = 0;

	TRY(task_read_field(tasks, task->address, task->address, &m->task_cred, TASK_UID, visitor,
			    &has, &cred));
	if (!has)
		return NULL;
	TRY(task_read_field(tasks, task->address, cred, &m->cred_uid, TASK_UID, visitor, &task->has,
			    &uid));
	task->uid = (uint32_t)uid;
	return NULL;
}

static struct dill_error *read_state(const struct tasks *tasks, const struct task_visitor *visitor,
				     struct task *task)
{
	const struct kernel_members *m = tasks->members;
	uint64_t state = 0, exit_state = 0;
	unsigned has = 0, has_exit = 0;

	TRY(task_read_field(tasks, task->address, task->address, &m->task_state, TASK_STATE,
			    visitor, &has, &state));
	TRY(task_read_field(tasks, task->address, task->address, &m->task_exit_state, TASK_STATE,
			    visitor, &has_exit, &exit_state));
	task->has |= has & has_exit;
	task->state = task_state_text(state, exit_state);
	return NULL;
}

struct dill_error *task_read(struct tasks *tasks, dill_virt address,
			     const struct task_visitor *visitor, struct task *ret)
{
	const struct kernel_members *m = tasks->members;
	struct task task = {.address = address};
	uint64_t pid, tgid = 0, cpu = 0;

	TRY(task_read_member(tasks, address, &m->task_pid, &pid));
	task.pid = (uint32_t)pid;
	TRY(task_read_field(tasks, address, address, &m->task_tgid, TASK_TGID, visitor, &task.has,
			    &tgid));
	task.tgid = (uint32_t)tgid;
	TRY(task_read_field(tasks, address, address, &m->task_cpu, TASK_CPU, visitor, &task.has,
			    &cpu));
	task.cpu = (uint32_t)cpu;
	TRY(task_read_field(tasks, address, address, &m->task_stack, TASK_STACK, visitor, &task.has,
			    &task.stack));
	TRY(task_read_field(tasks, address, address, &m->task_mm, TASK_MM, visitor, &task.has,
			    &task.mm));
	TRY(read_comm(tasks, visitor, &task));
	TRY(read_parent(tasks, visitor, &task));
	TRY(read_uid(tasks, visitor, &task));
	TRY(read_state(tasks, visitor, &task));
	*ret = task;
	return NULL;
}
