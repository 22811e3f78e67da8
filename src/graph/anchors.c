/* SPDX-License-Identifier: MIT */
#include "graph/anchors.h"

#include "slub/page_walk.h"

/* Words that are kept: a forged memory may be full of them. */
#define ANCHORS_MAX ((size_t)1 << 26)
/* Order of the largest free block: MAX_PAGE_ORDER is 10 on x86-64. */
#define ORDER_MAX 18u

struct finding_anchors {
	const struct graph *graph;
	struct heap *heap;
	struct anchors *ret;
	int64_t buddy;	   /* type of the first page of a free block; -1 = types are bits */
	uint64_t step;	   /* sizeof(struct page) */
	uint64_t free_end; /* number of the first page behind a free block */
	dill_virt head;	   /* of a compound page, and whether it is used by the kernel */
	bool head_counts;
	dill_virt image, image_end; /* in the direct map */
	ARRAY(struct anchor) map;   /* words of struct pages: they come last */
};

void anchors_deinit(struct anchors *anchors)
{
	array_free(&anchors->items);
}

/* --- which pages --- */

/* A free block of the page allocator: its first page says how large it is. */
static bool is_buddy(const struct finding_anchors *finding, struct span bytes)
{
	const struct layout *l = &finding->heap->layout;
	uint64_t type = member_get(l->page_type, bytes) & UINT32_MAX;

	if (finding->buddy >= 0)
		return type >> 24 == (uint64_t)finding->buddy;
	/* To 6.11 types were bits that are cleared: PG_buddy. */
	return l->page_type.present && (type & 0xf0000080) == 0xf0000000;
}

/* Whether the kernel itself uses a page that is no tail of a larger one. */
static bool counts(const struct heap *heap, struct span bytes)
{
	return !member_get(heap->layout.page_mapping, bytes);
}

static struct dill_error *take_words(struct finding_anchors *finding, struct span bytes,
				     dill_virt at, enum anchor_kind kind)
{
	for (size_t i = 0; i + 8 <= bytes.size; i += 8) {
		struct anchor anchor = {.address = at + i, .kind = kind};
		uint64_t value = heap_untag(finding->heap, span_u64(bytes, i));

		if (value >> 47 != UINT64_MAX >> 47 && value >> 56 != 0xff)
			continue;
		anchor.to = graph_find(finding->graph, value, &anchor.delta);
		if (anchor.to == GRAPH_NONE || !graph_is_node(finding->graph, anchor.to))
			continue;
		if (finding->ret->items.count + finding->map.count >= ANCHORS_MAX)
			return dill_error_new(DILL_ERROR_LIMIT,
					      "more than %zu words outside of the heap lead there",
					      ANCHORS_MAX);
		TRY(kind == ANCHOR_MAP ? array_push(&finding->map, anchor)
				       : array_push(&finding->ret->items, anchor));
	}
	return NULL;
}

static struct dill_error *take_page(struct finding_anchors *finding, dill_virt memory)
{
	struct kernel *kernel = finding->heap->kernel;
	const uint8_t *mapped = kernel_map(kernel, memory, DILL_PAGE_SIZE);
	bool image = memory >= finding->image && memory < finding->image_end;
	struct dill_error *error = NULL;
	uint8_t buffer[DILL_PAGE_SIZE];

	finding->ret->pages++;
	if (!mapped)
		error = kernel_read_uncached(kernel, memory, buffer, sizeof(buffer));
	if (error) {
		finding->ret->unreadable++;
		return error_forgive(error);
	}
	return take_words(finding, (struct span){mapped ? mapped : buffer, DILL_PAGE_SIZE}, memory,
			  image ? ANCHOR_IMAGE : ANCHOR_PAGE);
}

static struct dill_error *look_at_page(struct finding_anchors *finding, dill_virt page,
				       struct span bytes)
{
	struct kernel *kernel = finding->heap->kernel;
	const struct memory_map *map = kernel_memory_map(kernel);
	const struct layout *l = &finding->heap->layout;
	uint64_t number = (page - map->vmemmap) / finding->step;
	dill_virt head, memory = kernel_page_to_virt(kernel, page);
	uint32_t delta;

	if (number < finding->free_end)
		return NULL;
	if (is_buddy(finding, bytes)) {
		uint64_t order = member_get(l->page_private, bytes);

		finding->free_end = number + (UINT64_C(1) << (order <= ORDER_MAX ? order : 0));
		return NULL;
	}
	TRY(error_forgive(kernel_page_head_parse(kernel, page, bytes, &head)));
	if (head == page) {
		finding->head = page;
		finding->head_counts =
			counts(finding->heap, bytes) && !slab_is_marked(finding->heap, bytes);
		TRY(take_words(finding, bytes, page, ANCHOR_MAP));
	}
	/* A tail whose head was not seen counts: rather too much holds an object than too little.
	 */
	if ((head == finding->head && !finding->head_counts) ||
	    graph_find(finding->graph, memory, &delta) != GRAPH_NONE)
		return NULL;
	for (uint64_t at = 0; at < map->page_size; at += DILL_PAGE_SIZE)
		TRY(take_page(finding, memory + at));
	return NULL;
}

static struct dill_error *visit(void *context, dill_virt address, const uint8_t *bytes, size_t size)
{
	struct finding_anchors *finding = context;

	TRY(target_check_interrupt(kernel_target(finding->heap->kernel)));
	for (size_t at = 0; at + finding->step <= size; at += finding->step)
		TRY(look_at_page(finding, address + at,
				 (struct span){bytes + at, (size_t)finding->step}));
	return NULL;
}

/* --- the rest --- */

/* What waits to be freed is no object any more that others could lose, but it holds others. */
static struct dill_error *take_waiting(struct finding_anchors *finding)
{
	const struct graph *graph = finding->graph;

	for (graph_index i = 0; i < graph_count(graph); i++) {
		struct anchor anchor = {
			.address = graph_address(graph, i), .to = i, .kind = ANCHOR_WAITING};

		if (graph->objects.items[i].state == OBJECT_WAITING)
			TRY(array_push(&finding->ret->items, anchor));
	}
	return NULL;
}

static int by_kind(const void *a, const void *b)
{
	const struct anchor *one = a, *two = b;

	if (one->kind != two->kind)
		return one->kind < two->kind ? -1 : 1;
	return (one->address > two->address) - (one->address < two->address);
}

static struct dill_error *find_all(struct finding_anchors *finding)
{
	struct page_walk walk;

	TRY(pages_walk(finding->heap, visit, finding, &walk));
	finding->ret->unreadable += walk.unreadable + walk.cut;
	TRY(array_reserve(&finding->ret->items, finding->map.count));
	for (size_t i = 0; i < finding->map.count; i++)
		finding->ret->items.items[finding->ret->items.count++] = finding->map.items[i];
	TRY(take_waiting(finding));
	if (finding->ret->items.count)
		qsort(finding->ret->items.items, finding->ret->items.count,
		      sizeof(*finding->ret->items.items), by_kind);
	return NULL;
}

struct dill_error *anchors_find(const struct graph *graph, struct anchors *ret)
{
	struct heap *heap = graph->survey->heap;
	const struct memory_map *map = kernel_memory_map(heap->kernel);
	const struct kernel_facts *facts = kernel_facts(heap->kernel);
	struct finding_anchors finding = {
		.graph = graph, .heap = heap, .ret = ret, .step = map->page_struct_size};
	struct dill_error *error;
	struct types *types;

	*ret = (struct anchors){0};
	finding.buddy = -1;
	error = kernel_types(heap->kernel, &types);
	if (!error && heap->layout.slab_mark == SLAB_MARK_TYPE_BYTE)
		error = types_enum_value(types, "PGTY_buddy", &finding.buddy);
	TRY(error_forgive(error));
	if (!finding.step)
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "struct page is not known");
	if (facts->has_phys_base) {
		finding.image = map->page_offset + facts->phys_base;
		finding.image_end = finding.image + facts->image_size;
	}
	error = find_all(&finding);
	array_free(&finding.map);
	return error;
}
