/* SPDX-License-Identifier: MIT */
#ifndef STORE_HEAP_STORE_H
#define STORE_HEAP_STORE_H

#include "slub/census.h"
#include "slub/site.h"
#include "slub/slab_counters.h"

/**
 * A heap in SQLite: what `export` writes, and `diff` reads. docs/heap-db.md documents the tables.
 */
struct heap_writer;

/** What is known of an export when it begins; texts are escaped for display, NULL = not known. */
struct heap_about {
	const char *banner; /**< the kernel's "Linux version ..." */
	const char *caches; /**< the glob that chose them; NULL = all */
	dill_virt kernel_base, direct_map;
	uint64_t time; /**< seconds since 1970, the host's clock */
};

/**
 * Begin to write. The file is at PATH.part until heap_writer_finish(): what is at @p path stays as
 * it is when the export fails, and becomes PATH.old when it does not.
 * @return NULL; BAD_DATA, INVALID_ARGUMENT when there is something at @p path that is no export of
 * dill's; OS
 */
DILL_MUST_CHECK struct dill_error *heap_writer_new(const char *path, const struct heap_about *about,
						   struct heap_writer **ret);
/** A writer that was not finished leaves nothing. NULL is allowed. */
void heap_writer_free(struct heap_writer *writer);
DEFINE_CLEANUP(struct heap_writer *, heap_writer_free)

/** A slab of the current cache; slabs and caches are numbered from 1 as they come. */
DILL_MUST_CHECK struct dill_error *heap_writer_slab(struct heap_writer *writer,
						    const struct cache_map *map,
						    const struct mapped_slab *slab);

/** An object in use of the slab before. */
struct heap_object {
	dill_virt address;
	enum object_state state;
	uint64_t site; /**< number of its site, from 1; 0 = not recorded */
	const struct origin *origin;
	const uint64_t *age; /**< nanoseconds; NULL = not known */
};
DILL_MUST_CHECK struct dill_error *heap_writer_object(struct heap_writer *writer,
						      const struct heap_object *object);

/** A free object of the current cache. @param slab  index in its map; -1 = in none */
DILL_MUST_CHECK struct dill_error *heap_writer_place(struct heap_writer *writer, int64_t slab,
						     dill_virt object, const struct place *place);

/** End the current cache. */
struct heap_cache {
	const struct contents *contents;
	const struct cache_map *map;
	struct census_sums sums;
	uint64_t requested_objects, requested_bytes, request_waste;
	bool flags_are_known;
};
DILL_MUST_CHECK struct dill_error *heap_writer_cache(struct heap_writer *writer,
						     const struct heap_cache *cache);

/** A site of the cache number @p cache. @param name  NULL = not recorded */
DILL_MUST_CHECK struct dill_error *heap_writer_site(struct heap_writer *writer, uint64_t number,
						    uint64_t cache, const struct site *site,
						    const char *name);

/** A block of large kmalloc(). */
DILL_MUST_CHECK struct dill_error *heap_writer_large(struct heap_writer *writer,
						     const struct large_block *block);

/** What was found on a node, beside what the kernel counts; bytes. */
struct heap_node {
	unsigned node;
	uint64_t slabs, large, lost;
	bool large_is_known;
	const struct slab_counters *counters; /**< NULL = not known */
};
DILL_MUST_CHECK struct dill_error *heap_writer_node(struct heap_writer *writer,
						    const struct heap_node *node);

/** What could not be read, so that objects on no list are unknown; NULL = everything was.
 * @param why  outlives the writer */
DILL_MUST_CHECK struct dill_error *heap_writer_why(struct heap_writer *writer, const char *why);
/** Why sites may be those of former owners; NULL = they are not.
 * @param doubt  outlives the writer */
DILL_MUST_CHECK struct dill_error *heap_writer_doubt(struct heap_writer *writer, const char *doubt);

/** Rows so far, for a summary. */
struct heap_counts {
	uint64_t caches, slabs, objects, places, sites, large;
	const char *why;   /**< as heap_writer_why() was told */
	const char *doubt; /**< as heap_writer_doubt() was told */
};
void heap_writer_counts(const struct heap_writer *writer, struct heap_counts *ret);

/** Make the indexes and put the file in its place. */
DILL_MUST_CHECK struct dill_error *heap_writer_finish(struct heap_writer *writer);

#endif
