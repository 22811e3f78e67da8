/* SPDX-License-Identifier: MIT */
#ifndef SLUB_HEAP_H
#define SLUB_HEAP_H

#include "base/number_map.h"
#include "slub/finding.h"
#include "slub/layout.h"

/** How a free pointer is stored in a free object (mm/slub.c freelist_ptr_encode()). */
enum freelist_encoding {
	FREELIST_UNDECIDED,   /**< hardened, and no free object has shown yet which way */
	FREELIST_PLAIN,	      /**< SLAB_FREELIST_HARDENED is off */
	FREELIST_XOR,	      /**< pointer ^ random ^ address, to 5.6 */
	FREELIST_XOR_SWAPPED, /**< pointer ^ random ^ byte-swapped address, since 5.7 and in stable
				 trees */
};

/** Whether a CPU was stopped where it holds a lock that does not tell (lock.c). */
struct heap_holder {
	bool known, inside;
	uint64_t epoch; /**< target_epoch() of the answer */
};

/** The slab heap of one kernel. */
struct heap {
	struct kernel *kernel; /**< borrowed */
	struct layout layout;
	enum freelist_encoding encoding;
	dill_virt slab_caches; /**< head of the list of caches */
	dill_virt kfence_base; /**< KFENCE's pool, kfence_load(); 0 = none */
	uint64_t kfence_size;
	dill_virt codetag_key; /**< static key slab_obj_ext_has_codetag_key (since 7.3); 0 = none */
	bool tagged;	       /**< pointers to objects have a tag in their top byte (KASAN_SW_TAGS,
				  KASAN_HW_TAGS) */
	dill_virt kasan_shadow;		 /**< shadow of address 0, kasan_load(); 0 = none */
	struct number_map kasan_callers; /**< handle of a stack -> who called the allocator; the
					     depot forgets none */
	struct heap_holder holder;
	bool is_read_again; /**< slub/again.h: inside of a loop that reads anew what does not fit */
	unsigned members_tried; /**< of types that a file describes, checked on this heap: how many
				   members; 0 = the types are the kernel's own */
	bool checked; /**< self_check_require() has found that all of this fits the kernel */
	struct solution *solution; /**< where the layout comes from; NULL = the kernel's types */
	/** what free objects may be in, but could not be found in memory: "sheaves"; NULL = nothing
	 */
	const char *unsolved;
};

/** A pointer to an object as its address: the tag is none of it. All of the kernel's addresses have
 * bit 55, and their top byte is 0xff without a tag. */
static inline dill_virt heap_untag(const struct heap *heap, dill_virt pointer)
{
	return heap->tagged && pointer >> 55 & 1 ? pointer | UINT64_C(0xff) << 56 : pointer;
}

/** True in KFENCE's pool: its pages are marked as slabs of caches that know nothing of them. */
static inline bool heap_is_kfence(const struct heap *heap, dill_virt address)
{
	return heap->kfence_base && address - heap->kfence_base < heap->kfence_size;
}

/** True when the target's memory can be looked at in place, so that fetching it ahead gains
 * nothing. */
static inline bool heap_is_mapped(const struct heap *heap)
{
	return kernel_map(heap->kernel, heap->slab_caches, sizeof(dill_virt));
}

void heap_free(struct heap *heap);
DEFINE_CLEANUP(struct heap *, heap_free)

#endif
