/* SPDX-License-Identifier: MIT */
#include "symbols/dwarf_types.h"

#include <dwarf.h>

/* Room for what all of this file passes on. */
struct writer {
	struct dwarf_unit *dwarf;
	const struct type_graph *graph;
	struct dwarf_counts *counts;
};

/* Something that cannot be read is left out. */
static bool is_there(struct writer *writer, struct dill_error *error)
{
	writer->counts->left_out += error != NULL;
	dill_error_free(error);
	return !error;
}

/* An entry that is a type on top of another, or of void. */
static void begin_on(struct writer *writer, enum dwarf_shape shape, enum dwarf_shape of_void,
		     type_id target)
{
	unit_entry(writer->dwarf, target ? shape : of_void);
}

static void end_on(struct writer *writer, type_id target)
{
	if (target)
		unit_type(writer->dwarf, target);
}

static void add_qualifier(struct writer *writer, enum dwarf_shape shape, enum dwarf_shape of_void,
			  type_id target)
{
	begin_on(writer, shape, of_void, target);
	end_on(writer, target);
}

static void add_pointer(struct writer *writer, type_id target)
{
	begin_on(writer, DWARF_POINTER, DWARF_POINTER_VOID, target);
	bytes_add_u8(&writer->dwarf->info, TYPE_POINTER_SIZE);
	end_on(writer, target);
}

static void add_typedef(struct writer *writer, const struct type *type, type_id target)
{
	begin_on(writer, DWARF_TYPEDEF, DWARF_TYPEDEF_VOID, target);
	unit_name(writer->dwarf, type->name);
	end_on(writer, target);
}

/* --- base types --- */

static unsigned encoding_of(const struct type *type)
{
	bool is_byte = type->size == 1 && strstr(type->name, "char");

	if (type->kind == TYPE_FLOAT)
		return DW_ATE_float;
	switch (type->encoding) {
	case INT_BOOL:
		return DW_ATE_boolean;
	case INT_CHAR:
		return DW_ATE_signed_char;
	case INT_SIGNED:
		return is_byte ? DW_ATE_signed_char : DW_ATE_signed;
	case INT_UNSIGNED:
		break;
	}
	return is_byte ? DW_ATE_unsigned_char : DW_ATE_unsigned;
}

static void add_base(struct writer *writer, const struct type *type)
{
	unit_entry(writer->dwarf, DWARF_BASE);
	unit_name(writer->dwarf, type->name);
	bytes_add_u8(&writer->dwarf->info, (unsigned)type->size);
	bytes_add_u8(&writer->dwarf->info, encoding_of(type));
}

static void add_array(struct writer *writer, const struct type *type, type_id target)
{
	unit_parent(writer->dwarf, DWARF_ARRAY, true);
	unit_type(writer->dwarf, target);
	/* BTF does not tell [] from [0]: that is what the kernel has of it. */
	unit_entry(writer->dwarf, type->count ? DWARF_RANGE : DWARF_RANGE_OPEN);
	if (type->count)
		bytes_add_uleb(&writer->dwarf->info, type->count);
	unit_end_children(writer->dwarf);
}

/* --- structs and unions --- */

static bool is_number(const struct type_graph *graph, type_id id, uint64_t *ret_size)
{
	struct type type;
	struct dill_error *error = types_strip(graph->types, id, &type);

	dill_error_free(error);
	if (error || (type.kind != TYPE_INT && type.kind != TYPE_ENUM))
		return false;
	*ret_size = type.size;
	return true;
}

/* Whether a member lies in its struct. */
static bool fits(const struct type_graph *graph, const struct type *type,
		 const struct type_member *member)
{
	struct type own;
	struct dill_error *error;
	uint64_t size;

	if (member->bit_size)
		return is_number(graph, member->type, &size) && member->bit_size <= size * 8 &&
		       member->bit_size <= type->size * 8 &&
		       member->bit_offset <= type->size * 8 - member->bit_size;
	error = types_get(graph->types, member->type, &own);
	dill_error_free(error);
	return !error && member->bit_offset % 8 == 0 && own.size <= type->size &&
	       member->bit_offset / 8 <= type->size - own.size;
}

static void add_member(struct writer *writer, const struct type *type,
		       const struct type_member *member)
{
	struct dwarf_unit *dwarf = writer->dwarf;
	type_id target = type_graph_id(writer->graph, member->type);
	bool anonymous = !*member->name;

	if (!target || target == TYPE_GRAPH_BAD || !fits(writer->graph, type, member)) {
		writer->counts->left_out++;
		return;
	}
	if (member->bit_size)
		unit_entry(dwarf, anonymous ? DWARF_BITS_ANON : DWARF_BITS);
	else
		unit_entry(dwarf, anonymous ? DWARF_MEMBER_ANON : DWARF_MEMBER);
	if (!anonymous)
		unit_name(dwarf, member->name);
	unit_type(dwarf, target);
	if (member->bit_size)
		bytes_add_u8(&dwarf->info, member->bit_size);
	bytes_add_uleb(&dwarf->info,
		       member->bit_size ? member->bit_offset : member->bit_offset / 8);
}

static void add_struct(struct writer *writer, const struct type *type)
{
	bool is_union = type->kind == TYPE_UNION;

	if (*type->name) {
		unit_parent(writer->dwarf, is_union ? DWARF_UNION : DWARF_STRUCT, type->count);
		unit_name(writer->dwarf, type->name);
	} else {
		unit_parent(writer->dwarf, is_union ? DWARF_UNION_ANON : DWARF_STRUCT_ANON,
			    type->count);
	}
	bytes_add_uleb(&writer->dwarf->info, type->size);
	for (uint32_t i = 0; i < type->count; i++) {
		struct type_member member;

		if (is_there(writer, types_member(writer->graph->types, type->id, i, &member)))
			add_member(writer, type, &member);
	}
	if (type->count)
		unit_end_children(writer->dwarf);
}

static void add_forward(struct writer *writer, const struct type *type)
{
	unit_entry(writer->dwarf, type->forward == TYPE_UNION  ? DWARF_FORWARD_UNION
				  : type->forward == TYPE_ENUM ? DWARF_FORWARD_ENUM
							       : DWARF_FORWARD_STRUCT);
	unit_name(writer->dwarf, type->name);
}

/* --- enums --- */

static void add_enum(struct writer *writer, const struct type *type)
{
	bool is_signed = type->encoding != INT_UNSIGNED;

	unit_parent(writer->dwarf, *type->name ? DWARF_ENUM : DWARF_ENUM_ANON, type->count);
	if (*type->name)
		unit_name(writer->dwarf, type->name);
	bytes_add_u8(&writer->dwarf->info, (unsigned)type->size);
	for (uint32_t i = 0; i < type->count; i++) {
		struct type_enumerator item;

		if (!is_there(writer, types_enumerator(writer->graph->types, type->id, i, &item)))
			continue;
		unit_entry(writer->dwarf, is_signed ? DWARF_ENUMERATOR : DWARF_ENUMERATOR_UNSIGNED);
		unit_name(writer->dwarf, item.name);
		if (is_signed)
			bytes_add_sleb(&writer->dwarf->info, item.value);
		else
			bytes_add_uleb(&writer->dwarf->info, (uint64_t)item.value);
	}
	if (type->count)
		unit_end_children(writer->dwarf);
}

/* --- prototypes --- */

static void add_parameter(struct writer *writer, const struct type *prototype, uint32_t index)
{
	struct type_parameter parameter;
	type_id target;

	if (!is_there(writer,
		      types_parameter(writer->graph->types, prototype->id, index, &parameter)))
		return;
	target = type_graph_id(writer->graph, parameter.type);
	if (!parameter.type && index + 1 == prototype->count) {
		unit_entry(writer->dwarf, DWARF_MORE_PARAMETERS);
		return;
	}
	if (!target || target == TYPE_GRAPH_BAD) {
		writer->counts->left_out++;
		return;
	}
	unit_entry(writer->dwarf, *parameter.name ? DWARF_PARAMETER : DWARF_PARAMETER_ANON);
	if (*parameter.name)
		unit_name(writer->dwarf, parameter.name);
	unit_type(writer->dwarf, target);
}

static void add_parameters(struct writer *writer, const struct type *prototype)
{
	for (uint32_t i = 0; i < prototype->count; i++)
		add_parameter(writer, prototype, i);
	if (prototype->count)
		unit_end_children(writer->dwarf);
}

void dwarf_add_parameters(struct dwarf_unit *dwarf, const struct type_graph *graph,
			  const struct type *prototype, struct dwarf_counts *counts)
{
	struct writer writer = {dwarf, graph, counts};

	add_parameters(&writer, prototype);
}

static void add_prototype(struct writer *writer, const struct type *type, type_id target)
{
	unit_parent(writer->dwarf, target ? DWARF_PROTOTYPE : DWARF_PROTOTYPE_VOID, type->count);
	end_on(writer, target);
	add_parameters(writer, type);
}

/* --- all --- */

static void add_type(struct writer *writer, const struct type *type)
{
	/* A pointer can be described whatever it points to. */
	type_id target = type_graph_id(writer->graph, type->target);

	switch (type->kind) {
	case TYPE_INT:
	case TYPE_FLOAT:
		add_base(writer, type);
		return;
	case TYPE_POINTER:
		add_pointer(writer, target);
		return;
	case TYPE_ARRAY:
		add_array(writer, type, target);
		return;
	case TYPE_STRUCT:
	case TYPE_UNION:
		add_struct(writer, type);
		return;
	case TYPE_ENUM:
		add_enum(writer, type);
		return;
	case TYPE_FORWARD:
		add_forward(writer, type);
		return;
	case TYPE_TYPEDEF:
		add_typedef(writer, type, target);
		return;
	case TYPE_CONST:
		add_qualifier(writer, DWARF_CONST, DWARF_CONST_VOID, target);
		return;
	case TYPE_VOLATILE:
		add_qualifier(writer, DWARF_VOLATILE, DWARF_VOLATILE_VOID, target);
		return;
	case TYPE_RESTRICT:
		add_qualifier(writer, DWARF_RESTRICT, DWARF_RESTRICT_VOID, target);
		return;
	case TYPE_FUNCTION:
		add_prototype(writer, type, target);
		return;
	case TYPE_VOID:
	case TYPE_TAG:
	case TYPE_OTHER:
		return;
	}
}

/* What a pointer to something that cannot be described leads to. */
static void add_unknown(struct writer *writer)
{
	if (!writer->graph->bad)
		return;
	unit_place(writer->dwarf, UNIT_UNKNOWN);
	unit_entry(writer->dwarf, DWARF_UNKNOWN);
	unit_name(writer->dwarf, "unknown");
}

void dwarf_add_types(struct dwarf_unit *dwarf, const struct type_graph *graph,
		     struct dwarf_counts *counts)
{
	struct writer writer = {dwarf, graph, counts};

	counts->left_out += graph->bad;
	add_unknown(&writer);
	for (type_id id = 1; id < graph->limit; id++) {
		struct type type;

		if (type_graph_id(graph, id) != id)
			continue;
		if (!is_there(&writer, types_get(graph->types, id, &type)))
			continue;
		unit_place(dwarf, id);
		add_type(&writer, &type);
		counts->types++;
	}
}
