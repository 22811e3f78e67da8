/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * Lists of RCU's callbacks: a pointer to the first, and behind it pointers to where segments of the
 * list end, the last of which is where the next callback goes; an empty list's lead to its own
 * head. A callback's first word leads to the next one, its second to a function, or is the distance
 * of the callback in the object that it frees.
 * Source: include/linux/rcu_segcblist.h struct rcu_segcblist, struct rcu_cblist; kernel/rcu/tree.h
 * struct rcu_data; kernel/rcu/tiny.c struct rcu_ctrlblk
 */

#define WORDS_MAX 256u
#define CHAIN_MAX 65536u
#define CPUS_MAX  8u
#define TAILS_MAX 4u
/* include/linux/rcupdate.h __is_kvfree_rcu_offset() */
#define DISTANCE_END 4096u

/* Words of a variable, and where it is. */
struct variable {
	dill_virt address;
	unsigned count;
	uint64_t words[WORDS_MAX];
};

/* A kind of list: pointers to ends behind the head, and whether a counter follows. */
struct shape {
	unsigned tails;
	bool counted;
};

static bool is_callback(struct solver *solver, dill_virt at, uint64_t *ret_next)
{
	uint64_t func;

	return at % 8 == 0 && at >> 63 && solver_word(solver, at, ret_next) &&
	       solver_word(solver, at + 8, &func) &&
	       (func < DISTANCE_END || solver_is_code(solver, func));
}

/* Follow a list; the ends must be met in their order, the last of them at the end. */
static bool is_list(struct solver *solver, const struct variable *variable, unsigned at,
		    const struct shape *shape)
{
	const uint64_t *tails = &variable->words[at + 1];
	dill_virt end = variable->address + at * UINT64_C(8);
	uint64_t next = variable->words[at];
	unsigned met = 0, length = 0;

	while (met < shape->tails && tails[met] == end)
		met++;
	for (; next && length < CHAIN_MAX; length++) {
		end = next;
		if (!is_callback(solver, end, &next))
			return false;
		while (met < shape->tails && tails[met] == end)
			met++;
	}
	return met == shape->tails && !next && tails[shape->tails - 1] == end &&
	       (!shape->counted || variable->words[at + 1 + shape->tails] == length);
}

/* As many votes as there are words: each of them would be another one by chance. */
static void vote(struct solver *solver, const struct variable *variable, unsigned at,
		 const struct shape *shape, struct solve_tally *tally)
{
	unsigned votes = 1 + shape->tails + shape->counted;

	if (at + votes > variable->count)
		return;
	/* One that was never initialised. */
	if (!variable->words[at] && !variable->words[at + 1])
		return;
	tally->all += votes;
	if (is_list(solver, variable, at, shape))
		tally->good += votes;
}

struct lists {
	unsigned candidates, at;
	struct solve_tally tally;
};

/* --- the variables --- */

struct variables {
	struct variable items[CPUS_MAX];
	unsigned count;
};

static struct dill_error *add_variable(struct solver *solver, struct variables *variables,
				       dill_virt address, uint64_t room)
{
	struct variable *variable = &variables->items[variables->count++];

	variable->address = address;
	variable->count = room && room / 8 < WORDS_MAX ? (unsigned)(room / 8) : WORDS_MAX;
	return solver_read(solver, address, variable->words, variable->count * sizeof(uint64_t));
}

static struct dill_error *read_variables(struct solver *solver, dill_virt symbol,
					 struct variables *ret)
{
	uint64_t room = kernel_symbol_room(solver->kernel, symbol);
	unsigned limit = kernel_cpu_limit(solver->kernel);

	for (unsigned cpu = 0; cpu < limit && ret->count < CPUS_MAX; cpu++)
		if (kernel_cpu_possible(solver->kernel, cpu))
			TRY(add_variable(solver, ret,
					 kernel_percpu_address(solver->kernel, symbol, cpu), room));
	return NULL;
}

/* @param skip  word of a list that is known: what lies in it is no other; -1 = none */
static struct lists find(struct solver *solver, const struct variables *variables,
			 const struct shape *shape, int skip)
{
	struct lists lists = {0};

	for (unsigned at = 0; at < WORDS_MAX; at++) {
		struct solve_tally tally = {0};

		if (skip >= 0 && at >= (unsigned)skip && at <= (unsigned)skip + TAILS_MAX)
			continue;
		for (unsigned i = 0; i < variables->count; i++)
			vote(solver, &variables->items[i], at, shape, &tally);
		if (!tally_decides(tally))
			continue;
		lists.candidates++;
		lists.at = at;
		lists.tally = tally;
	}
	return lists;
}

static void note(struct solver *solver, const char *id, const struct lists *lists)
{
	if (lists->candidates != 1) {
		solver_open(solver, id, lists->candidates, lists->tally, "words of lists");
		return;
	}
	solver_found(solver, id, lists->at * 8, 8, lists->tally, "words of lists");
	if (solver_has(solver, "rcu_func"))
		return;
	solver_found(solver, "rcu_next", 0, 8, lists->tally, "words of lists");
	solver_found(solver, "rcu_func", 8, 8, lists->tally, "words of lists");
}

static struct dill_error *find_tree(struct solver *solver, struct variables *variables)
{
	const struct shape segmented = {TAILS_MAX, false}, simple = {1, true};
	struct lists lists, bypass;
	dill_virt symbol;

	if (!kernel_has_symbol(solver->kernel, "rcu_data", &symbol))
		return NULL;
	TRY(read_variables(solver, symbol, variables));
	lists = find(solver, variables, &segmented, -1);
	note(solver, "rcu_cblist", &lists);
	if (lists.candidates != 1)
		return NULL;
	bypass = find(solver, variables, &simple, (int)lists.at);
	note(solver, "rcu_bypass", &bypass);
	return NULL;
}

static struct dill_error *find_tiny(struct solver *solver, struct variables *variables)
{
	const struct shape tiny = {2, false};
	struct lists lists;
	dill_virt symbol;

	if (!kernel_has_symbol(solver->kernel, "rcu_ctrlblk", &symbol))
		return NULL;
	TRY(add_variable(solver, variables, symbol, kernel_symbol_room(solver->kernel, symbol)));
	lists = find(solver, variables, &tiny, -1);
	note(solver, "rcu_tiny", &lists);
	return NULL;
}

struct dill_error *rule_rcu(struct solver *solver)
{
	_cleanup_(freep)
	struct variables *variables = calloc(1, sizeof(*variables));

	if (!variables)
		return error_no_memory();
	TRY(find_tree(solver, variables));
	variables->count = 0;
	return find_tiny(solver, variables);
}
