/* SPDX-License-Identifier: MIT */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/error.h"

/**
 * Memory that dies together: the records, names and findings of one command.
 * Blocks are zeroed and aligned for every type.
 */
struct arena;

DILL_MUST_CHECK struct dill_error *arena_new(struct arena **ret);
/** Free the arena and all its blocks; NULL is allowed. */
void arena_free(struct arena *arena);
/** Free all blocks but keep the arena, for streams of records. */
void arena_reset(struct arena *arena);

/** @p size zeroed bytes that live as long as @p arena. NULL when memory ran out. */
void *arena_alloc(struct arena *arena, size_t size);
/** Array of @p count zeroed items; NULL when memory ran out or the product overflows. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t item_size);
/** Copy of @p length bytes of @p text plus a NUL. */
char *arena_copy_text(struct arena *arena, const char *text, size_t length);
/** Formatted text. */
char *arena_format(struct arena *arena, const char *format, ...) DILL_PRINTF(2, 3);

DEFINE_CLEANUP(struct arena *, arena_free)

#endif
