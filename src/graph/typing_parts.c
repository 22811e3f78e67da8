/* SPDX-License-Identifier: MIT */
/* Types by what they must hold: pointers into an object tell which structs lie in it, and where. */
#include <string.h>

#include "graph/typing_private.h"

/* Larger structs are no objects of a slab. */
#define HOLDER_SIZE_MAX (1u << 16)
/* Candidates of one object that are looked at. */
#define CANDIDATES_MAX 64u
/* Structs within structs of all types together: a kernel has some 200,000. */
#define PLACES_MAX (1u << 22)

/* --- which structs hold a struct --- */

static uint64_t place_key(type_id part, uint32_t offset)
{
	return (uint64_t)part << 32 | offset;
}

static struct dill_error *add_places(struct typing_work *work, const struct type_shape *shape)
{
	for (size_t i = 0; i < shape->part_count; i++) {
		uint64_t key = place_key(shape->parts[i].type, shape->parts[i].offset), head = 0;
		struct holder_type holder = {.type = shape->type};

		if (shape->parts[i].type == shape->type || work->holders.count == PLACES_MAX)
			continue;
		number_map_get(&work->holder_of, key, &head);
		holder.next = (uint32_t)head;
		TRY(array_push(&work->holders, holder));
		TRY(number_map_put(&work->holder_of, key, work->holders.count));
	}
	return NULL;
}

static struct dill_error *find_holders(struct typing_work *work)
{
	struct typing *typing = work->typing;
	uint32_t limit = typing->types->ops->id_limit(typing->types);

	work->has_holders = true;
	for (type_id id = 1; id < limit && id < TYPE_ID_LIMIT; id++) {
		const struct type_shape *shape;
		struct type type;
		type_id canonical;
		struct dill_error *error = types_get(typing->types, id, &type);

		if (id % 4096 == 0)
			TRY(target_check_interrupt(
				kernel_target(work->graph->survey->heap->kernel)));
		TRY(error_forgive(error));
		if (error || type.kind != TYPE_STRUCT || !type.name[0] || !type.size ||
		    type.size > HOLDER_SIZE_MAX)
			continue;
		TRY(shapes_canonical(&typing->shapes, id, &canonical));
		if (canonical != id)
			continue;
		TRY(shapes_get(&typing->shapes, id, &shape));
		TRY(add_places(work, shape));
	}
	return NULL;
}

/* --- one object --- */

struct candidates {
	type_id types[CANDIDATES_MAX];
	size_t count;
	bool too_many;
};

/* Structs of a possible size that hold what the first clue says. */
static struct dill_error *first_candidates(struct typing_work *work, const struct clue *clue,
					   struct candidates *ret)
{
	const struct size_range sizes = typing_sizes(work->graph, clue->to);
	uint64_t at = 0;

	ret->count = 0;
	ret->too_many = false;
	number_map_get(&work->holder_of, place_key(clue->part, clue->delta), &at);
	while (at) {
		const struct holder_type *holder = &work->holders.items[at - 1];
		const struct type_shape *shape;

		TRY(shapes_get(&work->typing->shapes, holder->type, &shape));
		at = holder->next;
		if (typing_fits(&sizes, shape) == TYPE_UNKNOWN)
			continue;
		ret->too_many |= ret->count == CANDIDATES_MAX;
		if (ret->count < CANDIDATES_MAX)
			ret->types[ret->count++] = shape->type;
	}
	return NULL;
}

static struct dill_error *keep_those_with(struct typing_work *work, const struct clue *clue,
					  struct candidates *candidates)
{
	size_t kept = 0;

	for (size_t i = 0; i < candidates->count; i++) {
		const struct type_shape *shape;

		TRY(shapes_get(&work->typing->shapes, candidates->types[i], &shape));
		if (shape_has_part(shape, clue->part, clue->delta))
			candidates->types[kept++] = candidates->types[i];
	}
	candidates->count = kept;
	return NULL;
}

/* NULL, the kernel's half of all addresses, a user's, a poison, a per-CPU offset. */
static bool may_be_pointer(uint64_t value)
{
	uint64_t top = value >> 47;

	return !value || (value >= 8 && (top == UINT64_MAX >> 47 || !top || value >> 48 == 0xdead));
}

static bool words_look_like(const struct type_shape *shape, struct span bytes)
{
	size_t pointers = 0, wrong = 0;

	for (size_t i = 0; i < shape->slot_count; i++) {
		const struct shape_slot *slot = &shape->slots[i];

		if (slot->is_alternative || !span_holds(bytes, slot->offset, 8))
			continue;
		pointers++;
		wrong += !may_be_pointer(span_u64(bytes, slot->offset));
	}
	return wrong * 10 <= pointers;
}

/* An array of pointers: each is NULL or leads into the kernel's half. */
static bool all_are_pointers(struct span bytes)
{
	for (size_t at = 0; at + 8 <= bytes.size; at += 8)
		if (span_u64(bytes, at) && span_u64(bytes, at) >> 47 != UINT64_MAX >> 47)
			return false;
	return true;
}

struct dill_error *typing_looks_like(struct typing_work *work, graph_index object, type_id type,
				     bool *ret)
{
	const struct size_range sizes = typing_sizes(work->graph, object);
	size_t size = sizes.high < HOLDER_SIZE_MAX ? (size_t)sizes.high : HOLDER_SIZE_MAX;
	const struct type_shape *shape;
	struct dill_error *error;
	_cleanup_(freep)
	uint8_t *bytes = malloc(size);

	*ret = false;
	if (!bytes)
		return error_no_memory();
	TRY(shapes_get(&work->typing->shapes, type, &shape));
	error = kernel_read(work->graph->survey->heap->kernel, graph_address(work->graph, object),
			    bytes, size);
	if (error)
		return error_forgive(error);
	*ret = shape->is_struct ? words_look_like(shape, (struct span){bytes, size})
				: all_are_pointers((struct span){bytes, size});
	return NULL;
}

static struct dill_error *keep_those_that_look_so(struct typing_work *work, graph_index object,
						  struct candidates *candidates)
{
	size_t kept = 0;

	for (size_t i = 0; i < candidates->count; i++) {
		bool looks;

		TRY(typing_looks_like(work, object, candidates->types[i], &looks));
		if (looks)
			candidates->types[kept++] = candidates->types[i];
	}
	candidates->count = kept;
	return NULL;
}

/* Whether pointers of a candidate behind its first struct are there: it may be larger by something
 * that has no type of its own. */
static struct dill_error *has_more(struct typing_work *work, const struct clue *clue,
				   type_id candidate, bool *ret)
{
	const struct cache *cache = graph_slab_of(work->graph, clue->to)->cache;
	const struct type_shape *shape, *part;

	TRY(shapes_get(&work->typing->shapes, candidate, &shape));
	TRY(shapes_get(&work->typing->shapes, clue->part, &part));

	/* The size of an object that has its own cache is no chance. */
	*ret = clue->delta || (cache && !strstr(cache->name, "kmalloc-"));
	for (size_t i = 0; !*ret && i < shape->slot_count; i++) {
		const struct shape_slot *slot = &shape->slots[i];

		*ret = slot->offset >= part->size &&
		       (graph_edge_at(work->graph, clue->to, slot->offset / 8) ||
			graph_outside_at(work->graph, clue->to, slot->offset / 8));
	}
	return NULL;
}

/* All clues of one object; they say the same struct several times. */
static struct dill_error *decide(struct typing_work *work, const struct clue *clues, size_t count,
				 size_t *ret_new)
{
	struct candidates candidates;
	struct clue clue = clues[0];
	bool more = false;

	TRY(first_candidates(work, &clues[0], &candidates));
	for (size_t i = 1; i < count; i++)
		TRY(keep_those_with(work, &clues[i], &candidates));
	if (candidates.count)
		TRY(keep_those_that_look_so(work, clue.to, &candidates));
	if (candidates.count == 1 && !candidates.too_many)
		TRY(has_more(work, &clue, candidates.types[0], &more));
	if (more) {
		clue.source = TYPE_FROM_PART;
		++*ret_new;
		return typing_set(work, &clue, candidates.types[0], TYPE_LIKELY);
	}
	if (clue.delta || work->typing->objects[clue.to].trust == TYPE_BEGINS)
		return NULL;
	return typing_set(work, &clue, clue.part, TYPE_BEGINS);
}

static int by_object(const void *a, const void *b)
{
	const struct clue *one = a, *two = b;

	if (one->to != two->to)
		return one->to < two->to ? -1 : 1;
	if (one->delta != two->delta)
		return one->delta < two->delta ? -1 : 1;
	return (one->part > two->part) - (one->part < two->part);
}

struct dill_error *typing_by_parts(struct typing_work *work, size_t *ret_new)
{
	size_t count = work->clues.count, first = 0, end;

	if (!count)
		return NULL;
	if (!work->has_holders)
		TRY(find_holders(work));
	qsort(work->clues.items, count, sizeof(*work->clues.items), by_object);
	for (; first < count; first = end) {
		graph_index object = work->clues.items[first].to;

		for (end = first + 1; end < count && work->clues.items[end].to == object; end++)
			;
		if (work->typing->objects[object].trust < TYPE_LIKELY)
			TRY(decide(work, work->clues.items + first, end - first, ret_new));
	}
	return NULL;
}

/* Whether some type of a possible size begins with that of an object. */
static struct dill_error *may_be_larger(struct typing_work *work, graph_index object, bool *ret)
{
	const struct clue clue = {.to = object, .part = work->typing->objects[object].type};
	struct candidates candidates;

	TRY(first_candidates(work, &clue, &candidates));
	*ret = candidates.count;
	return NULL;
}

struct dill_error *typing_doubt(struct typing_work *work)
{
	bool larger;

	if (!work->has_holders)
		TRY(find_holders(work));
	for (graph_index i = 0; i < graph_count(work->graph); i++) {
		struct typed *typed = &work->typing->objects[i];

		if (typed->trust != TYPE_CERTAIN || typed->source == TYPE_FROM_CACHE ||
		    work->graph->objects.items[i].requested)
			continue;
		TRY(may_be_larger(work, i, &larger));
		if (larger)
			typed->trust = TYPE_LIKELY;
	}
	return NULL;
}
