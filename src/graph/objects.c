/* SPDX-License-Identifier: MIT */
#include "graph/objects.h"

#include <ctype.h>
#include <string.h>

#include "slub/origin.h"

#define CHUNK_PAGES 512u
#define CHUNK_BYTES ((uint64_t)CHUNK_PAGES * DILL_PAGE_SIZE)

/* A word that may lead to an object, until all objects are known. */
struct raw_edge {
	uint64_t value;
	uint32_t word;
	graph_index from;
};

struct gathering {
	struct graph *graph;
	struct heap *heap;
	const struct memory_map *map;
	struct origin_reader origins; /* of the current cache */
	struct number_map sites;      /* address -> place in graph->sites */
	dill_virt image, image_end;   /* the kernel image, of which ... */
	dill_virt text, text_end;     /* ... this is no data */
	ARRAY(struct raw_edge) raw;
};

void graph_deinit(struct graph *graph)
{
	array_free(&graph->slabs);
	array_free(&graph->objects);
	array_free(&graph->edges);
	array_free(&graph->outside);
	array_free(&graph->sites);
	array_free(&graph->pages);
	number_map_deinit(&graph->chunks);
}

/* --- where objects are --- */

static struct dill_error *add_page(struct graph *graph, dill_virt page, uint32_t slab)
{
	uint64_t chunk;

	if (!number_map_get(&graph->chunks, page / CHUNK_BYTES, &chunk)) {
		TRY(array_reserve(&graph->pages, CHUNK_PAGES));
		memset(graph->pages.items + graph->pages.count, 0,
		       CHUNK_PAGES * sizeof(*graph->pages.items));
		chunk = graph->pages.count / CHUNK_PAGES + 1;
		graph->pages.count += CHUNK_PAGES;
		TRY(number_map_put(&graph->chunks, page / CHUNK_BYTES, chunk));
	}
	graph->pages.items[(chunk - 1) * CHUNK_PAGES + page % CHUNK_BYTES / DILL_PAGE_SIZE] =
		slab + 1;
	return NULL;
}

static struct dill_error *add_slab(struct gathering *gathering, const struct graph_slab *slab,
				   dill_virt memory, uint64_t bytes)
{
	struct graph *graph = gathering->graph;

	if (graph->objects.count + slab->count >= GRAPH_NONE)
		return dill_error_new(DILL_ERROR_LIMIT, "more than %u objects", GRAPH_NONE);
	TRY(array_push(&graph->slabs, *slab));
	for (uint64_t at = 0; at < bytes; at += DILL_PAGE_SIZE)
		TRY(add_page(graph, memory + at, (uint32_t)graph->slabs.count - 1));
	return NULL;
}

graph_index graph_find(const struct graph *graph, dill_virt address, uint32_t *ret_delta)
{
	const struct graph_slab *slab;
	uint64_t chunk, offset;
	uint32_t number;

	if (!number_map_get(&graph->chunks, address / CHUNK_BYTES, &chunk))
		return GRAPH_NONE;
	number = graph->pages
			 .items[(chunk - 1) * CHUNK_PAGES + address % CHUNK_BYTES / DILL_PAGE_SIZE];
	if (!number)
		return GRAPH_NONE;
	slab = &graph->slabs.items[number - 1];
	offset = address - slab->base;
	if (address < slab->base || offset / slab->size >= slab->count ||
	    offset % slab->size >= slab->object_size)
		return GRAPH_NONE;
	*ret_delta = (uint32_t)(offset % slab->size);
	return slab->first + (graph_index)(offset / slab->size);
}

const struct graph_edge *graph_edge_at(const struct graph *graph, graph_index object, uint32_t word)
{
	const struct graph_object *item = &graph->objects.items[object];
	uint32_t low = item[0].edge, high = item[1].edge;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (graph->edges.items[middle].word < word)
			low = middle + 1;
		else
			high = middle;
	}
	return low < item[1].edge && graph->edges.items[low].word == word ? &graph->edges.items[low]
									  : NULL;
}

dill_virt graph_outside_at(const struct graph *graph, graph_index object, uint32_t word)
{
	const struct graph_outside *items = graph->outside.items;
	size_t low = 0, high = graph->outside.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle].from < object ||
		    (items[middle].from == object && items[middle].word < word))
			low = middle + 1;
		else
			high = middle;
	}
	return low < graph->outside.count && items[low].from == object && items[low].word == word
		       ? items[low].value
		       : 0;
}

/* --- reading them --- */

/* Characters that people read, with a NUL behind them; how many. */
static size_t text_length(struct span bytes)
{
	size_t length = 0;

	while (length < bytes.size && isprint(bytes.data[length]))
		length++;
	return length < bytes.size && !bytes.data[length] ? length : 0;
}

static bool is_image_data(const struct gathering *gathering, dill_virt value)
{
	return value >= gathering->image && value < gathering->image_end &&
	       (value < gathering->text || value >= gathering->text_end);
}

static struct dill_error *take_words(struct gathering *gathering, graph_index object,
				     struct span bytes)
{
	const struct memory_map *map = gathering->map;

	for (size_t at = 0; at + 8 <= bytes.size; at += 8) {
		struct raw_edge edge = {heap_untag(gathering->heap, span_u64(bytes, at)),
					(uint32_t)(at / 8), object};

		if (is_image_data(gathering, edge.value)) {
			struct graph_outside outside = {object, edge.word, edge.value};

			TRY(array_push(&gathering->graph->outside, outside));
		}
		if (edge.value - map->page_offset >= map->direct_size)
			continue;
		if (gathering->raw.count == GRAPH_EDGES_MAX)
			return dill_error_new(DILL_ERROR_LIMIT,
					      "the heap holds more than %zu pointers",
					      GRAPH_EDGES_MAX);
		TRY(array_push(&gathering->raw, edge));
	}
	return NULL;
}

static struct dill_error *take_object(struct gathering *gathering, struct graph_object object,
				      struct span bytes)
{
	struct graph *graph = gathering->graph;
	bool in_use = state_in_use((enum object_state)object.state);

	object.edge = (uint32_t)gathering->raw.count;
	if (in_use && !bytes.size)
		object.flags |= GRAPH_UNREAD;
	if (in_use && text_length(bytes) >= 1)
		object.flags |= GRAPH_LETTERS;
	if (in_use && text_length(bytes) >= 3)
		object.flags |= GRAPH_TEXT;
	graph->in_use += in_use;
	TRY(array_push(&graph->objects, object));
	if (!in_use && object.state != OBJECT_WAITING)
		return NULL;
	return take_words(gathering, (graph_index)graph->objects.count - 1, bytes);
}

static struct dill_error *take_origin(struct gathering *gathering, const struct mapped_slab *slab,
				      struct span bytes, uint32_t index,
				      struct graph_object *object)
{
	struct origin origin;
	uint64_t at;

	TRY(origin_read(&gathering->origins, &slab->slab, bytes, index, &origin));
	if (origin.has_requested && origin.requested <= UINT16_MAX)
		object->requested = (uint16_t)origin.requested;
	if (origin.kind == ORIGIN_NONE || !origin.address)
		return NULL;
	if (!number_map_get(&gathering->sites, origin.address, &at)) {
		at = gathering->graph->sites.count;
		TRY(array_push(&gathering->graph->sites, origin.address));
		TRY(number_map_put(&gathering->sites, origin.address, at));
	}
	object->site = (uint32_t)at;
	return NULL;
}

static bool begin_cache(void *context, const struct cache *cache)
{
	struct gathering *gathering = context;

	origin_reader_init(gathering->heap, cache, &gathering->origins);
	return true;
}

static struct dill_error *visit_slab(void *context, const struct cache_map *map,
				     const struct mapped_slab *mapped, struct span bytes)
{
	struct gathering *gathering = context;
	const struct cache *cache = map->cache;
	bool recorded = origin_is_recorded(&gathering->origins) && bytes.size;
	struct graph_slab slab = {
		.base = cache_object(cache, mapped->slab.base, 0),
		.cache = cache,
		.size = cache->size,
		.object_size = cache->object_size,
		.first = (graph_index)gathering->graph->objects.count,
		.count = mapped->slab.objects,
	};

	TRY(add_slab(gathering, &slab, mapped->slab.base, slab_bytes(cache, &mapped->slab)));
	for (uint32_t i = 0; i < slab.count; i++) {
		struct graph_object object = {
			.slab = (uint32_t)gathering->graph->slabs.count - 1,
			.state = (uint8_t)cache_map_state(map, mapped, i),
		};
		uint64_t start = (uint64_t)i * cache->size + cache->red_left_pad;

		if (recorded && state_in_use((enum object_state)object.state))
			TRY(take_origin(gathering, mapped, bytes, i, &object));
		TRY(take_object(gathering, object, span_cut(bytes, start, cache->object_size)));
	}
	return NULL;
}

static struct dill_error *take_block(struct gathering *gathering, const struct large_block *block,
				     uint8_t *buffer)
{
	uint64_t bytes = large_block_bytes(block);
	struct graph_object object = {.slab = (uint32_t)gathering->graph->slabs.count,
				      .state = OBJECT_LIVE};
	struct graph_slab slab = {
		.base = block->base,
		.size = (uint32_t)bytes,
		.object_size = (uint32_t)bytes,
		.first = (graph_index)gathering->graph->objects.count,
		.count = 1,
	};
	struct dill_error *error =
		kernel_read_uncached(gathering->heap->kernel, block->base, buffer, (size_t)bytes);
	bool read = !error;

	TRY(error_forgive(error));
	TRY(add_slab(gathering, &slab, block->base, bytes));
	return take_object(gathering, object, (struct span){buffer, read ? (size_t)bytes : 0});
}

static struct dill_error *take_blocks(struct gathering *gathering, const struct slab_scan *scan)
{
	_cleanup_(freep)
	uint8_t *buffer = NULL;
	uint64_t largest = 1;

	for (size_t i = 0; i < scan->large_count; i++)
		if (large_block_bytes(&scan->large[i]) > largest)
			largest = large_block_bytes(&scan->large[i]);
	buffer = malloc((size_t)largest);
	if (!buffer)
		return error_no_memory();
	for (size_t i = 0; i < scan->large_count; i++) {
		TRY(target_check_interrupt(kernel_target(gathering->heap->kernel)));
		TRY(take_block(gathering, &scan->large[i], buffer));
	}
	return NULL;
}

/* Each word that leads to an object in use becomes an edge. */
static struct dill_error *resolve(struct gathering *gathering)
{
	struct graph *graph = gathering->graph;
	struct graph_object end = {.edge = (uint32_t)gathering->raw.count};
	size_t at = 0;

	TRY(array_push(&graph->objects, end));
	TRY(array_reserve(&graph->edges, gathering->raw.count + 1));
	for (graph_index object = 0; object < graph_count(graph); object++) {
		graph->objects.items[object].edge = (uint32_t)graph->edges.count;
		if (object % 65536 == 0)
			TRY(target_check_interrupt(kernel_target(gathering->heap->kernel)));
		for (; at < gathering->raw.count && gathering->raw.items[at].from == object; at++) {
			struct graph_edge edge = {.word = gathering->raw.items[at].word};

			edge.to = graph_find(graph, gathering->raw.items[at].value, &edge.delta);
			if (edge.to != GRAPH_NONE && graph_is_node(graph, edge.to))
				graph->edges.items[graph->edges.count++] = edge;
		}
	}
	graph->objects.items[graph_count(graph)].edge = (uint32_t)graph->edges.count;
	return NULL;
}

static struct dill_error *read_all(struct gathering *gathering)
{
	struct survey *survey = gathering->graph->survey;
	const struct census_visitor visitor = {visit_slab, NULL, gathering, begin_cache};

	TRY(array_push(&gathering->graph->sites, 0));
	TRY(census_walk(survey, &survey->all, &visitor));
	TRY(take_blocks(gathering, &survey->scan));
	return resolve(gathering);
}

struct dill_error *graph_read(struct survey *survey, struct graph *ret)
{
	struct gathering gathering = {.graph = ret, .heap = survey->heap};
	const struct kernel_facts *facts = kernel_facts(survey->heap->kernel);
	struct dill_error *error;

	*ret = (struct graph){.survey = survey};
	gathering.map = kernel_memory_map(survey->heap->kernel);
	gathering.image = facts->base;
	gathering.image_end = facts->base + facts->image_size;
	if (!kernel_has_symbol(survey->heap->kernel, "_stext", &gathering.text) ||
	    !kernel_has_symbol(survey->heap->kernel, "_etext", &gathering.text_end))
		gathering.text = gathering.text_end = 0;
	error = read_all(&gathering);
	array_free(&gathering.raw);
	number_map_deinit(&gathering.sites);
	return error;
}
