/* SPDX-License-Identifier: MIT */
#include "slub/waiting.h"

#include <string.h>

#include "slub/kasan_quarantine.h"
#include "slub/list.h"
#include "slub/sheaf.h"
#include "slub/waiting_reader.h"

static void unknown_type(struct waiting_reader *reader, const char *symbol)
{
	const char *unsolved = reader->heap->unsolved;

	reader->ret->incomplete = true;
	reader->ret->why =
		arena_format(reader->arena, "%s%s%s, whose type this kernel does not describe",
			     unsolved ? unsolved : "", unsolved ? " and in " : "", symbol);
}

/* --- lists of objects that are their own links --- */

/*
 * Follow a chain whose links lie in the objects: kfree_rcu()'s fallback list, and deferred frees.
 * @param distance  of the next pointer from where a link points
 */
static struct dill_error *read_chain(struct waiting_reader *reader, struct waiting_spot spot,
				     dill_virt first, uint32_t distance)
{
	struct circle circle = {0};
	dill_virt at = heap_untag(reader->heap, first);
	bool more;

	while (at) {
		struct dill_error *error;

		TRY(waiting_may_follow(reader, &spot, &circle, at, &more));
		if (!more)
			return NULL;
		TRY(waiting_add(reader, &spot, at));
		error = kernel_read_u64(reader->heap->kernel, at + distance, &at);
		if (error)
			return waiting_give_up(reader, &spot, error);
		at = heap_untag(reader->heap, at);
		spot.position++;
	}
	return NULL;
}

/* --- pages of pointers --- */

/* Records that are read at a time. */
#define RECORDS 512u

static struct dill_error *read_some(struct waiting_reader *reader, struct waiting_spot *spot,
				    dill_virt first, size_t count, bool *more)
{
	uint64_t records[RECORDS];

	TRY(kernel_read(reader->heap->kernel, first, records, count * sizeof(*records)));
	TRY(kernel_prefetch(reader->heap->kernel, records, count));
	for (size_t i = 0; i < count && *more; i++, spot->position++) {
		TRY(waiting_may_follow(reader, spot, NULL, records[i], more));
		if (*more)
			TRY(waiting_add(reader, spot, records[i]));
	}
	return NULL;
}

static struct dill_error *read_records(struct waiting_reader *reader, struct waiting_spot *spot,
				       dill_virt block)
{
	const struct layout *l = &reader->heap->layout;
	uint64_t count;
	bool more = true;

	if (!l->bulk_count.present) { /* none was there when the layout was solved */
		waiting_incomplete(reader, spot);
		return NULL;
	}
	TRY(kernel_read_u64(reader->heap->kernel, block + l->bulk_count.offset, &count));
	if (count > kernel_page_size(reader->heap->kernel) / sizeof(uint64_t)) {
		waiting_broken(reader, spot, block, "counts more records than fit in a page");
		return NULL;
	}
	spot->container = block;
	spot->position = 0;
	for (uint64_t at = 0; at < count && more; at += RECORDS)
		TRY(read_some(reader, spot, block + l->bulk_records.offset + at * sizeof(uint64_t),
			      count - at < RECORDS ? (size_t)(count - at) : RECORDS, &more));
	return NULL;
}

/* To 6.3: a chain through `next`. */
static struct dill_error *read_block_chain(struct waiting_reader *reader, struct waiting_spot *spot,
					   dill_virt anchor)
{
	struct circle circle = {0};
	dill_virt block;
	bool more;
	struct dill_error *error = kernel_read_u64(reader->heap->kernel, anchor, &block);

	while (!error && block) {
		TRY(waiting_may_follow(reader, spot, &circle, block, &more));
		if (!more)
			return NULL;
		error = read_records(reader, spot, block);
		if (!error)
			error = kernel_read_u64(reader->heap->kernel,
						block + reader->heap->layout.bulk_next.offset,
						&block);
	}
	return waiting_give_up(reader, spot, error);
}

/* Since 6.4: a list. */
static struct dill_error *read_block_list(struct waiting_reader *reader, struct waiting_spot *spot,
					  dill_virt anchor)
{
	_cleanup_(list_walk_deinitp)
	struct list_walk walk = {.head = anchor, .place = waiting_place(spot), .what = spot->what};
	struct dill_error *error = NULL;
	bool more = true;

	walk.limit = reader->links_max - reader->links;
	if (!walk.limit)
		return waiting_may_follow(reader, spot, NULL, anchor, &more);
	TRY(lists_collect(reader->heap, &walk, 1, reader->findings));
	if (walk.broken)
		waiting_incomplete(reader, spot);
	for (size_t i = 0; i < walk.nodes.count && !error && more; i++) {
		TRY(waiting_may_follow(reader, spot, NULL, walk.nodes.items[i], &more));
		if (more)
			error = read_records(reader, spot,
					     walk.nodes.items[i] -
						     reader->heap->layout.bulk_list.offset);
	}
	return waiting_give_up(reader, spot, error);
}

/* Both arrays have two elements: slab objects and vmalloc memory. Only the first matters here. */
static struct dill_error *read_blocks(struct waiting_reader *reader, struct waiting_spot spot,
				      dill_virt anchor)
{
	if (reader->heap->layout.bulk_list.present)
		return read_block_list(reader, &spot, anchor);
	return read_block_chain(reader, &spot, anchor);
}

/* --- kfree_rcu() --- */

/* The objects of a fallback list hold a struct rcu_head (kvfree_rcu_head since 7.3), whose first
 * word is the next pointer; where in the object it lies the slab tells. */
static struct dill_error *read_heads(struct waiting_reader *reader, const struct waiting_spot *spot,
				     dill_virt pointer)
{
	dill_virt first;
	struct dill_error *error = kernel_read_u64(reader->heap->kernel, pointer, &first);

	return error ? waiting_give_up(reader, spot, error) : read_chain(reader, *spot, first, 0);
}

static struct dill_error *read_kfree_rcu(struct waiting_reader *reader, unsigned cpu, dill_virt krc)
{
	const struct layout *l = &reader->heap->layout;
	struct waiting_spot spot = {PLACE_KFREE_RCU, (int)cpu, "list of kfree_rcu()"};
	uint64_t works = l->krw_struct_size ? l->krc_works.size / l->krw_struct_size : 0;

	TRY(waiting_lock(reader, &spot, &l->krc_lock, krc, "a CPU's kfree_rcu() list is locked"));
	if (l->krc_head.present)
		TRY(read_heads(reader, &spot, krc + l->krc_head.offset));
	if (l->krc_bulk.present)
		TRY(read_blocks(reader, spot, krc + l->krc_bulk.offset));
	for (uint64_t i = 0; i < works && i < 16; i++) {
		dill_virt work = krc + l->krc_works.offset + i * l->krw_struct_size;

		if (l->krw_head.present)
			TRY(read_heads(reader, &spot, work + l->krw_head.offset));
		if (l->krw_bulk.present)
			TRY(read_blocks(reader, spot, work + l->krw_bulk.offset));
	}
	return NULL;
}

/* --- sheaves --- */

static struct dill_error *add_sheaf(struct waiting_reader *reader, struct waiting_spot spot,
				    dill_virt address)
{
	const struct layout *l = &reader->heap->layout;
	struct reading reading = {
		.heap = reader->heap,
		.arena = reader->arena,
		.findings = reader->findings,
		.where = waiting_place(&spot),
		.detail = CONTENTS_FREELISTS,
	};
	struct sheaf sheaf;
	dill_virt owner;
	bool more = true;
	struct dill_error *error =
		kernel_read_u64(reader->heap->kernel, address + l->sheaf_cache.offset, &owner);
	const struct cache *cache = error ? NULL : cache_at(reader->caches, owner);

	if (error)
		return waiting_give_up(reader, &spot, error);
	if (!cache && reader->caches->is_part)
		return NULL;
	if (!cache) {
		waiting_broken(reader, &spot, address, "holds a sheaf of no known cache");
		return NULL;
	}
	reading.cache = cache;
	reading.where.cache = cache->name;
	TRY(sheaf_read(&reading, address, 0, SHEAF_OBJECTS_MAX, spot.what, &sheaf));
	if (sheaf.broken)
		waiting_incomplete(reader, &spot);
	spot.container = address;
	for (spot.position = 0; sheaf.objects && spot.position < sheaf.size && more;
	     spot.position++) {
		dill_virt object = sheaf.objects[spot.position];

		TRY(waiting_may_follow(reader, &spot, NULL, object, &more));
		if (more)
			TRY(waiting_add(reader, &spot, object));
	}
	return NULL;
}

/*
 * Functions that a callback can be which frees objects; 0 for those that this kernel has not: of a
 * sheaf, of a single object that was kept for a grace period, and of kfree_rcu() without batches.
 * There TINY_RCU had no function before 6.14, but the distance of the head in the object.
 * Source: kernel/rcu/tiny.c rcu_reclaim_tiny() (to 6.13); mm/slub.c kvfree_rcu_cb() (6.14)
 */
struct callbacks {
	dill_virt sheaves[2];
	dill_virt delayed;
	dill_virt frees;
	bool distances;
};

/* include/linux/rcupdate.h __is_kvfree_rcu_offset() */
#define DISTANCE_END UINT64_C(4096)

static void find_callbacks(const struct heap *heap, struct callbacks *ret)
{
	const struct layout *l = &heap->layout;

	*ret = (struct callbacks){0};
	kernel_has_symbol(heap->kernel, "rcu_free_sheaf", &ret->sheaves[0]);
	kernel_has_symbol(heap->kernel, "rcu_free_sheaf_nobarn", &ret->sheaves[1]);
	if (l->delayed_rcu.present && l->delayed_object.present)
		kernel_has_symbol(heap->kernel, "slab_free_after_rcu_debug", &ret->delayed);
	kernel_has_symbol(heap->kernel, "kvfree_rcu_cb", &ret->frees);
}

/* An object of type-safe memory (mm/slub.c slab_free_hook(), struct rcu_delayed_free). */
static struct dill_error *add_delayed(struct waiting_reader *reader, struct waiting_spot spot,
				      dill_virt container)
{
	const struct layout *l = &reader->heap->layout;
	dill_virt object;
	struct dill_error *error = kernel_read_u64(reader->heap->kernel,
						   container + l->delayed_object.offset, &object);

	if (error)
		return waiting_give_up(reader, &spot, error);
	spot.kind = PLACE_RCU_DELAYED;
	spot.container = container;
	return waiting_add(reader, &spot, object);
}

/* What a callback frees, when it is one of those. */
static struct dill_error *add_freed(struct waiting_reader *reader, const struct waiting_spot *spot,
				    dill_virt head, dill_virt func,
				    const struct callbacks *callbacks)
{
	const struct layout *l = &reader->heap->layout;
	struct waiting_spot of_object = *spot;

	of_object.kind = PLACE_KFREE_CALLBACK;
	if (callbacks->distances && func < DISTANCE_END)
		return waiting_add(reader, &of_object, head - func);
	/* Where in the object the head lies the slab tells, as it does the kernel. */
	if (func && func == callbacks->frees)
		return waiting_add(reader, &of_object, head);
	if (func && (func == callbacks->sheaves[0] || func == callbacks->sheaves[1]))
		return add_sheaf(reader, *spot, head - l->sheaf_rcu.offset);
	if (func && func == callbacks->delayed)
		return add_delayed(reader, *spot, head - l->delayed_rcu.offset);
	return NULL;
}

/* All callbacks of a CPU. */
static struct dill_error *read_callbacks(struct waiting_reader *reader, struct waiting_spot spot,
					 dill_virt pointer, const struct callbacks *callbacks)
{
	const struct layout *l = &reader->heap->layout;
	struct kernel *kernel = reader->heap->kernel;
	struct circle circle = {0};
	dill_virt at, func;
	bool more;
	struct dill_error *error = kernel_read_u64(kernel, pointer, &at);

	for (; !error && at; error = kernel_read_u64(kernel, at + l->rcu_next.offset, &at)) {
		TRY(waiting_may_follow(reader, &spot, &circle, at, &more));
		if (!more)
			return NULL;
		error = kernel_read_u64(kernel, at + l->rcu_func.offset, &func);
		if (error)
			break;
		TRY(add_freed(reader, &spot, at, func, callbacks));
		spot.position++;
	}
	return waiting_give_up(reader, &spot, error);
}

static struct dill_error *read_rcu_data(struct waiting_reader *reader, unsigned cpu, dill_virt data)
{
	const struct layout *l = &reader->heap->layout;
	struct waiting_spot spot = {PLACE_CALL_RCU, (int)cpu, "list of RCU callbacks"};
	struct callbacks callbacks;

	find_callbacks(reader->heap, &callbacks);
	TRY(read_callbacks(reader, spot, data + l->rcu_cblist.offset, &callbacks));
	if (!l->rcu_bypass.present)
		return NULL;
	return read_callbacks(reader, spot, data + l->rcu_bypass.offset, &callbacks);
}

/* TINY_RCU: one list for all, what may be called now in front of what still waits. */
static struct dill_error *read_tiny(struct waiting_reader *reader)
{
	struct kernel *kernel = reader->heap->kernel;
	struct waiting_spot spot = {PLACE_CALL_RCU, 0, "list of RCU callbacks"};
	struct callbacks callbacks;
	dill_virt control;

	if (!kernel_has_symbol(kernel, "rcu_ctrlblk", &control))
		return NULL;
	if (!reader->heap->layout.rcu_tiny.present || !reader->heap->layout.rcu_func.present) {
		unknown_type(reader, "rcu_ctrlblk");
		return NULL;
	}
	find_callbacks(reader->heap, &callbacks);
	callbacks.distances = !callbacks.frees;
	return read_callbacks(reader, spot, control + reader->heap->layout.rcu_tiny.offset,
			      &callbacks);
}

/* --- deferred frees --- */

/*
 * Links of an llist lie at the free pointer's offset of each object, and are plain pointers to the
 * next one's: whatever they point into, the slab tells the object.
 */
static struct dill_error *read_deferred(struct waiting_reader *reader, unsigned cpu, dill_virt work)
{
	const struct layout *l = &reader->heap->layout;
	struct waiting_spot spot = {PLACE_DEFERRED, (int)cpu, "list of deferred frees"};
	struct circle circle = {0};
	dill_virt at;
	bool more;

	TRY(read_heads(reader, &spot, work + l->defer_objects.offset));
	if (l->defer_by_rcu.present)
		TRY(read_heads(reader, &spot, work + l->defer_by_rcu.offset));
	if (!l->defer_sheaves.present)
		return NULL;
	spot.what = "list of deferred sheaves";

	struct kernel *kernel = reader->heap->kernel;
	struct dill_error *error = kernel_read_u64(kernel, work + l->defer_sheaves.offset, &at);

	for (; !error && at; error = kernel_read_u64(kernel, at, &at)) {
		TRY(waiting_may_follow(reader, &spot, &circle, at, &more));
		if (!more)
			return NULL;
		TRY(add_sheaf(reader, spot, at - l->sheaf_llnode.offset));
	}
	return waiting_give_up(reader, &spot, error);
}

/* --- all CPUs --- */

/* A per-CPU variable that holds waiting objects. */
struct source {
	const char *symbol;
	bool known; /* its type is */
	struct dill_error *(*read)(struct waiting_reader *reader, unsigned cpu, dill_virt address);
};

static struct dill_error *read_source(struct waiting_reader *reader, const struct source *source)
{
	struct kernel *kernel = reader->heap->kernel;
	dill_virt symbol;

	if (!kernel_has_symbol(kernel, source->symbol, &symbol))
		return NULL;
	if (!source->known) {
		unknown_type(reader, source->symbol);
		return NULL;
	}
	for (unsigned cpu = 0; cpu < kernel_cpu_limit(kernel); cpu++) {
		TRY(target_check_interrupt(kernel_target(kernel)));
		if (kernel_cpu_possible(kernel, cpu))
			TRY(source->read(reader, cpu, kernel_percpu_address(kernel, symbol, cpu)));
	}
	return NULL;
}

static struct dill_error *read_all(struct waiting_reader *reader)
{
	const struct layout *l = &reader->heap->layout;
	const struct source sources[] = {
		{"krc", l->krc_head.present && (l->bulk_count.present || l->is_solved),
		 read_kfree_rcu},
		{"defer_free_objects", l->defer_objects.present, read_deferred},
		{"deferred_percpu_work", l->defer_objects.present, read_deferred},
		{"rcu_data", l->rcu_cblist.present, read_rcu_data},
	};

	/* Where kfree_rcu() has batches this function is there, too, but called by nobody. */
	bool callbacks_free = !kernel_has_symbol(reader->heap->kernel, "krc", NULL) &&
			      kernel_has_symbol(reader->heap->kernel, "kvfree_rcu_cb", NULL);

	if (reader->heap->unsolved) {
		reader->ret->incomplete = true;
		reader->ret->why = arena_format(reader->arena, "%s, which no type describes",
						reader->heap->unsolved);
	} else if (!kernel_symbols_are_complete(reader->heap->kernel)) {
		reader->ret->incomplete = true;
		reader->ret->why = "variables of this kernel, which no symbol tells";
	}
	TRY(quarantine_read(reader));
	TRY(read_tiny(reader));
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		/* Callbacks matter only where sheaves or objects are among them. */
		if (sources[i].read == read_rcu_data && !l->cache_cpu_sheaves.present &&
		    !l->delayed_rcu.present && !callbacks_free)
			continue;
		TRY(read_source(reader, &sources[i]));
	}
	return NULL;
}

struct dill_error *waiting_read_some(struct heap *heap, struct cache_list *caches,
				     struct arena *arena, struct findings *findings,
				     size_t links_max, struct waiting *ret)
{
	struct waiting_reader reader = {
		.heap = heap,
		.caches = caches,
		.arena = arena,
		.findings = findings,
		.links_max = links_max,
		.ret = ret,
	};
	struct waiting_object *items;
	struct dill_error *error;

	*ret = (struct waiting){0};
	error = read_all(&reader);
	if (!error) {
		items = arena_alloc_array(arena, reader.items.count + 1, sizeof(*items));
		if (!items)
			error = error_no_memory();
		else if (reader.items.count)
			memcpy(items, reader.items.items, reader.items.count * sizeof(*items));
		ret->items = items;
		ret->count = reader.items.count;
	}
	array_free(&reader.items);
	return error;
}

struct dill_error *waiting_read(struct heap *heap, struct cache_list *caches, struct arena *arena,
				struct findings *findings, struct waiting *ret)
{
	return waiting_read_some(heap, caches, arena, findings, WAITING_MAX, ret);
}
