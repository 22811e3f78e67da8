/* SPDX-License-Identifier: MIT */
#ifndef SOLVE_SOLVER_H
#define SOLVE_SOLVER_H

#include "kernel/image.h"
#include "solve/solution.h"

/* What the rules share. */

/** Bytes in front of a cache's entry in the list of caches, and from it on, that rules look at. */
#define CACHE_BEFORE 0x200
#define CACHE_AHEAD  0x400
/** The same of a slab's descriptor around its entry in a node's list. */
#define SLAB_BEFORE 0x40
#define SLAB_AHEAD  0x80
#define NODES_MAX   64u
/** Caches and slabs that vote. */
#define CACHES_MAX	4096u
#define SLABS_PER_CACHE 8u
#define SLABS_MAX	2048u

/** One vote. */
enum vote { VOTE_AGAINST, VOTE_FOR, VOTE_NONE };

struct solve_tally {
	unsigned good, all;
};

static inline void tally_add(struct solve_tally *tally, enum vote vote)
{
	tally->good += vote == VOTE_FOR;
	tally->all += vote != VOTE_NONE;
}

/** Enough votes, and nearly all of them for it. */
static inline bool tally_decides(struct solve_tally tally)
{
	return tally.good >= SOLVE_VOTES_MIN && tally.good * 100 >= tally.all * SOLVE_PERCENT;
}

/** A cache. Offsets in it count from its entry in the list of caches, until rule_base knows more.
 */
struct solve_cache {
	dill_virt link;
	char name[48];	   /**< printable; empty when it is not */
	uint64_t promised; /**< what its name says that it gives: 64 of "kmalloc-64"; else 0 */
	bool is_plain;	   /**< "kmalloc-NUMBER" */
	uint8_t bytes[CACHE_BEFORE + CACHE_AHEAD];
	uint32_t object_size, size, oo, align, flags;
	dill_virt nodes[NODES_MAX];
	uint32_t slab_count; /**< of solver.slabs that are its */
};

/** A slab that a CPU or a node has. */
struct solve_slab {
	size_t cache; /**< index */
	/** What distances in it count from: its descriptor where CPUs have slabs; else its entry in
	 * the node's list, until rule_slabs knows more. */
	dill_virt anchor;
	int node; /**< whose list it is on; -1: found through a CPU, which may take from it */
	uint8_t bytes[SLAB_BEFORE + SLAB_AHEAD];
	dill_virt freelist, base; /**< once rule_slab has found them; base of its memory */
};

struct solver {
	struct kernel *kernel;
	struct solution *solution;
	ARRAY(struct solve_cache) caches;
	ARRAY(struct solve_slab) slabs;
	bool flat; /* descriptors lie in the direct map (FLATMEM): tried when they do not elsewhere
		    */
	unsigned node_count;
	/* Distances from a cache's list entry. */
	int name, base, end; /**< [base, end): the struct */
	int node;
	/* In a struct kmem_cache_node. */
	int partial;
	/* From a slab's anchor. */
	int slab_cache, slab_freelist, slab_base, slab_link;
	bool has_base; /* base and slab_cache are known */
	bool has_link; /* slab_link is known */
	struct solve_tally link_tally;
	/* The per-CPU pointer, from a cache's list entry, and the pointers to slabs behind it. */
	bool has_cpus;
	int cpus;
	unsigned cpu_words[2], cpu_word_count;
	struct solve_tally cpu_tallies[2];
	uint32_t sheaf_owner;	  /* where a sheaf's cache is; 0 = not known */
	struct dill_error *fatal; /* by solver_keep() */
};

/**
 * Free an error, if there is one, and say that there was none. A fatal one is kept: nothing is read
 * after it, and it ends the solver with the rule that met it.
 */
bool solver_keep(struct solver *solver, struct dill_error *error);
/** The fatal error that was kept, which is the caller's now; NULL when there was none. */
DILL_MUST_CHECK struct dill_error *solver_lost(struct solver *solver);
/** Read a word; false when it cannot be read. What is fatal is kept. */
bool solver_word(struct solver *solver, dill_virt address, uint64_t *ret);
/** Read what can be read; what cannot be read is zeros. @return NULL; fatal errors */
DILL_MUST_CHECK struct dill_error *solver_read(struct solver *solver, dill_virt address,
					       void *buffer, size_t length);
/** In the direct map, where the kernel's objects are. */
bool solver_is_direct(const struct solver *solver, uint64_t address);
/** In the kernel's code, or where the image's permissions are not known, in the image. */
bool solver_is_code(const struct solver *solver, uint64_t address);
/** A pointer to an object: in the direct map, of its alignment. */
static inline bool solver_is_pointer(const struct solver *solver, uint64_t value)
{
	return value % 8 == 0 && solver_is_direct(solver, value);
}

/** The value of @p width bytes of a copy; 0 where they lie outside. */
static inline uint64_t solver_copied(const void *bytes, size_t size, int64_t at, size_t width)
{
	uint64_t value = 0;

	if (at >= 0 && (uint64_t)at + width <= size)
		memcpy(&value, (const uint8_t *)bytes + at, width);
	return value;
}

/** Words and half words of a cache at a distance from its list entry; 0 out of reach. */
static inline uint64_t cache_u64(const struct solve_cache *cache, int distance)
{
	return solver_copied(cache->bytes, sizeof(cache->bytes), CACHE_BEFORE + distance, 8);
}

static inline uint32_t cache_u32(const struct solve_cache *cache, int distance)
{
	return (uint32_t)solver_copied(cache->bytes, sizeof(cache->bytes), CACHE_BEFORE + distance,
				       4);
}

/** The same of a slab, from its anchor. */
static inline uint64_t slab_u64(const struct solve_slab *slab, int distance)
{
	return solver_copied(slab->bytes, sizeof(slab->bytes), SLAB_BEFORE + distance, 8);
}

static inline uint16_t slab_u16(const struct solve_slab *slab, int distance)
{
	return (uint16_t)solver_copied(slab->bytes, sizeof(slab->bytes), SLAB_BEFORE + distance, 2);
}

/** Where the first byte of a cache is, and a slab's pointer to that, by votes of slabs. */
struct back_votes {
	unsigned *counts; /* [base / 8][place / 8] */
	unsigned all;
	bool any; /* there are some */
};

struct back_pointer {
	int base, place;
	struct solve_tally tally;
};

#define BACK_PLACES ((SLAB_BEFORE + SLAB_AHEAD) / 8)

DILL_MUST_CHECK struct dill_error *back_votes_init(struct back_votes *votes);
void back_votes_deinit(struct back_votes *votes);
/** Words around @p anchor that lead into the cache, in front of its list entry or to it. */
DILL_MUST_CHECK struct dill_error *back_votes_add(struct solver *solver, struct back_votes *votes,
						  const struct solve_cache *cache,
						  dill_virt anchor);
struct back_pointer back_votes_best(const struct back_votes *votes);
/** Note a slab. */
DILL_MUST_CHECK struct dill_error *solver_add_slab(struct solver *solver, size_t cache,
						   dill_virt anchor, int node);
/** Take what slabs say of where a cache begins. */
void solver_take_base(struct solver *solver, const struct back_pointer *back);
/** First byte of a cache, once it is known. */
static inline dill_virt cache_base(const struct solver *solver, const struct solve_cache *cache)
{
	return cache->link + (uint64_t)(int64_t)solver->base;
}

/** The cache in whose slab @p address lies: its index, or -1. @param ret_base  of the slab's memory
 */
int solver_owner(struct solver *solver, uint64_t address, dill_virt *ret_base);
/** Whether an object of the cache begins at @p address; caches without red zones. */
bool solver_is_object(struct solver *solver, const struct solve_cache *cache, uint64_t address);

/** Note a member that was found. */
void solver_found(struct solver *solver, const char *id, uint32_t offset, uint32_t size,
		  struct solve_tally tally, const char *voters);
/** Note one that was not, with the best that there was. */
void solver_open(struct solver *solver, const char *id, unsigned candidates,
		 struct solve_tally best, const char *voters);
/** Whether a member was found. */
static inline bool solver_has(const struct solver *solver, const char *id)
{
	return solution_has(solver->solution, id);
}
/** Whether a member of struct kmem_cache was found at a distance from the list entry. */
bool solver_is_taken(const struct solver *solver, int distance);

/* The rules, in the order in which they need each other. Each fails with UNSUPPORTED when nothing
 * can be said of the heap without what it looks for. */
DILL_MUST_CHECK struct dill_error *rule_caches(struct solver *solver); /* rule_caches.c */
/** The list of caches of a kernel whose kmalloc() needs none; no caches where there is no such
 * list. */
DILL_MUST_CHECK struct dill_error *rule_caches_without_kmalloc(struct solver *solver);
DILL_MUST_CHECK struct dill_error *rule_cpu_slabs(struct solver *solver); /* rule_cpu_slabs.c */
DILL_MUST_CHECK struct dill_error *rule_nodes(struct solver *solver);	  /* rule_nodes.c */
DILL_MUST_CHECK struct dill_error *rule_sizes(struct solver *solver);	  /* rule_sizes.c */
DILL_MUST_CHECK struct dill_error *rule_slabs(struct solver *solver);	  /* rule_slabs.c */
DILL_MUST_CHECK struct dill_error *rule_node_counters(struct solver *solver);
DILL_MUST_CHECK struct dill_error *rule_page_nodes(struct solver *solver);
DILL_MUST_CHECK struct dill_error *rule_heads(struct solver *solver);	  /* rule_heads.c */
DILL_MUST_CHECK struct dill_error *rule_freelists(struct solver *solver); /* rule_freelists.c */
DILL_MUST_CHECK struct dill_error *rule_columns(struct solver *solver);	  /* rule_columns.c */
DILL_MUST_CHECK struct dill_error *rule_cpus(struct solver *solver);	  /* rule_cpus.c */
DILL_MUST_CHECK struct dill_error *rule_sheaves(struct solver *solver);	  /* rule_sheaves.c */
DILL_MUST_CHECK struct dill_error *rule_barns(struct solver *solver);	  /* rule_barns.c */
DILL_MUST_CHECK struct dill_error *rule_rcu(struct solver *solver);	  /* rule_rcu.c */
DILL_MUST_CHECK struct dill_error *rule_kfree_rcu(struct solver *solver); /* rule_kfree_rcu.c */
DILL_MUST_CHECK struct dill_error *rule_deferred(struct solver *solver);  /* rule_deferred.c */
DILL_MUST_CHECK struct dill_error *rule_kfence(struct solver *solver);	  /* rule_kfence.c */
DILL_MUST_CHECK struct dill_error *rule_marks(struct solver *solver);	  /* rule_marks.c */

#endif
