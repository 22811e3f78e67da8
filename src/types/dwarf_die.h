/* SPDX-License-Identifier: MIT */
#ifndef TYPES_DWARF_DIE_H
#define TYPES_DWARF_DIE_H

#include <elfutils/libdw.h>

#include "types/type.h"

/* Reading DIEs of files that may be broken. */

/**
 * The first child of @p parent, or the one after @p at when @p first is false; false at the end. A
 * sibling that does not lie behind its brother ends the list, since such a list might have no end.
 */
bool dwarf_next_child(const Dwarf_Die *parent, bool first, Dwarf_Die *at);
/** Kind that a DIE's tag stands for; TYPE_FORWARD for what is only declared; TYPE_OTHER. */
enum type_kind dwarf_kind(Dwarf_Die *die);
/** What a DIE of kind TYPE_FORWARD declares. */
enum type_kind dwarf_declared_kind(Dwarf_Die *die);
/** True for the children that make up a type of @p kind: members, enumerators, parameters,
 * dimensions. */
bool dwarf_is_part(Dwarf_Die *child, enum type_kind kind);

/** The DIE's own name, "" without one, NULL when it is too long for a name. */
const char *dwarf_name(Dwarf_Die *die);
/**
 * The name of a function whose parameters have names, which is what a prototype needs: of a
 * definition, or of the abstract instance of one that is inlined. "" for a declaration, which names
 * no parameter, and for the instances in code (out of line, inlined, clones), which refer to an
 * abstract one. NULL when it is too long.
 */
const char *dwarf_function_name(Dwarf_Die *die);
bool dwarf_flag(Dwarf_Die *die, unsigned name);
/** False when there is no such attribute or it is no constant. */
bool dwarf_unsigned(Dwarf_Die *die, unsigned name, uint64_t *ret);
/** The DIE that an attribute refers to; false when there is none. */
bool dwarf_reference(Dwarf_Die *die, unsigned name, Dwarf_Die *ret);

/** Of a base type. */
enum int_encoding dwarf_encoding(Dwarf_Die *die);
/** Of an enum: that of the integer behind it, where it is known. */
enum int_encoding dwarf_enum_encoding(Dwarf_Die *die);
/** Value of an enumerator; false when it has none. */
bool dwarf_enumerator_value(Dwarf_Die *die, int64_t *ret);
/** Where a member starts, in bytes from its struct; false when that is no constant. */
bool dwarf_member_location(Dwarf_Die *die, uint64_t *ret);

/** BAD_DATA about a DIE. */
DILL_MUST_CHECK struct dill_error *dwarf_bad(const Dwarf_Die *die, const char *what);

#endif
