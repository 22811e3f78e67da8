/* SPDX-License-Identifier: MIT */
#ifndef SLUB_PAGE_USE_H
#define SLUB_PAGE_USE_H

#include "slub/heap.h"

/** What a page of memory that is no slab is used for. */
enum page_use {
	PAGE_UNKNOWN,	    /**< in use, for what nothing tells */
	PAGE_LARGE_KMALLOC, /**< kmalloc() of more than two pages, says the page's type */
	PAGE_COMPOUND,	    /**< like one, but nothing says so: kernels to 6.14 do not mark them */
	PAGE_TYPED,	    /**< has a type: page_facts.type_name */
	PAGE_BUDDY,	    /**< free, the first of its block */
	PAGE_FREE,	    /**< free, or between two users: nobody holds a reference */
	PAGE_RESERVED,	    /**< not for the page allocator: the kernel image, firmware ... */
	PAGE_ANONYMOUS,	    /**< of a process */
	PAGE_FILE,	    /**< of a file in the page cache */
};

/** "large_kmalloc", ...: stable, as in JSON. */
const char *page_use_name(enum page_use use);

struct page_facts {
	dill_virt page; /**< struct page of the address */
	dill_virt head; /**< of the compound page it belongs to */
	dill_virt base; /**< of the compound page's memory */
	uint64_t flags; /**< of the head */
	int32_t refcount;
	bool has_order;
	unsigned order; /**< the compound page has 2^order pages */
	enum page_use use;
	const char *type_name; /**< "buddy", "table" ...; NULL without a type */
};

/**
 * Describe the page that @p page is the struct page of.
 * @return NULL; UNSUPPORTED, FAULT, BAD_DATA when its struct page cannot be read; fatal errors
 */
DILL_MUST_CHECK struct dill_error *page_describe(struct heap *heap, dill_virt page,
						 struct page_facts *ret);

#endif
