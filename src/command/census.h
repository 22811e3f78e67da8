/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_CENSUS_H
#define COMMAND_CENSUS_H

#include "answer/census_record.h"
#include "command/row_order.h"
#include "slub/census.h"
#include "slub/origin.h"
#include "slub/slab_counters.h"

/** What kcensus counts, and how much of the answer is wanted. */
struct census_order {
	struct survey *survey;
	const struct cache_list *chosen;
	struct row_order order; /**< of the rows, and how many */
	bool folds;		/**< caches without slabs are only counted */
	bool large;		/**< blocks of large kmalloc() are counted, too */
	bool types;		/**< census_objects(): with what each is */
};

/** Sums with what was asked for in the objects, where that is recorded. */
struct census_count {
	struct census_sums sums;
	uint64_t requested_objects, requested_bytes, request_waste;
};

/** Fill the columns from CENSUS_MEMORY to CENSUS_SUMS_END of a record that has them.
 * @param total  bytes that its share is of */
void census_record_sums(const struct census_count *count, uint64_t total,
			struct dill_record *record);

/** census_kernel.c: what was found on each node, beside what the kernel counts. */
struct kernel_census {
	struct heap *heap;
	struct kernel_share *nodes; /**< kernel_node_limit() */
	unsigned count;
};
/** Everything that was found on a node, or on all, and what the kernel counts there; bytes. */
struct kernel_comparison {
	uint64_t slabs_reclaimable, slabs_unreclaimable;
	uint64_t large, lost;
	struct slab_counters counters;
};
DILL_MUST_CHECK struct dill_error *kernel_census_init(struct heap *heap, struct arena *arena,
						      struct kernel_census *ret);
void kernel_census_add_slab(struct kernel_census *census, const struct cache_map *map,
			    const struct mapped_slab *slab);
/** @param node  -1 = all */
void kernel_census_compare(const struct kernel_census *census, const struct slab_scan *scan,
			   const struct node_counters *counters, int node,
			   struct kernel_comparison *ret);
/** Blocks of large kmalloc() by size; by node, too, when @p by_node. */
DILL_MUST_CHECK struct dill_error *large_blocks_emit(struct command_call *call,
						     const struct slab_scan *scan, bool by_node);
/** The record of all nodes together, or one of each. */
DILL_MUST_CHECK struct dill_error *kernel_census_emit(struct command_call *call,
						      struct kernel_census *census,
						      const struct slab_scan *scan, bool by_node);

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
/** census_groups.c */
DILL_MUST_CHECK struct dill_error *census_by_pid(struct command_call *call,
						 const struct census_order *order);
DILL_MUST_CHECK struct dill_error *census_by_cpu(struct command_call *call,
						 const struct census_order *order);
DILL_MUST_CHECK struct dill_error *census_by_stack(struct command_call *call,
						   const struct census_order *order);
/** census_types.c */
DILL_MUST_CHECK struct dill_error *census_by_type(struct command_call *call,
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
