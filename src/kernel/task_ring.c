/* SPDX-License-Identifier: MIT */
#include "kernel/task_ring.h"

#include "kernel/vm.h"

/* include/linux/threads.h PID_MAX_LIMIT on 64 bits: no healthy list is longer. */
#define TASKS_MAX (4u << 20)

static struct task_ring ring_reversed(const struct task_ring *ring)
{
	struct task_ring reversed = *ring;

	reversed.head_next = ring->head_prev;
	reversed.head_prev = ring->head_next;
	reversed.next = ring->prev;
	reversed.prev = ring->next;
	return reversed;
}

static dill_virt ring_head_node(const struct task_ring *ring)
{
	/* Both directions must name one list_head: next is its first member. */
	uint64_t next = ring->head_next->offset, prev = ring->head_prev->offset;

	return ring->head + (next < prev ? next : prev);
}

static uint64_t ring_node_offset(const struct task_ring *ring)
{
	uint64_t next = ring->next->offset, prev = ring->prev->offset;

	return next < prev ? next : prev;
}

/* How following a ring ended: whole, or at a break. */
struct ring_end {
	bool broken;
	struct task_finding finding;
};

static struct dill_error *ring_breaks(struct ring_end *ret, struct task_finding finding)
{
	*ret = (struct ring_end){true, finding};
	return NULL;
}

/*
 * Follow @ring from its head and append the tasks to @ret, in that order.
 *
 * A task is accepted only when its link back names the one before it. So no task can be met twice
 * (the one before it would have been, and so on up to the head), and a pointer into something else
 * ends the walk at once. The ring is whole when it closes or reaches the task @stop.
 */
static struct dill_error *ring_follow(const struct tasks *tasks, const struct task_ring *ring,
				      dill_virt stop, struct addresses *ret, struct ring_end *end)
{
	struct target *target = kernel_target(tasks->kernel);
	uint64_t node_offset = ring_node_offset(ring);
	dill_virt head = ring_head_node(ring), before = head;
	dill_virt link = ring->head + ring->head_next->offset;
	struct task_finding finding = {.kind = TASK_FINDING_LIST, .task = ring->head};
	uint64_t node, back;

	*end = (struct ring_end){0};
	for (size_t i = 0; i < TASKS_MAX; i++) {
		struct dill_error *error;

		TRY(target_check_interrupt(target));
		finding.address = link;
		error = kernel_read_u64(tasks->kernel, link, &node);
		if (forgive(&error)) {
			finding.text = ring->unreadable;
			return ring_breaks(end, finding);
		}
		TRY(error);
		if (node == head || (stop && node == stop + node_offset))
			return NULL;
		if (!is_kernel_pointer(node) || node < node_offset) {
			finding.text = ring->stray;
			return ring_breaks(end, finding);
		}
		finding.task = node - node_offset;
		error = kernel_read_u64(tasks->kernel, finding.task + ring->prev->offset, &back);
		if (forgive(&error)) {
			finding.text = ring->stray;
			return ring_breaks(end, finding);
		}
		TRY(error);
		if (back != before) {
			finding.address = finding.task + ring->prev->offset;
			finding.has_values = true;
			finding.expected = before;
			finding.seen = back;
			finding.text = ring->contradiction;
			return ring_breaks(end, finding);
		}
		TRY(array_push(&ret->found, finding.task));
		before = node;
		link = finding.task + ring->next->offset;
	}
	finding.text = ring->endless;
	return ring_breaks(end, finding);
}

struct dill_error *ring_collect(const struct tasks *tasks, const struct task_ring *ring,
				const struct task_visitor *visitor, struct addresses *ret)
{
	struct task_ring reversed = ring_reversed(ring);
	struct ring_end forwards, backwards;
	_cleanup_(addresses_deinitp)
	struct addresses rest = {0};
	dill_virt last;

	TRY(ring_follow(tasks, ring, 0, ret, &forwards));
	if (!forwards.broken)
		return NULL;
	TRY(report(visitor, &forwards.finding));
	last = ret->found.count ? ret->found.items[ret->found.count - 1] : 0;
	TRY(ring_follow(tasks, &reversed, last, &rest, &backwards));
	if (backwards.broken && backwards.finding.address != forwards.finding.address)
		TRY(report(visitor, &backwards.finding));
	TRY(array_reserve(&ret->found, rest.found.count));
	while (rest.found.count)
		ret->found.items[ret->found.count++] = rest.found.items[--rest.found.count];
	return NULL;
}
