/* SPDX-License-Identifier: MIT */
#include "slub/waiting.h"

#include <string.h>

#include "slub/circle.h"
#include "slub/locate.h"
#include "slub/place.h"

/* Callbacks of a CPU that are followed in search of sheaves. */
#define CALLBACKS_MAX ((size_t)1 << 22)

/* Everything while it is read. */
struct reader {
	struct heap *heap;
	const struct cache_list *caches;
	struct arena *arena;
	struct findings *findings;
	ARRAY(struct waiting_object) items;
	struct waiting *ret;
};

/* Where the reader is. */
struct spot {
	enum place_kind kind;
	unsigned cpu;
	const char *what;
	dill_virt container;
	uint32_t position;
	const char *moving;
};

static struct finding_place place_of(const struct spot *spot)
{
	return (struct finding_place){.cpu = (int)spot->cpu, .node = -1, .moving = spot->moving};
}

static void note_incomplete(struct reader *reader, const struct spot *spot)
{
	reader->ret->incomplete = true;
	if (!reader->ret->why)
		reader->ret->why =
			arena_format(reader->arena, "CPU %u's %s", spot->cpu, spot->what);
}

/* A list cannot be read on: a finding, and what is behind it stays unknown. */
static struct dill_error *give_up(struct reader *reader, const struct spot *spot,
				  struct dill_error *error)
{
	struct finding_place place = place_of(spot);

	if (!error)
		return NULL;
	note_incomplete(reader, spot);
	return findings_absorb(reader->findings, &place,
			       dill_error_add_context(error, "%s", spot->what));
}

static void broken(struct reader *reader, const struct spot *spot, dill_virt address,
		   const char *why)
{
	struct finding_place place = place_of(spot);

	note_incomplete(reader, spot);
	findings_add(reader->findings, FINDING_WAITING, &place, address, "%s %s", spot->what, why);
}

/* Add the object that @p address lies in; what lies in no slab is counted only. */
static struct dill_error *add(struct reader *reader, const struct spot *spot, dill_virt address)
{
	struct findings scratch = {.arena = reader->arena};
	struct located located = {0};
	struct dill_error *error =
		heap_locate(reader->heap, reader->caches, address, &scratch, &located);

	if (error)
		return give_up(reader, spot, error);
	if (!located.in_slab || !located.in_slot) {
		reader->ret->others++;
		if (!located.kfence)
			return NULL;
		located.object = address; /* its own list tells whose it is */
	}
	struct waiting_object item = {
		.object = located.object,
		.cache = located.cache_address,
		.kind = (int)spot->kind,
		.cpu = (int)spot->cpu,
		.position = spot->position,
		.container = spot->container,
	};

	if (reader->items.count < WAITING_MAX)
		return array_push(&reader->items, item);
	note_incomplete(reader, spot);
	return NULL;
}

/* --- lists of objects that are their own links --- */

/*
 * Follow a chain whose links lie in the objects: kfree_rcu()'s fallback list, and deferred frees.
 * @param distance  of the next pointer from where a link points
 */
static struct dill_error *read_chain(struct reader *reader, struct spot spot, dill_virt first,
				     uint32_t distance)
{
	struct circle circle = {0};
	dill_virt at = first;

	while (at) {
		struct dill_error *error;

		if (spot.position == WAITING_MAX || circle_closes(&circle, at)) {
			broken(reader, &spot, at, "has no end");
			return NULL;
		}
		TRY(memory_check_interrupt(kernel_memory(reader->heap->kernel)));
		TRY(add(reader, &spot, at));
		error = kernel_read_u64(reader->heap->kernel, at + distance, &at);
		if (error)
			return give_up(reader, &spot, error);
		spot.position++;
	}
	return NULL;
}

/* --- pages of pointers --- */

#define RECORDS_MAX (DILL_PAGE_SIZE / 8u)

static struct dill_error *read_records(struct reader *reader, struct spot *spot, dill_virt block)
{
	const struct layout *l = &reader->heap->layout;
	uint64_t count, records[RECORDS_MAX];

	TRY(kernel_read_u64(reader->heap->kernel, block + l->bulk_count.offset, &count));
	if (count > RECORDS_MAX) {
		broken(reader, spot, block, "counts more records than fit in a page");
		return NULL;
	}
	TRY(kernel_read(reader->heap->kernel, block + l->bulk_records.offset, records,
			count * sizeof(*records)));
	TRY(kernel_prefetch(reader->heap->kernel, records, count));
	spot->container = block;
	for (spot->position = 0; spot->position < count; spot->position++)
		TRY(add(reader, spot, records[spot->position]));
	return NULL;
}

/* To 6.3: a chain through `next`. */
static struct dill_error *read_block_chain(struct reader *reader, struct spot *spot,
					   dill_virt anchor)
{
	struct circle circle = {0};
	dill_virt block;
	size_t blocks = 0;
	struct dill_error *error = kernel_read_u64(reader->heap->kernel, anchor, &block);

	while (!error && block) {
		if (blocks++ == WAITING_MAX / RECORDS_MAX || circle_closes(&circle, block)) {
			broken(reader, spot, block, "has no end");
			return NULL;
		}
		TRY(memory_check_interrupt(kernel_memory(reader->heap->kernel)));
		error = read_records(reader, spot, block);
		if (!error)
			error = kernel_read_u64(reader->heap->kernel,
						block + reader->heap->layout.bulk_next.offset,
						&block);
	}
	return give_up(reader, spot, error);
}

/* Since 6.4: a list. */
static struct dill_error *read_block_list(struct reader *reader, struct spot *spot,
					  dill_virt anchor)
{
	_cleanup_(list_walk_deinitp)
	struct list_walk walk = {.head = anchor, .place = place_of(spot), .what = spot->what};
	struct dill_error *error = NULL;

	TRY(lists_collect(reader->heap, &walk, 1, reader->findings));
	if (walk.broken)
		note_incomplete(reader, spot);
	for (size_t i = 0; i < walk.nodes.count && !error; i++)
		error = read_records(reader, spot,
				     walk.nodes.items[i] - reader->heap->layout.bulk_list.offset);
	return give_up(reader, spot, error);
}

/* Both arrays have two elements: slab objects and vmalloc memory. Only the first matters here. */
static struct dill_error *read_blocks(struct reader *reader, struct spot spot, dill_virt anchor)
{
	if (reader->heap->layout.bulk_list.present)
		return read_block_list(reader, &spot, anchor);
	return read_block_chain(reader, &spot, anchor);
}

/* --- kfree_rcu() --- */

/* The objects of a fallback list hold a struct rcu_head (kvfree_rcu_head since 7.3), whose first
 * word is the next pointer; where in the object it lies the slab tells. */
static struct dill_error *read_heads(struct reader *reader, const struct spot *spot,
				     dill_virt pointer)
{
	dill_virt first;
	struct dill_error *error = kernel_read_u64(reader->heap->kernel, pointer, &first);

	return error ? give_up(reader, spot, error) : read_chain(reader, *spot, first, 0);
}

static struct dill_error *read_kfree_rcu(struct reader *reader, unsigned cpu, dill_virt krc)
{
	const struct layout *l = &reader->heap->layout;
	struct spot spot = {PLACE_KFREE_RCU, cpu, "list of kfree_rcu()"};
	uint64_t works = l->krw_struct_size ? l->krc_works.size / l->krw_struct_size : 0;
	uint32_t lock;

	/* The first word of a lock is nonzero while a CPU holds it, as in node_lists.c. */
	if (l->krc_lock.present) {
		struct dill_error *error = kernel_read(
			reader->heap->kernel, krc + l->krc_lock.offset, &lock, sizeof(lock));

		if (error)
			return give_up(reader, &spot, error);
		if (lock)
			reader->ret->moving = spot.moving = "a CPU's kfree_rcu() list is locked";
	}

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

static struct dill_error *add_sheaf(struct reader *reader, struct spot spot, dill_virt address)
{
	const struct layout *l = &reader->heap->layout;
	struct finding_place place = place_of(&spot);
	struct sheaf sheaf;
	dill_virt owner;
	struct dill_error *error =
		kernel_read_u64(reader->heap->kernel, address + l->sheaf_cache.offset, &owner);
	const struct cache *cache = error ? NULL : cache_at(reader->caches, owner);

	if (error)
		return give_up(reader, &spot, error);
	if (!cache && reader->caches->is_part)
		return NULL;
	if (!cache) {
		broken(reader, &spot, address, "holds a sheaf of no known cache");
		return NULL;
	}
	place.cache = cache->name;
	TRY(sheaf_read(reader->heap, cache, address, SHEAF_OBJECTS_MAX, SHEAF_OBJECTS, spot.what,
		       &place, reader->arena, reader->findings, &sheaf));
	if (sheaf.broken)
		note_incomplete(reader, &spot);
	spot.container = address;
	for (spot.position = 0; sheaf.objects && spot.position < sheaf.size; spot.position++)
		TRY(add(reader, &spot, sheaf.objects[spot.position]));
	return NULL;
}

/* Functions that a sheaf's callback can be, 0 for those that this kernel has not. */
struct sheaf_callbacks {
	dill_virt items[2];
};

/* All callbacks of a CPU: of those that free a sheaf, the sheaf. */
static struct dill_error *read_callbacks(struct reader *reader, struct spot spot, dill_virt pointer,
					 const struct sheaf_callbacks *callbacks)
{
	const struct layout *l = &reader->heap->layout;
	struct kernel *kernel = reader->heap->kernel;
	struct circle circle = {0};
	dill_virt at, func;
	size_t count = 0;
	struct dill_error *error = kernel_read_u64(kernel, pointer, &at);

	for (; !error && at; error = kernel_read_u64(kernel, at + l->rcu_next.offset, &at)) {
		if (count++ == CALLBACKS_MAX || circle_closes(&circle, at)) {
			broken(reader, &spot, at, "has no end");
			return NULL;
		}
		TRY(memory_check_interrupt(kernel_memory(kernel)));
		error = kernel_read_u64(kernel, at + l->rcu_func.offset, &func);
		if (error)
			break;
		if (func && (func == callbacks->items[0] || func == callbacks->items[1]))
			TRY(add_sheaf(reader, spot, at - l->sheaf_rcu.offset));
	}
	return give_up(reader, &spot, error);
}

static struct dill_error *read_rcu_data(struct reader *reader, unsigned cpu, dill_virt data)
{
	const struct layout *l = &reader->heap->layout;
	struct spot spot = {PLACE_CALL_RCU, cpu, "list of RCU callbacks"};
	struct sheaf_callbacks callbacks = {0};

	kernel_has_symbol(reader->heap->kernel, "rcu_free_sheaf", &callbacks.items[0]);
	kernel_has_symbol(reader->heap->kernel, "rcu_free_sheaf_nobarn", &callbacks.items[1]);
	TRY(read_callbacks(reader, spot, data + l->rcu_cblist.offset, &callbacks));
	if (!l->rcu_bypass.present)
		return NULL;
	return read_callbacks(reader, spot, data + l->rcu_bypass.offset, &callbacks);
}

/* --- deferred frees --- */

/*
 * Links of an llist lie at the free pointer's offset of each object, and are plain pointers to the
 * next one's: whatever they point into, the slab tells the object.
 */
static struct dill_error *read_deferred(struct reader *reader, unsigned cpu, dill_virt work)
{
	const struct layout *l = &reader->heap->layout;
	struct spot spot = {PLACE_DEFERRED, cpu, "list of deferred frees"};
	struct circle circle = {0};
	dill_virt at;
	size_t count = 0;

	TRY(read_heads(reader, &spot, work + l->defer_objects.offset));
	if (l->defer_by_rcu.present)
		TRY(read_heads(reader, &spot, work + l->defer_by_rcu.offset));
	if (!l->defer_sheaves.present)
		return NULL;
	spot.what = "list of deferred sheaves";

	struct kernel *kernel = reader->heap->kernel;
	struct dill_error *error = kernel_read_u64(kernel, work + l->defer_sheaves.offset, &at);

	for (; !error && at; error = kernel_read_u64(kernel, at, &at)) {
		if (count++ == CALLBACKS_MAX || circle_closes(&circle, at)) {
			broken(reader, &spot, at, "has no end");
			return NULL;
		}
		TRY(add_sheaf(reader, spot, at - l->sheaf_llnode.offset));
	}
	return give_up(reader, &spot, error);
}

/* --- all CPUs --- */

/* A per-CPU variable that holds waiting objects. */
struct source {
	const char *symbol;
	bool known; /* its type is */
	struct dill_error *(*read)(struct reader *reader, unsigned cpu, dill_virt address);
};

static struct dill_error *read_source(struct reader *reader, const struct source *source)
{
	struct kernel *kernel = reader->heap->kernel;
	dill_virt symbol;

	if (!kernel_has_symbol(kernel, source->symbol, &symbol))
		return NULL;
	if (!source->known) {
		reader->ret->incomplete = true;
		reader->ret->why =
			arena_format(reader->arena, "%s, whose type this kernel does not describe",
				     source->symbol);
		return NULL;
	}
	for (unsigned cpu = 0; cpu < kernel_cpu_limit(kernel); cpu++)
		if (kernel_cpu_possible(kernel, cpu))
			TRY(source->read(reader, cpu, kernel_percpu_address(kernel, symbol, cpu)));
	return NULL;
}

/* KASAN keeps freed objects from reuse in lists that dill does not read (mm/kasan/quarantine.c). */
static void note_quarantine(struct reader *reader)
{
	if (!kernel_has_symbol(reader->heap->kernel, "global_quarantine", NULL))
		return;
	reader->ret->incomplete = true;
	reader->ret->why = "KASAN's quarantine";
}

static struct dill_error *read_all(struct reader *reader)
{
	const struct layout *l = &reader->heap->layout;
	const struct source sources[] = {
		{"krc", l->krc_head.present && l->bulk_count.present, read_kfree_rcu},
		{"defer_free_objects", l->defer_objects.present, read_deferred},
		{"deferred_percpu_work", l->defer_objects.present, read_deferred},
		{"rcu_data", l->rcu_cblist.present, read_rcu_data},
	};

	note_quarantine(reader);
	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		/* Callbacks matter only where sheaves are among them. */
		if (sources[i].read == read_rcu_data && !l->cache_cpu_sheaves.present)
			continue;
		TRY(read_source(reader, &sources[i]));
	}
	return NULL;
}

struct dill_error *waiting_read(struct heap *heap, const struct cache_list *caches,
				struct arena *arena, struct findings *findings, struct waiting *ret)
{
	struct reader reader = {
		.heap = heap, .caches = caches, .arena = arena, .findings = findings, .ret = ret};
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
