/* SPDX-License-Identifier: MIT */
#include "slub/kfence.h"

#include <string.h>

#include "solve/solution.h"

/* CONFIG_KFENCE_NUM_OBJECTS is 65535 at most. */
#define OBJECTS_MAX 65535u
/* More than sizeof(struct kfence_metadata) of any configuration. */
#define METADATA_MAX 4096u
/* An object's page and its guard page. */
static uint64_t step_of(struct heap *heap)
{
	return 2 * (uint64_t)kernel_page_size(heap->kernel);
}

static dill_virt page_of(struct heap *heap, dill_virt base, uint32_t index)
{
	return base + (index + UINT64_C(1)) * step_of(heap);
}

static dill_virt page_start(struct heap *heap, dill_virt address)
{
	return address & ~(dill_virt)(kernel_page_size(heap->kernel) - 1);
}

/* Does entry @p index of the metadata belong to page @p index of the pool? */
static struct dill_error *belongs(struct heap *heap, dill_virt base, dill_virt metadata,
				  uint32_t index, bool *ret)
{
	const struct layout *l = &heap->layout;
	dill_virt at = metadata + index * l->kfence_struct_size + l->kfence_addr.offset, object;
	struct dill_error *error = kernel_read_u64(heap->kernel, at, &object);

	*ret = !error && page_start(heap, object) == page_of(heap, base, index);
	return error_forgive(error);
}

/* The symbol is an array to 6.4, and a pointer to one since then: the one whose first entry fits is
 * it. *ret 0 when neither does. */
static struct dill_error *find_metadata(struct heap *heap, dill_virt base, dill_virt *ret)
{
	dill_virt symbol, pointer;
	bool fits;

	*ret = 0;
	if (!kernel_has_symbol(heap->kernel, "kfence_metadata", &symbol))
		return NULL;
	TRY(belongs(heap, base, symbol, 0, &fits));
	if (fits) {
		*ret = symbol;
		return NULL;
	}
	TRY(kernel_read_u64(heap->kernel, symbol, &pointer));
	TRY(belongs(heap, base, pointer, 0, &fits));
	if (fits)
		*ret = pointer;
	return NULL;
}

/*
 * How many objects the pool has stands nowhere: it is a constant of the configuration. But every
 * entry of the metadata names its object's page, used or not, so the number is where that ends.
 */
static struct dill_error *count_objects(struct heap *heap, dill_virt base, dill_virt metadata,
					uint32_t *ret)
{
	uint32_t low = 0, high = 1; /* below low all belong; high does not */
	bool inside = true;

	while (high <= OBJECTS_MAX) {
		TRY(belongs(heap, base, metadata, high - 1, &inside));
		if (!inside)
			break;
		low = high;
		high *= 2;
	}
	if (high > OBJECTS_MAX)
		high = OBJECTS_MAX + 1;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		TRY(belongs(heap, base, metadata, middle - 1, &inside));
		if (inside)
			low = middle;
		else
			high = middle;
	}
	*ret = low;
	return NULL;
}

static struct dill_error *find_pool(struct heap *heap, dill_virt *base, uint64_t *size)
{
	dill_virt symbol, metadata;
	uint32_t objects;

	*base = 0;
	if (!heap->layout.kfence_struct_size || !heap->layout.kfence_addr.present ||
	    !kernel_has_symbol(heap->kernel, "__kfence_pool", &symbol))
		return NULL;
	TRY(kernel_read_u64(heap->kernel, symbol, base));
	if (!*base)
		return NULL;
	TRY(find_metadata(heap, *base, &metadata));
	if (metadata)
		TRY(count_objects(heap, *base, metadata, &objects));
	else
		objects = 0;
	*size = (objects + UINT64_C(1)) * step_of(heap);
	return NULL;
}

/* A pool that lies nowhere in memory is forged: what it said would hide real slabs. */
static bool is_possible(struct heap *heap, dill_virt base, uint64_t size)
{
	const struct memory_map *map = kernel_memory_map(heap->kernel);

	return kernel_is_direct(heap->kernel, base) &&
	       size <= map->direct_size - (base - map->page_offset);
}

struct dill_error *kfence_range(struct heap *heap, dill_virt *base, uint64_t *size, bool *present)
{
	struct dill_error *error = find_pool(heap, base, size);

	*present = !error && *base && is_possible(heap, *base, *size);
	/* A forged pointer: then there is no pool that could be told. */
	return error_forgive(error);
}

struct dill_error *kfence_load(struct heap *heap)
{
	dill_virt base;
	uint64_t size;
	bool present;

	TRY(kfence_range(heap, &base, &size, &present));
	heap->kfence_base = present ? base : 0;
	heap->kfence_size = present ? size : 0;
	return NULL;
}

/* --- one object --- */

static struct dill_error *read_track(struct heap *heap, struct span bytes, struct arena *arena,
				     struct track *ret)
{
	const struct layout *l = &heap->layout;
	struct member stack = l->kfence_stack;
	uint64_t count = member_get(l->kfence_stack_count, bytes);
	dill_virt *entries;

	*ret = (struct track){0};
	if (count > stack.size / 8 || !span_holds(bytes, stack.offset, count * 8))
		count = 0;
	entries = arena_alloc_array(arena, count + 1, sizeof(*entries));
	if (!entries)
		return error_no_memory();
	if (count)
		memcpy(entries, bytes.data + stack.offset, count * sizeof(*entries));
	ret->known = count;
	ret->pid = (int)member_get(l->kfence_pid, bytes);
	ret->cpu = (unsigned)member_get(l->kfence_cpu, bytes);
	ret->when = member_get(l->kfence_time, bytes);
	ret->clock = l->kfence_time.present ? TRACK_NANOSECONDS : TRACK_NO_CLOCK;
	ret->without_cpu = !l->kfence_cpu.present;
	ret->stack = entries;
	ret->stack_count = count;
	return NULL;
}

/* Without types: what is neither unused nor allocated is free for certain only where a fourth state
 * was seen, which came in front of that one in 6.12. */
static enum kfence_state solved_state(const struct heap *heap, uint64_t value)
{
	if (!heap->layout.kfence_state.present)
		return KFENCE_NOT_KNOWN;
	if (value < 2)
		return value ? KFENCE_ALLOCATED : KFENCE_UNUSED;
	if (!heap->solution->kfence_freed)
		return value == 2 ? KFENCE_NOT_KNOWN : KFENCE_FREED;
	return value == heap->solution->kfence_freed ? KFENCE_FREED : KFENCE_RCU_FREEING;
}

/* By the enumerators of this kernel: RCU_FREEING came between two others in 6.12. */
static enum kfence_state state_of(struct heap *heap, uint64_t value)
{
	static const struct {
		const char *name;
		int64_t otherwise;
		enum kfence_state state;
	} states[] = {
		{"KFENCE_OBJECT_UNUSED", 0, KFENCE_UNUSED},
		{"KFENCE_OBJECT_ALLOCATED", 1, KFENCE_ALLOCATED},
		{"KFENCE_OBJECT_RCU_FREEING", -1, KFENCE_RCU_FREEING},
		{"KFENCE_OBJECT_FREED", 2, KFENCE_FREED},
	};
	struct types *types;
	struct dill_error *error = kernel_types(heap->kernel, &types);
	bool has_types = !error;

	dill_error_free(error);
	if (heap->layout.is_solved)
		return solved_state(heap, value);
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		int64_t is = states[i].otherwise;

		if (has_types)
			dill_error_free(types_enum_value(types, states[i].name, &is));
		if (is >= 0 && (uint64_t)is == value)
			return states[i].state;
	}
	return KFENCE_BROKEN;
}

static struct dill_error *read_object(struct heap *heap, dill_virt metadata, struct arena *arena,
				      struct findings *findings, struct kfence_object *object)
{
	const struct layout *l = &heap->layout;
	struct finding_place place = {.cpu = -1, .node = -1};
	uint8_t buffer[METADATA_MAX];
	struct span bytes = {buffer, l->kfence_struct_size < METADATA_MAX ? l->kfence_struct_size
									  : METADATA_MAX};
	struct dill_error *error = kernel_read(heap->kernel, metadata, buffer, bytes.size);

	object->state = KFENCE_BROKEN;
	if (error)
		return findings_absorb(findings, &place,
				       dill_error_add_context(error, "KFENCE's metadata"));
	object->object = member_get(l->kfence_addr, bytes);
	object->size = member_get(l->kfence_size, bytes);
	object->cache = member_get(l->kfence_cache, bytes);
	object->state = state_of(heap, member_get(l->kfence_state, bytes));
	if (page_start(heap, object->object) != object->page ||
	    object->size > kernel_page_size(heap->kernel) || object->state == KFENCE_BROKEN) {
		findings_add(findings, FINDING_POINTER, &place, metadata,
			     "KFENCE's metadata of object %u makes no sense", object->index);
		object->state = KFENCE_BROKEN;
		return NULL;
	}
	if (object->state == KFENCE_UNUSED)
		return NULL;
	TRY(read_track(heap, span_cut(bytes, l->kfence_alloc.offset, l->kfence_alloc.size), arena,
		       &object->alloc));
	return read_track(heap, span_cut(bytes, l->kfence_free.offset, l->kfence_free.size), arena,
			  &object->free);
}

struct dill_error *kfence_find(struct heap *heap, dill_virt base, dill_virt address,
			       struct arena *arena, struct findings *findings,
			       struct kfence_object *ret)
{
	uint64_t page = (address - base) / kernel_page_size(heap->kernel);
	dill_virt metadata;
	struct dill_error *error;

	*ret = (struct kfence_object){.guard = page < 2 || page % 2, .has_index = page >= 2};
	if (!ret->has_index)
		return NULL;
	ret->index = (uint32_t)(page / 2 - 1);
	ret->page = page_of(heap, base, ret->index);
	error = find_metadata(heap, base, &metadata);
	if (!error && metadata)
		return read_object(heap, metadata + ret->index * heap->layout.kfence_struct_size,
				   arena, findings, ret);
	struct finding_place place = {.cpu = -1, .node = -1};

	ret->state = KFENCE_BROKEN;
	if (error)
		return findings_absorb(findings, &place, error);
	findings_add(findings, FINDING_POINTER, &place, base, "KFENCE's metadata is not found");
	return NULL;
}
