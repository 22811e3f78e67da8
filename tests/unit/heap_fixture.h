/* SPDX-License-Identifier: MIT */
#ifndef HEAP_FIXTURE_H
#define HEAP_FIXTURE_H

#include "base/arena.h"
#include "heap_image.h"
#include "slub/reading.h"

#define HEAP_FIXTURE_MEMBERS                                                                       \
	struct image image;                                                                        \
	struct arena *arena;                                                                       \
	struct findings findings

/** What every test over a made-up heap has: the heap, and where what is read and found is kept. */
struct heap_fixture {
	HEAP_FIXTURE_MEMBERS;
};

/** The first member of a test's `struct fixture`, which has these members as its own then. */
#define HEAP_FIXTURE                                                                               \
	union {                                                                                    \
		struct heap_fixture heap_fixture;                                                  \
		struct {                                                                           \
			HEAP_FIXTURE_MEMBERS;                                                      \
		};                                                                                 \
	}

/**
 * Make a test's fixture, of zeros but for what HEAP_FIXTURE is.
 *
 * @param state  of cmocka; gets the fixture
 * @param size   of `struct fixture`, which begins with HEAP_FIXTURE
 * @param pages, cpus, nodes, encoding  of image_init()
 * @return the fixture, to be freed with heap_fixture_free()
 */
void *heap_fixture_new(void **state, size_t size, size_t pages, unsigned cpus, unsigned nodes,
		       enum freelist_encoding encoding);

/** Reads the heap, freelists too, and adds to the fixture's findings. */
static inline struct reading heap_fixture_reading(struct heap_fixture *fixture)
{
	return reading_start(&fixture->image.heap, CONTENTS_FREELISTS, fixture->arena,
			     &fixture->findings);
}

/** Free it; a test's teardown, or the last thing of it. Returns 0. */
int heap_fixture_free(void **state);

#endif
