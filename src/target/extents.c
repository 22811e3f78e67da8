/* SPDX-License-Identifier: MIT */
#include "target/extents.h"

#include "base/checked.h"

struct dill_error *extents_add(struct extents *extents, uint64_t start, uint64_t size,
			       uint64_t source)
{
	const struct extent extent = {
		.start = start, .size = size, .source = source, .rank = extents->list.count};
	uint64_t end;

	if (!size)
		return NULL;
	if (checked_add(start, size, &end) || checked_add(source, size, &end))
		return dill_error_new(DILL_ERROR_BAD_DATA, "a range ends past the last address");
	return array_push(&extents->list, extent);
}

static int compare(const void *a, const void *b)
{
	const struct extent *one = a, *other = b;

	if (one->start != other->start)
		return one->start < other->start ? -1 : 1;
	return one->rank < other->rank ? -1 : one->rank > other->rank;
}

static uint64_t end_of(const struct extent *extent)
{
	return extent->start + extent->size;
}

/* --- a heap of the ranges around the current address, the one that counts on top --- */

struct around {
	const struct extent **items;
	size_t count;
};

static void swap(const struct extent **a, const struct extent **b)
{
	const struct extent *other = *a;

	*a = *b;
	*b = other;
}

static void push(struct around *heap, const struct extent *extent)
{
	size_t at = heap->count++;

	heap->items[at] = extent;
	for (; at && heap->items[(at - 1) / 2]->rank > heap->items[at]->rank; at = (at - 1) / 2)
		swap(&heap->items[at], &heap->items[(at - 1) / 2]);
}

static void pop(struct around *heap)
{
	size_t at = 0;

	heap->items[0] = heap->items[--heap->count];
	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < heap->count; child++)
			if (heap->items[child]->rank < heap->items[least]->rank)
				least = child;
		if (least == at)
			return;
		swap(&heap->items[at], &heap->items[least]);
		at = least;
	}
}

/* --- settling --- */

/* Append a piece, or make the last one longer. */
static struct dill_error *emit(struct extents *to, const struct extent *piece)
{
	struct extent *last = to->list.count ? &to->list.items[to->list.count - 1] : NULL;

	if (!last || end_of(last) != piece->start || last->source + last->size != piece->source)
		return array_push(&to->list, *piece);
	last->size += piece->size;
	return NULL;
}

/* Go through the addresses from one end of a range to the next. */
static struct dill_error *sweep(const struct extents *from, struct around *heap, struct extents *to)
{
	const struct extent *next = from->list.items, *end = next + from->list.count;
	uint64_t at = 0;

	while (next < end || heap->count) {
		const struct extent *top;
		struct extent piece;
		uint64_t until;

		if (!heap->count)
			at = next->start;
		for (; next < end && next->start <= at; next++)
			push(heap, next);
		top = heap->items[0];
		if (end_of(top) <= at) {
			pop(heap);
			continue;
		}
		until = next < end && next->start < end_of(top) ? next->start : end_of(top);
		piece = (struct extent){
			.start = at, .size = until - at, .source = top->source + (at - top->start)};
		TRY(emit(to, &piece));
		at = until;
	}
	return NULL;
}

static struct dill_error *cut_overlaps(struct extents *extents)
{
	struct extents settled = {0};
	struct around heap = {
		.items = calloc(extents->list.count + 1, sizeof(*heap.items)), /* NOLINT */
	};
	struct dill_error *error = heap.items ? sweep(extents, &heap, &settled) : error_no_memory();

	free(heap.items);
	if (error) {
		extents_deinit(&settled);
		return error;
	}
	extents_deinit(extents);
	*extents = settled;
	return NULL;
}

struct dill_error *extents_settle(struct extents *extents, enum extents_order order)
{
	size_t count = extents->list.count;

	if (!count)
		return NULL;
	for (size_t i = 0; i < count; i++)
		extents->list.items[i].rank = order == EXTENTS_FIRST_COUNTS ? i : count - 1 - i;
	qsort(extents->list.items, count, sizeof(*extents->list.items), compare);
	return cut_overlaps(extents);
}

const struct extent *extents_find(const struct extents *extents, uint64_t at)
{
	size_t low = 0, high = extents->list.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (end_of(&extents->list.items[middle]) <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low < extents->list.count ? &extents->list.items[low] : NULL;
}

const struct extent *extents_holder(const struct extents *extents, uint64_t at)
{
	const struct extent *extent = extents_find(extents, at);

	return extent && extent->start <= at ? extent : NULL;
}

bool extents_next(const struct extents *extents, uint64_t from, uint64_t *ret_start,
		  uint64_t *ret_size)
{
	const struct extent *extent = extents_find(extents, from);

	if (!extent)
		return false;
	*ret_start = from > extent->start ? from : extent->start;
	*ret_size = end_of(extent) - *ret_start;
	return true;
}

void extents_deinit(struct extents *extents)
{
	array_free(&extents->list);
}
