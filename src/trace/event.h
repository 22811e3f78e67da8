/* SPDX-License-Identifier: MIT */
#ifndef TRACE_EVENT_H
#define TRACE_EVENT_H

#include <dill/target.h>

#include "base/error.h"
#include "kernel/task.h"

/** What happened to an object. */
enum trace_kind {
	TRACE_ALLOC,   /**< given out */
	TRACE_FREE,    /**< given back */
	TRACE_REQUEST, /**< kfree_rcu(): to be given back after a grace period, by somebody else */
};

/** Bits of trace_event.flags. */
enum trace_flag {
	TRACE_BULK = 1 << 0,   /**< one of several objects of one call */
	TRACE_LARGE = 1 << 1,  /**< from the page allocator, no slab */
	TRACE_KNOWN = 1 << 2,  /**< a free or request whose allocation was seen: the alloc_ members
				  are set */
	TRACE_DOUBLE = 1 << 3, /**< a free of an object that was free already */
	/** A free by a process or on a CPU that is not followed, of an object that was. */
	TRACE_FOREIGN = 1 << 4,
};

/** Most return addresses of a backtrace that are kept. */
#define TRACE_STACK_MAX 64u

/**
 * One allocation or free, whatever engine saw it. Texts and lists are borrowed from whoever made
 * the event and live as long as the call that hands it over.
 */
struct trace_event {
	uint64_t sequence; /**< from 1, without gaps, in the order of happening */
	uint64_t time_ns;  /**< since the trace began, by the host's clock */
	enum trace_kind kind;
	unsigned flags; /**< set of enum trace_flag */
	unsigned cpu;
	uint32_t pid,
		tgid; /**< of the current task: an interrupt's are those of whom it interrupted */
	const char *comm; /**< escaped for display */
	const char
		*function; /**< the allocator's entry point that was called, "__kmalloc_noprof" */
	dill_virt cache;   /**< kmem_cache; 0 = none (large), or not to be found */
	const char *cache_name;	  /**< escaped for display; NULL without a cache */
	dill_virt object;	  /**< 0 = the allocation failed */
	dill_virt slab;		  /**< base of the slab that holds the object; 0 = none */
	uint32_t slab_objects;	  /**< objects of that slab */
	uint64_t bytes_requested; /**< of an allocation */
	uint64_t bytes_given;	  /**< of an allocation: the object's size, or whole pages */
	uint64_t gfp;		  /**< gfp_t of an allocation */
	const char *gfp_names;	  /**< "GFP_KERNEL|__GFP_ZERO"; NULL for frees */
	dill_virt caller;	  /**< return address: who called the function */
	const char *caller_name;  /**< "load_msg+0x2c"; NULL when no symbol is near */
	const dill_virt *stack;	  /**< return addresses behind `caller`, innermost first */
	size_t stack_count;	  /**< at most TRACE_STACK_MAX */
	uint64_t alloc_sequence;  /**< TRACE_KNOWN: of the event that allocated the object */
	uint64_t alloc_time_ns;
};

/** Where events go: a printer, a data base, both. */
struct trace_sink {
	/** Take one event; an error ends the trace. */
	struct dill_error *(*event)(struct trace_sink *sink, const struct trace_event *event);
};

/** "alloc", "free", "request". */
const char *trace_kind_name(enum trace_kind kind);

#endif
