/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_TYPING_PRIVATE_H
#define GRAPH_TYPING_PRIVATE_H

#include "graph/typing.h"

/* What the files that find types share. */

/** Something that says what lies in an object: a struct @p part begins @p delta bytes behind its
 * start. */
struct clue {
	graph_index from; /**< as typed.from */
	uint32_t word;
	graph_index to;
	type_id part; /**< as shapes_canonical() has it, not 0 */
	uint32_t delta;
	enum type_source source;
	enum type_trust most; /**< no more than this comes of it */
};

/** A pointer whose own type says nothing: void, or the head of a list. */
struct vague {
	uint64_t key;	  /**< type of its holder << 32 | its offset there */
	struct clue clue; /**< without part */
};

/** What such pointers lead to where that is known. */
struct habit {
	type_id type; /**< 0 = to this and that */
	uint32_t delta;
	uint32_t seen;
};

/** A struct that holds another one. */
struct holder_type {
	type_id type;
	uint32_t next; /**< place of another one, plus 1 */
};

struct typing_work {
	struct typing *typing;
	const struct graph *graph;
	ARRAY(graph_index) queue;	    /**< objects whose pointers are to be followed */
	size_t done;			    /**< of the queue */
	ARRAY(struct graph_root) variables; /**< the same of variables */
	size_t variables_done;
	struct number_map reached; /**< addresses of variables that are or were in it */
	ARRAY(struct clue) clues;  /**< that do not tell enough by themselves */
	ARRAY(struct vague) vague;
	struct number_map habit_of; /**< key -> place in habits */
	ARRAY(struct habit) habits;
	bool has_holders;	     /**< the next two are made */
	struct number_map holder_of; /**< part << 32 | offset -> place in holders, plus 1 */
	ARRAY(struct holder_type) holders;
};

/** Sizes that an object may have been asked for with, bytes: [low, high]. */
struct size_range {
	uint64_t low, high;
};

/** typing.c: of an object, by what the kernel has recorded, else by its cache. */
struct size_range typing_sizes(const struct graph *graph, graph_index object);

/** Give an object without a type one, and queue it. */
DILL_MUST_CHECK struct dill_error *typing_set(struct typing_work *work, const struct clue *clue,
					      type_id type, enum type_trust trust);

/** Take a clue: the object gets its type, or the clue is kept, or it contradicts what is known. */
DILL_MUST_CHECK struct dill_error *typing_take(struct typing_work *work, const struct clue *clue);

/** How sure a struct at the start of an object is its whole type; TYPE_UNKNOWN: it is not. */
enum type_trust typing_fits(const struct size_range *sizes, const struct type_shape *shape);

/** typing_parts.c: whether what should be pointers in an object of that type are such, but for one
 * in ten, which may be anything. */
DILL_MUST_CHECK struct dill_error *typing_looks_like(struct typing_work *work, graph_index object,
						     type_id type, bool *ret);

/** typing_roots.c: the variables whose types are known from the start. */
DILL_MUST_CHECK struct dill_error *typing_seed_roots(struct typing_work *work);
/**
 * A pointer to @p type leads into the image: when a symbol there has room for one, that is a
 * variable whose pointers are to be followed.
 */
DILL_MUST_CHECK struct dill_error *typing_reach(struct typing_work *work, dill_virt address,
						type_id type, enum type_trust trust);
/** Follow the pointers of the variables that were reached. */
DILL_MUST_CHECK struct dill_error *typing_follow_variables(struct typing_work *work);

/** typing_parts.c: types by what they must hold; *ret_new counts. */
DILL_MUST_CHECK struct dill_error *typing_by_parts(struct typing_work *work, size_t *ret_new);

/** typing_parts.c: what is certain by its size alone is not, where another type of that size begins
 * with it. */
DILL_MUST_CHECK struct dill_error *typing_doubt(struct typing_work *work);

/** typing_habits.c: note what a vague pointer leads to; types by that, and by sites. */
DILL_MUST_CHECK struct dill_error *typing_note_vague(struct typing_work *work,
						     const struct vague *vague);
DILL_MUST_CHECK struct dill_error *typing_by_habits(struct typing_work *work, size_t *ret_new);
DILL_MUST_CHECK struct dill_error *typing_by_sites(struct typing_work *work, size_t *ret_new);

#endif
