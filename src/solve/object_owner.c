/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/* Whose an object is: by the descriptor of its slab, once rules have found that. */

/* The cache that a descriptor names: its index, or -1. */
static int cache_of_page(struct solver *solver, dill_virt page)
{
	uint64_t owner;

	if (!kernel_is_page_struct(solver->kernel, page) ||
	    !solver_word(solver, page + (unsigned)(solver->slab_cache - solver->slab_base), &owner))
		return -1;
	for (size_t i = 0; i < solver->caches.count; i++)
		if (owner == cache_base(solver, &solver->caches.items[i]))
			return (int)i;
	return -1;
}

/* The head of a page, where that is known; else the page itself. */
static dill_virt head_of(struct solver *solver, dill_virt page)
{
	const struct solved *head = solution_find(solver->solution, "page_head");
	uint64_t word;

	if (!head || !head->member.present ||
	    !solver_word(solver, page + head->member.offset, &word) || !(word & 1))
		return page;
	return word >> 32 == UINT32_MAX ? page & word : word - 1;
}

int solver_owner(struct solver *solver, uint64_t address, dill_virt *ret_base)
{
	const struct memory_map *map = kernel_memory_map(solver->kernel);
	dill_virt page;

	if (!solver_is_direct(solver, address))
		return -1;
	page = map->vmemmap + (address - map->page_offset) / DILL_PAGE_SIZE * map->page_struct_size;
	if (!kernel_is_page_struct(solver->kernel, page))
		return -1;
	page = head_of(solver, page);
	if (kernel_is_page_struct(solver->kernel, page))
		*ret_base = kernel_page_to_virt(solver->kernel, page);
	return cache_of_page(solver, page);
}

bool solver_is_object(struct solver *solver, const struct solve_cache *cache, uint64_t address)
{
	dill_virt base = 0;
	int owner = address % 8 ? -1 : solver_owner(solver, address, &base);

	return owner >= 0 && &solver->caches.items[owner] == cache && cache->size &&
	       (address - base) % cache->size == 0 &&
	       (address - base) / cache->size < (cache->oo & 0xffff);
}
