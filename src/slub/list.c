/* SPDX-License-Identifier: MIT */
#include "slub/list.h"

struct link {
	dill_virt next, prev;
};

static struct dill_error *read_link(struct heap *heap, dill_virt address, struct link *ret)
{
	/* As all kernels have it: one read for both. */
	if (heap->layout.list_next.offset == 0 &&
	    heap->layout.list_prev.offset == sizeof(ret->next))
		return kernel_read(heap->kernel, address, ret, sizeof(*ret));
	TRY(kernel_read_u64(heap->kernel, address + heap->layout.list_next.offset, &ret->next));
	return kernel_read_u64(heap->kernel, address + heap->layout.list_prev.offset, &ret->prev);
}

/* Read a link; what cannot be read is a finding, and *ret_ok false. */
static struct dill_error *try_link(struct heap *heap, const struct list_walk *walk,
				   struct findings *findings, dill_virt address, struct link *ret,
				   bool *ret_ok)
{
	struct dill_error *error = read_link(heap, address, ret);

	*ret_ok = !error;
	return findings_absorb(findings, &walk->place,
			       dill_error_add_context(error, "%s", walk->what));
}

static void turn_back(struct list_walk *walk)
{
	walk->broken = true;
	walk->forward_count = walk->nodes.count;
	walk->state = LIST_BACKWARD;
	walk->back_at = walk->head;
}

static bool seen_before(const struct list_walk *walk, dill_virt address)
{
	for (size_t i = 0; i < walk->nodes.count; i++)
		if (walk->nodes.items[i] == address)
			return true;
	return address == walk->head;
}

static struct dill_error *step_forward(struct heap *heap, struct list_walk *walk,
				       struct findings *findings)
{
	struct link here, next;
	bool ok;

	TRY(try_link(heap, walk, findings, walk->at, &here, &ok));
	if (!ok) {
		turn_back(walk);
		return NULL;
	}
	TRY(try_link(heap, walk, findings, here.next, &next, &ok));
	if (!ok) {
		turn_back(walk);
		return NULL;
	}
	if (next.prev != walk->at) {
		bool cycle = seen_before(walk, here.next);

		findings_add_values(
			findings, cycle ? FINDING_LIST_CYCLE : FINDING_LIST_BROKEN, &walk->place,
			here.next + heap->layout.list_prev.offset, walk->at, next.prev,
			cycle ? "%s: a node's next leads back into the list"
			      : "%s: the back link of a node does not name the node before it",
			walk->what);
		turn_back(walk);
		return NULL;
	}
	if (here.next == walk->head) {
		walk->state = LIST_DONE;
		return NULL;
	}
	if (walk->nodes.count == LIST_NODES_MAX) {
		walk->broken = true;
		walk->state = LIST_DONE;
		return NULL;
	}
	walk->at = here.next;
	return array_push(&walk->nodes, here.next);
}

/* From the head towards the break, along the back links; the forward links must agree. */
static struct dill_error *step_backward(struct heap *heap, struct list_walk *walk,
					struct findings *findings)
{
	struct link here, prev;
	bool ok;

	walk->state = LIST_DONE;
	TRY(try_link(heap, walk, findings, walk->back_at, &here, &ok));
	if (!ok || here.prev == walk->at || here.prev == walk->head)
		return NULL;
	TRY(try_link(heap, walk, findings, here.prev, &prev, &ok));
	if (!ok || prev.next != walk->back_at || walk->nodes.count == LIST_NODES_MAX)
		return NULL;
	walk->state = LIST_BACKWARD;
	walk->back_at = here.prev;
	return array_push(&walk->nodes, here.prev);
}

static void reverse_tail(struct list_walk *walk)
{
	size_t low = walk->forward_count, high = walk->nodes.count;

	while (low + 1 < high) {
		dill_virt node = walk->nodes.items[low];

		walk->nodes.items[low++] = walk->nodes.items[--high];
		walk->nodes.items[high] = node;
	}
}

/* Fetch the nodes that the next step of every walk looks at, in one request. */
static struct dill_error *prefetch_step(struct heap *heap, struct list_walk *walks, size_t count,
					dill_virt *addresses)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		struct link here;
		dill_virt at = walks[i].state == LIST_FORWARD ? walks[i].at : walks[i].back_at;

		if (walks[i].state == LIST_DONE)
			continue;
		/* `at` is cached from the step before; only where it points to is new. */
		struct dill_error *error = read_link(heap, at, &here);

		if (error && error_is_fatal(error))
			return error;
		dill_error_free(error);
		if (!error)
			addresses[used++] = walks[i].state == LIST_FORWARD ? here.next : here.prev;
	}
	return kernel_prefetch(heap->kernel, addresses, used);
}

struct dill_error *lists_collect(struct heap *heap, struct list_walk *walks, size_t count,
				 struct findings *findings)
{
	_cleanup_(freep)
	dill_virt *addresses = calloc(count ? count : 1, sizeof(*addresses));
	size_t open = count;
	bool mapped = heap_is_mapped(heap); /* then there is nothing to fetch */

	if (!addresses)
		return error_no_memory();
	for (size_t i = 0; i < count; i++) {
		walks[i].at = walks[i].head;
		walks[i].state = LIST_FORWARD;
		addresses[i] = walks[i].head;
	}
	if (!mapped)
		TRY(kernel_prefetch(heap->kernel, addresses, count));
	while (open) {
		TRY(memory_check_interrupt(kernel_memory(heap->kernel)));
		if (!mapped)
			TRY(prefetch_step(heap, walks, count, addresses));
		open = 0;
		for (size_t i = 0; i < count; i++) {
			if (walks[i].state == LIST_FORWARD)
				TRY(step_forward(heap, &walks[i], findings));
			else if (walks[i].state == LIST_BACKWARD)
				TRY(step_backward(heap, &walks[i], findings));
			if (walks[i].state != LIST_DONE)
				open++;
			else if (walks[i].broken)
				reverse_tail(&walks[i]);
		}
	}
	return NULL;
}

void list_walk_deinit(struct list_walk *walk)
{
	array_free(&walk->nodes);
}
