/* SPDX-License-Identifier: MIT */
#include "trace/current.h"

#include <string.h>

#include "trace/trace_members.h"

/* Members further apart than this are read one by one. */
#define SPAN_MAX 4096u

static struct dill_error *find_variable(struct kernel *kernel, const struct trace_members *m,
					dill_virt *ret)
{
	static const struct member none = {.present = true}; /* the variable is the pointer */
	const struct {
		const char *symbol;
		struct member member;
	} places[] = {
		{"pcpu_hot", m->hot_task},
		{"current_task", none},
		{"const_current_task", none},
		{"runqueues", m->queue_task},
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (!places[i].member.present || !kernel_has_symbol(kernel, places[i].symbol, ret))
			continue;
		*ret += places[i].member.offset;
		return NULL;
	}
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "the kernel does not tell which task a CPU runs");
}

/* The smallest part of a task that holds all three members. */
static void find_span(struct current_layout *layout)
{
	uint32_t ends[] = {layout->pid + 4, layout->tgid + 4, layout->comm + layout->comm_size};
	uint32_t starts[] = {layout->pid, layout->tgid, layout->comm}, last = 0;

	layout->first = UINT32_MAX;
	for (size_t i = 0; i < 3; i++) {
		layout->first = starts[i] < layout->first ? starts[i] : layout->first;
		last = ends[i] > last ? ends[i] : last;
	}
	layout->size = last - layout->first;
}

struct dill_error *current_layout_find(struct kernel *kernel, struct current_layout *ret)
{
	struct trace_members m;
	struct types *types;

	TRY(kernel_types(kernel, &types));
	TRY(trace_members_find(types, TRACE_CURRENT, &m));
	TRY(find_variable(kernel, &m, &ret->variable));
	ret->pid = m.task_pid.offset;
	ret->tgid = m.task_tgid.offset;
	ret->comm = m.task_comm.offset;
	ret->comm_size = m.task_comm.size;
	if (ret->comm_size > TASK_COMM_MAX)
		ret->comm_size = TASK_COMM_MAX;
	find_span(ret);
	return NULL;
}

static struct dill_error *read_parts(const struct current_layout *layout, struct peek *peek,
				     struct current *ret)
{
	TRY(peek->read(peek, ret->task + layout->pid, &ret->pid, sizeof(ret->pid)));
	TRY(peek->read(peek, ret->task + layout->tgid, &ret->tgid, sizeof(ret->tgid)));
	return peek->read(peek, ret->task + layout->comm, ret->comm, layout->comm_size);
}

static struct dill_error *read_span(const struct current_layout *layout, struct peek *peek,
				    struct current *ret)
{
	uint8_t bytes[SPAN_MAX];

	TRY(peek->read(peek, ret->task + layout->first, bytes, layout->size));
	memcpy(&ret->pid, bytes + (layout->pid - layout->first), sizeof(ret->pid));
	memcpy(&ret->tgid, bytes + (layout->tgid - layout->first), sizeof(ret->tgid));
	memcpy(ret->comm, bytes + (layout->comm - layout->first), layout->comm_size);
	return NULL;
}

struct dill_error *current_read(struct kernel *kernel, const struct current_layout *layout,
				struct peek *peek, unsigned cpu, struct current *ret)
{
	*ret = (struct current){0};
	TRY(peek_u64(peek, kernel_percpu_address(kernel, layout->variable, cpu), &ret->task));
	if (layout->size <= SPAN_MAX)
		TRY(read_span(layout, peek, ret));
	else
		TRY(read_parts(layout, peek, ret));
	ret->comm[sizeof(ret->comm) - 1] = '\0';
	return NULL;
}
