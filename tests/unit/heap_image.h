/* SPDX-License-Identifier: MIT */
#ifndef HEAP_IMAGE_H
#define HEAP_IMAGE_H

#include "slub/contents.h"

/**
 * A made-up kernel memory with a healthy slab heap of the per-CPU slab engine, and an
 * implementation of kernel/kernel.h over it (linked instead of lib_kernel). A test builds a heap,
 * corrupts one thing, and looks at what dill says.
 */
/** A heap that moves while it is read. */
struct image_motion {
	bool moves;
	unsigned invalidated; /**< how often kernel_forget() was called */
	unsigned heals_after; /**< with this one, `address` gets `value`; 0 = never */
	dill_virt address;
	uint64_t value;
};

struct image {
	struct image_motion motion; /* none, unless a test fills it in */
	uint8_t *memory;	    /* the direct map's pages */
	uint8_t *vmemmap;	    /* their struct pages */
	size_t pages;
	size_t used_pages;
	size_t used_bytes; /* of the page for small structures */
	dill_virt small;   /* that page */
	unsigned cpus, nodes;
	struct heap heap; /* with a layout of its own, unlike any kernel's */
	dill_virt caches[16];
	size_t cache_count;
	size_t percpu_bytes; /* of each CPU's page, from its end */
	struct {
		const char *name;
		dill_virt address;
	} symbols[8];		   /* none, unless a test fills them in, or with image_symbol() */
	unsigned asked;		   /* how often whether the user wants to stop */
	unsigned inside_allocator; /* bits of CPUs that were stopped in there */
	unsigned interrupts_off;   /* bits of CPUs that were stopped so */
};

#define IMAGE_BASE	  UINT64_C(0xffff888000000000)
#define IMAGE_VMEMMAP	  UINT64_C(0xffffea0000000000)
#define IMAGE_PAGE_STRUCT 64u
/** Flag of a page: a slab of the emergency reserves. */
#define IMAGE_RESERVED (UINT64_C(1) << 40)

void image_init(struct image *image, size_t pages, unsigned cpus, unsigned nodes,
		enum freelist_encoding encoding);
void image_deinit(struct image *image);

/** Host memory behind an address of the image; fails the test when there is none. */
void *image_at(struct image *image, dill_virt address, size_t length);
uint64_t image_u64(struct image *image, dill_virt address);
void image_set_u64(struct image *image, dill_virt address, uint64_t value);

/** Write a fuzzer's patches, 12 bytes each: where (anywhere, modulo all there is), and what. */
void image_patch(struct image *image, struct span patches);

/** A new, empty cache. Its objects have @p size bytes, its slabs one page. */
dill_virt image_cache(struct image *image, const char *name, uint32_t size);
/** A new slab of @p cache whose objects @p free (indices, in freelist order) are free. Returns its
 * descriptor. */
dill_virt image_slab(struct image *image, dill_virt cache, const uint32_t *free, size_t count);
dill_virt image_object(struct image *image, dill_virt cache, dill_virt slab, uint32_t index);
/** Address of the free pointer in an object. */
dill_virt image_slot(struct image *image, dill_virt cache, dill_virt object);
/** Store @p next into the free object @p object, encoded as the image's kernel does it. */
void image_link(struct image *image, dill_virt cache, dill_virt object, dill_virt next);
/** Chain objects by index; returns the first. */
dill_virt image_chain(struct image *image, dill_virt cache, dill_virt slab, const uint32_t *free,
		      size_t count);

/** Append @p slab to the partial list of node @p node. */
void image_add_partial(struct image *image, dill_virt cache, unsigned node, dill_virt slab);
/** Give @p slab to @p cpu: all its objects count as in use, @p free are the CPU's freelist. */
void image_set_cpu_slab(struct image *image, dill_virt cache, unsigned cpu, dill_virt slab,
			const uint32_t *free, size_t count);
/** Put @p slab in front of the partial slabs of @p cpu. */
void image_add_cpu_partial(struct image *image, dill_virt cache, unsigned cpu, dill_virt slab);

/** Let @p cache have sheaves of @p capacity objects on every CPU, all empty, and barns. */
void image_give_sheaves(struct image *image, dill_virt cache, uint32_t capacity);
enum image_sheaf { IMAGE_MAIN, IMAGE_SPARE, IMAGE_RCU_FREE };
/** Give @p cpu a sheaf with these objects, in array order; the one it had is forgotten. */
dill_virt image_set_sheaf(struct image *image, dill_virt cache, unsigned cpu,
			  enum image_sheaf which, const dill_virt *objects, size_t count);
/** Append a sheaf with these objects to the full ones in the barn of @p node. */
dill_virt image_add_full_sheaf(struct image *image, dill_virt cache, unsigned node,
			       const dill_virt *objects, size_t count);

/** Address of 8 bytes of a CPU's own data, the same for all; for per-CPU symbols. */
#define IMAGE_PERCPU_WORD UINT64_C(0x1ff8)

/** Let the kernel have a symbol. */
void image_symbol(struct image *image, const char *name, dill_virt address);
/** Zeroed bytes for small structures, and a whole page. */
dill_virt image_bytes(struct image *image, size_t size);
dill_virt image_page(struct image *image);
/** A __percpu pointer to new bytes of every CPU's area. */
dill_virt image_percpu(struct image *image, size_t size);

dill_virt image_node(struct image *image, dill_virt cache, unsigned node);
dill_virt image_cpu(struct image *image, dill_virt cache, unsigned cpu);

#endif
