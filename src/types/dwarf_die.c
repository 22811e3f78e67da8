/* SPDX-License-Identifier: MIT */
#include "types/dwarf_die.h"

#include <dwarf.h>
#include <inttypes.h>
#include <string.h>

bool dwarf_next_child(const Dwarf_Die *parent, bool first, Dwarf_Die *at)
{
	Dwarf_Die next;

	if (first)
		return dwarf_child((Dwarf_Die *)parent, at) == 0;
	if (dwarf_siblingof(at, &next) != 0 || next.addr <= at->addr)
		return false;
	*at = next;
	return true;
}

bool dwarf_flag(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	bool value = false;

	return dwarf_attr(die, name, &attribute) && dwarf_formflag(&attribute, &value) == 0 &&
	       value;
}

static bool is_float(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Word encoding;

	return dwarf_attr(die, DW_AT_encoding, &attribute) &&
	       dwarf_formudata(&attribute, &encoding) == 0 &&
	       (encoding == DW_ATE_float || encoding == DW_ATE_complex_float);
}

static enum type_kind unless_declared(Dwarf_Die *die, enum type_kind kind)
{
	/* With a signature it is a mere reference to a type unit; GCC does not flag those. */
	return dwarf_flag(die, DW_AT_declaration) || dwarf_hasattr(die, DW_AT_signature)
		       ? TYPE_FORWARD
		       : kind;
}

enum type_kind dwarf_kind(Dwarf_Die *die)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_base_type:
		return is_float(die) ? TYPE_FLOAT : TYPE_INT;
	case DW_TAG_pointer_type:
	case DW_TAG_reference_type:
	case DW_TAG_rvalue_reference_type:
		return TYPE_POINTER;
	case DW_TAG_array_type:
		return TYPE_ARRAY;
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
		return unless_declared(die, TYPE_STRUCT);
	case DW_TAG_union_type:
		return unless_declared(die, TYPE_UNION);
	case DW_TAG_enumeration_type:
		return unless_declared(die, TYPE_ENUM);
	case DW_TAG_typedef:
		return TYPE_TYPEDEF;
	case DW_TAG_const_type:
		return TYPE_CONST;
	case DW_TAG_volatile_type:
		return TYPE_VOLATILE;
	case DW_TAG_restrict_type:
		return TYPE_RESTRICT;
	case DW_TAG_atomic_type:
		return TYPE_TAG;
	case DW_TAG_subroutine_type:
	case DW_TAG_subprogram:
		return TYPE_FUNCTION;
	default:
		return TYPE_OTHER;
	}
}

const char *dwarf_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;

	if (dwarf_attr(die, DW_AT_name, &attribute))
		name = dwarf_formstring(&attribute);
	if (!name)
		return "";
	return strnlen(name, TYPE_NAME_MAX + 1) <= TYPE_NAME_MAX ? name : NULL;
}

const char *dwarf_function_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Die declared;

	if (dwarf_flag(die, DW_AT_declaration))
		return "";
	if (!dwarf_hasattr(die, DW_AT_name) && dwarf_attr(die, DW_AT_specification, &attribute) &&
	    dwarf_formref_die(&attribute, &declared))
		return dwarf_name(&declared);
	return dwarf_name(die);
}

bool dwarf_enumerator_value(Dwarf_Die *die, int64_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Sword value_signed;
	Dwarf_Word value;

	if (!dwarf_attr(die, DW_AT_const_value, &attribute))
		return false;
	/* The fixed-size forms do not say whether they are signed; compilers write negative values
	 * in one of these two. */
	switch (dwarf_whatform(&attribute)) {
	case DW_FORM_sdata:
	case DW_FORM_implicit_const:
		if (dwarf_formsdata(&attribute, &value_signed) != 0)
			return false;
		*ret = value_signed;
		return true;
	default:
		if (dwarf_formudata(&attribute, &value) != 0)
			return false;
		*ret = (int64_t)value;
		return true;
	}
}

bool dwarf_unsigned(Dwarf_Die *die, unsigned name, uint64_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0)
		return false;
	*ret = value;
	return true;
}

bool dwarf_reference(Dwarf_Die *die, unsigned name, Dwarf_Die *ret)
{
	Dwarf_Attribute attribute;

	return dwarf_attr_integrate(die, name, &attribute) && dwarf_formref_die(&attribute, ret);
}

enum type_kind dwarf_declared_kind(Dwarf_Die *die)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_union_type:
		return TYPE_UNION;
	case DW_TAG_enumeration_type:
		return TYPE_ENUM;
	default:
		return TYPE_STRUCT;
	}
}

bool dwarf_is_part(Dwarf_Die *child, enum type_kind kind)
{
	int tag = dwarf_tag(child);

	switch (kind) {
	case TYPE_STRUCT:
	case TYPE_UNION:
		/* Not the static members of C++. */
		return tag == DW_TAG_member && !dwarf_flag(child, DW_AT_external);
	case TYPE_ENUM:
		return tag == DW_TAG_enumerator;
	case TYPE_FUNCTION:
		return tag == DW_TAG_formal_parameter || tag == DW_TAG_unspecified_parameters;
	case TYPE_ARRAY:
		return tag == DW_TAG_subrange_type || tag == DW_TAG_enumeration_type;
	default:
		return false;
	}
}

enum int_encoding dwarf_encoding(Dwarf_Die *die)
{
	uint64_t encoding = 0;

	dwarf_unsigned(die, DW_AT_encoding, &encoding);
	switch (encoding) {
	case DW_ATE_boolean:
		return INT_BOOL;
	case DW_ATE_signed:
	case DW_ATE_signed_char:
		return INT_SIGNED;
	default:
		return INT_UNSIGNED;
	}
}

static bool has_negative(const Dwarf_Die *die)
{
	Dwarf_Die child;
	int64_t value;

	for (bool first = true; dwarf_next_child(die, first, &child); first = false)
		if (dwarf_is_part(&child, TYPE_ENUM) && dwarf_enumerator_value(&child, &value) &&
		    value < 0)
			return true;
	return false;
}

enum int_encoding dwarf_enum_encoding(Dwarf_Die *die)
{
	Dwarf_Die underlying;

	if (dwarf_reference(die, DW_AT_type, &underlying))
		return dwarf_encoding(&underlying);
	if (dwarf_hasattr(die, DW_AT_encoding))
		return dwarf_encoding(die);
	/* Before DWARF 3 an enum does not say what integer it is. */
	return has_negative(die) ? INT_SIGNED : INT_UNSIGNED;
}

bool dwarf_member_location(Dwarf_Die *die, uint64_t *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Op *operations;
	Dwarf_Word value;
	size_t count;

	*ret = 0;
	if (!dwarf_attr(die, DW_AT_data_member_location, &attribute))
		return true; /* of a union */
	if (dwarf_formudata(&attribute, &value) == 0) {
		*ret = value;
		return true;
	}
	/* In DWARF 2, an expression of one operation. */
	if (dwarf_getlocation(&attribute, &operations, &count) != 0 || count != 1 ||
	    operations[0].atom != DW_OP_plus_uconst)
		return false;
	*ret = operations[0].number;
	return true;
}

struct dill_error *dwarf_bad(const Dwarf_Die *die, const char *what)
{
	return dill_error_new(DILL_ERROR_BAD_DATA, "DWARF type at 0x%" PRIx64 ": %s",
			      dwarf_dieoffset((Dwarf_Die *)die), what);
}
