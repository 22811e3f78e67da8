/* SPDX-License-Identifier: MIT */
#include "slub/list.h"

#include <inttypes.h>

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

/* Read a link; *ret_ok false when it cannot be read, which is said when the walk is at its end. */
static struct dill_error *try_link(struct heap *heap, dill_virt address, struct link *ret,
				   bool *ret_ok)
{
	struct dill_error *error = read_link(heap, address, ret);

	*ret_ok = !error;
	return error_forgive(error);
}

/* --- which link is wrong --- */

static bool seen_before(const struct list_walk *walk, dill_virt address)
{
	for (size_t i = 0; i < walk->forward_count; i++)
		if (walk->nodes.items[i] == address)
			return true;
	return address == walk->head;
}

/* A link of the list that is wrong; @p expected is 0 when nothing tells what it should be. */
static void report(const struct heap *heap, const struct list_walk *walk, struct findings *findings,
		   dill_virt link, bool forward, dill_virt expected, uint64_t seen)
{
	bool cycle = forward && seen_before(walk, seen) && seen != walk->head;
	enum finding_kind kind = cycle ? FINDING_LIST_CYCLE : FINDING_LIST_BROKEN;
	const char *whose = link == walk->head ? "the head" : "a node";
	const char *which = forward ? "forward" : "back";
	const char *why = cycle ? "leads back into the list" : "leads astray";
	const struct layout *l = &heap->layout;
	uint64_t address = link + (forward ? l->list_next : l->list_prev).offset;

	finding_set_pointer(expected ? findings_add_values(findings, kind, &walk->place, address,
							   expected, seen,
							   "%s: the %s link of %s %s", walk->what,
							   which, whose, why)
				     : findings_add_seen(findings, kind, &walk->place, address,
							 seen, "%s: the %s link of %s %s",
							 walk->what, which, whose, why));
}

/*
 * The nodes on both sides lead to one node, whose own links do not lead to them: it is on the list,
 * and was overwritten. Between the last node and the first one that is the list's head.
 */
static struct dill_error *report_node(struct heap *heap, struct list_walk *walk,
				      struct findings *findings)
{
	dill_virt node = walk->ahead;
	struct link links;
	bool ok;

	report(heap, walk, findings, node, false, walk->at, walk->ahead_prev);
	if (node == walk->back_at) /* reached from behind, so that its forward link is right */
		return NULL;
	TRY(try_link(heap, node, &links, &ok));
	if (ok && links.next != walk->back_at)
		report(heap, walk, findings, node, true, walk->back_at, links.next);
	return array_push(&walk->nodes, node);
}

/* Nothing leads to both sides of the break; more than one word is wrong. */
static struct dill_error *report_gap(struct heap *heap, struct list_walk *walk,
				     struct findings *findings, dill_virt behind)
{
	struct link links;
	bool ok;

	TRY(try_link(heap, behind, &links, &ok));
	if (ok && links.prev == walk->at) { /* a node of the list, whose forward link is gone */
		report(heap, walk, findings, walk->at, true, behind, walk->ahead);
		report(heap, walk, findings, behind, true, walk->back_at, links.next);
		return array_push(&walk->nodes, behind);
	}
	report(heap, walk, findings, walk->at, true, 0, walk->ahead);
	report(heap, walk, findings, walk->back_at, false, 0, behind);
	return NULL;
}

/* Say what breaks the list, once it was followed from both ends. */
static struct dill_error *report_break(struct heap *heap, struct list_walk *walk,
				       struct findings *findings)
{
	struct link links;
	bool ok;

	TRY(try_link(heap, walk->back_at, &links, &ok));
	if (!ok) /* read before; a target that runs may have lost it since */
		links.prev = 0;
	if (links.prev == walk->at) {
		report(heap, walk, findings, walk->at, true, walk->back_at, walk->ahead);
		return NULL;
	}
	if (walk->unreadable && walk->ahead == links.prev) {
		findings_add(findings, FINDING_UNREADABLE, &walk->place, walk->ahead,
			     "%s: a node at 0x%" PRIx64 " cannot be read", walk->what, walk->ahead);
		return NULL;
	}
	if (!walk->unreadable && (walk->ahead == walk->back_at || walk->ahead == links.prev))
		return report_node(heap, walk, findings);
	return report_gap(heap, walk, findings, links.prev);
}

/* The end of a list that is longer than any should be: none of its links need be wrong. */
static void report_length(struct list_walk *walk, struct findings *findings)
{
	findings_add(findings, FINDING_LIST_BROKEN, &walk->place, walk->head,
		     "%s: it has more than the %zu nodes that are followed", walk->what,
		     walk->limit);
}

/* --- the walk --- */

static void turn_back(struct list_walk *walk, dill_virt ahead, bool unreadable, uint64_t prev)
{
	walk->broken = true;
	walk->ahead = ahead;
	walk->unreadable = unreadable;
	walk->ahead_prev = prev;
	walk->forward_count = walk->nodes.count;
	walk->state = LIST_BACKWARD;
	walk->back_at = walk->head;
}

static struct dill_error *step_forward(struct heap *heap, struct list_walk *walk,
				       struct findings *findings)
{
	struct link here, next;
	struct dill_error *error = read_link(heap, walk->at, &here);
	bool ok;

	if (error) { /* the head: of the other nodes this was read in the step before */
		walk->broken = true;
		walk->state = LIST_DONE;
		return findings_absorb(findings, &walk->place,
				       dill_error_add_context(error, "%s", walk->what));
	}
	TRY(try_link(heap, here.next, &next, &ok));
	if (!ok || next.prev != walk->at) {
		turn_back(walk, here.next, !ok, ok ? next.prev : 0);
		return NULL;
	}
	if (here.next == walk->head) {
		walk->state = LIST_DONE;
		return NULL;
	}
	if (walk->nodes.count == walk->limit) {
		walk->broken = true;
		walk->state = LIST_DONE;
		report_length(walk, findings);
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
	TRY(try_link(heap, walk->back_at, &here, &ok));
	if (!ok || here.prev == walk->at || here.prev == walk->head)
		return report_break(heap, walk, findings);
	TRY(try_link(heap, here.prev, &prev, &ok));
	if (!ok || prev.next != walk->back_at)
		return report_break(heap, walk, findings);
	if (walk->nodes.count == walk->limit) {
		report_length(walk, findings);
		return NULL;
	}
	walk->state = LIST_BACKWARD;
	walk->back_at = here.prev;
	return array_push(&walk->nodes, here.prev);
}

/* What was collected from the end, in the order of the list. */
static void reverse_tail(struct list_walk *walk)
{
	size_t low = walk->forward_count, high = walk->nodes.count;

	while (low + 1 < high) {
		dill_virt node = walk->nodes.items[low];

		walk->nodes.items[low++] = walk->nodes.items[--high];
		walk->nodes.items[high] = node;
	}
}

static struct dill_error *step(struct heap *heap, struct list_walk *walk, struct findings *findings)
{
	if (walk->state == LIST_FORWARD)
		return step_forward(heap, walk, findings);
	TRY(step_backward(heap, walk, findings));
	if (walk->state == LIST_DONE)
		reverse_tail(walk);
	return NULL;
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

		TRY(error_forgive(error));
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
		if (!walks[i].limit)
			walks[i].limit = LIST_NODES_MAX;
		walks[i].at = walks[i].head;
		walks[i].state = LIST_FORWARD;
		addresses[i] = walks[i].head;
	}
	if (!mapped)
		TRY(kernel_prefetch(heap->kernel, addresses, count));
	while (open) {
		TRY(target_check_interrupt(kernel_target(heap->kernel)));
		if (!mapped)
			TRY(prefetch_step(heap, walks, count, addresses));
		open = 0;
		for (size_t i = 0; i < count; i++) {
			if (walks[i].state == LIST_DONE)
				continue;
			TRY(step(heap, &walks[i], findings));
			open += walks[i].state != LIST_DONE;
		}
	}
	return NULL;
}

void list_walk_deinit(struct list_walk *walk)
{
	array_free(&walk->nodes);
}
