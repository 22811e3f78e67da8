/* SPDX-License-Identifier: MIT */
#include "render/trace_page_rest.h"

#include <stdlib.h>
#include <string.h>

#include "render/page_json.h"

/* Together they bound the rows: a forged trace may have as many caches as a page has cells. */
#define MOMENTS_MAX 1000u
#define MOMENTS_MIN 16u
#define ROWS_MAX    200000u

struct left_out {
	uint32_t cache; /* of the totals; UINT32_MAX with all that the page joins */
	uint32_t object;
};

struct change {
	int64_t objects, bytes;
};

struct rest {
	const struct page_names *names;
	struct strbuf *text;
	struct change *changes; /* by moment; one more than there are */
	uint32_t moments;
	uint64_t step_ns;
	bool any;
};

static int by_cache(const void *a, const void *b)
{
	const struct left_out *first = a, *second = b;

	if (first->cache != second->cache)
		return first->cache < second->cache ? -1 : 1;
	return first->object < second->object ? -1 : first->object > second->object;
}

static uint32_t cache_of(const struct page_names *names, uint32_t object)
{
	const struct trace_totals *totals = names->totals;
	uint32_t cell = totals->objects.items[object].cell;

	return names->cell_index[cell] < names->kept ? totals->cells.items[cell].cache : UINT32_MAX;
}

/* All objects but those of a page, by cache. */
static size_t list_left_out(const struct page_names *names, const uint32_t *objects,
			    size_t object_count, struct left_out *ret)
{
	size_t count = 0, next = 0;

	for (uint32_t i = 0; i < names->totals->objects.count; i++)
		if (next < object_count && objects[next] == i)
			next++;
		else
			ret[count++] = (struct left_out){cache_of(names, i), i};
	qsort(ret, count, sizeof(*ret), by_cache);
	return count;
}

/* At least one. */
static size_t count_caches(const struct left_out *list, size_t count)
{
	size_t caches = 1;

	for (size_t i = 1; i < count; i++)
		caches += list[i].cache != list[i - 1].cache;
	return caches;
}

/* The first moment at or after a time; `moments` behind the last. */
static uint32_t moment_after(const struct rest *rest, uint64_t time_ns)
{
	uint64_t moment = time_ns / rest->step_ns + (time_ns % rest->step_ns != 0);

	return moment < rest->moments ? (uint32_t)moment : rest->moments;
}

static void count_object(struct rest *rest, const struct trace_object *object)
{
	uint32_t first = moment_after(rest, object->time_ns), end = rest->moments;
	int64_t bytes = (int64_t)object->bytes_given;

	if (object->state != TRACE_OBJECT_ALIVE)
		end = moment_after(rest, object->end_time_ns);
	if (first >= end)
		return;
	rest->changes[first].objects++;
	rest->changes[end].objects--;
	/* A forged size may be anything; sums of it wrap and do no harm. */
	rest->changes[first].bytes =
		(int64_t)((uint64_t)rest->changes[first].bytes + (uint64_t)bytes);
	rest->changes[end].bytes = (int64_t)((uint64_t)rest->changes[end].bytes - (uint64_t)bytes);
}

static void append_row(struct rest *rest, uint32_t first, uint32_t end, int64_t cell,
		       const struct change *sum)
{
	const int64_t numbers[] = {(int64_t)(first * rest->step_ns), (int64_t)(end * rest->step_ns),
				   cell, sum->objects, sum->bytes};

	strbuf_append(rest->text, rest->any ? ",\n" : "");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		strbuf_append_char(rest->text, i ? ',' : '[');
		page_append_number(rest->text, numbers[i]);
	}
	strbuf_append_char(rest->text, ']');
	rest->any = true;
}

/* Moments of equal counts are one row; those of none are no row. */
static void append_cache(struct rest *rest, int64_t cell)
{
	struct change sum = {0};
	uint32_t since = 0;

	for (uint32_t i = 0; i <= rest->moments; i++) {
		const struct change *change = &rest->changes[i];

		if (!change->objects && !change->bytes && i < rest->moments)
			continue;
		if (sum.objects)
			append_row(rest, since, i, cell, &sum);
		sum.objects += change->objects;
		sum.bytes = (int64_t)((uint64_t)sum.bytes + (uint64_t)change->bytes);
		since = i;
	}
}

static void append_caches(struct rest *rest, const struct left_out *list, size_t count)
{
	const struct trace_totals *totals = rest->names->totals;
	size_t changes_size = (rest->moments + 1) * sizeof(*rest->changes);

	for (size_t i = 0, end; i < count; i = end) {
		uint32_t cell = totals->objects.items[list[i].object].cell;

		memset(rest->changes, 0, changes_size);
		for (end = i; end < count && list[end].cache == list[i].cache; end++)
			count_object(rest, &totals->objects.items[list[end].object]);
		append_cache(rest, page_names_cell(rest->names, cell));
	}
}

struct dill_error *page_rest_append(const struct page_names *names, const uint32_t *objects,
				    size_t object_count, struct strbuf *text)
{
	struct rest rest = {.names = names, .text = text};
	size_t count = names->totals->objects.count - object_count, most;
	_cleanup_(freep)
	struct left_out *list = NULL;

	if (!count)
		return NULL;
	list = calloc(count, sizeof(*list));
	if (!list)
		return error_no_memory();
	count = list_left_out(names, objects, object_count, list);
	most = ROWS_MAX / count_caches(list, count);
	rest.moments = (uint32_t)(most > MOMENTS_MAX   ? MOMENTS_MAX
				  : most < MOMENTS_MIN ? MOMENTS_MIN
						       : most);
	rest.step_ns = names->totals->end_ns / rest.moments + 1;
	rest.changes = calloc(rest.moments + 1, sizeof(*rest.changes));
	if (!rest.changes)
		return error_no_memory();
	strbuf_append(text, ",\n\"rest\":[");
	append_caches(&rest, list, count);
	strbuf_append_char(text, ']');
	free(rest.changes);
	return NULL;
}
