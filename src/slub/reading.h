/* SPDX-License-Identifier: MIT */
#ifndef SLUB_READING_H
#define SLUB_READING_H

#include "slub/cache.h"

/** How much of a cache to look at. */
enum contents_detail {
	CONTENTS_COUNTS,    /**< lists and counters; of objects only the CPUs' freelists */
	CONTENTS_FREELISTS, /**< every CPU's and node's slabs with their freelists */
};

/**
 * What is read now, and where its parts go: handed down from a cache to its lists, slabs and
 * freelists. Whoever goes on to a part makes a copy that says which.
 */
struct reading {
	struct heap *heap;
	const struct cache *cache;  /**< whose parts; set by who goes over several */
	struct arena *arena;	    /**< holds the results */
	struct findings *findings;  /**< gets what does not fit; muted where it was told before */
	struct finding_place where; /**< the part, for findings */
	enum contents_detail detail;
};

/** A reading of no cache yet. */
static inline struct reading reading_start(struct heap *heap, enum contents_detail detail,
					   struct arena *arena, struct findings *findings)
{
	return (struct reading){
		.heap = heap,
		.arena = arena,
		.findings = findings,
		.where = {.cpu = -1, .node = -1},
		.detail = detail,
	};
}

/** The same of a cache as a whole. */
static inline struct reading reading_of(const struct reading *reading, const struct cache *cache)
{
	struct reading part = *reading;

	part.cache = cache;
	part.where = (struct finding_place){.cache = cache->name, .cpu = -1, .node = -1};
	return part;
}

/** The same of a CPU's part. @param moving  as finding_place.moving */
static inline struct reading reading_of_cpu(const struct reading *reading,
					    const struct cache *cache, unsigned cpu,
					    const char *moving)
{
	struct reading part = reading_of(reading, cache);

	part.where.cpu = (int)cpu;
	part.where.moving = moving;
	return part;
}

/** The same of a node's part. @param moving  as finding_place.moving */
static inline struct reading reading_of_node(const struct reading *reading,
					     const struct cache *cache, unsigned node,
					     const char *moving)
{
	struct reading part = reading_of(reading, cache);

	part.where.node = (int)node;
	part.where.moving = moving;
	return part;
}

/** The same of a slab. @param slab  address of its descriptor */
static inline struct reading reading_of_slab(const struct reading *reading, dill_virt slab)
{
	struct reading part = *reading;

	part.where.slab = slab;
	return part;
}

#endif
