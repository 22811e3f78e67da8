/* SPDX-License-Identifier: MIT */
#ifndef SLUB_LAYOUT_H
#define SLUB_LAYOUT_H

#include "kernel/kernel.h"
#include "slub/lock.h"
#include "types/members.h"

/** How a slab's head page is recognised (include/linux/page-flags.h). */
enum slab_mark {
	SLAB_MARK_FLAG,	     /**< bit PG_slab of page.flags, to 6.9 */
	SLAB_MARK_TYPE_MASK, /**< bit PG_slab of page.page_type cleared, 6.10 and 6.11 */
	SLAB_MARK_TYPE_BYTE, /**< top byte of page.page_type is PGTY_slab, since 6.12 */
};

/** A flag of a cache by its name. */
struct cache_flag {
	uint64_t mask;
	const char *name; /**< without SLAB_ */
};

#define CACHE_FLAGS_MAX 64

/**
 * Everything about the running kernel's slab structures that could differ from another kernel's.
 * Filled in one place, from the kernel's own types; nothing else in the slab model knows an offset
 * or a release.
 */
struct layout {
#define MEMBER(id, structs, paths, need, note) struct member id;
#define LOCK(id, structs, paths, note)	       struct lock id;
#include "slub/layout.def"
#undef MEMBER
	uint64_t cache_struct_size; /**< of struct kmem_cache as declared: with room for every node
				     */
	uint64_t cpu_struct_size;   /**< of struct kmem_cache_cpu; 0 without one */
	uint64_t node_struct_size;
	uint64_t slab_struct_size;	  /**< of struct slab or struct page */
	uint64_t barn_struct_size;	  /**< of struct node_barn; 0 without one */
	uint64_t krw_struct_size;	  /**< of struct kfree_rcu_cpu_work; 0 without one */
	uint64_t qlist_struct_size;	  /**< of struct qlist_head; 0 without KASAN's quarantine */
	uint64_t kasan_track_struct_size; /**< of struct kasan_track; 0 without KASAN */
	uint64_t ring_entry_struct_size;  /**< of struct kasan_stack_ring_entry; 0 without */
	uint64_t track_struct_size;	  /**< of struct track; 0 without one */
	uint64_t ext_struct_size;	  /**< of struct slabobj_ext; 0 without one */
	uint64_t kfence_struct_size;	  /**< of struct kfence_metadata; 0 without KFENCE */
	uint64_t per_node_stride; /**< bytes from one node's pointers to the next, 0 when caches
				     have `node[]` */
	uint32_t node_slots;	  /**< elements of the node array as declared */
	enum slab_mark slab_mark;
	uint32_t slab_mark_value; /**< bit number, mask or byte, as slab_mark says */
	uint64_t reserve_mask;	  /**< of page.flags: a slab made from the emergency reserves of
				     memory; 0 = not known */
	bool has_large_type;	  /**< blocks of large kmalloc() have a page type of their own */
	uint32_t large_type;
	uint64_t page_head_mask; /**< of page.flags: the first of a compound page; 0 = not known */
	uint64_t page_other_flags; /**< all others that are enumerated, not those that say where
				      the page is */
	uint32_t stat_items; /**< of enum node_stat_item; 0 = it is not known, nor are the two */
	uint32_t stat_reclaimable, stat_unreclaimable; /**< its enumerators of slab memory */
	struct cache_flag flags[CACHE_FLAGS_MAX];
	size_t flag_count;
	bool flags_from_types; /**< the bits are enumerators (since 6.9); else known macros */
	bool no_red_zones;     /**< red_left_pad is 0 in all caches, wherever it is */
	bool is_solved; /**< from memory: what is absent is not known, rather than not there */
};

/**
 * Resolve every member in the types of @p kernel.
 * @param ret  filled; borrows names from the kernel's types
 * @return NULL; UNSUPPORTED when a required member is missing (SLAB or SLOB instead of SLUB, or a
 * kernel newer than dill), with its name; what the types failed with
 */
DILL_MUST_CHECK struct dill_error *layout_resolve(struct kernel *kernel, struct layout *ret);

/** The two halves of a layout that has another source: its members, and the flags of a cache as
 * macros had them. */
void layout_members(struct member_source source, struct layout *ret);
void layout_macro_flags(struct layout *layout);

/** The row of layout.def with an id; NULL when there is none. */
const struct member_row *layout_row(const char *id);
/** The rows in their order, counted from 0; NULL behind the last. */
const struct member_row *layout_row_number(size_t number);

struct solution;
/**
 * The layout that was solved from memory (src/solve/). What it left open is absent, locks and
 * counters above all.
 * @return NULL; UNSUPPORTED when what nothing works without is absent, with its name
 */
DILL_MUST_CHECK struct dill_error *layout_take_solution(struct solution *solution,
							struct layout *ret);

/** Whether a member is absent since it could not be found, and not since the kernel has none. */
static inline bool layout_lacks(const struct layout *layout, struct member member)
{
	return layout->is_solved && !member.present;
}

/** The row of layout.def behind a field of struct layout that is a struct member; it exists. */
const struct member_row *layout_row_at(size_t field);

/** Take the flags as they are numbered since 6.9, up to the first whose number depends on the
 * configuration: for types that do not name them. */
void layout_number_flags(struct layout *layout);

/** Bits of the flags named @p name ("RED_ZONE"), 0 when this kernel does not know it. */
uint64_t layout_flag(const struct layout *layout, const char *name);

#endif
