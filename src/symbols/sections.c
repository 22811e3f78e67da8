/* SPDX-License-Identifier: MIT */
#include "symbols/sections.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/facts.h"
#include "kernel/symbol.h"

/* Both ends of each section, and of the image. */
struct edges {
	dill_virt all[2 * IMAGE_SECTIONS + 2];
	size_t count;
};

static int by_address(const void *one, const void *two)
{
	dill_virt a = *(const dill_virt *)one, b = *(const dill_virt *)two;

	return a < b ? -1 : a > b;
}

/* Sections whose symbols contradict each other merely do not get their names. */
static void find_edges(struct kernel *kernel, struct edges *ret)
{
	const struct kernel_facts *facts = kernel_facts(kernel);
	dill_virt first, end;
	const char *name;

	*ret = (struct edges){{facts->base, facts->base + facts->image_size}, 2};
	for (unsigned i = 0; i < IMAGE_SECTIONS; i++) {
		if (!kernel_image_section_at(kernel, i, &name, &first, &end))
			continue;
		ret->all[ret->count++] = first;
		ret->all[ret->count++] = end;
	}
	qsort(ret->all, ret->count, sizeof(*ret->all), by_address);
}

/* Per-CPU variables that are counted from 0 lie below the image, anything else within. */
static bool belongs(const struct kernel_facts *facts, dill_virt first, dill_virt end)
{
	return first < end && ((first >= facts->base && end <= facts->base + facts->image_size) ||
			       end < UINT32_MAX);
}

static struct section section_of(const char *name, dill_virt first, dill_virt end)
{
	struct section section = {.name = ".other", .first = first, .end = end};

	/* Linkers put code into a section of the short name. */
	if (name)
		section.name = strcmp(name, ".init") ? name : ".init.data";
	section.is_code = strstr(section.name, "text");
	section.is_writable = !section.is_code && strcmp(section.name, IMAGE_CONSTANTS) != 0;
	return section;
}

struct dill_error *sections_of_image(struct kernel *kernel, struct sections *ret)
{
	const struct kernel_facts *facts = kernel_facts(kernel);
	struct edges edges;

	find_edges(kernel, &edges);
	for (size_t i = 0; i + 1 < edges.count; i++) {
		dill_virt first = edges.all[i], end = edges.all[i + 1];
		const char *name;

		if (!belongs(facts, first, end))
			continue;
		name = kernel_image_section(kernel, first);
		if (!name && first < facts->base)
			continue;

		TRY(array_push(&ret->all, section_of(name, first, end)));
	}
	return NULL;
}

static int section_order(const void *one, const void *two)
{
	const struct section *a = one, *b = two;

	return a->first < b->first ? -1 : a->first > b->first;
}

void sections_settle(struct sections *sections)
{
	size_t kept = 0;

	if (!sections->all.count)
		return;
	qsort(sections->all.items, sections->all.count, sizeof(*sections->all.items),
	      section_order);
	for (size_t i = 0; i < sections->all.count; i++) {
		struct section *section = &sections->all.items[i];

		if (section->first < section->end &&
		    (!kept || section->first >= sections->all.items[kept - 1].end))
			sections->all.items[kept++] = *section;
	}
	sections->all.count = kept;
}

bool sections_find(const struct sections *sections, dill_virt address, size_t *ret)
{
	size_t first = 0, end = sections->all.count;

	/* The first that is not all before it. */
	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (sections->all.items[middle].end <= address)
			first = middle + 1;
		else
			end = middle;
	}
	*ret = first;
	return first < sections->all.count && sections->all.items[first].first <= address;
}

void sections_deinit(struct sections *sections)
{
	array_free(&sections->all);
}
