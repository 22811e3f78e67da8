/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_SHAPE_H
#define GRAPH_SHAPE_H

#include "base/arena.h"
#include "base/array.h"
#include "base/number_map.h"
#include "types/type.h"

/** Slots and parts of one type that are looked at: what lies behind them is not followed. */
#define SHAPE_SLOTS_MAX 4096u

/** What a pointer of a type leads to. */
enum slot_kind {
	SLOT_POINTER, /**< to `target`; 0 = void */
	SLOT_LINK,    /**< of a list or tree, to the same link in a neighbour, or to its head */
};

/** A word of a type that is a pointer. */
struct shape_slot {
	uint32_t offset;
	enum slot_kind kind;
	bool is_alternative; /**< lies in a union: it may be something else */
	bool is_ambiguous;   /**< so much so that another pointer may be in the same place */
	type_id target;	     /**< SLOT_POINTER: as shapes_canonical() has it */
	/** SLOT_LINK: start of its struct list_head or the like ... */
	uint32_t link;
	/** ... which is a member of this struct, at this offset of the whole type. */
	type_id owner;
	uint32_t owner_offset;
};

/** A struct in a type, the type itself among them. */
struct shape_part {
	uint32_t offset;
	type_id type;
};

/** Where the pointers and structs of a type lie. */
struct type_shape {
	type_id type;
	uint64_t size;	/**< bytes; 0 = declared, but described nowhere */
	bool is_struct; /**< else a pointer, or some base type */
	bool is_open;	/**< it ends in an array whose length nobody knows */
	uint32_t last;	/**< where its last member begins when that is an array, which
			     may be cut short as cpumasks are; else its size */
	uint32_t tail;	/**< with is_open: where the array begins */
	const struct type_shape
		*each; /**< with is_open: of its elements; NULL = they lead nowhere */
	const struct shape_slot *slots; /**< by offset */
	size_t slot_count;
	const struct shape_part *parts;
	size_t part_count;
};

/** Shapes of a kernel's types, each made when it is first asked for. */
struct shapes {
	struct types *types;	   /**< borrowed */
	struct arena *arena;	   /**< borrowed: holds them */
	struct number_map by_type; /**< id plus 1 -> place in `all` */
	ARRAY(struct type_shape *) all;
	struct number_map canonical; /**< id plus 1 -> id */
	unsigned depth;		     /**< of shapes that are just made for each other */
};

void shapes_init(struct types *types, struct arena *arena, struct shapes *ret);
void shapes_deinit(struct shapes *shapes);

/**
 * One id for all descriptions of a type: without typedefs and qualifiers, of structs of the same
 * name and size the first, and of one that is only declared its definition, where there is one.
 * @param ret  0 for void and for what is broken
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *shapes_canonical(struct shapes *shapes, type_id type,
						    type_id *ret);

/**
 * The shape of a type.
 * @param type  as shapes_canonical() has it, not 0
 * @param ret   lives as long as the arena; what of the type is broken is left out
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *shapes_get(struct shapes *shapes, type_id type,
					      const struct type_shape **ret);

/** The same, of a type whose shape has been asked for before; NULL for another one. */
const struct type_shape *shapes_known(const struct shapes *shapes, type_id type);

/** Whether a struct @p part begins at @p offset of the type, or of an element of an array of it. */
bool shape_has_part(const struct type_shape *shape, type_id part, uint64_t offset);

#endif
