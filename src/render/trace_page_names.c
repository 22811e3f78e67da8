/* SPDX-License-Identifier: MIT */
#include "render/trace_page_names.h"

#include "render/page_json.h"

/* --- names --- */

static struct dill_error *list_init(struct name_list *list, size_t count)
{
	list->index_of = calloc(count + 1, sizeof(*list->index_of));
	return list->index_of ? NULL : error_no_memory();
}

static void list_deinit(struct name_list *list)
{
	free(list->index_of);
	array_free(&list->wanted);
}

static int64_t want(struct page_names *names, struct name_list *list, uint32_t index)
{
	struct dill_error *error;

	if (list->index_of[index])
		return list->index_of[index] - 1;
	error = array_push(&list->wanted, index);
	if (error) {
		names->failed = true;
		dill_error_free(error);
		return 0;
	}
	list->index_of[index] = (uint32_t)list->wanted.count;
	return list->index_of[index] - 1;
}

int64_t page_names_cache(struct page_names *names, uint32_t cache)
{
	return want(names, &names->caches, cache);
}

int64_t page_names_caller(struct page_names *names, uint32_t caller)
{
	return want(names, &names->callers, caller);
}

int64_t page_names_process(struct page_names *names, uint32_t process)
{
	return want(names, &names->processes, process);
}

int64_t page_names_thread(struct page_names *names, uint32_t thread)
{
	return want(names, &names->threads, thread);
}

/* --- cells --- */

static uint64_t events_of(const struct trace_sums *sums)
{
	return sums->allocs + sums->failed + sums->frees + sums->requests;
}

static int most_events(const void *a, const void *b, void *context)
{
	const struct trace_cell *cells = context;
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
	uint64_t first_events = events_of(&cells[first].sums);
	uint64_t second_events = events_of(&cells[second].sums);

	if (first_events != second_events)
		return first_events > second_events ? -1 : 1;
	return first < second ? -1 : first > second;
}

static struct dill_error *order_cells(struct page_names *names, size_t cells_max)
{
	size_t count = names->totals->cells.count;

	names->order = calloc(count + 1, sizeof(*names->order));
	names->cell_index = calloc(count + 1, sizeof(*names->cell_index));
	if (!names->order || !names->cell_index)
		return error_no_memory();
	for (uint32_t i = 0; i < count; i++)
		names->order[i] = i;
	qsort_r(names->order, count, sizeof(*names->order), most_events,
		names->totals->cells.items);
	names->kept = count < cells_max ? count : cells_max;
	for (size_t i = 0; i < count; i++)
		names->cell_index[names->order[i]] = (uint32_t)(i < names->kept ? i : names->kept);
	return NULL;
}

int64_t page_names_cell(const struct page_names *names, uint32_t cell)
{
	return names->cell_index[cell];
}

struct dill_error *page_names_init(const struct trace_totals *totals, size_t cells_max,
				   struct page_names *ret)
{
	*ret = (struct page_names){.totals = totals};
	TRY(list_init(&ret->caches, (size_t)totals->names.cache_count + 2));
	TRY(list_init(&ret->callers, (size_t)totals->names.symbol_count + 1));
	TRY(list_init(&ret->processes, totals->processes.count));
	TRY(list_init(&ret->threads, totals->names.process_count));
	return order_cells(ret, cells_max);
}

void page_names_deinit(struct page_names *names)
{
	list_deinit(&names->caches);
	list_deinit(&names->callers);
	list_deinit(&names->processes);
	list_deinit(&names->threads);
	free(names->cell_index);
	free(names->order);
}

/* --- output --- */

static void append_sums(struct strbuf *text, const struct trace_sums *sums)
{
	const uint64_t numbers[] = {
		sums->allocs,	    sums->failed,	 sums->frees,		sums->requests,
		sums->double_frees, sums->unknown_frees, sums->bytes_requested, sums->bytes_given,
		sums->alive,	    sums->alive_bytes,	 sums->unseen,		sums->aged,
		sums->age_sum_ns,
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		strbuf_append_char(text, ',');
		page_append_number(text, (int64_t)numbers[i]);
	}
	strbuf_append_char(text, ']');
}

/* Indexes that are not of the totals' come last: (others). */
static void append_others(struct page_names *names, struct strbuf *text)
{
	const struct trace_totals *totals = names->totals;
	struct trace_sums sums = {0};

	for (size_t i = names->kept; i < totals->cells.count; i++)
		trace_sums_add(&sums, &totals->cells.items[names->order[i]].sums);
	strbuf_append_format(text, ",\n[%zu,%zu,%zu", names->caches.wanted.count,
			     names->callers.wanted.count, names->processes.wanted.count);
	append_sums(text, &sums);
}

static void append_cells(struct page_names *names, struct strbuf *text)
{
	strbuf_append(text, ",\n\"cell_fields\":[\"cache\",\"caller\",\"process\",\"allocs\","
			    "\"failed\",\"frees\",\"requests\",\"double_frees\","
			    "\"unknown_frees\",\"bytes_requested\",\"bytes_given\",\"alive\","
			    "\"alive_bytes\",\"freed_unseen\",\"aged\",\"age_sum_ns\"],"
			    "\n\"cells\":[");
	for (size_t i = 0; i < names->kept; i++) {
		const struct trace_cell *cell = &names->totals->cells.items[names->order[i]];

		strbuf_append_format(text, "%s[%ld,%ld,%ld", i ? ",\n" : "",
				     (long)page_names_cache(names, cell->cache),
				     (long)page_names_caller(names, cell->caller),
				     (long)page_names_process(names, cell->process));
		append_sums(text, &cell->sums);
	}
	if (names->kept < names->totals->cells.count)
		append_others(names, text);
	strbuf_append_char(text, ']');
}

typedef const char *(*name_fn)(const struct trace_totals *totals, uint32_t index);

static void append_names(struct page_names *names, const struct name_list *list, const char *key,
			 name_fn name, struct strbuf *text)
{
	strbuf_append_format(text, ",\n\"%s\":[", key);
	for (size_t i = 0; i < list->wanted.count; i++) {
		page_append_text(text, name(names->totals, list->wanted.items[i]));
		strbuf_append_char(text, ',');
	}
	strbuf_append(text, "\"(others)\"]");
}

static void append_person(struct strbuf *text, uint32_t pid, const char *comm)
{
	strbuf_append_format(text, "[%u,", pid);
	page_append_text(text, comm);
	strbuf_append(text, "],");
}

static void append_people(struct page_names *names, struct strbuf *text)
{
	const struct trace_totals *totals = names->totals;

	strbuf_append(text, ",\n\"processes\":[");
	for (size_t i = 0; i < names->processes.wanted.count; i++) {
		const struct trace_process *process =
			&totals->processes.items[names->processes.wanted.items[i]];

		append_person(text, process->tgid, process->comm);
	}
	strbuf_append(text, "[null,\"(others)\"]],\n\"threads\":[");
	for (size_t i = 0; i < names->threads.wanted.count; i++) {
		const struct stored_process *thread =
			&totals->names.processes[names->threads.wanted.items[i]];

		append_person(text, thread->pid, thread->comm);
	}
	strbuf_append(text, "[null,\"(others)\"]]");
}

void page_names_append(struct page_names *names, struct strbuf *text)
{
	append_cells(names, text);
	append_names(names, &names->caches, "caches", totals_cache_name, text);
	append_names(names, &names->callers, "callers", totals_caller_name, text);
	append_people(names, text);
	text->failed |= names->failed;
}
