/* SPDX-License-Identifier: MIT */
#ifndef TRACE_FILE_H
#define TRACE_FILE_H

#include "store/trace_store.h"

/* Small made-up traces for tests. */

#define TRACE_FILE_OBJECT 0xffff888004000000ull /* of slot 0 */
#define TRACE_FILE_SIZE	  64u
#define TRACE_FILE_SLOTS  8u /* objects of a slab */
#define TRACE_FILE_PID	  100u

/** An event of kmalloc-64, a millisecond after @p event's last; to be changed before it is sent. */
void trace_file_alloc(struct trace_event *event, unsigned slot);
/** A free of what @p sequence allocated, one event a millisecond; 0 = not known. */
void trace_file_free(struct trace_event *event, unsigned slot, uint64_t sequence);

/** Hand an event to a store; fails the test on an error. */
void trace_file_send(struct trace_store *store, const struct trace_event *event);

/** A store at @p path, or a private one. */
struct trace_store *trace_file_begin(const char *path);
void trace_file_finish(struct trace_store *store);

/** Some of everything: caches, failed, double and unknown frees, backtraces; finished. */
void trace_file_fill(struct trace_store *store, unsigned rounds);

#endif
