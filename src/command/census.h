/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_CENSUS_H
#define COMMAND_CENSUS_H

#include "command/command.h"
#include "render/census_kinds.h"
#include "slub/census.h"
#include "slub/origin.h"

/** What kcensus counts, and how much of the answer is wanted. */
struct census_order {
	struct survey *survey;
	const struct cache_list *chosen;
	uint64_t rows; /**< at most so many rows; UINT64_MAX = all */
};

/** Sums with what was asked for in the objects, where that is recorded. */
struct census_count {
	struct census_sums sums;
	uint64_t requested_objects, requested_bytes, request_waste;
};

/** Fill the columns from CENSUS_MEMORY to CENSUS_SUMS_END of a record that has them. */
void census_record_sums(const struct census_count *count, struct record *record);

/** kcensus.c's ways to count; each emits its records, largest first. NULL; fatal errors; INVALID_
 * ARGUMENT, UNSUPPORTED when the kernel does not record it. */
DILL_MUST_CHECK struct dill_error *census_by_cache(struct command_call *call,
						   const struct census_order *order);
DILL_MUST_CHECK struct dill_error *census_by_node(struct command_call *call,
						  const struct census_order *order);
DILL_MUST_CHECK struct dill_error *census_by_slab(struct command_call *call,
						  const struct census_order *order);
/** census_sites.c */
DILL_MUST_CHECK struct dill_error *census_by_site(struct command_call *call,
						  const struct census_order *order);
DILL_MUST_CHECK struct dill_error *census_by_age(struct command_call *call,
						 const struct census_order *order);
/** census_objects.c: every object in use, as it is found. */
DILL_MUST_CHECK struct dill_error *census_objects(struct command_call *call,
						  const struct census_order *order);

/** Names of origins, each looked up once. */
struct origin_names;
DILL_MUST_CHECK struct dill_error *origin_names_new(struct heap *heap, struct arena *arena,
						    struct origin_names **ret);
void origin_names_free(struct origin_names *names);
DEFINE_CLEANUP(struct origin_names *, origin_names_free)
/** *ret is NULL for ORIGIN_NONE, and lives as long as the arena. NULL; fatal errors */
DILL_MUST_CHECK struct dill_error *origin_name(struct origin_names *names, enum origin_kind kind,
					       dill_virt address, const char **ret);

/** The kernel's clock, or none: ages are not known then. */
struct census_clock {
	bool known;
	struct jiffies jiffies;
};
DILL_MUST_CHECK struct dill_error *census_clock_read(struct kernel *kernel,
						     struct census_clock *ret);
/** Age of an object in nanoseconds; false when it is not known, or lies in the future. */
bool census_age(const struct census_clock *clock, const struct origin *origin, uint64_t *ret);

#endif
