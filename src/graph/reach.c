/* SPDX-License-Identifier: MIT */
#include "graph/reach.h"

#include <string.h>

void reach_deinit(struct reach *reach)
{
	free(reach->by);
	free(reach->from);
	reach->by = NULL;
	reach->from = NULL;
}

struct queue {
	graph_index *items;
	size_t count, done;
};

static void take(struct reach *reach, struct queue *queue, graph_index object, uint32_t by,
		 graph_index from)
{
	const struct graph *graph = reach->graph;

	if (reach_has(reach, object))
		return;
	reach->by[object] = by;
	reach->from[object] = from;
	queue->items[queue->count++] = object;
	if (state_in_use((enum object_state)graph->objects.items[object].state)) {
		reach->objects++;
		reach->bytes += graph_slab_of(graph, object)->size;
	}
}

static struct dill_error *drain(struct reach *reach, struct queue *queue, graph_index without)
{
	const struct graph *graph = reach->graph;

	while (queue->done < queue->count) {
		graph_index object = queue->items[queue->done++];
		const struct graph_object *item = &graph->objects.items[object];

		if (queue->done % 65536 == 0)
			TRY(target_check_interrupt(kernel_target(graph->survey->heap->kernel)));
		for (uint32_t edge = item[0].edge; object != without && edge < item[1].edge; edge++)
			take(reach, queue, graph->edges.items[edge].to, edge, object);
	}
	return NULL;
}

/* The anchors come by their kind: what the image leads to is reached from there, not from a stack.
 */
static struct dill_error *walk(struct reach *reach, struct queue *queue, graph_index without)
{
	const struct anchor *items = reach->anchors->items.items;
	size_t count = reach->anchors->items.count;

	for (size_t i = 0; i < count; i++) {
		take(reach, queue, items[i].to, (uint32_t)i, GRAPH_NONE);
		if (i + 1 == count || items[i + 1].kind != items[i].kind)
			TRY(drain(reach, queue, without));
	}
	return NULL;
}

struct dill_error *reach_find(const struct graph *graph, const struct anchors *anchors,
			      graph_index without, struct reach *ret)
{
	size_t count = (size_t)graph_count(graph) + 1;
	struct queue queue = {.items = calloc(count, sizeof(*queue.items))};
	struct dill_error *error;

	*ret = (struct reach){.graph = graph, .anchors = anchors};
	ret->by = malloc(count * sizeof(*ret->by));
	ret->from = malloc(count * sizeof(*ret->from));
	if (queue.items && ret->by && ret->from) {
		memset(ret->by, 0xff, count * sizeof(*ret->by));
		memset(ret->from, 0xff, count * sizeof(*ret->from));
		error = walk(ret, &queue, without);
	} else {
		error = error_no_memory();
	}
	free(queue.items);
	return error;
}
