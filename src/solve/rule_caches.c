/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>

#include "solve/kmalloc_name.h"
#include "solve/solver.h"

/*
 * The list of caches, and their names: a pointer to a printable string, which lies in front of the
 * list entry; five of them or more are kmalloc's. Where no symbol tells the list's head it is one
 * of the few in the image that lead out of it and back.
 */

#define KMALLOC_MIN 5u
#define NAME_BEFORE 0x80
/* Entries that show whether a list is one of things with names. */
#define LOOK	16u
#define NO_LIST "no list of caches with names"

/* Read the string at @p address when it is printable. */
static bool read_name(struct solver *solver, dill_virt address, char *ret, size_t size)
{
	_cleanup_(freep)
	char *text = NULL;
	size_t length = 0;

	if (!(address >> 63) || solver->fatal ||
	    !solver_keep(solver, kernel_read_string(solver->kernel, address, size - 1, &text)))
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

/* Follow the list from its head, so far. */
static struct dill_error *read_list(struct solver *solver, dill_virt head, size_t most)
{
	dill_virt at = head, next, back;

	solver->caches.count = 0;

	while (solver_word(solver, at, &next) && next != head) {
		struct solve_cache cache = {.link = next};

		if (!solver_is_pointer(solver, next) || !solver_word(solver, next + 8, &back) ||
		    back != at || solver->caches.count == most)
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

/* What the list at a head says. */
struct named_list {
	dill_virt head;
	int distance; /* of the names */
	struct solve_tally tally;
	unsigned kmalloc, equals; /* names that are kmalloc's; lists that are as good */
};

/* Find the names' distance, the nearest, in what read_list() has read. */
static bool find_names(struct solver *solver, unsigned kmalloc_min, struct named_list *ret)
{
	for (int distance = -8; distance >= -NAME_BEFORE; distance -= 8) {
		ret->tally = read_names(solver, distance, &ret->kmalloc);
		ret->distance = distance;
		if (tally_decides(ret->tally) && ret->kmalloc >= kmalloc_min)
			return true;
	}
	return false;
}

static bool is_better(const struct named_list *one, const struct named_list *other)
{
	if (one->tally.good != other->tally.good)
		return one->tally.good > other->tally.good;
	return one->distance > other->distance;
}

/* Of the heads in the image the one whose list has most caches: root caches have one of their own
 * on some kernels, farther from the names (slab_root_caches, 4.12 to 5.8). */
static struct dill_error *choose_head(struct solver *solver, struct named_list *best)
{
	const dill_virt *heads;
	size_t count;

	*best = (struct named_list){0};
	kernel_list_heads(solver->kernel, &heads, &count);
	for (size_t i = 0; i < count; i++) {
		struct named_list list = {.head = heads[i], .equals = 1};

		TRY(target_check_interrupt(kernel_target(solver->kernel)));
		TRY(read_list(solver, heads[i], LOOK));
		if (!find_names(solver, 0, &list))
			continue;
		TRY(read_list(solver, heads[i], CACHES_MAX));
		if (!find_names(solver, KMALLOC_MIN, &list))
			continue;
		if (!best->head || is_better(&list, best))
			*best = list;
		else if (!is_better(best, &list))
			best->equals++;
	}
	if (!best->head)
		return dill_error_new(DILL_ERROR_UNSUPPORTED, NO_LIST);
	if (best->equals > 1)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "ambiguous: %u lists in the image look like the list of "
				      "caches",
				      best->equals);
	return NULL;
}

static struct dill_error *find_list(struct solver *solver, struct named_list *ret)
{
	*ret = (struct named_list){0};
	if (!kernel_has_symbol(solver->kernel, "slab_caches", &ret->head)) {
		if (kernel_symbols_are_complete(solver->kernel))
			return kernel_symbol(solver->kernel, "slab_caches", &ret->head);
		TRY(choose_head(solver, ret));
	}
	TRY(read_list(solver, ret->head, CACHES_MAX));
	return find_names(solver, KMALLOC_MIN, ret)
		       ? NULL
		       : dill_error_new(DILL_ERROR_UNSUPPORTED, NO_LIST);
}

struct dill_error *rule_caches(struct solver *solver)
{
	struct named_list list;

	TRY(find_list(solver, &list));
	solver->solution->slab_caches = list.head;
	solver->name = list.distance;
	solver_found(solver, "cache_name", (uint32_t)list.distance, 8, list.tally, "caches");
	solver_found(solver, "list_next", 0, 8, list.tally, "caches");
	solver_found(solver, "list_prev", 8, 8, list.tally, "caches");
	return NULL;
}

/* Caches that every kernel has, whatever serves them. Source: kernel/fork.c proc_caches_init() */
static bool is_list_of_caches(const struct solver *solver)
{
	static const char *const names[] = {"vm_area_struct", "mm_struct", "files_cache"};
	unsigned found = 0;

	for (size_t i = 0; i < solver->caches.count; i++)
		for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++)
			found += !strcmp(solver->caches.items[i].name, names[n]);
	return found >= 2;
}

struct dill_error *rule_caches_without_kmalloc(struct solver *solver)
{
	struct named_list list;
	dill_virt symbol;
	const dill_virt *heads = &symbol;
	size_t count = kernel_has_symbol(solver->kernel, "slab_caches", &symbol);

	if (!count)
		kernel_list_heads(solver->kernel, &heads, &count);
	for (size_t i = 0; i < count; i++) {
		TRY(target_check_interrupt(kernel_target(solver->kernel)));
		TRY(read_list(solver, heads[i], CACHES_MAX));
		if (find_names(solver, 0, &list) && !list.kmalloc && is_list_of_caches(solver))
			return NULL;
	}
	solver->caches.count = 0;
	return NULL;
}
