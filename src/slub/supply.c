/* SPDX-License-Identifier: MIT */
#include "slub/supply.h"

/* A partial slab of a node, some of whose objects may have been taken already. */
struct stocked {
	const struct listed_slab *slab;
	uint32_t list;	/* its number on the list as it is now */
	uint32_t taken; /* from the front of its freelist */
};

/* The partial slabs of a node while they are used up: taken from the front, given back at the end.
 */
struct stock {
	const struct node_contents *node;
	ARRAY(struct stocked) slabs;
	size_t reserved; /* not among them */
	size_t head;
};

/* All nodes; the CPU's own is local. */
struct stocks {
	struct stock *items;
	size_t count;
	struct stock *local; /* NULL when the node has no memory */
};

void supply_deinit(struct supply *supply)
{
	array_free(&supply->items);
}

/* --- one freelist --- */

static struct dill_error *end(struct supply *supply, enum supply_end why, const char *broken)
{
	supply->end = why;
	supply->broken = broken;
	return NULL;
}

static bool is_full(const struct supply *supply)
{
	return supply->items.count >= supply->limit;
}

/* Take objects from @place->position on, at most @most; *ret_more: the supply goes on behind them.
 */
static struct dill_error *take(struct supply *supply, const struct freelist *freelist,
			       struct place place, uint32_t most, bool *ret_more)
{
	*ret_more = false;
	for (uint32_t i = 0; i < most && place.position < freelist->count; i++, place.position++) {
		struct supply_item item = {freelist->objects[place.position], place};

		if (is_full(supply))
			return end(supply, SUPPLY_LIMIT, NULL);
		TRY(array_push(&supply->items, item));
	}
	if (freelist->broken && place.position == freelist->count)
		return end(supply, SUPPLY_BROKEN, "a freelist is broken here");
	*ret_more = true;
	return NULL;
}

static uint32_t free_objects(const struct stocked *item)
{
	uint32_t free = item->slab->slab.objects - item->slab->slab.inuse;

	return free > item->taken ? free - item->taken : 0;
}

static struct dill_error *take_stocked(struct supply *supply, const struct stock *from,
				       struct stocked *item, uint32_t most, bool *ret_more)
{
	struct place place = {
		.kind = PLACE_NODE_PARTIAL,
		.cpu = -1,
		.node = (int)from->node->node,
		.list = item->list,
		.position = item->taken,
		.container = item->slab->slab.address,
	};
	size_t before = supply->items.count;

	*ret_more = false;
	if (!item->slab->slab.usable)
		return end(supply, SUPPLY_BROKEN, "a slab on the node's partial list is broken");
	TRY(take(supply, &item->slab->freelist, place, most, ret_more));
	item->taken += (uint32_t)(supply->items.count - before);
	return NULL;
}

/* --- the nodes --- */

static void stocks_deinit(struct stocks *stocks)
{
	for (size_t i = 0; i < stocks->count; i++)
		array_free(&stocks->items[i].slabs);
	free(stocks->items);
}

/*
 * Slabs of the reserves are passed over, and do not count when several are taken (mm/slub.c
 * pfmemalloc_match() in get_partial_node() and its like).
 */
static bool passes_over(const struct slab *slab)
{
	return slab->usable && slab->reserved;
}

static struct dill_error *fill_stock(const struct node_contents *node, struct stock *ret)
{
	ret->node = node;
	for (size_t i = 0; i < node->partial.count; i++) {
		struct stocked item = {&node->partial.items[i], (uint32_t)i, 0};

		if (passes_over(&item.slab->slab))
			ret->reserved++;
		else
			TRY(array_push(&ret->slabs, item));
	}
	return NULL;
}

static struct dill_error *stocks_init(const struct supply_taker *taker, struct stocks *ret)
{
	const struct contents *contents = taker->contents;

	ret->items = calloc(contents->node_count + 1, sizeof(*ret->items));
	if (!ret->items)
		return error_no_memory();
	for (size_t n = 0; n < contents->node_count; n++) {
		struct stock *stock = &ret->items[ret->count++];

		TRY(fill_stock(&contents->nodes[n], stock));
		if (contents->nodes[n].node == taker->node)
			ret->local = stock;
	}
	return NULL;
}

static size_t stock_left(const struct stock *stock)
{
	return stock->slabs.count - stock->head;
}

/*
 * Where the kernel looks when the CPU's own node has no partial slab left: nodes that have more of
 * them than they are to keep (mm/slub.c get_any_partial()). Only a single candidate can be named:
 * of several the nearest is taken, and how far nodes are is not known here. Nor is it known whether
 * a single one gives anything where the limit could not be found.
 */
static struct stock *other_node(const struct supply_taker *taker, const struct stocks *stocks,
				bool *ret_several)
{
	struct stock *found = NULL;

	*ret_several = false;
	for (size_t i = 0; i < stocks->count; i++) {
		struct stock *stock = &stocks->items[i];

		if (stock == stocks->local || !stock_left(stock) ||
		    stock_left(stock) + stock->reserved <= taker->contents->cache->min_partial)
			continue;
		*ret_several = found || layout_lacks(&taker->heap->layout,
						     taker->heap->layout.cache_min_partial);
		found = stock;
	}
	return *ret_several ? NULL : found;
}

/* The next node to take from; NULL when the supply has ended. */
static struct stock *next_stock(const struct supply_taker *taker, const struct stocks *stocks,
				struct supply *supply)
{
	struct stock *stock = stocks->local;
	bool several;

	if (is_full(supply)) {
		supply->end = SUPPLY_LIMIT;
		return NULL;
	}
	if (!stock || (!stock_left(stock) && !stock->node->partial.broken)) {
		stock = other_node(taker, stocks, &several);
		if (!stock)
			supply->end = several ? SUPPLY_OTHER_NODES : SUPPLY_NEW_SLAB;
		else if (supply->chance == SIZE_MAX)
			supply->chance = supply->items.count;
	}
	/* Where in the list the break is, is not known. */
	if (stock && stock->node->partial.broken) {
		supply->end = SUPPLY_BROKEN;
		supply->broken = "the list of the node's partial slabs is broken";
		return NULL;
	}
	return stock;
}

/* --- ways to take --- */

typedef struct dill_error *(*take_some)(const struct supply_taker *taker, struct stock *stock,
					size_t batch, struct supply *supply, bool *ret_more);

static struct dill_error *take_all(const struct supply_taker *taker, size_t batch, take_some some,
				   struct supply *supply)
{
	struct stocks stocks = {0};
	struct dill_error *error = stocks_init(taker, &stocks);
	bool more = true;

	for (size_t i = 0; !error && i < stocks.count; i++)
		supply->reserved += stocks.items[i].reserved;
	while (!error && more) {
		struct stock *stock = next_stock(taker, &stocks, supply);

		if (!stock)
			break;
		error = some(taker, stock, batch, supply, &more);
	}
	stocks_deinit(&stocks);
	return error;
}

/*
 * Whether the CPU has fetched enough from the node: in objects up to 5.15, the first slab included;
 * then in slabs, without it (mm/slub.c get_partial_node(); b47291ef02b0 in 5.16).
 */
static bool fetched_enough(const struct supply_taker *taker, uint64_t objects, uint32_t kept)
{
	const struct layout *layout = &taker->heap->layout;
	const struct cache *cache = taker->contents->cache;

	if (!layout->cache_cpu_partial.present)
		return true;
	return layout->cache_cpu_partial_slabs.present ? kept > cache->cpu_partial_slabs / 2
						       : objects > cache->cpu_partial / 2;
}

/*
 * The first slab becomes the CPU's own; each further one is put in front of the CPU's partial
 * slabs, so that they are used in reverse order.
 */
static struct dill_error *fetch_slabs(const struct supply_taker *taker, struct stock *stock,
				      size_t batch, struct supply *supply, bool *ret_more)
{
	size_t first = stock->head++;
	uint64_t objects = free_objects(&stock->slabs.items[first]);
	uint32_t kept = 0;

	(void)batch;
	while (stock_left(stock) && !fetched_enough(taker, objects, kept)) {
		objects += free_objects(&stock->slabs.items[stock->head++]);
		kept++;
	}
	TRY(take_stocked(supply, stock, &stock->slabs.items[first], UINT32_MAX, ret_more));
	for (size_t i = stock->head; *ret_more && i-- > first + 1;)
		TRY(take_stocked(supply, stock, &stock->slabs.items[i], UINT32_MAX, ret_more));
	return NULL;
}

static struct dill_error *take_cpu_partial(const struct cpu_contents *cpu, struct supply *supply,
					   bool *ret_more)
{
	struct place place = {.kind = PLACE_CPU_PARTIAL, .cpu = (int)cpu->cpu, .node = -1};

	for (; place.list < cpu->partial.count; place.list++) {
		const struct listed_slab *item = &cpu->partial.items[place.list];

		*ret_more = false;
		if (!item->slab.usable)
			return end(supply, SUPPLY_BROKEN,
				   "one of the CPU's partial slabs is broken");
		if (passes_over(&item->slab)) {
			supply->reserved++;
			*ret_more = true;
			continue;
		}
		place.container = item->slab.address;
		TRY(take(supply, &item->freelist, place, UINT32_MAX, ret_more));
		if (!*ret_more)
			return NULL;
	}
	*ret_more = !cpu->partial.broken;
	return *ret_more ? NULL
			 : end(supply, SUPPLY_BROKEN,
			       "the list of the CPU's partial slabs is broken behind these");
}

/*
 * The CPU's own slab and its partial slabs. Nothing looks at a slab's mark while the CPU's freelist
 * lasts; then one of the reserves is given up, whatever others have freed to it.
 */
static struct dill_error *take_cpu(const struct cpu_contents *cpu, struct supply *supply,
				   bool *ret_more)
{
	struct place place = {.cpu = (int)cpu->cpu, .node = -1, .container = cpu->slab.address};

	*ret_more = false;
	if (cpu->broken)
		return end(supply, SUPPLY_BROKEN, "the CPU's slab is broken");
	place.kind = PLACE_CPU_FREELIST;
	TRY(take(supply, &cpu->lockless, place, UINT32_MAX, ret_more));
	place.kind = PLACE_CPU_SLAB;
	if (*ret_more && cpu->has_slab && passes_over(&cpu->slab))
		supply->reserved++;
	else if (*ret_more)
		TRY(take(supply, &cpu->remote, place, UINT32_MAX, ret_more));
	return *ret_more ? take_cpu_partial(cpu, supply, ret_more) : NULL;
}

struct dill_error *supply_from_cpu(const struct supply_taker *taker, struct supply *ret)
{
	bool more = true;

	ret->chance = SIZE_MAX;
	if (taker->cpu)
		TRY(take_cpu(taker->cpu, ret, &more));
	return more ? take_all(taker, 0, fetch_slabs, ret) : NULL;
}

/*
 * Up to 5.11 the slab of a debug cache went back to its list after each object, and its freelist
 * was turned round on the way (mm/slub.c deactivate_slab(); d930ff03c4f2 in 5.12 keeps the order):
 * objects come from both ends in turns.
 */
static struct dill_error *take_in_turns(struct supply *supply, const struct stock *stock,
					struct stocked *item, bool *ret_more)
{
	const struct freelist *freelist = &item->slab->freelist;
	size_t first = supply->items.count, count;

	/* The whole list, then back to the limit: the last object is the second one. */
	size_t limit = supply->limit;

	supply->limit = SIZE_MAX;
	struct dill_error *error = take_stocked(supply, stock, item, UINT32_MAX, ret_more);

	supply->limit = limit;
	if (error)
		return error;
	count = supply->items.count - first;
	for (size_t i = 0; i < count; i++) {
		uint32_t from = (uint32_t)(i % 2 ? count - 1 - i / 2 : i / 2);
		struct supply_item *to = &supply->items.items[first + i];

		to->object = freelist->objects[from];
		to->place.position = from;
	}
	if (freelist->broken) /* what is at its far end is not known */
		supply->items.count = first + (count ? 1 : 0);
	if (supply->items.count > limit)
		supply->items.count = limit;
	return NULL;
}

/* Once 5.12 has come, so has struct kmem_obj_info (8e7f37f2aaa5). */
static bool takes_turns(const struct supply_taker *taker)
{
	const struct layout *layout = &taker->heap->layout;

	return layout->cpu_freelist.present && !layout->obj_info.present;
}

static struct dill_error *take_first_slab(const struct supply_taker *taker, struct stock *stock,
					  size_t batch, struct supply *supply, bool *ret_more)
{
	struct stocked *item = &stock->slabs.items[stock->head++];

	(void)batch;
	return takes_turns(taker) ? take_in_turns(supply, stock, item, ret_more)
				  : take_stocked(supply, stock, item, UINT32_MAX, ret_more);
}

struct dill_error *supply_from_slabs(const struct supply_taker *taker, struct supply *ret)
{
	ret->chance = SIZE_MAX;
	return take_all(taker, 0, take_first_slab, ret);
}

/* Put the slabs [from, to) of the stock, whose order may have been turned round, back at its end.
 */
static struct dill_error *give_back(struct stock *stock, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		TRY(array_push(&stock->slabs, stock->slabs.items[i]));
	return NULL;
}

static void turn_round(struct stocked *items, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct stocked item = items[i];

		items[i] = items[count - 1 - i];
		items[count - 1 - i] = item;
	}
}

/*
 * Take as many slabs off the list as have the objects that are wanted, then take their objects. The
 * slabs that were not needed go back to the end of the list, the one that was begun first of them.
 *
 * Up to 7.1 the slabs were pushed to the front of the list that collects them, so the last one was
 * used first; since 7.2 they keep their order.
 */
static struct dill_error *fill_batch(const struct supply_taker *taker, struct stock *stock,
				     size_t batch, struct supply *supply, bool *ret_more)
{
	size_t wanted = batch - supply->items.count % batch, found = 0, first = stock->head, i;

	while (stock_left(stock) && found < wanted)
		found += free_objects(&stock->slabs.items[stock->head++]);
	if (!taker->heap->layout.slab_iterator.present)
		turn_round(&stock->slabs.items[first], stock->head - first);
	*ret_more = true;
	for (i = first; i < stock->head && wanted && *ret_more; i++) {
		struct stocked *item = &stock->slabs.items[i];
		size_t before = supply->items.count;

		TRY(take_stocked(supply, stock, item, (uint32_t)wanted, ret_more));
		wanted -= supply->items.count - before;
		if (!wanted && free_objects(item))
			break; /* begun, not used up */
	}
	return give_back(stock, i, stock->head);
}

struct dill_error *supply_in_batches(const struct supply_taker *taker, size_t batch,
				     struct supply *ret)
{
	ret->chance = SIZE_MAX;
	return take_all(taker, batch, fill_batch, ret);
}
