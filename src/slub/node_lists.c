/* SPDX-License-Identifier: MIT */
#include "slub/node_lists.h"

#include "base/plural.h"
#include "slub/list.h"
#include "slub/lock_moving.h"

/*
 * A node's list of partial slabs and the full slabs of debug caches (mm/slub.c struct
 * kmem_cache_node). Which caches have full lists: SLAB_STORE_USER (mm/slub.c add_full()).
 */

/* One list of one node while it is collected. */
struct pending {
	struct list_walk *walk;
	struct contents *contents;
	struct node_contents *node;
	struct slab_list *list;
};

static struct dill_error *read_counters(const struct reading *all, const struct contents *contents,
					struct node_contents *node, bool *ret_ok)
{
	struct heap *heap = all->heap;
	const struct layout *l = &heap->layout;
	uint8_t buffer[512];
	struct span bytes = {buffer, l->node_struct_size < sizeof(buffer) ? l->node_struct_size
									  : sizeof(buffer)};
	const struct reading reading = reading_of_node(all, contents->cache, node->node, NULL);
	struct dill_error *error = kernel_read(heap->kernel, node->address, buffer, bytes.size);

	*ret_ok = !error;
	if (error)
		return findings_absorb_at(reading.findings, &reading.where,
					  cache_node_slot(heap, contents->cache, node->node),
					  node->address,
					  dill_error_add_context(error, "struct kmem_cache_node"));
	TRY(lock_moving(heap, &l->node_lock, bytes, "the node's lists are locked", &node->moving));
	node->nr_partial = member_get(l->node_nr_partial, bytes);
	node->has_totals = l->node_nr_slabs.present && l->node_total_objects.present;
	node->nr_slabs = member_get(l->node_nr_slabs, bytes);
	node->total_objects = member_get(l->node_total_objects, bytes);
	node->lists_full =
		l->node_full.present && (contents->cache->flags & layout_flag(l, "STORE_USER"));
	return NULL;
}

/* The nodes of a cache that exist, with their counters still unread. */
static struct dill_error *list_nodes(struct contents *contents, struct arena *arena)
{
	const struct cache *cache = contents->cache;

	contents->nodes = arena_alloc_array(arena, cache->node_limit + 1, sizeof(*contents->nodes));
	if (!contents->nodes)
		return error_no_memory();
	for (uint32_t i = 0; i < cache->node_limit; i++) {
		/* A node without memory may have a barn all the same (7.1). */
		if (!cache->nodes[i] && !cache->barns[i])
			continue;
		contents->nodes[contents->node_count++] = (struct node_contents){
			.node = i,
			.address = cache->nodes[i],
		};
	}
	return NULL;
}

static struct dill_error *prefetch_nodes(struct heap *heap, const struct contents *contents,
					 size_t count)
{
	size_t total = 0, used = 0;

	for (size_t i = 0; i < count; i++)
		total += contents[i].node_count;
	_cleanup_(freep)
	dill_virt *addresses = calloc(total * 2 + 1, sizeof(*addresses));

	if (!addresses)
		return error_no_memory();
	for (size_t i = 0; i < count; i++)
		for (size_t n = 0; n < contents[i].node_count; n++) {
			if (!contents[i].nodes[n].address)
				continue;
			addresses[used++] = contents[i].nodes[n].address;
			/* A struct may lie across a page's end. */
			addresses[used++] =
				contents[i].nodes[n].address + heap->layout.node_struct_size - 1;
		}
	return kernel_prefetch(heap->kernel, addresses, used);
}

/* Descriptors of the collected links, in list order. */
static struct dill_error *read_slabs(const struct reading *all, const struct pending *pending)
{
	const struct list_walk *walk = pending->walk;
	const struct reading reading = reading_of_node(all, pending->contents->cache,
						       pending->node->node, pending->node->moving);
	struct heap *heap = reading.heap;
	const struct slab_pointer from = {.sure = true}; /* both neighbours on the list name it */
	struct slab_list *list = pending->list;

	list->broken = walk->broken;
	list->items = arena_alloc_array(reading.arena, walk->nodes.count + 1, sizeof(*list->items));
	if (!list->items)
		return error_no_memory();
	for (size_t i = 0; i < walk->nodes.count; i++) {
		dill_virt address = walk->nodes.items[i] - heap->layout.slab_list.offset;

		TRY(target_check_interrupt(kernel_target(heap->kernel)));
		TRY(slab_read(&reading, address, &from, &list->items[list->count++].slab));
	}
	return NULL;
}

static void check_length(const struct reading *reading, const struct pending *pending)
{
	const struct node_contents *node = pending->node;

	if (pending->list != &node->partial || pending->walk->broken)
		return;
	if (pending->list->count != node->nr_partial)
		findings_add_values(reading->findings, FINDING_LIST_COUNT, &pending->walk->place,
				    node->address + reading->heap->layout.node_nr_partial.offset,
				    pending->list->count, node->nr_partial,
				    "partial list holds %zu slab%s, nr_partial says %lu",
				    pending->list->count, plural(pending->list->count),
				    (unsigned long)node->nr_partial);
}

static void add_pending(const struct reading *reading, struct contents *contents,
			struct node_contents *node, bool full, struct list_walk *walk,
			struct pending *pending)
{
	const struct layout *l = &reading->heap->layout;
	const struct member *anchor = full ? &l->node_full : &l->node_partial;

	walk->head = node->address + anchor->offset;
	walk->place = reading_of_node(reading, contents->cache, node->node, node->moving).where;
	walk->what = full ? "list of full slabs" : "partial list";
	*pending = (struct pending){walk, contents, node, full ? &node->full : &node->partial};
}

static struct dill_error *read_lists(const struct reading *reading, struct list_walk *walks,
				     const struct pending *pending, size_t count)
{
	TRY(lists_collect(reading->heap, walks, count, reading->findings));
	for (size_t i = 0; i < count; i++) {
		TRY(read_slabs(reading, &pending[i]));
		check_length(reading, &pending[i]);
	}
	return NULL;
}

struct dill_error *node_lists_read(const struct reading *reading, struct contents *contents,
				   size_t count)
{
	struct arena *arena = reading->arena;
	size_t limit = 0, used = 0;

	for (size_t i = 0; i < count; i++) {
		TRY(list_nodes(&contents[i], arena));
		limit += contents[i].node_count * 2;
	}
	TRY(prefetch_nodes(reading->heap, contents, count));

	struct list_walk *walks = arena_alloc_array(arena, limit + 1, sizeof(*walks));
	struct pending *pending = arena_alloc_array(arena, limit + 1, sizeof(*pending));

	if (!walks || !pending)
		return error_no_memory();
	for (size_t i = 0; i < count; i++) {
		for (size_t n = 0; n < contents[i].node_count; n++) {
			struct node_contents *node = &contents[i].nodes[n];
			bool ok;

			if (!node->address)
				continue;
			TRY(read_counters(reading, &contents[i], node, &ok));
			if (!ok)
				continue;
			add_pending(reading, &contents[i], node, false, &walks[used],
				    &pending[used]);
			used++;
			if (!node->lists_full || reading->detail == CONTENTS_COUNTS)
				continue;
			add_pending(reading, &contents[i], node, true, &walks[used],
				    &pending[used]);
			used++;
		}
	}
	struct dill_error *error = read_lists(reading, walks, pending, used);

	for (size_t i = 0; i < used; i++)
		list_walk_deinit(&walks[i]);
	return error;
}
