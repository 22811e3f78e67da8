/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_OBJECTS_H
#define GRAPH_OBJECTS_H

#include "base/array.h"
#include "slub/census.h"

/**
 * Every object in use of the heap and every word of them that leads to another one: what types,
 * holders and leaks are found from. Blocks of large kmalloc() are objects, too.
 *
 * Objects have numbers, those of one slab follow each other; free ones keep theirs, without words.
 * All is read once: a graph tells of the moment when it was made, and needs memory in proportion
 * to the objects and their pointers.
 */

/** What an object is known by. */
typedef uint32_t graph_index;

#define GRAPH_NONE UINT32_MAX

/** Pointers that are kept at most: a heap of 64 GiB has as many; a forged one may be made of them.
 */
#define GRAPH_EDGES_MAX ((size_t)1 << 27)

/** One slab, or one block of large kmalloc(). */
struct graph_slab {
	dill_virt base;		   /**< of the first object */
	const struct cache *cache; /**< NULL for a large block */
	uint32_t size;		   /**< from object to object */
	uint32_t object_size;
	graph_index first; /**< number of its first object */
	uint32_t count;
};

/** Bits of graph_object.flags. */
enum graph_flag {
	GRAPH_LETTERS = 1, /**< begins with a printable character or more, and a NUL */
	GRAPH_TEXT = 2,	   /**< with three and more */
	GRAPH_UNREAD = 4,  /**< its bytes could not be read: it has no words here */
};

struct graph_object {
	uint32_t slab;	    /**< place in graph->slabs */
	uint32_t edge;	    /**< its first one; the next object's is its end */
	uint8_t state;	    /**< enum object_state */
	uint8_t flags;	    /**< of enum graph_flag */
	uint16_t requested; /**< bytes that were asked for, where the kernel records it; 0 = unknown
			     */
	uint32_t site;	    /**< place in graph->sites; 0 = not known */
};

/** A word of an object that is an address in another one, in use, or waiting. */
struct graph_edge {
	graph_index to;
	uint32_t word;	/**< in the object that has it: offset / 8 */
	uint32_t delta; /**< where in the other one it leads, bytes */
};

/** A word of an object that leads to the kernel image's data. */
struct graph_outside {
	graph_index from;
	uint32_t word;
	dill_virt value;
};

struct graph {
	struct survey *survey; /**< borrowed */
	ARRAY(struct graph_slab) slabs;
	ARRAY(struct graph_object) objects;  /**< one more at the end, for its `edge` */
	ARRAY(struct graph_edge) edges;	     /**< by object, then by word */
	ARRAY(struct graph_outside) outside; /**< the same order */
	ARRAY(dill_virt)
	sites; /**< of allocations, as the kernel has recorded them; [0] = unknown */
	struct number_map chunks; /**< 2 MiB of memory -> place in `pages`, plus 1 */
	ARRAY(uint32_t) pages;	  /**< of each page, place in slabs plus 1; 512 for each chunk */
	graph_index in_use;	  /**< objects that are */
};

/**
 * Read all of the heap.
 * @param survey  of it; must outlive the graph
 * @param ret     to be given to graph_deinit(), also after an error
 * @return NULL; UNSUPPORTED when struct page is not known; LIMIT; fatal errors
 */
DILL_MUST_CHECK struct dill_error *graph_read(struct survey *survey, struct graph *ret);
void graph_deinit(struct graph *graph);

static inline void graph_deinitp(struct graph *graph)
{
	graph_deinit(graph);
}

/** The object that @p address lies in, with where in it; GRAPH_NONE when it is in none. */
graph_index graph_find(const struct graph *graph, dill_virt address, uint32_t *ret_delta);

static inline const struct graph_slab *graph_slab_of(const struct graph *graph, graph_index object)
{
	return &graph->slabs.items[graph->objects.items[object].slab];
}

static inline dill_virt graph_address(const struct graph *graph, graph_index object)
{
	const struct graph_slab *slab = graph_slab_of(graph, object);

	return slab->base + (uint64_t)(object - slab->first) * slab->size;
}

/** Objects that are the heap's nodes: in use; one that waits for RCU may be held all the same. */
static inline bool graph_is_node(const struct graph *graph, graph_index object)
{
	uint8_t state = graph->objects.items[object].state;

	return state_in_use((enum object_state)state) || state == OBJECT_WAITING;
}

/** Number of objects, free ones among them. */
static inline graph_index graph_count(const struct graph *graph)
{
	return (graph_index)(graph->objects.count ? graph->objects.count - 1 : 0);
}

/** The edge that the word at @p word of an object is; NULL when it leads to no object. */
const struct graph_edge *graph_edge_at(const struct graph *graph, graph_index object,
				       uint32_t word);
/** What that word has of the kernel image's data; 0 for anything else. */
dill_virt graph_outside_at(const struct graph *graph, graph_index object, uint32_t word);

#endif
