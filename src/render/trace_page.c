/* SPDX-License-Identifier: MIT */
#include "render/trace_page.h"

#include "render/page_assets.h"
#include "render/page_json.h"
#include "render/trace_page_addresses.h"
#include "render/trace_page_names.h"
#include "render/trace_page_rest.h"
#include "render/trace_page_stacks.h"

const struct trace_page_limits trace_page_limits = {
	.objects = 500000,
	.cells = 20000,
	.rows = 1000,
};

struct page {
	const struct trace_totals *totals;
	const struct trace_page_limits *limits;
	struct strbuf *text;
	struct page_names names;
	struct page_stacks stacks;
	struct page_addresses addresses;
	uint32_t *objects; /* indexes of those that are bars, ascending */
	size_t object_count;
	uint64_t shortest_ns; /* of these, when some were left out */
};

/* --- which objects --- */

struct choice {
	uint64_t age_ns; /* what is alive comes before all others */
	uint32_t object;
};

static int longest_first(const void *a, const void *b)
{
	const struct choice *first = a, *second = b;

	if (first->age_ns != second->age_ns)
		return first->age_ns > second->age_ns ? -1 : 1;
	return first->object < second->object ? -1 : first->object > second->object;
}

static int ascending(const void *a, const void *b)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;

	return first < second ? -1 : first > second;
}

static struct dill_error *choose_longest(struct page *page, struct choice *choices)
{
	const struct trace_totals *totals = page->totals;

	for (uint32_t i = 0; i < totals->objects.count; i++) {
		const struct trace_object *object = &totals->objects.items[i];
		bool alive = object->state == TRACE_OBJECT_ALIVE;

		choices[i].object = i;
		choices[i].age_ns = alive ? UINT64_MAX : object->end_time_ns - object->time_ns;
	}
	qsort(choices, totals->objects.count, sizeof(*choices), longest_first);
	for (size_t i = 0; i < page->object_count; i++)
		page->objects[i] = choices[i].object;
	if (page->object_count)
		page->shortest_ns = choices[page->object_count - 1].age_ns;
	qsort(page->objects, page->object_count, sizeof(*page->objects), ascending);
	return NULL;
}

/* All, or those that are alive and then those that lived longest: others would hardly show. */
static struct dill_error *choose_objects(struct page *page)
{
	size_t all = page->totals->objects.count, limit = page->limits->objects;
	_cleanup_(freep)
	struct choice *choices = NULL;

	page->object_count = all < limit ? all : limit;
	page->objects = calloc(page->object_count + 1, sizeof(*page->objects));
	if (!page->objects)
		return error_no_memory();
	if (all > limit) {
		choices = calloc(all, sizeof(*choices));
		return choices ? choose_longest(page, choices) : error_no_memory();
	}
	for (uint32_t i = 0; i < page->object_count; i++)
		page->objects[i] = i;
	return NULL;
}

static struct dill_error *choose_stacks(struct page *page)
{
	TRY(page_stacks_init(&page->stacks, page->totals));
	for (size_t i = 0; i < page->object_count; i++) {
		const struct trace_object *object = &page->totals->objects.items[page->objects[i]];

		TRY(page_stacks_use(&page->stacks, object->stack));
		TRY(page_stacks_use(&page->stacks, object->free_stack));
	}
	return NULL;
}

/* --- objects, a column at a time --- */

typedef int64_t (*object_number_fn)(struct page *page, const struct trace_object *object);

static int64_t sequence_of(struct page *page, const struct trace_object *object)
{
	(void)page;
	return (int64_t)object->sequence;
}

static int64_t time_of(struct page *page, const struct trace_object *object)
{
	(void)page;
	return (int64_t)object->time_ns;
}

static int64_t age_of(struct page *page, const struct trace_object *object)
{
	(void)page;
	return object->state == TRACE_OBJECT_ALIVE
		       ? 0
		       : (int64_t)(object->end_time_ns - object->time_ns);
}

static int64_t cell_of(struct page *page, const struct trace_object *object)
{
	return page_names_cell(&page->names, object->cell);
}

static int64_t requested_of(struct page *page, const struct trace_object *object)
{
	(void)page;
	return (int64_t)object->bytes_requested;
}

static int64_t given_of(struct page *page, const struct trace_object *object)
{
	(void)page;
	return (int64_t)object->bytes_given;
}

static int64_t thread_of(struct page *page, const struct trace_object *object)
{
	return page_names_thread(&page->names, object->process);
}

static int64_t free_thread_of(struct page *page, const struct trace_object *object)
{
	return object->state == TRACE_OBJECT_FREED
		       ? page_names_thread(&page->names, object->freed_by)
		       : -1;
}

static int64_t free_caller_of(struct page *page, const struct trace_object *object)
{
	return object->state == TRACE_OBJECT_FREED
		       ? page_names_caller(&page->names, object->free_caller)
		       : -1;
}

static int64_t stack_of(struct page *page, const struct trace_object *object)
{
	return page_stacks_place(&page->stacks, object->stack);
}

static int64_t free_stack_of(struct page *page, const struct trace_object *object)
{
	return page_stacks_place(&page->stacks, object->free_stack);
}

enum encoding { AS_IS, AS_DIFFERENCES };

static void append_lines(struct page *page)
{
	page_addresses_append(&page->addresses, page->text);
	strbuf_append(page->text, ",\n\"line\":[");
	for (size_t i = 0; i < page->object_count; i++) {
		if (i)
			strbuf_append_char(page->text, ',');
		page_append_number(page->text, page->addresses.line_of[i]);
	}
	strbuf_append_char(page->text, ']');
}

static void append_column(struct page *page, const char *name, object_number_fn number,
			  enum encoding encoding)
{
	int64_t before = 0;

	strbuf_append_format(page->text, ",\n\"%s\":[", name);
	for (size_t i = 0; i < page->object_count; i++) {
		int64_t value = number(page, &page->totals->objects.items[page->objects[i]]);

		if (i)
			strbuf_append_char(page->text, ',');
		page_append_number(page->text, encoding == AS_IS ? value : value - before);
		before = value;
	}
	strbuf_append_char(page->text, ']');
}

static void append_left_out(struct page *page)
{
	size_t all = page->totals->objects.count;

	if (page->object_count == all)
		return;
	strbuf_append_format(page->text, ",\n\"left_out\":%zu", all - page->object_count);
	if (page->shortest_ns != UINT64_MAX)
		strbuf_append_format(page->text, ",\"shortest_ns\":%lu",
				     (unsigned long)page->shortest_ns);
}

static void append_objects(struct page *page)
{
	static const struct {
		const char *name;
		object_number_fn number;
		enum encoding encoding;
	} columns[] = {
		{"sequence", sequence_of, AS_DIFFERENCES},
		{"start", time_of, AS_DIFFERENCES},
		{"age", age_of, AS_IS},
		{"cell", cell_of, AS_IS},
		{"requested", requested_of, AS_IS},
		{"given", given_of, AS_IS},
		{"thread", thread_of, AS_IS},
		{"free_thread", free_thread_of, AS_IS},
		{"free_caller", free_caller_of, AS_IS},
	};
	const struct trace_object *objects = page->totals->objects.items;

	strbuf_append(page->text, ",\n\"objects\":{\"state\":\"");
	for (size_t i = 0; i < page->object_count; i++)
		strbuf_append_char(page->text, (char)('0' + objects[page->objects[i]].state));
	strbuf_append_char(page->text, '"');
	append_lines(page);
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		append_column(page, columns[i].name, columns[i].number, columns[i].encoding);
	if (page->totals->stacks.count) {
		append_column(page, "stack", stack_of, AS_IS);
		append_column(page, "free_stack", free_stack_of, AS_IS);
	}
	append_left_out(page);
	strbuf_append_char(page->text, '}');
	if (page->totals->stacks.count)
		page_stacks_append(&page->stacks, page->text);
}

/* --- lists --- */

static void append_double(struct page *page, const struct trace_double_free *twice)
{
	strbuf_append_format(page->text,
			     "{\"sequence\":%lu,\"time_ns\":%lu,\"cell\":%ld,\"thread\":%ld,"
			     "\"object\":\"",
			     (unsigned long)twice->sequence, (unsigned long)twice->time_ns,
			     (long)page_names_cell(&page->names, twice->cell),
			     (long)page_names_thread(&page->names, twice->process));
	page_append_digits(page->text, twice->address);
	strbuf_append(page->text, "\"");
	if (twice->first_sequence)
		strbuf_append_format(page->text, ",\"first_sequence\":%lu,\"first_caller\":%ld",
				     (unsigned long)twice->first_sequence,
				     (long)page_names_caller(&page->names, twice->first_caller));
	strbuf_append_char(page->text, '}');
}

static void append_slab(struct page *page, const struct trace_filled_slab *filled)
{
	const struct stored_slab *slab = &page->totals->names.slabs[filled->slab];

	strbuf_append(page->text, "{\"slab\":\"");
	page_append_digits(page->text, slab->address);
	strbuf_append_format(page->text, "\",\"objects\":%u,\"alive\":%lu,\"process\":%ld,",
			     slab->objects, (unsigned long)filled->alive,
			     (long)page_names_process(&page->names, filled->process));
	strbuf_append_format(page->text, "\"first_ns\":%lu,\"last_ns\":%lu,\"cache\":",
			     (unsigned long)filled->first_ns, (unsigned long)filled->last_ns);
	if (slab->cache == STORED_NONE)
		strbuf_append(page->text, "null}");
	else
		strbuf_append_format(page->text, "%ld}",
				     (long)page_names_cache(&page->names, slab->cache));
}

static void append_lists(struct page *page)
{
	const struct trace_totals *totals = page->totals;
	size_t rows = page->limits->rows;

	strbuf_append(page->text, ",\n\"double_frees\":[");
	for (size_t i = 0; i < totals->double_frees.count && i < rows; i++) {
		strbuf_append(page->text, i ? ",\n" : "");
		append_double(page, &totals->double_frees.items[i]);
	}
	strbuf_append(page->text, "],\n\"slabs\":[");
	for (size_t i = 0; i < totals->filled_slabs.count && i < rows; i++) {
		strbuf_append(page->text, i ? ",\n" : "");
		append_slab(page, &totals->filled_slabs.items[i]);
	}
	strbuf_append_char(page->text, ']');
}

/* --- facts --- */

static void append_fact(struct page *page, const char *name, const char *value)
{
	if (!value)
		return;
	strbuf_append_format(page->text, ",\"%s\":", name);
	page_append_text(page->text, value);
}

static void append_remark(struct page *page, bool *any, uint64_t count, const char *format)
{
	if (!count)
		return;
	strbuf_append(page->text, *any ? ",\"" : "\"");
	if (count != UINT64_MAX)
		strbuf_append_format(page->text, "%lu ", (unsigned long)count);
	strbuf_append_format(page->text, "%s\"", format);
	*any = true;
}

/* The one remark with a text of the trace's. */
static void append_untraced(struct page *page, bool *any)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	if (!page->totals->facts.about.untraced)
		return;
	strbuf_append_format(&text, "The calls of %s are missing: they could not be traced.",
			     page->totals->facts.about.untraced);
	if (*any)
		strbuf_append_char(page->text, ',');
	page_append_text(page->text, strbuf_get(&text));
	*any = true;
}

static uint64_t more(size_t count, size_t shown)
{
	return count > shown ? count - shown : 0;
}

/* But for the first of them texts without quotes and the like. */
static void append_remarks(struct page *page)
{
	const struct trace_totals *totals = page->totals;
	size_t rows = page->limits->rows;
	bool any = false;

	strbuf_append(page->text, ",\n\"remarks\":[");
	append_untraced(page, &any);
	append_remark(page, &any, totals->facts.finished ? 0 : UINT64_MAX,
		      "The trace was cut off: its writer was killed. The last events are missing, "
		      "and how many is not known.");
	append_remark(page, &any, totals->facts.end.lost, "events are known to be missing.");
	append_remark(page, &any, totals->sums.unseen,
		      "objects were freed unseen: their address was given out again.");
	append_remark(page, &any, totals->contradictions,
		      "frees do not fit to the allocation that they name.");
	append_remark(page, &any, more(totals->double_frees.count, rows),
		      "more double frees are not listed here.");
	append_remark(page, &any, more(totals->filled_slabs.count, rows),
		      "more slabs that one process filled alone are not listed here.");
	append_remark(page, &any, more(totals->cells.count, page->names.kept),
		      "rare combinations of cache, caller and process are joined here as "
		      "(others).");
	strbuf_append_char(page->text, ']');
}

static void append_facts(struct page *page)
{
	const struct trace_totals *totals = page->totals;
	const struct trace_facts *facts = &totals->facts;

	strbuf_append_format(page->text, "{\"events\":%lu,\"duration_ns\":%lu,\"start_time\":%lu",
			     (unsigned long)totals->events, (unsigned long)totals->end_ns,
			     (unsigned long)facts->about.start_time);
	append_fact(page, "writer", facts->writer);
	append_fact(page, "banner", facts->about.banner);
	append_fact(page, "options", facts->about.options);
	append_fact(page, "engine", facts->about.engine);
	append_fact(page, "backtraces", facts->about.backtraces);
	append_fact(page, "end_reason", facts->end.reason);
	append_remarks(page);
}

static struct dill_error *append(struct page *page)
{
	TRY(choose_objects(page));
	TRY(choose_stacks(page));
	TRY(page_addresses_init(page->totals, page->objects, page->object_count, &page->addresses));
	TRY(page_names_init(page->totals, page->limits->cells, &page->names));
	strbuf_append(page->text, page_head);
	append_facts(page);
	append_objects(page); /* these note which names are wanted */
	TRY(page_rest_append(&page->names, page->objects, page->object_count, page->text));
	append_lists(page);
	page_names_append(&page->names, page->text);
	strbuf_append(page->text, "}\n");
	strbuf_append(page->text, page_tail);
	return strbuf_error(page->text);
}

struct dill_error *trace_page_append(const struct trace_totals *totals,
				     const struct trace_page_limits *limits, struct strbuf *text,
				     size_t *ret_objects)
{
	struct page page = {.totals = totals, .limits = limits, .text = text};
	struct dill_error *error = append(&page);

	if (ret_objects)
		*ret_objects = page.object_count;
	page_names_deinit(&page.names);
	page_stacks_deinit(&page.stacks);
	page_addresses_deinit(&page.addresses);
	free(page.objects);
	return error;
}
