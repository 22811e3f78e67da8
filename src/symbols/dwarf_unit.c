/* SPDX-License-Identifier: MIT */
#include "symbols/dwarf_unit.h"

#include <dwarf.h>
#include <stdlib.h>

#include "base/strbuf.h"

/* Source: DWARF 5, chapters 7.5 and 3 to 5 */

#define ATTRIBUTES_MAX 5
/* Bytes of a type with its members, and of new names in it, in a kernel. */
#define INFO_EXPECTED 64
#define TEXT_EXPECTED 32

struct shape {
	uint16_t tag;
	bool children; /* it may have some */
	struct {
		uint16_t name, form;
	} attributes[ATTRIBUTES_MAX];
};

#define NAME                                                                                       \
	{                                                                                          \
		DW_AT_name, DW_FORM_strp                                                           \
	}
#define TYPE                                                                                       \
	{                                                                                          \
		DW_AT_type, DW_FORM_ref4                                                           \
	}
#define SIZE(form)                                                                                 \
	{                                                                                          \
		DW_AT_byte_size, form                                                              \
	}
#define BITS                                                                                       \
	{DW_AT_bit_size, DW_FORM_data1},                                                           \
	{                                                                                          \
		DW_AT_data_bit_offset, DW_FORM_udata                                               \
	}
#define PLACE                                                                                      \
	{                                                                                          \
		DW_AT_data_member_location, DW_FORM_udata                                          \
	}
#define DECLARED                                                                                   \
	{                                                                                          \
		DW_AT_declaration, DW_FORM_flag_present                                            \
	}
#define PROTOTYPED                                                                                 \
	{                                                                                          \
		DW_AT_prototyped, DW_FORM_flag_present                                             \
	}

static const struct shape shapes[DWARF_SHAPES] = {
	[DWARF_UNIT] = {DW_TAG_compile_unit,
			true,
			{NAME,
			 {DW_AT_producer, DW_FORM_strp},
			 {DW_AT_language, DW_FORM_data1},
			 {DW_AT_low_pc, DW_FORM_addr},
			 {DW_AT_high_pc, DW_FORM_data8}}},
	[DWARF_BASE] = {DW_TAG_base_type,
			false,
			{NAME, SIZE(DW_FORM_data1), {DW_AT_encoding, DW_FORM_data1}}},
	[DWARF_POINTER] = {DW_TAG_pointer_type, false, {SIZE(DW_FORM_data1), TYPE}},
	[DWARF_POINTER_VOID] = {DW_TAG_pointer_type, false, {SIZE(DW_FORM_data1)}},
	[DWARF_TYPEDEF] = {DW_TAG_typedef, false, {NAME, TYPE}},
	[DWARF_TYPEDEF_VOID] = {DW_TAG_typedef, false, {NAME}},
	[DWARF_CONST] = {DW_TAG_const_type, false, {TYPE}},
	[DWARF_CONST_VOID] = {DW_TAG_const_type, false, {{0}}},
	[DWARF_VOLATILE] = {DW_TAG_volatile_type, false, {TYPE}},
	[DWARF_VOLATILE_VOID] = {DW_TAG_volatile_type, false, {{0}}},
	[DWARF_RESTRICT] = {DW_TAG_restrict_type, false, {TYPE}},
	[DWARF_RESTRICT_VOID] = {DW_TAG_restrict_type, false, {{0}}},
	[DWARF_ARRAY] = {DW_TAG_array_type, true, {TYPE}},
	[DWARF_RANGE] = {DW_TAG_subrange_type, false, {{DW_AT_count, DW_FORM_udata}}},
	[DWARF_RANGE_OPEN] = {DW_TAG_subrange_type, false, {{0}}},
	[DWARF_STRUCT] = {DW_TAG_structure_type, true, {NAME, SIZE(DW_FORM_udata)}},
	[DWARF_STRUCT_ANON] = {DW_TAG_structure_type, true, {SIZE(DW_FORM_udata)}},
	[DWARF_UNION] = {DW_TAG_union_type, true, {NAME, SIZE(DW_FORM_udata)}},
	[DWARF_UNION_ANON] = {DW_TAG_union_type, true, {SIZE(DW_FORM_udata)}},
	[DWARF_MEMBER] = {DW_TAG_member, false, {NAME, TYPE, PLACE}},
	[DWARF_MEMBER_ANON] = {DW_TAG_member, false, {TYPE, PLACE}},
	[DWARF_BITS] = {DW_TAG_member, false, {NAME, TYPE, BITS}},
	[DWARF_BITS_ANON] = {DW_TAG_member, false, {TYPE, BITS}},
	[DWARF_ENUM] = {DW_TAG_enumeration_type, true, {NAME, SIZE(DW_FORM_data1)}},
	[DWARF_ENUM_ANON] = {DW_TAG_enumeration_type, true, {SIZE(DW_FORM_data1)}},
	[DWARF_ENUMERATOR] = {DW_TAG_enumerator, false, {NAME, {DW_AT_const_value, DW_FORM_sdata}}},
	[DWARF_ENUMERATOR_UNSIGNED] = {DW_TAG_enumerator,
				       false,
				       {NAME, {DW_AT_const_value, DW_FORM_udata}}},
	[DWARF_FORWARD_STRUCT] = {DW_TAG_structure_type, false, {NAME, DECLARED}},
	[DWARF_FORWARD_UNION] = {DW_TAG_union_type, false, {NAME, DECLARED}},
	[DWARF_FORWARD_ENUM] = {DW_TAG_enumeration_type, false, {NAME, DECLARED}},
	[DWARF_PROTOTYPE] = {DW_TAG_subroutine_type, true, {PROTOTYPED, TYPE}},
	[DWARF_PROTOTYPE_VOID] = {DW_TAG_subroutine_type, true, {PROTOTYPED}},
	[DWARF_FUNCTION] = {DW_TAG_subprogram,
			    true,
			    {NAME,
			     {DW_AT_low_pc, DW_FORM_addr},
			     {DW_AT_high_pc, DW_FORM_data4},
			     PROTOTYPED,
			     TYPE}},
	[DWARF_FUNCTION_VOID] =
		{DW_TAG_subprogram,
		 true,
		 {NAME, {DW_AT_low_pc, DW_FORM_addr}, {DW_AT_high_pc, DW_FORM_data4}, PROTOTYPED}},
	[DWARF_PARAMETER] = {DW_TAG_formal_parameter, false, {NAME, TYPE}},
	[DWARF_PARAMETER_ANON] = {DW_TAG_formal_parameter, false, {TYPE}},
	[DWARF_MORE_PARAMETERS] = {DW_TAG_unspecified_parameters, false, {{0}}},
	[DWARF_VARIABLE] = {DW_TAG_variable,
			    false,
			    {NAME, TYPE, {DW_AT_location, DW_FORM_exprloc}}},
	[DWARF_UNKNOWN] = {DW_TAG_unspecified_type, false, {NAME}},
};

/* The number of a shape with children. */
#define WITH_CHILDREN(shape) ((shape) + DWARF_SHAPES)

static void write_shape(struct bytes *abbrev, const struct shape *shape, unsigned number,
			bool has_children)
{
	bytes_add_uleb(abbrev, number);
	bytes_add_uleb(abbrev, shape->tag);
	bytes_add_u8(abbrev, has_children);
	for (size_t i = 0; i < ATTRIBUTES_MAX && shape->attributes[i].name; i++) {
		bytes_add_uleb(abbrev, shape->attributes[i].name);
		bytes_add_uleb(abbrev, shape->attributes[i].form);
	}
	bytes_add_u16(abbrev, 0);
}

static void write_shapes(struct bytes *abbrev)
{
	for (unsigned i = 1; i < DWARF_SHAPES; i++) {
		write_shape(abbrev, &shapes[i], i, false);
		if (shapes[i].children)
			write_shape(abbrev, &shapes[i], WITH_CHILDREN(i), true);
	}
	bytes_add_u8(abbrev, 0);
}

struct dill_error *unit_begin(uint32_t limit, struct dwarf_unit *ret)
{
	*ret = (struct dwarf_unit){.limit = limit};
	ret->places = calloc((size_t)limit + 1, sizeof(*ret->places));
	if (!ret->places)
		return error_no_memory();
	bytes_expect(&ret->info, limit, INFO_EXPECTED);
	bytes_expect(&ret->str, limit, TEXT_EXPECTED);
	write_shapes(&ret->abbrev);
	bytes_add_u8(&ret->str, 0);
	bytes_add_u32(&ret->info, 0); /* length */
	bytes_add_u16(&ret->info, 5); /* version */
	bytes_add_u8(&ret->info, DW_UT_compile);
	bytes_add_u8(&ret->info, sizeof(uint64_t));
	bytes_add_u32(&ret->info, 0); /* abbreviations */
	return NULL;
}

void unit_entry(struct dwarf_unit *dwarf, enum dwarf_shape shape)
{
	bytes_add_uleb(&dwarf->info, shape);
}

void unit_parent(struct dwarf_unit *dwarf, enum dwarf_shape shape, bool has_children)
{
	bytes_add_uleb(&dwarf->info, has_children ? WITH_CHILDREN(shape) : shape);
}

void unit_place(struct dwarf_unit *dwarf, uint32_t id)
{
	dwarf->places[id] = (uint32_t)bytes_count(&dwarf->info);
}

void unit_end_children(struct dwarf_unit *dwarf)
{
	bytes_add_u8(&dwarf->info, 0);
}

/* --- names --- */

static bool is_printable(const char *name)
{
	for (; *name; name++)
		if (*name < ' ' || *name > '~')
			return false;
	return true;
}

static uint32_t add_name(struct dwarf_unit *dwarf, const char *name)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	if (is_printable(name))
		return bytes_add_text(&dwarf->str, name);
	strbuf_append_escaped(&text, name, strlen(name));
	dwarf->str.failed |= text.failed;
	return bytes_add_text(&dwarf->str, strbuf_get(&text));
}

void unit_name(struct dwarf_unit *dwarf, const char *name)
{
	uint64_t place;

	if (!number_map_get(&dwarf->names, (uintptr_t)name, &place)) {
		place = add_name(dwarf, name);
		if (!dwarf->error)
			dwarf->error = number_map_put(&dwarf->names, (uintptr_t)name, place);
	}
	bytes_add_u32(&dwarf->info, (uint32_t)place);
}

/* --- references --- */

void unit_type(struct dwarf_unit *dwarf, uint32_t id)
{
	if (id >= dwarf->limit)
		id = UNIT_UNKNOWN;

	const struct dwarf_reference reference = {(uint32_t)bytes_count(&dwarf->info), id};

	bytes_add_u32(&dwarf->info, dwarf->places[id]);
	if (!dwarf->places[id] && !dwarf->error)
		dwarf->error = array_push(&dwarf->references, reference);
}

void unit_address(struct dwarf_unit *dwarf, uint64_t address)
{
	bytes_add_uleb(&dwarf->info, 1 + sizeof(address));
	bytes_add_u8(&dwarf->info, DW_OP_addr);
	bytes_add_u64(&dwarf->info, address);
}

struct dill_error *unit_end(struct dwarf_unit *dwarf)
{
	unit_end_children(dwarf); /* of the unit */
	bytes_set_u32(&dwarf->info, 0, (uint32_t)(bytes_count(&dwarf->info) - sizeof(uint32_t)));
	for (size_t i = 0; i < dwarf->references.count; i++)
		bytes_set_u32(&dwarf->info, dwarf->references.items[i].at,
			      dwarf->places[dwarf->references.items[i].id]);
	TRY(steal(dwarf->error));
	TRY(bytes_error(&dwarf->info));
	TRY(bytes_error(&dwarf->abbrev));
	return bytes_error(&dwarf->str);
}

void unit_deinit(struct dwarf_unit *dwarf)
{
	bytes_deinit(&dwarf->info);
	bytes_deinit(&dwarf->abbrev);
	bytes_deinit(&dwarf->str);
	number_map_deinit(&dwarf->names);
	array_free(&dwarf->references);
	free(dwarf->places);
	dill_error_free(dwarf->error);
}
