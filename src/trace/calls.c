/* SPDX-License-Identifier: MIT */
#include "trace/calls.h"

/* As many tasks may sleep in an allocation at a time. */
#define CALLS_MAX 4096u

static void drop(struct calls *calls, size_t index)
{
	calls->list.items[index] = calls->list.items[--calls->list.count];
}

static size_t oldest(const struct calls *calls)
{
	size_t found = 0;

	for (size_t i = 1; i < calls->list.count; i++)
		if (calls->list.items[i].number < calls->list.items[found].number)
			found = i;
	return found;
}

/* One call less waits at @p address; the breakpoint stays until calls_settle(). */
static void count_down(struct calls *calls, dill_virt address)
{
	uint64_t count = 0;

	if (number_map_get(&calls->waiting, address, &count) && count)
		dill_error_free(number_map_put(&calls->waiting, address, count - 1));
}

static struct dill_error *make_room(struct calls *calls)
{
	size_t index;
	dill_virt address;
	bool gone;

	if (calls->list.count < CALLS_MAX)
		return NULL;
	index = oldest(calls);
	address = calls->list.items[index].return_address;
	drop(calls, index);
	calls->lost++;
	count_down(calls, address);
	return calls_settle(calls, address, &gone);
}

static struct dill_error *count_up(struct calls *calls, dill_virt address)
{
	uint64_t count = 0;

	if (calls->breakpoints.fixed)
		return NULL;
	if (!number_map_get(&calls->waiting, address, &count)) {
		TRY(number_map_put(&calls->waiting, address, 0));
		TRY(calls->breakpoints.insert(calls->breakpoints.context, address));
	}
	return number_map_put(&calls->waiting, address, count + 1);
}

/* A call at the same place of the same stack cannot be in flight any more. */
static void replace(struct calls *calls, dill_virt stack)
{
	for (size_t i = 0; i < calls->list.count; i++) {
		if (calls->list.items[i].stack != stack)
			continue;
		count_down(calls, calls->list.items[i].return_address);
		calls->lost++;
		drop(calls, i);
		return;
	}
}

struct dill_error *calls_enter(struct calls *calls, const struct call *call)
{
	struct call copy = *call;

	replace(calls, call->stack);
	TRY(make_room(calls));
	TRY(count_up(calls, call->return_address));
	copy.number = calls->entered++;
	return array_push(&calls->list, copy);
}

bool calls_leave_by_ret(struct calls *calls, dill_virt stack, struct call *ret)
{
	for (size_t i = 0; i < calls->list.count; i++) {
		if (calls->list.items[i].stack != stack + 8)
			continue;
		*ret = calls->list.items[i];
		drop(calls, i);
		return true;
	}
	return false;
}

bool calls_leave(struct calls *calls, dill_virt address, dill_virt stack, struct call *ret)
{
	for (size_t i = 0; i < calls->list.count; i++) {
		const struct call *call = &calls->list.items[i];

		if (call->stack != stack || call->return_address != address)
			continue;
		*ret = *call;
		drop(calls, i);
		count_down(calls, address);
		return true;
	}
	return false;
}

struct dill_error *calls_settle(struct calls *calls, dill_virt address, bool *ret_gone)
{
	uint64_t count = 0;

	*ret_gone = false;
	if (!number_map_get(&calls->waiting, address, &count) || count)
		return NULL;
	number_map_remove(&calls->waiting, address);
	*ret_gone = true;
	return calls->breakpoints.remove(calls->breakpoints.context, address);
}

struct call *calls_around(struct calls *calls, dill_virt stack, uint64_t distance)
{
	struct call *found = NULL;

	for (size_t i = 0; i < calls->list.count; i++) {
		struct call *call = &calls->list.items[i];

		if (call->stack >= stack && call->stack - stack < distance &&
		    (!found || call->stack < found->stack))
			found = call;
	}
	return found;
}

bool calls_has_breakpoint(const struct calls *calls, dill_virt address)
{
	return number_map_get(&calls->waiting, address, NULL);
}

struct dill_error *calls_disarm(struct calls *calls)
{
	struct dill_error *first = NULL;

	for (size_t i = 0; i < calls->waiting.capacity; i++) {
		struct dill_error *error = NULL;

		if (calls->waiting.pairs[i].key)
			error = calls->breakpoints.remove(calls->breakpoints.context,
							  calls->waiting.pairs[i].key);
		first = error_join(first, error);
	}
	number_map_deinit(&calls->waiting);
	calls->list.count = 0;
	return first;
}

void calls_deinit(struct calls *calls)
{
	array_free(&calls->list);
	number_map_deinit(&calls->waiting);
}
