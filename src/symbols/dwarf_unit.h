/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_DWARF_UNIT_H
#define SYMBOLS_DWARF_UNIT_H

#include "base/number_map.h"
#include "symbols/bytes.h"

/**
 * The shapes of entries that are written: dwarf_unit.c says which attributes each has, in the
 * order in which they are added. Those that may have children come in both forms. _VOID lacks the
 * type, _ANON the name.
 */
enum dwarf_shape {
	DWARF_UNIT = 1, /**< name, low_pc, high_pc (u64), and children */
	DWARF_BASE,	/**< name, byte_size (u8), encoding (u8) */
	DWARF_POINTER,
	DWARF_POINTER_VOID,
	DWARF_TYPEDEF, /**< name, type */
	DWARF_TYPEDEF_VOID,
	DWARF_CONST,
	DWARF_CONST_VOID,
	DWARF_VOLATILE,
	DWARF_VOLATILE_VOID,
	DWARF_RESTRICT,
	DWARF_RESTRICT_VOID,
	DWARF_ARRAY, /**< type, and children: one range */
	DWARF_RANGE, /**< count (u32) */
	DWARF_RANGE_OPEN,
	DWARF_STRUCT, /**< name, byte_size (u32), and children */
	DWARF_STRUCT_ANON,
	DWARF_UNION,
	DWARF_UNION_ANON,
	DWARF_MEMBER, /**< name, type, data_member_location (u32) */
	DWARF_MEMBER_ANON,
	DWARF_BITS, /**< name, type, bit_size (u8), data_bit_offset (u32) */
	DWARF_BITS_ANON,
	DWARF_ENUM, /**< name, byte_size (u8), and children */
	DWARF_ENUM_ANON,
	DWARF_ENUMERATOR,	   /**< name, value (SLEB128) */
	DWARF_ENUMERATOR_UNSIGNED, /**< name, value (ULEB128) */
	DWARF_FORWARD_STRUCT,	   /**< name */
	DWARF_FORWARD_UNION,
	DWARF_FORWARD_ENUM,
	DWARF_PROTOTYPE, /**< type, and children */
	DWARF_PROTOTYPE_VOID,
	DWARF_FUNCTION, /**< name, low_pc, high_pc (u32), type, and children */
	DWARF_FUNCTION_VOID,
	DWARF_PARAMETER, /**< name, type */
	DWARF_PARAMETER_ANON,
	DWARF_MORE_PARAMETERS,
	DWARF_VARIABLE, /**< name, type, address (u64 behind unit_address()) */
	DWARF_UNKNOWN,	/**< name: a type of which nothing is known */
	DWARF_SHAPES,
};

/** A place that refers to an entry that may not have been written yet. */
struct dwarf_reference {
	uint32_t at;
	uint32_t id;
};

/** One unit of .debug_info with its .debug_abbrev and .debug_str, as they grow. */
struct dwarf_unit {
	struct bytes info, abbrev, str;
	struct number_map names; /**< where each is in `str`, plus 1, by its address */
	ARRAY(struct dwarf_reference) references;
	uint32_t *places; /**< of the entries, by the id that references use; 0 = not written */
	uint32_t limit;	  /**< one past the largest id */
	struct dill_error *error;
};

/**
 * Begin a unit.
 * @param limit  one past the largest id of unit_place()
 * @param ret    to be given to unit_deinit(), also after an error
 * @return NULL; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *unit_begin(uint32_t limit, struct dwarf_unit *ret);
/** Begin an entry without children; its attributes follow. */
void unit_entry(struct dwarf_unit *dwarf, enum dwarf_shape shape);
/** Begin an entry that may have children, to be ended with unit_end_children() when it has. */
void unit_parent(struct dwarf_unit *dwarf, enum dwarf_shape shape, bool has_children);
/** The entry that is begun next is what references to @p id mean. */
void unit_place(struct dwarf_unit *dwarf, uint32_t id);
/** End the children of an entry. */
void unit_end_children(struct dwarf_unit *dwarf);
/**
 * A name, which is kept once. What would not be printable is escaped.
 * @param name  borrowed until unit_end(): two are one when they have one address
 */
void unit_name(struct dwarf_unit *dwarf, const char *name);
/** The id of the entry that stands for whatever has none: unit_place() it where that may be. */
#define UNIT_UNKNOWN 0u
/** A reference to the entry of @p id; when that is past the limit, to that of UNIT_UNKNOWN. */
void unit_type(struct dwarf_unit *dwarf, uint32_t id);
/** The location of a variable. */
void unit_address(struct dwarf_unit *dwarf, uint64_t address);
/** End the unit: all ids that were referred to have their places. NULL; NO_MEMORY */
DILL_MUST_CHECK struct dill_error *unit_end(struct dwarf_unit *dwarf);
void unit_deinit(struct dwarf_unit *dwarf);

#endif
