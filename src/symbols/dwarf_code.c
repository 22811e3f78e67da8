/* SPDX-License-Identifier: MIT */
#include "symbols/dwarf_code.h"

#include "types/name_hash.h"

/* --- functions --- */

static void add_function(struct dwarf_unit *dwarf, const struct type_graph *graph,
			 const struct file_symbol *symbol, const struct type *prototype,
			 struct dwarf_counts *counts)
{
	type_id target = type_graph_id(graph, prototype->target);

	unit_parent(dwarf, target ? DWARF_FUNCTION : DWARF_FUNCTION_VOID, prototype->count);
	unit_name(dwarf, symbol->name);
	bytes_add_u64(&dwarf->info, symbol->address);
	bytes_add_u32(&dwarf->info, (uint32_t)symbol->size);
	if (target)
		unit_type(dwarf, target);
	dwarf_add_parameters(dwarf, graph, prototype, counts);
}

/* The prototype of a symbol; false when it has none that can be described. */
static bool find_prototype(const struct type_graph *graph, const char *name, struct type *ret)
{
	type_id id;
	struct dill_error *error = types_function(graph->types, name, &id);

	if (!error)
		error = types_get(graph->types, id, ret);
	dill_error_free(error);
	return !error && type_graph_id(graph, id) == id;
}

void dwarf_add_functions(struct dwarf_unit *dwarf, const struct type_graph *graph,
			 const struct file_symbols *symbols, struct dwarf_counts *counts,
			 size_t *ret_count)
{
	dill_virt last = 0;

	for (size_t i = 0; i < symbols->all.count; i++) {
		const struct file_symbol *symbol = &symbols->all.items[i];
		struct type prototype;

		/* Of several names for one function the first. */
		if (symbol->address == last || !strchr("tTwW", symbol->kind) || !symbol->size ||
		    symbol->size > UINT32_MAX || !find_prototype(graph, symbol->name, &prototype))
			continue;
		add_function(dwarf, graph, symbol, &prototype, counts);
		last = symbol->address;
		++*ret_count;
	}
}

/* --- variables --- */

/* Symbols by the hash of their name: the types tell of a few hundred variables. */
struct by_name {
	const struct file_symbols *symbols;
	struct number_map first; /* index plus 1 of the first with a hash, by the hash plus 1 */
};

static bool is_data(const struct file_symbol *symbol)
{
	return !strchr("tTwW", symbol->kind);
}

static struct dill_error *make_by_name(const struct file_symbols *symbols, struct by_name *ret)
{
	*ret = (struct by_name){.symbols = symbols};
	for (size_t i = 0; i < symbols->all.count; i++) {
		uint64_t key = (uint64_t)name_hash(symbols->all.items[i].name) + 1;

		if (is_data(&symbols->all.items[i]) && !number_map_get(&ret->first, key, NULL))
			TRY(number_map_put(&ret->first, key, i + 1));
	}
	return NULL;
}

static const struct file_symbol *find(const struct by_name *by_name, const char *name)
{
	uint64_t index;
	const struct file_symbol *symbol;

	if (!number_map_get(&by_name->first, (uint64_t)name_hash(name) + 1, &index))
		return NULL;
	symbol = &by_name->symbols->all.items[index - 1];
	return strcmp(symbol->name, name) == 0 ? symbol : NULL;
}

/* A variable of the types: whatever has a name and the id of a type, and is no type itself. */
static bool is_variable(const struct type_graph *graph, type_id id, struct type *ret,
			type_id *ret_target)
{
	struct dill_error *error = types_get(graph->types, id, ret);
	struct type target = {0};

	if (!error && ret->kind == TYPE_OTHER && *ret->name && ret->target)
		error = types_get(graph->types, ret->target, &target);
	dill_error_free(error);
	*ret_target = type_graph_id(graph, ret->target);
	return !error && target.id && target.kind != TYPE_FUNCTION &&
	       *ret_target != TYPE_GRAPH_BAD && *ret_target;
}

static void add_variable(struct dwarf_unit *dwarf, const char *name, dill_virt address,
			 type_id type, size_t *count)
{
	unit_entry(dwarf, DWARF_VARIABLE);
	unit_name(dwarf, name);
	unit_type(dwarf, type);
	unit_address(dwarf, address);
	++*count;
}

static void add_known(struct dwarf_unit *dwarf, const struct type_graph *graph,
		      const struct known_variables *known, uint64_t told, size_t *count)
{
	for (size_t i = 0; i < known->count; i++) {
		const struct known_variable *item = &known->items[i];
		type_id target = type_graph_id(graph, item->type);

		if (!(told & UINT64_C(1) << i) && target && target != TYPE_GRAPH_BAD)
			add_variable(dwarf, item->name, item->address, target, count);
	}
}

/* Which of the known ones is at an address; none: no bit. */
static uint64_t bit_of(const struct known_variables *known, dill_virt address)
{
	for (size_t i = 0; i < known->count; i++)
		if (known->items[i].address == address)
			return UINT64_C(1) << i;
	return 0;
}

struct dill_error *dwarf_add_variables(struct dwarf_unit *dwarf, const struct type_graph *graph,
				       const struct file_symbols *symbols,
				       const struct known_variables *known, size_t *ret_count)
{
	uint64_t told = 0;

	struct by_name by_name;
	struct dill_error *error = make_by_name(symbols, &by_name);

	for (type_id id = 1; !error && id < graph->limit; id++) {
		const struct file_symbol *symbol;
		struct type variable;
		type_id target;

		if (!is_variable(graph, id, &variable, &target))
			continue;
		symbol = find(&by_name, variable.name);
		if (!symbol)
			continue;
		add_variable(dwarf, symbol->name, symbol->address, target, ret_count);
		told |= bit_of(known, symbol->address);
	}
	if (!error)
		add_known(dwarf, graph, known, told, ret_count);
	number_map_deinit(&by_name.first);
	return error;
}
