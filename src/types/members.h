/* SPDX-License-Identifier: MIT */
#ifndef TYPES_MEMBERS_H
#define TYPES_MEMBERS_H

#include "base/span.h"
#include "types/type.h"

/**
 * Where members of the kernel's structures lie. Each room that reads structures has a table of what
 * it needs (a .def file) and a struct of `struct member`s, which members_resolve() fills by asking
 * a source. Nothing else in a room knows an offset, and what was not found is not `present`.
 */

/** Where a member lies in its structure. */
struct member {
	bool present;
	uint8_t bit_shift; /**< of a bit-field within its bytes */
	uint8_t bit_size;  /**< 0 = no bit-field */
	uint32_t offset;   /**< bytes */
	uint32_t size;	   /**< bytes of the member's type, or that hold the bit-field */
};

/** One row of a room's table. */
struct member_row {
	const char *id;
	const char *structs; /**< names in order of preference, separated by '|' */
	const char *paths;   /**< member paths in order of preference, separated by '|' */
	unsigned need;	     /**< who cannot do without it, a number of the room's; 0 = nobody */
	size_t field;	     /**< offset of its struct member in the room's struct */
};

/** The row of @p id in @p room, a struct's tag. */
#define MEMBER_ROW(room, member, structs_, paths_, need_)                                          \
	{                                                                                          \
		.id = #member, .structs = (structs_), .paths = (paths_), .need = (need_),          \
		.field = offsetof(struct room, member)                                             \
	}

/** Who is asked: the target's types, or whoever else knows. */
struct member_source {
	/** False when it is not known; @p ret is left alone then. */
	bool (*find)(void *context, const struct member_row *row, struct member *ret);
	void *context;
};

/** The source that these types are; they must outlive it. */
struct member_source members_of_types(struct types *types);

/** Fill a room's struct, row by row; its other fields are left alone. */
void members_resolve(struct member_source source, const struct member_row *rows, size_t count,
		     void *room);

/** The first row that @p need cannot do without and that was not found; NULL when there is none. */
const struct member_row *members_missing(const struct member_row *rows, size_t count,
					 const void *room, unsigned need);

/** Append "kmem_cache.size", the name that a row's member has in these types. */
void members_append_name(struct types *types, const struct member_row *row, struct strbuf *text);

/**
 * Size of the first struct that exists.
 * @param names  in order of preference, separated by '|'
 * @return bytes; 0 when there is none
 */
uint64_t members_struct_size(struct types *types, const char *names);

/**
 * The value of a member in a copy of its structure, at most 8 bytes, zero-extended; 0 when the
 * member is absent or lies outside of @p bytes.
 */
uint64_t member_get(struct member member, struct span bytes);

#endif
