/* SPDX-License-Identifier: MIT */
#include "store/stacks.h"

#include <stdlib.h>
#include <string.h>

#include "store/intern.h"

/* --- reading --- */

struct dill_error *stack_numbers_note(struct stack_numbers *stacks,
				      const struct stored_event *event, uint32_t *ret)
{
	uint64_t place;

	*ret = STORED_NONE;
	if (!event->stack)
		return NULL;
	if (!number_map_get(&stacks->places, event->stack, &place)) {
		place = stacks->numbers.count;
		if (place >= STORED_NONE)
			return dill_error_new(DILL_ERROR_LIMIT, "more than 2^32 backtraces");
		TRY(number_map_put(&stacks->places, event->stack, place));
		TRY(array_push(&stacks->numbers, event->stack));
	}
	*ret = (uint32_t)place;
	return NULL;
}

struct dill_error *stack_numbers_read(const struct stack_numbers *stacks, struct trace_store *store,
				      struct trace_totals *totals)
{
	for (size_t i = 0; i < stacks->numbers.count; i++) {
		uint32_t symbols[TRACE_STACK_MAX];
		struct trace_stack stack;

		TRY(stored_stack_read(store, &totals->names, stacks->numbers.items[i], symbols,
				      &stack.count));
		stack.symbols =
			arena_alloc_array(totals->arena, stack.count + 1, sizeof(*stack.symbols));
		if (!stack.symbols)
			return error_no_memory();
		memcpy(stack.symbols, symbols, stack.count * sizeof(*symbols));
		TRY(array_push(&totals->stacks, stack));
	}
	return NULL;
}

void stack_numbers_deinit(struct stack_numbers *stacks)
{
	number_map_deinit(&stacks->places);
	array_free(&stacks->numbers);
}

/* --- groups --- */

/*
 * Where an interrupt comes in: whoever ran is behind it, and has nothing to do with it. Exceptions,
 * as page faults and system calls, are of whom they interrupt.
 * Source: arch/x86/include/asm/idtentry.h, arch/x86/entry/entry_64.S (before 5.8)
 */
static bool is_interrupt_entry(const char *name)
{
	static const char *const begins[] = {
		"asm_sysvec_",	 "asm_common_interrupt", "asm_fred_entrypoint_kernel",
		"ret_from_intr", "apic_timer_interrupt", "common_interrupt+",
	};

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		if (!strncmp(name, begins[i], strlen(begins[i])))
			return true;
	return false;
}

static size_t cut_length(const struct trace_totals *totals, const struct trace_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		if (is_interrupt_entry(totals_caller_name(totals, stack->symbols[i])))
			return i + 1;
	return stack->count;
}

/* What is the same for all objects of a group: key, caller, callers. */
static size_t make_key(const struct trace_totals *totals, enum trace_stack_by by,
		       const struct trace_object *object, uint32_t *ret)
{
	const struct trace_cell *cell = &totals->cells.items[object->cell];
	const struct trace_stack *stack;
	size_t count;

	ret[0] = by == TRACE_STACK_BY_CACHE ? cell->cache : cell->process;
	ret[1] = cell->caller;
	if (object->stack == STORED_NONE)
		return 2;
	stack = &totals->stacks.items[object->stack];
	count = cut_length(totals, stack);
	memcpy(ret + 2, stack->symbols, count * sizeof(*ret));
	return 2 + count;
}

static struct dill_error *add_object(const struct trace_totals *totals, enum trace_stack_by by,
				     const struct trace_object *object, struct intern *known,
				     struct arena *arena, trace_stack_groups *groups)
{
	uint32_t key[2 + TRACE_STACK_MAX], id;
	size_t count = make_key(totals, by, object, key);
	struct trace_stack_group *group;
	bool new;

	TRY(intern_id(known, key, count * sizeof(*key), &id, &new));
	if (new) {
		struct trace_stack_group fresh = {
			.key = key[0], .count = count - 1, .oldest_ns = object->time_ns};
		uint32_t *symbols = arena_alloc_array(arena, count, sizeof(*symbols));

		if (!symbols)
			return error_no_memory();
		memcpy(symbols, key + 1, fresh.count * sizeof(*symbols));
		fresh.symbols = symbols;
		TRY(array_push(groups, fresh));
	}
	group = &groups->items[id - 1];
	group->objects++;
	group->bytes += object->bytes_given;
	return NULL;
}

/* Objects come in the order of time, so that groups of as many bytes stay in the same order. */
static int most_bytes(const void *a, const void *b)
{
	const struct trace_stack_group *first = a, *second = b;

	if (first->bytes != second->bytes)
		return first->bytes > second->bytes ? -1 : 1;
	return first->oldest_ns < second->oldest_ns ? -1 : first->oldest_ns > second->oldest_ns;
}

struct dill_error *trace_stacks_group(const struct trace_totals *totals, enum trace_stack_by by,
				      bool alive_only, struct arena *arena, trace_stack_groups *ret)
{
	struct dill_error *error;
	struct intern known = {0};

	error = intern_init(&known);
	for (size_t i = 0; i < totals->objects.count && !error; i++) {
		const struct trace_object *object = &totals->objects.items[i];

		if (!alive_only || object->state == TRACE_OBJECT_ALIVE)
			error = add_object(totals, by, object, &known, arena, ret);
	}
	intern_deinit(&known);
	if (!error && ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items), most_bytes);
	return error;
}
