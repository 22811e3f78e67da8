/* SPDX-License-Identifier: MIT */
#include "heap_fixture.h"

#include <stdlib.h>

void *heap_fixture_new(void **state, size_t size, size_t pages, unsigned cpus, unsigned nodes,
		       enum freelist_encoding encoding)
{
	struct heap_fixture *fixture = calloc(1, size);

	if (!fixture || arena_new(&fixture->arena))
		abort();
	image_init(&fixture->image, pages, cpus, nodes, encoding);
	fixture->findings.arena = fixture->arena;
	*state = fixture;
	return fixture;
}

int heap_fixture_free(void **state)
{
	struct heap_fixture *fixture = *state;

	image_deinit(&fixture->image);
	arena_free(fixture->arena);
	free(fixture);
	return 0;
}
