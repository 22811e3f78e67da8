/* SPDX-License-Identifier: MIT */
#include "store/totals.h"

#include "store/intern.h"
#include "store/process_join.h"
#include "store/slab_births.h"
#include "store/stacks.h"

struct pass {
	struct trace_totals *totals;
	struct intern cells;
	struct address_map addresses;
	struct slab_births births;
	struct process_join join;
	struct stack_numbers stacks;
	ARRAY(uint32_t) object_slabs; /* beside totals->objects */
};

/* --- names --- */

const char *totals_cache_name(const struct trace_totals *totals, uint32_t cache)
{
	if (cache == totals->names.cache_count)
		return "(large)";
	if (cache > totals->names.cache_count || !totals->names.caches[cache].name)
		return "(unknown)";
	return totals->names.caches[cache].name;
}

bool totals_cache_is_large(const struct trace_totals *totals, uint32_t cache)
{
	return cache == totals->names.cache_count;
}

const char *totals_caller_name(const struct trace_totals *totals, uint32_t caller)
{
	return caller < totals->names.symbol_count ? totals->names.symbols[caller].name
						   : "(unknown)";
}

static uint32_t cache_of(const struct trace_totals *totals, const struct stored_event *event)
{
	if (event->cache != STORED_NONE)
		return event->cache;
	return totals->names.cache_count + !(event->flags & TRACE_LARGE);
}

static uint32_t caller_of(const struct trace_totals *totals, const struct stored_event *event)
{
	return event->caller != STORED_NONE ? event->caller : totals->names.symbol_count;
}

void trace_sums_add(struct trace_sums *sums, const struct trace_sums *from)
{
	sums->allocs += from->allocs;
	sums->failed += from->failed;
	sums->frees += from->frees;
	sums->requests += from->requests;
	sums->double_frees += from->double_frees;
	sums->unknown_frees += from->unknown_frees;
	sums->bytes_requested += from->bytes_requested;
	sums->bytes_given += from->bytes_given;
	if (from->alive && (!sums->alive || from->oldest_ns < sums->oldest_ns))
		sums->oldest_ns = from->oldest_ns;
	sums->alive += from->alive;
	sums->alive_bytes += from->alive_bytes;
	sums->unseen += from->unseen;
	sums->aged += from->aged;
	sums->age_sum_ns += from->age_sum_ns;
}

/* --- one event --- */

static struct dill_error *cell_of(struct pass *pass, const struct stored_event *event,
				  uint32_t *ret)
{
	struct trace_cell cell = {
		.cache = cache_of(pass->totals, event),
		.caller = caller_of(pass->totals, event),
		.process = pass->join.process_of[event->process],
	};
	const uint32_t key[] = {cell.cache, cell.caller, cell.process};
	uint32_t id;
	bool new;

	TRY(intern_id(&pass->cells, key, sizeof(key), &id, &new));
	*ret = id - 1;
	return new ? array_push(&pass->totals->cells, cell) : NULL;
}

static struct trace_sums *sums_of(const struct pass *pass, uint32_t cell)
{
	return &pass->totals->cells.items[cell].sums;
}

static struct dill_error *note_alloc(struct pass *pass, const struct stored_event *event,
				     struct address_slot *slot, uint32_t cell)
{
	struct trace_totals *totals = pass->totals;
	struct trace_sums *sums = sums_of(pass, cell);
	struct trace_object object = {
		.sequence = event->sequence,
		.time_ns = event->time_ns,
		.address = event->object,
		.bytes_requested = event->bytes_requested,
		.bytes_given = event->bytes_given,
		.cell = cell,
		.process = event->process,
		.free_stack = STORED_NONE,
	};

	TRY(stack_numbers_note(&pass->stacks, event, &object.stack));
	sums->allocs++;
	sums->bytes_requested += event->bytes_requested;
	sums->bytes_given += event->bytes_given;
	if (slot->object) {
		struct trace_object *before = &totals->objects.items[slot->object - 1];

		if (before->state == TRACE_OBJECT_ALIVE) {
			before->state = TRACE_OBJECT_UNSEEN;
			before->end_sequence = event->sequence;
			before->end_time_ns = event->time_ns;
			sums_of(pass, before->cell)->unseen++;
		}
	}
	if (totals->objects.count >= UINT32_MAX - 1)
		return dill_error_new(DILL_ERROR_LIMIT, "more than 2^32 allocations");
	TRY(array_push(&pass->object_slabs, event->slab));
	TRY(array_push(&totals->objects, object));
	slot->object = (uint32_t)totals->objects.count;
	return NULL;
}

/* The allocation that a free or request names; NULL when it is not in the trace. */
static struct trace_object *find_object(const struct trace_totals *totals, uint64_t sequence)
{
	size_t low = 0, high = totals->objects.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (totals->objects.items[middle].sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low < totals->objects.count && totals->objects.items[low].sequence == sequence
		       ? &totals->objects.items[low]
		       : NULL;
}

static struct dill_error *note_double(struct pass *pass, const struct stored_event *event,
				      const struct address_slot *slot, uint32_t cell)
{
	struct trace_double_free twice = {
		.sequence = event->sequence,
		.time_ns = event->time_ns,
		.address = event->object,
		.cell = cell,
		.process = event->process,
		.first_sequence = slot->free_sequence,
		.first_process = slot->free_process,
		.first_caller = slot->free_caller,
		.alloc_sequence = event->alloc_sequence,
	};

	sums_of(pass, cell)->double_frees++;
	return array_push(&pass->totals->double_frees, twice);
}

/* The free of an object whose allocation was seen. */
static struct dill_error *note_end(struct pass *pass, const struct stored_event *event)
{
	struct trace_totals *totals = pass->totals;
	struct trace_object *object = find_object(totals, event->alloc_sequence);

	if (!object) /* not recorded: the trace was muted */
		return NULL;
	if (object->address != event->object || object->state != TRACE_OBJECT_ALIVE) {
		totals->contradictions++;
		return NULL;
	}
	object->state = TRACE_OBJECT_FREED;
	object->end_sequence = event->sequence;
	object->end_time_ns = event->time_ns;
	object->freed_by = event->process;
	object->free_caller = caller_of(totals, event);
	sums_of(pass, object->cell)->aged++;
	sums_of(pass, object->cell)->age_sum_ns += event->time_ns - object->time_ns;
	return stack_numbers_note(&pass->stacks, event, &object->free_stack);
}

static struct dill_error *note_free(struct pass *pass, const struct stored_event *event,
				    struct address_slot *slot, uint32_t cell)
{
	sums_of(pass, cell)->frees++;
	if (event->flags & TRACE_DOUBLE)
		TRY(note_double(pass, event, slot, cell));
	else if (event->flags & TRACE_KNOWN)
		TRY(note_end(pass, event));
	else
		sums_of(pass, cell)->unknown_frees++;
	slot->free_sequence = event->sequence;
	slot->free_process = event->process;
	slot->free_caller = caller_of(pass->totals, event);
	return NULL;
}

static void note_request(struct pass *pass, const struct stored_event *event, uint32_t cell)
{
	struct trace_object *object;

	sums_of(pass, cell)->requests++;
	if (!(event->flags & TRACE_KNOWN))
		return;
	object = find_object(pass->totals, event->alloc_sequence);
	if (object && object->address != event->object)
		pass->totals->contradictions++;
	else if (object)
		object->request_sequence = event->sequence;
}

static struct dill_error *note(struct pass *pass, const struct stored_event *event)
{
	struct address_slot *slot;
	uint32_t cell;

	pass->totals->events++;
	pass->totals->end_ns = event->time_ns;
	process_join_note(&pass->join, event->process);
	TRY(cell_of(pass, event, &cell));
	if (!event->object) { /* kfree(NULL) is no event */
		sums_of(pass, cell)->failed += event->kind == TRACE_ALLOC;
		return NULL;
	}
	TRY(address_map_get(&pass->addresses, event->object, &slot));
	slab_births_note(&pass->births, event, slot, pass->join.process_of[event->process]);
	switch (event->kind) {
	case TRACE_ALLOC:
		return note_alloc(pass, event, slot, cell);
	case TRACE_FREE:
		return note_free(pass, event, slot, cell);
	case TRACE_REQUEST:
		note_request(pass, event, cell);
	}
	return NULL;
}

/* --- the pass --- */

static void count_alive(struct pass *pass)
{
	struct trace_totals *totals = pass->totals;

	for (size_t i = 0; i < totals->objects.count; i++) {
		const struct trace_object *object = &totals->objects.items[i];
		struct trace_cell *cell = &totals->cells.items[object->cell];

		if (object->state != TRACE_OBJECT_ALIVE)
			continue;
		if (!cell->sums.alive++)
			cell->sums.oldest_ns = object->time_ns;
		cell->sums.alive_bytes += object->bytes_given;
		if (pass->object_slabs.items[i] != STORED_NONE)
			slab_births_alive(&pass->births, pass->object_slabs.items[i]);
	}
}

static struct dill_error *walk(struct pass *pass, struct trace_store *store)
{
	_cleanup_(event_cursor_freep)
	struct event_cursor *cursor = NULL;
	struct stored_event event;
	bool more;

	TRY(event_cursor_new(store, &pass->totals->names, &cursor));
	for (;;) {
		TRY(event_cursor_next(cursor, &event, &more));
		if (!more)
			return NULL;
		TRY(note(pass, &event));
	}
}

static struct dill_error *run(struct pass *pass, struct trace_store *store)
{
	struct trace_totals *totals = pass->totals;

	TRY(arena_new(&totals->arena));
	TRY(trace_store_facts(store, totals->arena, &totals->facts));
	TRY(stored_names_read(store, totals->arena, &totals->names));
	TRY(intern_init(&pass->cells));
	TRY(slab_births_init(&pass->births, totals->names.slab_count));
	TRY(process_join_init(&pass->join, totals));
	TRY(walk(pass, store));
	TRY(stack_numbers_read(&pass->stacks, store, totals));
	TRY(process_join_name(&pass->join, totals));
	count_alive(pass);
	TRY(slab_births_collect(&pass->births, totals));
	for (size_t i = 0; i < totals->cells.count; i++)
		trace_sums_add(&totals->sums, &totals->cells.items[i].sums);
	if (totals->end_ns < totals->facts.end.duration_ns)
		totals->end_ns = totals->facts.end.duration_ns;
	return NULL;
}

struct dill_error *trace_totals_new(struct trace_store *store, struct trace_totals **ret)
{
	_cleanup_(trace_totals_freep)
	struct trace_totals *totals = calloc(1, sizeof(*totals));
	struct pass pass = {.totals = totals};
	struct dill_error *error;

	if (!totals)
		return error_no_memory();
	error = run(&pass, store);
	intern_deinit(&pass.cells);
	address_map_deinit(&pass.addresses);
	slab_births_deinit(&pass.births);
	array_free(&pass.object_slabs);
	process_join_deinit(&pass.join);
	stack_numbers_deinit(&pass.stacks);
	if (error)
		return error;
	*ret = steal(totals);
	return NULL;
}

void trace_totals_free(struct trace_totals *totals)
{
	if (!totals)
		return;
	arena_free(totals->arena);
	array_free(&totals->processes);
	array_free(&totals->cells);
	array_free(&totals->objects);
	array_free(&totals->double_frees);
	array_free(&totals->stacks);
	array_free(&totals->filled_slabs);
	free(totals);
}
