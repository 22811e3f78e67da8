/* SPDX-License-Identifier: MIT */
/* kcensus by what slab_debug=U or KASAN records of an allocation: thread, CPU, stack. */
#include <inttypes.h>

#include "base/array.h"
#include "base/number_map.h"
#include "command/census.h"
#include "kernel/tasks.h"
#include "slub/advice.h"
#include "slub/depot.h"

/* Objects in use with one key. */
struct group {
	bool is_known; /* false: those of which nothing is recorded */
	int64_t key;
	const struct cache *cache; /* of a stack */
	uint64_t objects, memory;
	bool has_requested, has_age;
	uint64_t requested, youngest, oldest;
	const dill_virt *stack;
	size_t stack_count;
};

struct grouper {
	struct command_call *call;
	const struct census_order *order;
	const struct dill_record_kind *kind;
	struct census_clock clock;
	struct origin_reader origins; /* of the current cache */
	ARRAY(struct group) groups;
	struct number_map map; /* key + 2 -> place in `groups`, plus 1; 1 = without a key */
	struct arena *stacks;
};

/* --- counting --- */

static bool wants_bytes(void *context, const struct cache *cache)
{
	struct grouper *grouper = context;

	origin_reader_init(grouper->order->survey->heap, cache, &grouper->origins);
	return origin_needs_bytes(&grouper->origins);
}

/* What an object is counted by; false when it is not recorded. */
static bool key_of(const struct grouper *grouper, const struct origin *origin, int64_t *ret)
{
	if (grouper->kind == &census_pid_kind) {
		*ret = origin->pid;
		return origin->has_pid;
	}
	if (grouper->kind == &census_stack_kind && origin->depot_stack) {
		*ret = origin->depot_stack;
		return true;
	}
	if (!origin->has_track)
		return false;
	if (grouper->kind == &census_cpu_kind)
		*ret = origin->cpu;
	else
		*ret = (int64_t)track_stack_key(grouper->order->survey->heap, origin->track);
	return grouper->kind != &census_stack_kind || *ret;
}

/* A stack whose record is broken is a finding, and its objects are counted all the same. */
static struct dill_error *read_stack(struct grouper *grouper, const struct origin *origin,
				     dill_virt object, struct group *group)
{
	struct survey *survey = grouper->order->survey;
	const struct finding_place place = {.cache = grouper->origins.cache->name};
	struct dill_error *error =
		origin->depot_stack
			? depot_fetch(survey->heap, origin->depot_stack, grouper->stacks,
				      &group->stack, &group->stack_count)
			: track_stack_read(survey->heap, origin->track, grouper->stacks,
					   &group->stack, &group->stack_count);

	if (error && dill_error_code(error) == DILL_ERROR_BAD_DATA) {
		findings_add(survey->findings, FINDING_TRACK, &place, object,
			     "track of an object: %s", dill_error_text(error));
		dill_error_free(error);
		return NULL;
	}
	if (error && dill_error_code(error) == DILL_ERROR_UNSUPPORTED)
		return dill_error_add_context(error, "--by stack");
	return findings_absorb(survey->findings, &place, error);
}

static struct dill_error *find(struct grouper *grouper, const struct origin *origin,
			       dill_virt object, struct group **ret)
{
	struct group group = {.cache = grouper->origins.cache};
	uint64_t at, key;

	group.is_known = key_of(grouper, origin, &group.key);
	key = group.is_known ? (uint64_t)group.key + 2 : 1;
	if (!number_map_get(&grouper->map, key, &at)) {
		if (group.is_known && grouper->kind == &census_stack_kind)
			TRY(read_stack(grouper, origin, object, &group));
		TRY(array_push(&grouper->groups, group));
		at = grouper->groups.count;
		TRY(number_map_put(&grouper->map, key, at));
	}
	*ret = &grouper->groups.items[at - 1];
	return NULL;
}

static struct dill_error *take(struct grouper *grouper, const struct origin *origin,
			       dill_virt object)
{
	struct group *group;
	uint64_t age;

	TRY(find(grouper, origin, object, &group));
	group->objects++;
	group->memory += grouper->origins.cache->size;
	group->has_requested |= origin->has_requested;
	group->requested += origin->has_requested ? origin->requested : 0;
	if (!census_age(&grouper->clock, origin, &age))
		return NULL;
	if (!group->has_age || age < group->youngest)
		group->youngest = age;
	if (!group->has_age || age > group->oldest)
		group->oldest = age;
	group->has_age = true;
	return NULL;
}

static struct dill_error *visit_slab(void *context, const struct cache_map *map,
				     const struct mapped_slab *slab, struct span bytes)
{
	struct grouper *grouper = context;

	for (uint32_t i = 0; i < slab->slab.objects; i++) {
		struct origin origin;

		if (!state_in_use(cache_map_state(map, slab, i)))
			continue;
		TRY(origin_read(&grouper->origins, &slab->slab, bytes, i, &origin));
		TRY(take(grouper, &origin, cache_object(map->cache, slab->slab.base, i)));
	}
	return NULL;
}

/* Stacks are counted for each cache by itself, threads and CPUs for all together. */
static struct dill_error *end_cache(void *context, const struct contents *contents,
				    const struct cache_map *map)
{
	struct grouper *grouper = context;

	(void)contents;
	(void)map;
	if (grouper->kind != &census_stack_kind)
		return NULL;
	number_map_deinit(&grouper->map);
	grouper->map = (struct number_map){0};
	return NULL;
}

/* --- records --- */

static int by_memory(const void *a, const void *b)
{
	const struct group *one = a, *two = b;

	if (one->memory != two->memory)
		return one->memory < two->memory ? 1 : -1;
	if (one->is_known != two->is_known)
		return one->is_known ? -1 : 1;
	return (one->key > two->key) - (one->key < two->key);
}

/* Names of the threads that there are now: pid + 1 -> place in `comms`. */
struct threads {
	struct arena *arena;
	struct number_map map;
	ARRAY(const char *) comms;
};

static struct dill_error *note_thread(void *context, const struct task *task)
{
	struct threads *threads = context;
	const char *comm;

	if (!(task->has & TASK_COMM))
		return NULL;
	comm = arena_format(threads->arena, "%s", task->comm);
	if (!comm)
		return error_no_memory();
	TRY(array_push(&threads->comms, comm));
	return number_map_put(&threads->map, (uint64_t)task->pid + 1, threads->comms.count - 1);
}

static struct dill_error *ignore_finding(void *context, const struct task_finding *finding)
{
	(void)context;
	(void)finding;
	return NULL;
}

static struct dill_error *read_threads(struct kernel *kernel, struct threads *threads)
{
	const struct task_visitor visitor = {note_thread, ignore_finding, threads};
	_cleanup_(tasks_freep)
	struct tasks *tasks = NULL;
	struct dill_error *error = tasks_new(kernel, &tasks);

	if (!error)
		error = tasks_each(tasks, TASK_SCOPE_THREADS, &visitor);
	return error_forgive(error); /* numbers are an answer, too */
}

static struct dill_error *set_stack(const struct group *group, struct origin_names *names,
				    struct arena *arena, struct dill_record *record)
{
	const char **texts = arena_alloc_array(arena, group->stack_count + 1, sizeof(*texts));

	if (!texts)
		return error_no_memory();
	for (size_t i = 0; i < group->stack_count; i++) {
		TRY(origin_name(names, ORIGIN_CALLER, group->stack[i], &texts[i]));
		if (!texts[i]) /* address 0 */
			texts[i] = "0";
	}
	record_set_text(record, CENSUS_GROUP_NAME, group->cache->name);
	if (!group->stack_count)
		return NULL;
	record_set_texts(record, CENSUS_STACK_STACK, texts, group->stack_count);
	record_set_addresses(record, CENSUS_STACK_ADDRESSES, group->stack, group->stack_count);
	return NULL;
}

/* What the rows are made from. */
struct group_rows {
	const struct grouper *grouper;
	const struct threads *threads;
	struct origin_names *names;
	uint64_t total; /* bytes of all groups */
};

static struct dill_error *make_group(void *context, size_t index, struct arena *arena,
				     struct dill_record **ret)
{
	const struct group_rows *rows = context;
	const struct grouper *grouper = rows->grouper;
	const struct group *group = &grouper->groups.items[index];
	const struct threads *threads = rows->threads;
	struct dill_record *record = record_new(arena, grouper->kind);
	uint64_t at;

	if (!record)
		return error_no_memory();
	if (group->is_known)
		record_set_signed(record, CENSUS_GROUP_KEY, group->key);
	record_set_number(record, CENSUS_GROUP_OBJECTS, group->objects);
	record_set_number(record, CENSUS_GROUP_MEMORY, group->memory);
	record_set_number(record, CENSUS_GROUP_SHARE, permille(group->memory, rows->total));
	if (group->has_requested)
		record_set_number(record, CENSUS_GROUP_REQUESTED_BYTES, group->requested);
	if (group->has_age) {
		record_set_number(record, CENSUS_GROUP_YOUNGEST, group->youngest);
		record_set_number(record, CENSUS_GROUP_OLDEST, group->oldest);
	}
	if (grouper->kind == &census_stack_kind)
		TRY(set_stack(group, rows->names, arena, record));
	else if (grouper->kind == &census_pid_kind && group->is_known && group->key >= 0 &&
		 number_map_get(&threads->map, (uint64_t)group->key + 1, &at))
		record_set_text(record, CENSUS_GROUP_NAME, threads->comms.items[at]);
	*ret = record;
	return NULL;
}

static struct dill_error *emit_groups(struct grouper *grouper, struct threads *threads)
{
	struct heap *heap = grouper->order->survey->heap;
	_cleanup_(origin_names_freep)
	struct origin_names *names = NULL;

	TRY(origin_names_new(heap, grouper->call->arena, &names));
	if (grouper->kind == &census_pid_kind)
		TRY(read_threads(heap->kernel, threads));
	if (grouper->groups.count)
		qsort(grouper->groups.items, grouper->groups.count, sizeof(*grouper->groups.items),
		      by_memory);

	struct group_rows rows = {grouper, threads, names, 0};
	struct row_source source = {grouper->kind, grouper->groups.count, make_group, &rows};

	for (size_t i = 0; i < grouper->groups.count; i++)
		rows.total += grouper->groups.items[i].memory;
	return rows_emit(grouper->call, &source, &grouper->order->order);
}

/* --- the three ways --- */

static struct dill_error *count(struct grouper *grouper)
{
	const struct census_visitor visitor = {visit_slab, end_cache, grouper, wants_bytes};
	struct threads threads = {.arena = grouper->call->arena};
	struct dill_error *error;

	TRY(census_clock_read(grouper->order->survey->heap->kernel, &grouper->clock));
	TRY(census_walk(grouper->order->survey, grouper->order->chosen, &visitor));
	error = emit_groups(grouper, &threads);
	number_map_deinit(&threads.map);
	array_free(&threads.comms);
	return error;
}

static struct dill_error *group_by(struct command_call *call, const struct census_order *order,
				   const char *what, enum record_need need,
				   const struct dill_record_kind *kind)
{
	struct grouper grouper = {
		.call = call, .order = order, .kind = kind, .stacks = call->arena};
	struct dill_error *error;

	TRY(advice_require(order->survey->heap, order->chosen, need, what, call->arena));
	error = count(&grouper);
	number_map_deinit(&grouper.map);
	array_free(&grouper.groups);
	return error;
}

struct dill_error *census_by_pid(struct command_call *call, const struct census_order *order)
{
	return group_by(call, order, "--by pid", NEED_PID, &census_pid_kind);
}

struct dill_error *census_by_cpu(struct command_call *call, const struct census_order *order)
{
	return group_by(call, order, "--by cpu", NEED_TRACK, &census_cpu_kind);
}

struct dill_error *census_by_stack(struct command_call *call, const struct census_order *order)
{
	return group_by(call, order, "--by stack", NEED_STACK, &census_stack_kind);
}
