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

struct reading {
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

static struct dill_error *add_slab(struct reading *reading, const struct graph_slab *slab,
				   dill_virt memory, uint64_t bytes)
{
	struct graph *graph = reading->graph;

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

static bool is_image_data(const struct reading *reading, dill_virt value)
{
	return value >= reading->image && value < reading->image_end &&
	       (value < reading->text || value >= reading->text_end);
}

static struct dill_error *take_words(struct reading *reading, graph_index object, struct span bytes)
{
	const struct memory_map *map = reading->map;

	for (size_t at = 0; at + 8 <= bytes.size; at += 8) {
		struct raw_edge edge = {heap_untag(reading->heap, span_u64(bytes, at)),
					(uint32_t)(at / 8), object};

		if (is_image_data(reading, edge.value)) {
			struct graph_outside outside = {object, edge.word, edge.value};

			TRY(array_push(&reading->graph->outside, outside));
		}
		if (edge.value - map->page_offset >= map->direct_size)
			continue;
		if (reading->raw.count == GRAPH_EDGES_MAX)
			return dill_error_new(DILL_ERROR_LIMIT,
					      "the heap holds more than %zu pointers",
					      GRAPH_EDGES_MAX);
		TRY(array_push(&reading->raw, edge));
	}
	return NULL;
}

static struct dill_error *take_object(struct reading *reading, struct graph_object object,
				      struct span bytes)
{
	struct graph *graph = reading->graph;
	bool in_use = state_in_use((enum object_state)object.state);

	object.edge = (uint32_t)reading->raw.count;
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
	return take_words(reading, (graph_index)graph->objects.count - 1, bytes);
}

static struct dill_error *take_origin(struct reading *reading, const struct mapped_slab *slab,
				      struct span bytes, uint32_t index,
				      struct graph_object *object)
{
	struct origin origin;
	uint64_t at;

	TRY(origin_read(&reading->origins, &slab->slab, bytes, index, &origin));
	if (origin.has_requested && origin.requested <= UINT16_MAX)
		object->requested = (uint16_t)origin.requested;
	if (origin.kind == ORIGIN_NONE || !origin.address)
		return NULL;
	if (!number_map_get(&reading->sites, origin.address, &at)) {
		at = reading->graph->sites.count;
		TRY(array_push(&reading->graph->sites, origin.address));
		TRY(number_map_put(&reading->sites, origin.address, at));
	}
	object->site = (uint32_t)at;
	return NULL;
}

static bool begin_cache(void *context, const struct cache *cache)
{
	struct reading *reading = context;

	origin_reader_init(reading->heap, cache, &reading->origins);
	return true;
}

static struct dill_error *visit_slab(void *context, const struct cache_map *map,
				     const struct mapped_slab *mapped, struct span bytes)
{
	struct reading *reading = context;
	const struct cache *cache = map->cache;
	bool recorded = origin_is_recorded(&reading->origins) && bytes.size;
	struct graph_slab slab = {
		.base = cache_object(cache, mapped->slab.base, 0),
		.cache = cache,
		.size = cache->size,
		.object_size = cache->object_size,
		.first = (graph_index)reading->graph->objects.count,
		.count = mapped->slab.objects,
	};

	TRY(add_slab(reading, &slab, mapped->slab.base, slab_bytes(cache, &mapped->slab)));
	for (uint32_t i = 0; i < slab.count; i++) {
		struct graph_object object = {
			.slab = (uint32_t)reading->graph->slabs.count - 1,
			.state = (uint8_t)cache_map_state(map, mapped, i),
		};
		uint64_t start = (uint64_t)i * cache->size + cache->red_left_pad;

		if (recorded && state_in_use((enum object_state)object.state))
			TRY(take_origin(reading, mapped, bytes, i, &object));
		TRY(take_object(reading, object, span_cut(bytes, start, cache->object_size)));
	}
	return NULL;
}

static struct dill_error *take_block(struct reading *reading, const struct large_block *block,
				     uint8_t *buffer)
{
	uint64_t bytes = large_block_bytes(block);
	struct graph_object object = {.slab = (uint32_t)reading->graph->slabs.count,
				      .state = OBJECT_LIVE};
	struct graph_slab slab = {
		.base = block->base,
		.size = (uint32_t)bytes,
		.object_size = (uint32_t)bytes,
		.first = (graph_index)reading->graph->objects.count,
		.count = 1,
	};
	struct dill_error *error =
		kernel_read_uncached(reading->heap->kernel, block->base, buffer, (size_t)bytes);
	bool read = !error;

	TRY(error_forgive(error));
	TRY(add_slab(reading, &slab, block->base, bytes));
	return take_object(reading, object, (struct span){buffer, read ? (size_t)bytes : 0});
}

static struct dill_error *take_blocks(struct reading *reading, const struct slab_scan *scan)
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
		TRY(memory_check_interrupt(kernel_memory(reading->heap->kernel)));
		TRY(take_block(reading, &scan->large[i], buffer));
	}
	return NULL;
}

/* Each word that leads to an object in use becomes an edge. */
static struct dill_error *resolve(struct reading *reading)
{
	struct graph *graph = reading->graph;
	struct graph_object end = {.edge = (uint32_t)reading->raw.count};
	size_t at = 0;

	TRY(array_push(&graph->objects, end));
	TRY(array_reserve(&graph->edges, reading->raw.count + 1));
	for (graph_index object = 0; object < graph_count(graph); object++) {
		graph->objects.items[object].edge = (uint32_t)graph->edges.count;
		if (object % 65536 == 0)
			TRY(memory_check_interrupt(kernel_memory(reading->heap->kernel)));
		for (; at < reading->raw.count && reading->raw.items[at].from == object; at++) {
			struct graph_edge edge = {.word = reading->raw.items[at].word};

			edge.to = graph_find(graph, reading->raw.items[at].value, &edge.delta);
			if (edge.to != GRAPH_NONE && graph_is_node(graph, edge.to))
				graph->edges.items[graph->edges.count++] = edge;
		}
	}
	graph->objects.items[graph_count(graph)].edge = (uint32_t)graph->edges.count;
	return NULL;
}

static struct dill_error *read_all(struct reading *reading)
{
	struct survey *survey = reading->graph->survey;
	const struct census_visitor visitor = {visit_slab, NULL, reading, begin_cache};

	TRY(array_push(&reading->graph->sites, 0));
	TRY(census_walk(survey, &survey->all, &visitor));
	TRY(take_blocks(reading, &survey->scan));
	return resolve(reading);
}

struct dill_error *graph_read(struct survey *survey, struct graph *ret)
{
	struct reading reading = {.graph = ret, .heap = survey->heap};
	const struct kernel_facts *facts = kernel_facts(survey->heap->kernel);
	struct dill_error *error;

	*ret = (struct graph){.survey = survey};
	reading.map = kernel_memory_map(survey->heap->kernel);
	reading.image = facts->base;
	reading.image_end = facts->base + facts->image_size;
	if (!kernel_has_symbol(survey->heap->kernel, "_stext", &reading.text) ||
	    !kernel_has_symbol(survey->heap->kernel, "_etext", &reading.text_end))
		reading.text = reading.text_end = 0;
	error = read_all(&reading);
	array_free(&reading.raw);
	number_map_deinit(&reading.sites);
	return error;
}
