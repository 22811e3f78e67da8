/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

#include <stdlib.h>

/* --- memory --- */

bool solver_keep(struct solver *solver, struct dill_error *error)
{
	if (!error)
		return true;
	if (!solver->fatal && error_is_fatal(error))
		solver->fatal = error;
	else
		dill_error_free(error);
	return false;
}

struct dill_error *solver_lost(struct solver *solver)
{
	return steal(solver->fatal);
}

bool solver_word(struct solver *solver, dill_virt address, uint64_t *ret)
{
	/* The kernel has the upper half: a word that is no address is not asked for. */
	return address >> 63 && !solver->fatal &&
	       solver_keep(solver, kernel_read_u64(solver->kernel, address, ret));
}

struct dill_error *solver_read(struct solver *solver, dill_virt address, void *buffer,
			       size_t length)
{
	struct dill_error *error;

	TRY(solver_lost(solver));
	error = kernel_read(solver->kernel, address, buffer, length);

	if (!error || error_is_fatal(error))
		return error;
	dill_error_free(error);
	memset(buffer, 0, length);
	/* The part of it that lies in pages that can be read: what is in front may be a hole. */
	for (size_t at = 0, step; at < length; at += step) {
		step = DILL_PAGE_SIZE - (address + at) % DILL_PAGE_SIZE;
		if (step > length - at)
			step = length - at;
		error = kernel_read(solver->kernel, address + at, (char *)buffer + at, step);
		if (error && error_is_fatal(error))
			return error;
		dill_error_free(error);
	}
	return NULL;
}

bool solver_is_direct(const struct solver *solver, uint64_t address)
{
	const struct memory_map *map = kernel_memory_map(solver->kernel);

	return memory_map_is_direct(map, address);
}

bool solver_is_code(const struct solver *solver, uint64_t address)
{
	const struct image *image = kernel_image(solver->kernel);

	for (size_t i = 0; i < image->regions.count; i++) {
		const struct image_region *region = &image->regions.items[i];

		if (address - region->first < region->size)
			return region->executable || !region->known;
	}
	return false;
}

/* --- what is found --- */

static void add(struct solver *solver, const struct solved *item)
{
	struct solution *solution = solver->solution;

	for (size_t i = 0; i < solution->count; i++)
		if (!strcmp(solution->items[i].id, item->id)) {
			solution->items[i] = *item; /* another rule knows more */
			return;
		}
	if (solution->count < SOLVED_MAX)
		solution->items[solution->count++] = *item;
}

void solver_found(struct solver *solver, const char *id, uint32_t offset, uint32_t size,
		  struct solve_tally tally, const char *voters)
{
	add(solver, &(struct solved){
			    .id = id,
			    .member = {.present = true, .offset = offset, .size = size},
			    .good = tally.good,
			    .all = tally.all,
			    .voters = voters,
			    .candidates = 1,
		    });
}

void solver_open(struct solver *solver, const char *id, unsigned candidates,
		 struct solve_tally best, const char *voters)
{
	add(solver, &(struct solved){
			    .id = id,
			    .good = best.good,
			    .all = best.all,
			    .voters = voters,
			    .candidates = candidates,
		    });
}

const struct solved *solution_find(const struct solution *solution, const char *id)
{
	for (size_t i = 0; i < solution->count; i++)
		if (!strcmp(solution->items[i].id, id))
			return &solution->items[i];
	return NULL;
}

bool solution_has(const struct solution *solution, const char *id)
{
	const struct solved *item = solution_find(solution, id);

	return item && item->member.present;
}

bool solver_is_taken(const struct solver *solver, int distance)
{
	for (size_t i = 0; i < solver->solution->count; i++) {
		const struct solved *item = &solver->solution->items[i];
		uint32_t offset = (uint32_t)(distance - solver->base);

		if (item->member.present && !strncmp(item->id, "cache_", 6) &&
		    offset - item->member.offset < item->member.size)
			return true;
	}
	return false;
}

static bool find(void *context, const struct member_row *row, struct member *ret)
{
	const struct solved *item = solution_find(context, row->id);

	if (!item || !item->member.present)
		return false;
	*ret = item->member;
	return true;
}

struct member_source members_of_solution(struct solution *solution)
{
	return (struct member_source){find, solution};
}

/* --- all rules --- */

static struct dill_error *(*const rules[])(struct solver *solver) = {
	rule_caches, rule_cpu_slabs,	 rule_nodes,	rule_sizes,  rule_slabs,   rule_freelists,
	rule_heads,  rule_node_counters, rule_columns,	rule_cpus,   rule_sheaves, rule_barns,
	rule_rcu,    rule_kfree_rcu,	 rule_deferred, rule_kfence, rule_marks,   rule_page_nodes,
};

static struct dill_error *apply_rules(struct solver *solver)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct dill_error *error = rules[i](solver);

		/* A target that was lost makes rules fail that have not noticed. */
		TRY(error_join(solver_lost(solver), error));
		TRY(target_check_interrupt(kernel_target(solver->kernel)));
	}
	return NULL;
}

static struct dill_error *try_with(struct kernel *kernel, struct solution *solution, bool flat)
{
	struct solver solver = {.kernel = kernel, .solution = solution, .flat = flat};
	struct dill_error *error;

	*solution = (struct solution){0};
	error = apply_rules(&solver);
	array_free(&solver.caches);
	array_free(&solver.slabs);
	return error;
}

struct dill_error *solve_heap(struct kernel *kernel, struct solution **ret)
{
	_cleanup_(freep)
	struct solution *solution = calloc(1, sizeof(*solution));
	struct dill_error *error, *flat;

	if (!solution)
		return error_no_memory();
	error = try_with(kernel, solution, false);
	if (error && dill_error_code(error) == DILL_ERROR_UNSUPPORTED) {
		flat = try_with(kernel, solution, true);
		if (!flat || error_is_fatal(flat)) {
			dill_error_free(error);
			error = flat;
		} else {
			dill_error_free(flat);
		}
	}
	if (error)
		return dill_error_add_context(error,
					      "the layout of its heap, looked for in memory");
	*ret = steal(solution);
	return NULL;
}
