/* SPDX-License-Identifier: MIT */
/* Variables of the kernel, whose types are where the types of objects begin. */
#include <string.h>

#include "graph/typing_private.h"

/* Variables larger than this are read no further. */
#define VARIABLE_MAX (1u << 20)
/* Variables that are followed: a kernel has some ten thousand structs that do not change. */
#define VARIABLES_MAX (1u << 18)

static const struct {
	const char *symbol, *type;
	const char *member; /* NULL: a variable of the type; else a list of such structs */
} rows[] = {
#define VARIABLE(symbol, type)	      {symbol, type, NULL},
#define LIST(symbol, struct_, member) {symbol, struct_, member},
#include "graph/roots.def"
#undef VARIABLE
#undef LIST
};

/* --- what variables point to --- */

static struct dill_error *take_pointer(struct typing_work *work, uint32_t root, uint32_t offset,
				       dill_virt value, type_id part, uint32_t part_delta,
				       enum type_trust most)
{
	struct typing *typing = work->typing;
	struct root_pointer pointer = {root, offset};
	struct clue clue = {.from = GRAPH_NONE,
			    .word = (uint32_t)typing->pointers.count,
			    .part = part,
			    .source = TYPE_FROM_SYMBOL,
			    .most = most};

	clue.to =
		graph_find(work->graph, heap_untag(work->graph->survey->heap, value), &clue.delta);
	if (clue.to == GRAPH_NONE || !graph_is_node(work->graph, clue.to) ||
	    clue.delta < part_delta)
		return NULL;
	clue.delta -= part_delta;
	TRY(array_push(&typing->pointers, pointer));
	return typing_take(work, &clue);
}

/* A link of the variable itself leads to its neighbour, in the heap or again a variable. */
static struct dill_error *follow_own_link(struct typing_work *work, uint32_t number,
					  const struct type_shape *shape,
					  const struct shape_slot *slot, dill_virt value)
{
	type_id owner;

	TRY(shapes_canonical(&work->typing->shapes, slot->owner, &owner));
	if (owner != shape->type || slot->is_alternative)
		return NULL;
	TRY(typing_reach(work, value - slot->link, shape->type, TYPE_LIKELY));
	return take_pointer(work, number, slot->offset, value, shape->type, slot->link,
			    TYPE_LIKELY);
}

static struct dill_error *follow_slots(struct typing_work *work, const struct type_shape *shape,
				       enum type_trust trust, struct span bytes)
{
	uint32_t number = (uint32_t)work->typing->roots.count - 1;

	for (size_t i = 0; i < shape->slot_count; i++) {
		const struct shape_slot *slot = &shape->slots[i];
		enum type_trust most = slot->is_alternative ? TYPE_LIKELY : trust;
		uint64_t value;

		if (slot->is_ambiguous || !span_holds(bytes, slot->offset, 8))
			continue;
		value = span_u64(bytes, slot->offset);
		if (slot->kind == SLOT_LINK)
			TRY(follow_own_link(work, number, shape, slot, value));
		else if (slot->target)
			TRY(take_pointer(work, number, slot->offset, value, slot->target, 0, most));
		if (slot->kind == SLOT_POINTER && slot->target && !slot->is_alternative)
			TRY(typing_reach(work, value, slot->target, trust));
	}
	return NULL;
}

static struct dill_error *follow_variable(struct typing_work *work, const struct graph_root *root)
{
	const struct type_shape *shape;
	struct dill_error *error;
	_cleanup_(freep)
	uint8_t *bytes = NULL;
	size_t size;

	TRY(shapes_get(&work->typing->shapes, root->type, &shape));
	size = shape->size < VARIABLE_MAX ? (size_t)shape->size : VARIABLE_MAX;
	bytes = malloc(size + 1);
	if (!bytes)
		return error_no_memory();
	error = kernel_read(work->graph->survey->heap->kernel, root->address, bytes, size);
	if (error)
		return error_forgive(error);
	TRY(array_push(&work->typing->roots, *root));
	return follow_slots(work, shape, (enum type_trust)root->trust, (struct span){bytes, size});
}

struct dill_error *typing_follow_variables(struct typing_work *work)
{
	while (work->variables_done < work->variables.count) {
		struct graph_root root = work->variables.items[work->variables_done++];

		TRY(follow_variable(work, &root));
	}
	return NULL;
}

struct dill_error *typing_reach(struct typing_work *work, dill_virt address, type_id type,
				enum type_trust trust)
{
	struct kernel *kernel = work->graph->survey->heap->kernel;
	const struct kernel_facts *facts = kernel_facts(kernel);
	struct graph_root root = {
		.address = address, .cpu = -1, .type = type, .trust = (uint8_t)trust};
	const struct type_shape *shape;
	struct symbol symbol;
	struct dill_error *error;

	if (address < facts->base || address - facts->base >= facts->image_size ||
	    number_map_get(&work->reached, address, NULL) || work->variables.count >= VARIABLES_MAX)
		return NULL;
	TRY(shapes_get(&work->typing->shapes, type, &shape));
	if (!shape->is_struct || !shape->slot_count)
		return NULL;
	TRY(number_map_put(&work->reached, address, 1));
	error = kernel_symbol_at(kernel, address, &symbol);
	if (error)
		return error_forgive(error);
	/* A list's head leads to what is no element: those are variables by themselves. */
	if ((symbol.kind | 0x20) == 't' || (trust < TYPE_CERTAIN && symbol.address != address) ||
	    address - symbol.address + shape->size > kernel_symbol_room(kernel, symbol.address))
		return NULL;
	root.symbol = symbol.name;
	root.offset = (uint32_t)(address - symbol.address);
	return array_push(&work->variables, root);
}

/* --- the table --- */

static struct dill_error *take_variable(struct typing_work *work, const char *symbol,
					dill_virt address, const char *name)
{
	struct graph_root root = {
		.symbol = symbol, .address = address, .cpu = -1, .trust = TYPE_CERTAIN};
	const struct type_shape *shape;
	type_id id;

	TRY(types_find(work->typing->types, name, &id));
	TRY(shapes_canonical(&work->typing->shapes, id, &root.type));
	if (!root.type)
		return NULL;
	TRY(shapes_get(&work->typing->shapes, root.type, &shape));
	if (shape->size > kernel_symbol_room(work->graph->survey->heap->kernel, address))
		return NULL;
	TRY(number_map_put(&work->reached, address, 1));
	return follow_variable(work, &root);
}

static struct dill_error *take_list(struct typing_work *work, const char *symbol, dill_virt address,
				    const char *name, const char *member)
{
	struct graph_root root = {
		.symbol = symbol, .address = address, .cpu = -1, .trust = TYPE_CERTAIN};
	struct type_place place;
	dill_virt next;
	type_id id, element;

	if (!types_has_struct(work->typing->types, name, &id) ||
	    !types_has_member(work->typing->types, id, member, &place))
		return NULL;
	TRY(shapes_canonical(&work->typing->shapes, id, &element));
	TRY(kernel_read_u64(work->graph->survey->heap->kernel, address, &next));
	TRY(array_push(&work->typing->roots, root));
	TRY(typing_reach(work, next - place.bit_offset / 8, element, TYPE_LIKELY));
	return take_pointer(work, (uint32_t)work->typing->roots.count - 1, 0, next, element,
			    (uint32_t)(place.bit_offset / 8), TYPE_CERTAIN);
}

static struct dill_error *take_rows(struct typing_work *work)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		dill_virt address;

		if (!kernel_has_symbol(work->graph->survey->heap->kernel, rows[i].symbol, &address))
			continue;
		TRY(error_forgive(rows[i].member ? take_list(work, rows[i].symbol, address,
							     rows[i].type, rows[i].member)
						 : take_variable(work, rows[i].symbol, address,
								 rows[i].type)));
	}
	return NULL;
}

/* --- per-CPU variables, which BTF describes --- */

static struct dill_error *take_percpu(struct typing_work *work, const struct type *variable,
				      dill_virt symbol)
{
	struct kernel *kernel = work->graph->survey->heap->kernel;
	struct graph_root root = {.symbol = variable->name, .trust = TYPE_CERTAIN};

	TRY(shapes_canonical(&work->typing->shapes, variable->target, &root.type));
	for (unsigned cpu = 0; root.type && cpu < kernel_cpu_limit(kernel); cpu++) {
		if (!kernel_cpu_possible(kernel, cpu))
			continue;
		root.cpu = (int)cpu;
		root.address = kernel_percpu_address(kernel, symbol, cpu);
		TRY(follow_variable(work, &root));
	}
	return NULL;
}

static struct dill_error *take_percpus(struct typing_work *work)
{
	struct kernel *kernel = work->graph->survey->heap->kernel;
	struct types *types = work->typing->types;
	uint32_t limit = types->ops->id_limit(types);
	dill_virt first, end, symbol;

	if (!kernel_has_symbol(kernel, "__per_cpu_start", &first) ||
	    !kernel_has_symbol(kernel, "__per_cpu_end", &end))
		return NULL;
	for (type_id id = 1; id < limit && id < TYPE_ID_LIMIT; id++) {
		struct type type, target = {.kind = TYPE_OTHER};
		struct dill_error *error = types_get(types, id, &type);

		if (!error && type.kind == TYPE_OTHER && type.name[0] && type.target)
			error = types_strip(types, type.target, &target);
		else if (!error)
			continue;
		TRY(error_forgive(error));
		/* Functions have names and types, too. */
		if (error || target.kind == TYPE_FUNCTION ||
		    !kernel_has_symbol(kernel, type.name, &symbol) || symbol < first ||
		    symbol >= end)
			continue;
		TRY(take_percpu(work, &type, symbol));
	}
	return NULL;
}

struct dill_error *typing_seed_roots(struct typing_work *work)
{
	TRY(take_rows(work));
	return take_percpus(work);
}
