/* SPDX-License-Identifier: MIT */
#include "render/trace_page_addresses.h"

#include <stdlib.h>

#include "render/page_json.h"

struct placed {
	dill_virt address;
	uint32_t place;
};

static int by_address(const void *a, const void *b)
{
	dill_virt first = ((const struct placed *)a)->address;
	dill_virt second = ((const struct placed *)b)->address;

	return first < second ? -1 : first > second;
}

struct dill_error *page_addresses_init(const struct trace_totals *totals, const uint32_t *objects,
				       size_t object_count, struct page_addresses *ret)
{
	_cleanup_(freep)
	struct placed *sorted = calloc(object_count + 1, sizeof(*sorted));

	*ret = (struct page_addresses){0};
	ret->addresses = calloc(object_count + 1, sizeof(*ret->addresses));
	ret->line_of = calloc(object_count + 1, sizeof(*ret->line_of));
	if (!sorted || !ret->addresses || !ret->line_of)
		return error_no_memory();
	for (uint32_t i = 0; i < object_count; i++)
		sorted[i] = (struct placed){totals->objects.items[objects[i]].address, i};
	qsort(sorted, object_count, sizeof(*sorted), by_address);
	for (size_t i = 0; i < object_count; i++) {
		if (!i || sorted[i].address != sorted[i - 1].address)
			ret->addresses[ret->count++] = sorted[i].address;
		ret->line_of[sorted[i].place] = (uint32_t)(ret->count - 1);
	}
	return NULL;
}

void page_addresses_deinit(struct page_addresses *addresses)
{
	free(addresses->addresses);
	free(addresses->line_of);
}

void page_addresses_append(const struct page_addresses *addresses, struct strbuf *text)
{
	strbuf_append(text, ",\n\"addresses\":\"");
	for (size_t i = 0; i < addresses->count; i++)
		page_append_digits(text, addresses->addresses[i]);
	strbuf_append_char(text, '"');
}
