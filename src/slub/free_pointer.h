/* SPDX-License-Identifier: MIT */
#ifndef SLUB_FREE_POINTER_H
#define SLUB_FREE_POINTER_H

#include "slub/heap.h"

/**
 * Decode one stored free pointer.
 *
 * @param encoding  not FREELIST_UNDECIDED
 * @param random    the cache's key; ignored for FREELIST_PLAIN
 * @param stored    word read at @p slot
 * @param slot      virtual address the word was read from
 * @return next free object, 0 at the end of the list; garbage from garbage, so check it
 *
 * Source: mm/slub.c freelist_ptr_decode() (6.6), freelist_ptr() before. The address is byte-swapped
 * since 5.7 (1ad53d9fa3f6) and in stable trees before, so which way it is gets tried, not deduced
 * from a release.
 */
dill_virt freelist_decode(enum freelist_encoding encoding, uint64_t random, uint64_t stored,
			  dill_virt slot);

#endif
