/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_TYPING_H
#define GRAPH_TYPING_H

#include "graph/objects.h"
#include "graph/shape.h"
#include "graph/type_words.h"

/** What is known of an object's type. */
struct typed {
	type_id type;	   /**< as shapes_canonical() has it; 0 = not known, or text */
	uint8_t source;	   /**< enum type_source */
	uint8_t trust;	   /**< enum type_trust */
	uint16_t against;  /**< pointers of other types that lead there: contradictions */
	graph_index from;  /**< who points to it; GRAPH_NONE for a variable or nobody */
	uint32_t word;	   /**< the pointer's place in it: offset / 8; of a variable, in `roots` */
	graph_index other; /**< with `against`: one that says otherwise */
	uint32_t other_word;
};

/** A variable of the kernel whose type is known. */
struct graph_root {
	const char *symbol;
	dill_virt address;
	int cpu;	 /**< of a per-CPU variable; else -1 */
	uint32_t offset; /**< of what is meant from the symbol's address */
	type_id type;	 /**< 0 = the head of a list */
	uint8_t trust;	 /**< enum type_trust */
};

/** A pointer in such a variable. */
struct root_pointer {
	uint32_t root;	 /**< place in roots */
	uint32_t offset; /**< of the pointer, in the variable */
};

/** Types of a graph's objects. */
struct typing {
	const struct graph *graph; /**< borrowed */
	struct types *types;
	struct arena *arena; /**< borrowed: of the shapes */
	struct shapes shapes;
	struct typed *objects; /**< by number */
	ARRAY(struct graph_root) roots;
	ARRAY(struct root_pointer) pointers;
	uint64_t counts[TYPE_TRUSTS]; /**< objects in use */
};

/**
 * Find out what the objects of a graph are. What is certain comes first: caches that serve one
 * struct, and variables; from there pointers are followed member by member.
 *
 * @param graph  must outlive the types
 * @param ret    to be given to typing_deinit(), also after an error
 * @return NULL; NOT_FOUND on a kernel without types; fatal errors
 */
DILL_MUST_CHECK struct dill_error *typing_find(const struct graph *graph, struct arena *arena,
					       struct typing *ret);
void typing_deinit(struct typing *typing);

static inline void typing_deinitp(struct typing *typing)
{
	typing_deinit(typing);
}

/**
 * Append the type of an object as people write it: "struct file", "struct file *[]", "text";
 * nothing when it is not known.
 */
DILL_MUST_CHECK struct dill_error *typing_name(const struct typing *typing, graph_index object,
					       struct strbuf *text);

/** Append how it is known: "from workqueue_struct.unbound_attrs of 0xffff888003c41a40". */
DILL_MUST_CHECK struct dill_error *typing_explain(const struct typing *typing, graph_index object,
						  struct strbuf *text);

/** Append who says that it is something else; nothing when nobody does. */
DILL_MUST_CHECK struct dill_error *typing_contradict(const struct typing *typing,
						     graph_index object, struct strbuf *text);

#endif
