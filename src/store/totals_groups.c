/* SPDX-License-Identifier: MIT */
#include "store/totals.h"

static uint32_t key_of(const struct trace_cell *cell, enum trace_group_by by)
{
	switch (by) {
	case TRACE_BY_CACHE:
		return cell->cache;
	case TRACE_BY_CALLER:
		return cell->caller;
	case TRACE_BY_PROCESS:
		break;
	}
	return cell->process;
}

/* Keys are below this. */
static size_t key_count(const struct trace_totals *totals, enum trace_group_by by)
{
	switch (by) {
	case TRACE_BY_CACHE:
		return (size_t)totals->names.cache_count + 2; /* large, unknown */
	case TRACE_BY_CALLER:
		return (size_t)totals->names.symbol_count + 1; /* unknown */
	case TRACE_BY_PROCESS:
		break;
	}
	return totals->processes.count;
}

/* --- medians --- */

static void swap(uint64_t *a, uint64_t *b)
{
	uint64_t kept = *a;

	*a = *b;
	*b = kept;
}

/* The value that would stand at @p wanted, were the items sorted; they are reordered. */
static uint64_t select_nth(uint64_t *items, size_t count, size_t wanted)
{
	uint64_t random = (uint64_t)(uintptr_t)items | 1; /* files may be made to be slow */

	while (count > 1) {
		size_t less = 0, at = 0, more = count;
		uint64_t pivot;

		random = random * 6364136223846793005u + 1442695040888963407u;
		pivot = items[(random >> 33) % count];
		while (at < more) {
			if (items[at] < pivot)
				swap(&items[at++], &items[less++]);
			else if (items[at] > pivot)
				swap(&items[at], &items[--more]);
			else
				at++;
		}
		if (wanted < less) {
			count = less;
		} else if (wanted < more) {
			return pivot;
		} else {
			items += more;
			wanted -= more;
			count -= more;
		}
	}
	return items[0];
}

/* Sort the ages by group, and take each one's median. */
static struct dill_error *set_medians(const struct trace_totals *totals, enum trace_group_by by,
				      struct trace_group *groups, size_t count)
{
	_cleanup_(freep)
	uint64_t *ages = NULL;
	_cleanup_(freep)
	size_t *ends = calloc(count + 1, sizeof(*ends));
	size_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += groups[i].sums.aged;
	ages = reallocarray(NULL, sum + 1, sizeof(*ages));
	if (!ends || !ages)
		return error_no_memory();
	for (size_t i = 1; i < count; i++)
		ends[i] = ends[i - 1] + groups[i - 1].sums.aged;
	for (size_t i = 0; i < totals->objects.count; i++) {
		const struct trace_object *object = &totals->objects.items[i];

		if (object->state == TRACE_OBJECT_FREED)
			ages[ends[key_of(&totals->cells.items[object->cell], by)]++] =
				object->end_time_ns - object->time_ns;
	}
	for (size_t i = 0; i < count; i++) {
		size_t aged = groups[i].sums.aged;

		if (aged)
			groups[i].median_age_ns =
				select_nth(ages + ends[i] - aged, aged, (aged - 1) / 2);
	}
	return NULL;
}

/* --- groups --- */

static int compare(const void *a, const void *b)
{
	const struct trace_group *first = a, *second = b;

	if (first->sums.allocs != second->sums.allocs)
		return first->sums.allocs > second->sums.allocs ? -1 : 1;
	if (first->sums.frees != second->sums.frees)
		return first->sums.frees > second->sums.frees ? -1 : 1;
	return first->key < second->key ? -1 : first->key > second->key;
}

static bool has_events(const struct trace_sums *sums)
{
	return sums->allocs || sums->failed || sums->frees || sums->requests;
}

struct dill_error *trace_totals_group(const struct trace_totals *totals, enum trace_group_by by,
				      trace_groups *ret)
{
	size_t count = key_count(totals, by), kept = 0;
	_cleanup_(freep)
	struct trace_group *groups = calloc(count + 1, sizeof(*groups));

	if (!groups)
		return error_no_memory();
	for (size_t i = 0; i < totals->cells.count; i++) {
		const struct trace_cell *cell = &totals->cells.items[i];

		trace_sums_add(&groups[key_of(cell, by)].sums, &cell->sums);
	}
	TRY(set_medians(totals, by, groups, count));
	for (size_t i = 0; i < count; i++) {
		groups[i].key = (uint32_t)i;
		if (has_events(&groups[i].sums))
			groups[kept++] = groups[i];
	}
	qsort(groups, kept, sizeof(*groups), compare);
	ret->items = steal(groups);
	ret->count = kept;
	ret->capacity = count + 1;
	return NULL;
}

static int compare_sites(const void *a, const void *b, void *context)
{
	const struct trace_cell *cells = context;
	const struct trace_cell *first = &cells[((const struct trace_group *)a)->key];
	const struct trace_cell *second = &cells[((const struct trace_group *)b)->key];

	if (first->cache != second->cache)
		return first->cache < second->cache ? -1 : 1;
	return first->caller < second->caller ? -1 : first->caller > second->caller;
}

struct dill_error *trace_totals_sites(const struct trace_totals *totals, trace_groups *ret)
{
	size_t count = totals->cells.count, kept = 0;
	struct trace_cell *cells = totals->cells.items;
	_cleanup_(freep)
	struct trace_group *groups = calloc(count + 1, sizeof(*groups));

	if (!groups)
		return error_no_memory();
	for (size_t i = 0; i < count; i++)
		groups[i] = (struct trace_group){.key = (uint32_t)i, .sums = cells[i].sums};
	qsort_r(groups, count, sizeof(*groups), compare_sites, cells);
	for (size_t i = 0; i < count; i++) {
		if (kept && !compare_sites(&groups[kept - 1], &groups[i], cells))
			trace_sums_add(&groups[kept - 1].sums, &groups[i].sums);
		else
			groups[kept++] = groups[i];
	}
	ret->items = steal(groups);
	ret->count = kept;
	ret->capacity = count + 1;
	return NULL;
}
