/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_CACHE_TYPE_H
#define GRAPH_CACHE_TYPE_H

#include "slub/cache.h"

/** The struct that a cache is for, if that is plain. */
struct object_type {
	struct types *types; /**< NULL = not known */
	type_id type;
};

/**
 * Guess it by the cache's name: "dentry", or with another ending "kernfs_node_cache" and
 * "signal_cache", for struct signal_struct. Unless the names are the same it must have the objects'
 * size; the cache must have no other users.
 */
void object_type_find(struct heap *heap, const struct cache *cache, struct object_type *ret);

/** Append the path of the member at @p offset; nothing where it is not known. NULL; fatal errors */
DILL_MUST_CHECK struct dill_error *object_type_member(const struct object_type *type,
						      uint64_t offset, struct strbuf *text);

#endif
