/* SPDX-License-Identifier: MIT */
#include "slub/order.h"

#include "base/plural.h"
#include "slub/supply.h"

const char *order_engine_name(enum order_engine engine)
{
	static const char *const names[] = {
		[ORDER_CPU_SLABS] = "cpu_slabs",
		[ORDER_SHEAVES] = "sheaves",
		[ORDER_SHEAVES_ON_CPUS] = "sheaves_on_cpu_slabs",
		[ORDER_SLABS] = "slabs",
	};

	return names[engine];
}

const char *order_note_name(enum order_note_kind kind)
{
	static const char *const names[] = {
		[NOTE_NEW_SLAB] = "new_slab",	[NOTE_OTHER_NODES] = "other_nodes",
		[NOTE_MAY_SLEEP] = "may_sleep", [NOTE_NEW_SHEAF] = "new_sheaf",
		[NOTE_BROKEN] = "broken",	[NOTE_IN_MOTION] = "in_motion",
		[NOTE_RESERVES] = "reserves",	[NOTE_OFFLINE] = "offline",
		[NOTE_KFENCE] = "kfence",	[NOTE_KFENCE_DUE] = "kfence_due",
	};

	return names[kind];
}

/* An order in the making. */
struct maker {
	struct heap *heap;
	const struct contents *contents;
	const struct cpu_contents *cpu;	  /* NULL for caches that keep nothing per CPU */
	const struct node_contents *node; /* NULL when the CPU's node holds nothing */
	struct supply_taker taker;
	struct arena *arena;
	ARRAY(struct order_item) items;
	ARRAY(struct order_note) notes;
	size_t position, limit;
	bool uncertain;
	bool over; /* what comes next is not known */
	struct order *order;
};

/* --- items and notes --- */

static bool wants_more(const struct maker *maker)
{
	return !maker->over && maker->position < maker->limit;
}

static struct dill_error *add_item(struct maker *maker, dill_virt object, const struct place *place)
{
	struct order_item item = {maker->position, object, *place, !maker->uncertain};

	if (!wants_more(maker))
		return NULL;
	maker->position++;
	return array_push(&maker->items, item);
}

static struct dill_error *add_note(struct maker *maker, enum order_note_kind kind, size_t count,
				   const char *text)
{
	struct order_note note = {maker->position, count, kind, text};

	if (!text)
		return error_no_memory();
	return array_push(&maker->notes, note);
}

static struct dill_error *break_off(struct maker *maker, const char *why)
{
	maker->over = true;
	return add_note(maker, NOTE_BROKEN, 0, why);
}

static struct dill_error *note_new_slabs(struct maker *maker)
{
	maker->over = true;
	return add_note(maker, NOTE_NEW_SLAB, 0,
			"objects of new slabs, whose addresses the page allocator will choose");
}

static struct dill_error *note_chance(struct maker *maker)
{
	maker->uncertain = true;
	return add_note(maker, NOTE_OTHER_NODES, 0,
			"only if the kernel turns to another node's partial slabs, which it does "
			"mostly but not always; else a new slab");
}

static struct dill_error *note_reserves(struct maker *maker, const struct supply *supply)
{
	if (!supply->reserved)
		return NULL;
	return add_note(maker, NOTE_RESERVES, 0,
			arena_format(maker->arena,
				     "without the objects of %zu slab%s from the emergency "
				     "reserves, which only allocations that may use these get",
				     supply->reserved, plural(supply->reserved)));
}

static struct dill_error *note_end(struct maker *maker, const struct supply *supply)
{
	switch (supply->end) {
	case SUPPLY_LIMIT:
		break;
	case SUPPLY_NEW_SLAB:
		return note_new_slabs(maker);
	case SUPPLY_OTHER_NODES:
		maker->over = true;
		return add_note(maker, NOTE_OTHER_NODES, 0,
				"objects of other nodes' partial slabs, or of a new slab: which, "
				"chance decides");
	case SUPPLY_BROKEN:
		return break_off(maker, supply->broken);
	}
	return NULL;
}

/* --- slabs --- */

typedef struct dill_error *(*supply_maker)(const struct supply_taker *taker, struct supply *ret);

/* Objects as slabs give them. */
static struct dill_error *add_from_slabs(struct maker *maker, supply_maker supply_from)
{
	_cleanup_(supply_deinitp)
	struct supply supply = {.limit = maker->limit - maker->position};

	TRY(supply_from(&maker->taker, &supply));
	TRY(note_reserves(maker, &supply));
	for (size_t i = 0; i < supply.items.count; i++) {
		if (i == supply.chance)
			TRY(note_chance(maker));
		TRY(add_item(maker, supply.items.items[i].object, &supply.items.items[i].place));
	}
	return note_end(maker, &supply);
}

/* --- sheaves --- */

/* Handed out from the top of the array. */
static struct dill_error *add_sheaf(struct maker *maker, const struct sheaf *sheaf,
				    struct place place)
{
	place.container = sheaf->address;
	if (sheaf->broken)
		return break_off(maker, "a sheaf is broken");
	for (uint32_t i = sheaf->size; i > 0 && wants_more(maker); i--) {
		place.position = i - 1;
		TRY(add_item(maker, sheaf->objects[i - 1], &place));
	}
	return NULL;
}

static struct dill_error *add_full_sheaves(struct maker *maker, const struct barn *barn)
{
	struct place place = {.kind = PLACE_BARN, .cpu = -1, .node = (int)maker->taker.node};

	if (barn->broken || barn->full.broken)
		return break_off(maker, "the barn is broken");
	for (; place.list < barn->full.count && wants_more(maker); place.list++)
		TRY(add_sheaf(maker, &barn->full.items[place.list], place));
	return NULL;
}

/*
 * Up to the first refill. A sheaf used up trades places with the spare one, then with full ones of
 * the barn, where it waits as an empty one.
 */
static struct dill_error *add_sheaves(struct maker *maker)
{
	const struct cpu_sheaves *sheaves = &maker->cpu->sheaves;
	struct place place = {.cpu = (int)maker->cpu->cpu, .node = -1};

	if (sheaves->broken)
		return break_off(maker, "the CPU's sheaves are broken");
	place.kind = PLACE_MAIN_SHEAF;
	TRY(add_sheaf(maker, &sheaves->main, place));
	place.kind = PLACE_SPARE_SHEAF;
	if (wants_more(maker))
		TRY(add_sheaf(maker, &sheaves->spare, place));
	return wants_more(maker) && maker->node ? add_full_sheaves(maker, &maker->node->barn)
						: NULL;
}

/*
 * A refill may sleep, as it needs an empty sheaf: the spare one, one of the barn's, or a new one.
 * The new one is an object of a kmalloc cache, which may be this one.
 */
static struct dill_error *note_refill(struct maker *maker)
{
	const struct layout *layout = &maker->heap->layout;
	const struct cache *cache = maker->contents->cache;
	const struct barn *barn = &maker->node->barn;
	uint64_t bytes = layout->sheaf_objects.offset + 8 * (uint64_t)cache->sheaf_capacity;

	TRY(add_note(maker, NOTE_MAY_SLEEP, 0,
		     "if the allocation may sleep (GFP_KERNEL); else single objects of slabs"));
	if (maker->cpu->sheaves.spare.address || barn->full.count || barn->empty.count ||
	    !(cache->flags & layout_flag(layout, "KMALLOC")) || bytes > cache->object_size ||
	    bytes <= cache->object_size / 2)
		return NULL;
	maker->uncertain = true;
	return add_note(maker, NOTE_NEW_SHEAF, 0,
			"uncertain, as the CPU needs a new sheaf first, which may be an object of "
			"this very cache");
}

/* A run of what a sheaf is filled with is handed out last one first; a short one is filled up with
 * objects of new slabs. */
static struct dill_error *add_refill(struct maker *maker, const struct supply *supply, size_t first,
				     size_t batch)
{
	size_t count = supply->items.count - first < batch ? supply->items.count - first : batch;

	if (supply->chance < first + count && !maker->uncertain)
		TRY(note_chance(maker));
	if (count < batch && supply->end != SUPPLY_NEW_SLAB) /* what lies on top is not known */
		return NULL;
	if (count && count < batch) {
		TRY(add_note(maker, NOTE_NEW_SLAB, batch - count,
			     arena_format(maker->arena,
					  "%zu object%s of new slabs, whose addresses the page "
					  "allocator will choose",
					  batch - count, plural(batch - count))));
		maker->position += batch - count;
	}
	for (size_t i = count; i > 0 && wants_more(maker); i--) {
		const struct supply_item *item = &supply->items.items[first + i - 1];

		TRY(add_item(maker, item->object, &item->place));
	}
	return NULL;
}

static struct dill_error *add_refills(struct maker *maker)
{
	size_t batch = maker->contents->cache->sheaf_capacity;
	size_t rest = maker->limit - maker->position;
	_cleanup_(supply_deinitp)
	struct supply supply = {.limit = (rest + batch - 1) / batch * batch};

	if (maker->order->engine == ORDER_SHEAVES_ON_CPUS)
		TRY(supply_from_cpu(&maker->taker, &supply));
	else
		TRY(supply_in_batches(&maker->taker, batch, &supply));
	TRY(note_reserves(maker, &supply));
	if (supply.items.count)
		TRY(note_refill(maker));
	for (size_t first = 0; first < supply.items.count && wants_more(maker); first += batch)
		TRY(add_refill(maker, &supply, first, batch));
	return wants_more(maker) ? note_end(maker, &supply) : NULL;
}

static struct dill_error *add_with_sheaves(struct maker *maker)
{
	TRY(add_sheaves(maker));
	if (!wants_more(maker))
		return NULL;
	if (maker->node && maker->node->barn.address)
		return add_refills(maker);
	return add_from_slabs(maker, maker->order->engine == ORDER_SHEAVES_ON_CPUS
					     ? supply_from_cpu
					     : supply_from_slabs);
}

/* --- all of it --- */

static enum order_engine find_engine(const struct maker *maker)
{
	const struct cache *cache = maker->contents->cache;

	if (maker->cpu && maker->cpu->sheaves.address)
		return cache->cpu_slab ? ORDER_SHEAVES_ON_CPUS : ORDER_SHEAVES;
	return cache->cpu_slab && !cache_is_debug(maker->heap, cache) ? ORDER_CPU_SLABS
								      : ORDER_SLABS;
}

struct dill_error *order_cpu_node(struct heap *heap, unsigned cpu, unsigned *ret)
{
	int32_t node = 0;
	dill_virt at;

	if (kernel_has_symbol(heap->kernel, "numa_node", &at))
		TRY(kernel_read(heap->kernel, kernel_percpu_address(heap->kernel, at, cpu), &node,
				sizeof(node)));
	if (node < 0 || (unsigned)node >= kernel_node_limit(heap->kernel))
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "the kernel says that CPU %u is on node %d, which does not "
				      "exist",
				      cpu, node);
	*ret = (unsigned)node;
	return NULL;
}

static struct dill_error *find_node(struct maker *maker, unsigned cpu)
{
	TRY(order_cpu_node(maker->heap, cpu, &maker->taker.node));
	for (size_t n = 0; n < maker->contents->node_count; n++)
		if (maker->contents->nodes[n].node == maker->taker.node)
			maker->node = &maker->contents->nodes[n];
	return NULL;
}

static void find_cpu(struct maker *maker, unsigned cpu)
{
	for (size_t c = 0; c < maker->contents->cpu_count; c++)
		if (maker->contents->cpus[c].cpu == cpu)
			maker->cpu = &maker->contents->cpus[c];
	maker->taker.cpu = maker->cpu;
}

/* A number of @size bytes of the kernel; false when there is no such variable, or no way to it. */
static bool read_variable(struct heap *heap, const char *name, size_t size, uint64_t *ret)
{
	dill_virt at;

	*ret = 0;
	if (!kernel_has_symbol(heap->kernel, name, &at))
		return false;

	struct dill_error *error = kernel_read(heap->kernel, at, ret, size);
	bool read = !error;

	dill_error_free(error); /* whether KFENCE interferes is a remark, not the answer */
	return read;
}

/*
 * KFENCE takes an allocation for itself when its gate is open; a timer opens it (mm/kfence/core.c
 * __kfence_alloc()).
 */
static struct dill_error *note_kfence(struct maker *maker)
{
	const struct cache *cache = maker->contents->cache;
	uint64_t enabled, gate, interval,
		never = layout_flag(&maker->heap->layout, "SKIP_KFENCE") |
			layout_flag(&maker->heap->layout, "CACHE_DMA") |
			layout_flag(&maker->heap->layout, "CACHE_DMA32");

	if (!read_variable(maker->heap, "kfence_enabled", 1, &enabled) || !enabled ||
	    (cache->flags & never) || cache->object_size > cache->page_size)
		return NULL;
	if (read_variable(maker->heap, "kfence_allocation_gate", 4, &gate) && (int32_t)gate <= 0) {
		maker->uncertain = true;
		return add_note(maker, NOTE_KFENCE_DUE, 0,
				"KFENCE is due: the next allocation on any CPU from any cache that "
				"it may guard gets an object of its own pool instead");
	}
	read_variable(maker->heap, "kfence_sample_interval", 8, &interval);
	return add_note(maker, NOTE_KFENCE, 0,
			arena_format(maker->arena,
				     "KFENCE takes one allocation about every %lu ms, which puts "
				     "the others off by one",
				     (unsigned long)interval));
}

static struct dill_error *note_start(struct maker *maker, unsigned cpu)
{
	if (!kernel_cpu_online(maker->heap->kernel, cpu)) {
		maker->uncertain = true;
		TRY(add_note(maker, NOTE_OFFLINE, 0,
			     "only once this CPU comes online: it is offline, and what it holds is "
			     "flushed before"));
	}
	if (maker->contents->in_motion) {
		maker->uncertain = true;
		TRY(add_note(maker, NOTE_IN_MOTION, 0,
			     "uncertain, as a CPU was stopped while it changed these lists"));
	}
	return note_kfence(maker);
}

/* Of a cache with debugging CPUs hold nothing; which one that is, its flags tell. */
static struct dill_error *need_all_parts(const struct maker *maker)
{
	const struct heap *heap = maker->heap;

	if (layout_lacks(&heap->layout, heap->layout.cache_flags))
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "what comes next depends on the cache's flags, which could "
				      "not be found in memory: %s",
				      KERNEL_NO_TYPES);
	if (!heap->unsolved || cache_is_debug(heap, maker->contents->cache))
		return NULL;
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "what comes next lies in %s, which could not be found in memory: %s",
			      heap->unsolved, KERNEL_NO_TYPES);
}

static struct dill_error *make(struct maker *maker, unsigned cpu)
{
	TRY(need_all_parts(maker));
	find_cpu(maker, cpu);
	TRY(find_node(maker, cpu));
	maker->order->cpu = cpu;
	maker->order->node = maker->taker.node;
	maker->order->engine = find_engine(maker);
	TRY(note_start(maker, cpu));
	switch (maker->order->engine) {
	case ORDER_CPU_SLABS:
		return add_from_slabs(maker, supply_from_cpu);
	case ORDER_SLABS:
		return add_from_slabs(maker, supply_from_slabs);
	case ORDER_SHEAVES:
	case ORDER_SHEAVES_ON_CPUS:
		break;
	}
	return add_with_sheaves(maker);
}

static struct dill_error *keep(struct maker *maker)
{
	struct order *order = maker->order;

	order->count = maker->items.count;
	order->note_count = maker->notes.count;
	order->items = arena_alloc_array(maker->arena, order->count + 1, sizeof(*order->items));
	order->notes =
		arena_alloc_array(maker->arena, order->note_count + 1, sizeof(*order->notes));
	if (!order->items || !order->notes)
		return error_no_memory();
	for (size_t i = 0; i < order->count; i++)
		order->items[i] = maker->items.items[i];
	for (size_t i = 0; i < order->note_count; i++)
		order->notes[i] = maker->notes.items[i];
	return NULL;
}

struct dill_error *order_predict(struct heap *heap, const struct contents *contents, unsigned cpu,
				 size_t limit, struct arena *arena, struct order *ret)
{
	struct maker maker = {
		.heap = heap,
		.contents = contents,
		.taker = {.heap = heap, .contents = contents},
		.arena = arena,
		.limit = limit,
		.order = ret,
	};

	*ret = (struct order){0};

	struct dill_error *error = make(&maker, cpu);

	if (!error)
		error = keep(&maker);
	array_free(&maker.items);
	array_free(&maker.notes);
	return error;
}
