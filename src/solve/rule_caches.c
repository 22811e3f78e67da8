/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>

#include "solve/kmalloc_name.h"
#include "solve/solver.h"

/*
 * The list of caches, and their names: a pointer to a printable string, which lies in front of the
 * list entry; five of them or more are kmalloc's.
 */

#define KMALLOC_MIN 5u
#define NAME_BEFORE 0x80

/* Read the string at @p address when it is printable. */
static bool read_name(struct solver *solver, dill_virt address, char *ret, size_t size)
{
	_cleanup_(freep)
	char *text = NULL;
	struct dill_error *error;
	size_t length = 0;

	if (!(address >> 63))
		return false;
	error = kernel_read_string(solver->kernel, address, size - 1, &text);
	dill_error_free(error);
	if (error)
		return false;
	while (text[length] && isgraph((unsigned char)text[length]))
		length++;
	/* Some caches have blanks in their names. */
	while (text[length] && isprint((unsigned char)text[length]))
		length++;
	if (length < 2 || text[length])
		return false;
	memcpy(ret, text, length + 1);
	return true;
}

/* Follow the list from its head. */
static struct dill_error *read_list(struct solver *solver, dill_virt head)
{
	dill_virt at = head, next, back;

	while (solver_word(solver, at, &next) && next != head) {
		struct solve_cache cache = {.link = next};

		if (!solver_is_pointer(solver, next) || !solver_word(solver, next + 8, &back) ||
		    back != at || solver->caches.count == CACHES_MAX)
			break; /* damaged from here on: the votes of those in front count */
		TRY(solver_read(solver, next - CACHE_BEFORE, cache.bytes, sizeof(cache.bytes)));
		TRY(array_push(&solver->caches, cache));
		at = next;
	}
	return NULL;
}

/* Names at one distance: how many caches have one. */
static struct solve_tally read_names(struct solver *solver, int distance, unsigned *ret_kmalloc)
{
	struct solve_tally tally = {0};

	*ret_kmalloc = 0;
	for (size_t i = 0; i < solver->caches.count; i++) {
		struct solve_cache *cache = &solver->caches.items[i];
		bool named = read_name(solver, cache_u64(cache, distance), cache->name,
				       sizeof(cache->name));

		if (!named)
			*cache->name = '\0';
		cache->promised = kmalloc_name_bytes(cache->name);
		cache->is_plain = cache->promised && isdigit((unsigned char)cache->name[8]);
		tally_add(&tally, named ? VOTE_FOR : VOTE_AGAINST);
		*ret_kmalloc += cache->promised != 0;
		/* Most distances are none: seen at the first few. */
		if (i == 8 && tally.good < 4)
			break;
	}
	return tally;
}

struct dill_error *rule_caches(struct solver *solver)
{
	struct solution *solution = solver->solution;
	struct solve_tally tally = {0};
	unsigned kmalloc;

	TRY(kernel_symbol(solver->kernel, "slab_caches", &solution->slab_caches));
	TRY(read_list(solver, solution->slab_caches));
	for (int distance = -8; distance >= -NAME_BEFORE; distance -= 8) {
		tally = read_names(solver, distance, &kmalloc);
		if (tally_decides(tally) && kmalloc >= KMALLOC_MIN) {
			solver->name = distance;
			solver_found(solver, "cache_name", (uint32_t)distance, 8, tally, "caches");
			solver_found(solver, "list_next", 0, 8, tally, "caches");
			solver_found(solver, "list_prev", 8, 8, tally, "caches");
			return NULL;
		}
	}
	return dill_error_new(DILL_ERROR_UNSUPPORTED, "no list of caches with names");
}
