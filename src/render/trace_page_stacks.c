/* SPDX-License-Identifier: MIT */
#include "render/trace_page_stacks.h"

#include <stdlib.h>

#include "render/page_json.h"

struct dill_error *page_stacks_init(struct page_stacks *page, const struct trace_totals *totals)
{
	*page = (struct page_stacks){.totals = totals};
	page->place_of = calloc(totals->stacks.count + 1, sizeof(*page->place_of));
	page->frame_of = calloc((size_t)totals->names.symbol_count + 1, sizeof(*page->frame_of));
	return page->place_of && page->frame_of ? NULL : error_no_memory();
}

void page_stacks_deinit(struct page_stacks *page)
{
	free(page->place_of);
	free(page->frame_of);
	array_free(&page->stacks);
	array_free(&page->frames);
}

struct dill_error *page_stacks_use(struct page_stacks *page, uint32_t stack)
{
	const struct trace_stack *frames;

	if (stack == STORED_NONE || page->place_of[stack])
		return NULL;
	TRY(array_push(&page->stacks, stack));
	page->place_of[stack] = (uint32_t)page->stacks.count;
	frames = &page->totals->stacks.items[stack];
	for (size_t i = 0; i < frames->count; i++) {
		uint32_t symbol = frames->symbols[i];

		if (page->frame_of[symbol])
			continue;
		TRY(array_push(&page->frames, symbol));
		page->frame_of[symbol] = (uint32_t)page->frames.count;
	}
	return NULL;
}

int64_t page_stacks_place(const struct page_stacks *page, uint32_t stack)
{
	return stack == STORED_NONE ? -1 : (int64_t)page->place_of[stack] - 1;
}

void page_stacks_append(const struct page_stacks *page, struct strbuf *text)
{
	strbuf_append(text, ",\n\"frames\":[");
	for (size_t i = 0; i < page->frames.count; i++) {
		strbuf_append(text, i ? "," : "");
		page_append_text(text, totals_caller_name(page->totals, page->frames.items[i]));
	}
	strbuf_append(text, "],\n\"stacks\":[");
	for (size_t i = 0; i < page->stacks.count; i++) {
		const struct trace_stack *stack =
			&page->totals->stacks.items[page->stacks.items[i]];

		strbuf_append(text, i ? ",[" : "[");
		for (size_t j = 0; j < stack->count; j++) {
			strbuf_append(text, j ? "," : "");
			page_append_number(text, (int64_t)page->frame_of[stack->symbols[j]] - 1);
		}
		strbuf_append_char(text, ']');
	}
	strbuf_append_char(text, ']');
}
