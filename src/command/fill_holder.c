/* SPDX-License-Identifier: MIT */
#include "command/fill_holder.h"

#include <inttypes.h>

#include "command/symbol_text.h"
#include "kernel/region.h"

/* Where the kernel's half of all addresses begins, with four levels of page tables or five. */
#define KERNEL_FIRST UINT64_C(0xff00000000000000)

void holder_names_deinit(struct holder_names *names)
{
	array_free(&names->parts);
}

struct dill_error *holder_type(const struct holder_names *names, graph_index object,
			       const char **ret)
{
	struct arena *arena = names->inquiry->arena;
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	*ret = NULL;
	if (!names->typing)
		return NULL;
	TRY(typing_name(names->typing, object, &text));
	TRY(strbuf_error(&text));
	if (text.length)
		*ret = arena_copy_text(arena, text.data, text.length);
	return NULL;
}

/* --- objects --- */

static struct dill_error *member_text(const struct holder_names *names, graph_index from,
				      uint64_t offset, struct strbuf *text)
{
	const struct typed *typed = names->typing ? &names->typing->objects[from] : NULL;
	struct type type;

	if (!typed || !typed->type)
		return NULL;
	TRY(types_get(names->typing->types, typed->type, &type));
	/* Behind the end of a struct that only begins there nothing is known. */
	if (!type.size || (offset >= type.size && typed->trust == TYPE_BEGINS))
		return NULL;
	return types_path_at(names->typing->types, typed->type, offset % type.size, text);
}

struct dill_error *holder_of_edge(struct holder_names *names, graph_index from,
				  const struct graph_edge *edge, struct dill_record **ret)
{
	struct arena *arena = names->inquiry->arena;
	const struct graph_slab *slab = graph_slab_of(names->graph, from);
	struct dill_record *record = record_new(arena, &holder_kind);
	uint64_t offset = (uint64_t)edge->word * 8;
	const char *type, *cache = slab->cache ? slab->cache->name : LARGE_BLOCK_NAME;
	_cleanup_(strbuf_deinitp)
	struct strbuf member = {0};

	if (!record)
		return error_no_memory();
	TRY(holder_type(names, from, &type));
	TRY(error_forgive(member_text(names, from, offset, &member)));
	record_set_enum(record, HOLDER_KIND, HOLDER_OBJECT);
	record_set_number(record, HOLDER_HOLDER, graph_address(names->graph, from));
	record_set_text(record, HOLDER_CACHE, cache);
	record_set_text(record, HOLDER_TYPE, type);
	record_set_number(record, HOLDER_POINTER, graph_address(names->graph, from) + offset);
	record_set_number(record, HOLDER_TO, graph_address(names->graph, edge->to));
	record_set_number(record, HOLDER_OFFSET, edge->delta);
	if (member.length) {
		record_set_text(record, HOLDER_MEMBER,
				arena_copy_text(arena, member.data, member.length));
		record_set_text(record, HOLDER_NAME,
				arena_format(arena, "%s.%s", type, member.data));
	} else {
		record_set_text(record, HOLDER_NAME,
				arena_format(arena, "%s+0x%" PRIx64, type ? type : cache, offset));
	}
	*ret = record;
	return NULL;
}

/* --- outside of the heap --- */

static struct dill_error *note_part(void *context, const struct mapping_run *run)
{
	struct holder_names *names = context;
	enum region_kind region = kernel_region(names->inquiry->kernel, run->first);
	struct mapped_part part = {run->first, run->size, run->phys};

	return region == REGION_VMALLOC || region == REGION_MODULES
		       ? array_push(&names->parts, part)
		       : NULL;
}

/* The address that an area or a module has for memory, where one does; else that of the direct map.
 */
static struct dill_error *find_alias(struct holder_names *names, dill_virt address, dill_virt *ret)
{
	struct kernel *kernel = names->inquiry->kernel;
	dill_phys phys = address - kernel_memory_map(kernel)->page_offset;

	*ret = address;
	if (!names->has_parts) {
		names->has_parts = true;
		TRY(error_forgive(
			kernel_mapped_runs(kernel, KERNEL_FIRST, UINT64_MAX, note_part, names)));
	}
	for (size_t i = 0; i < names->parts.count; i++) {
		const struct mapped_part *part = &names->parts.items[i];

		if (phys >= part->phys && phys - part->phys < part->size)
			*ret = part->first + (phys - part->phys);
	}
	return NULL;
}

static enum holder_word kind_of(const struct dill_record *about)
{
	switch ((enum object_kind_word)record_number(about, OBJECT_COLUMN_KIND)) {
	case OBJECT_IS_PERCPU:
		return HOLDER_PERCPU;
	case OBJECT_IS_MODULE:
		return HOLDER_MODULE;
	case OBJECT_IS_VMALLOC:
		return about->fields[OBJECT_COLUMN_PID].present ? HOLDER_STACK : HOLDER_VMALLOC;
	case OBJECT_IS_IMAGE:
		return HOLDER_SYMBOL;
	default:
		return HOLDER_PAGE;
	}
}

static const char *name_of(struct arena *arena, const struct dill_record *about,
			   enum holder_word kind, dill_virt address)
{
	const char *symbol = record_text(about, OBJECT_COLUMN_SYMBOL);

	switch (kind) {
	case HOLDER_STACK:
		return arena_format(arena, "stack of thread %" PRIu64 " (%s)",
				    record_number(about, OBJECT_COLUMN_PID),
				    record_text(about, OBJECT_COLUMN_COMM));
	case HOLDER_PERCPU:
		return arena_format(arena, "%s of CPU %" PRIu64,
				    *symbol ? symbol : "alloc_percpu() area",
				    record_number(about, OBJECT_COLUMN_CPU));
	case HOLDER_VMALLOC:
		if (*record_text(about, OBJECT_COLUMN_AREA_CALLER))
			return arena_format(arena, "vmalloc area of %s",
					    record_text(about, OBJECT_COLUMN_AREA_CALLER));
		return arena_format(arena, "vmalloc area at 0x%" PRIx64,
				    record_number(about, OBJECT_COLUMN_AREA));
	default:
		return *symbol ? symbol : arena_format(arena, "page at 0x%" PRIx64, address);
	}
}

static struct dill_error *name_page(struct holder_names *names, dill_virt address,
				    struct dill_record *record)
{
	struct inquiry *inquiry = names->inquiry;
	struct dill_record *about = NULL;
	dill_virt alias, start;
	enum holder_word kind = HOLDER_PAGE;

	TRY(find_alias(names, address, &alias));
	TRY(error_forgive(inquire(inquiry, alias, &about, &start)));
	if (about)
		kind = kind_of(about);
	record_set_enum(record, HOLDER_KIND, kind);
	record_set_number(record, HOLDER_POINTER, alias);
	if (about)
		record_set_text(record, HOLDER_NAME, name_of(inquiry->arena, about, kind, address));
	return NULL;
}

static struct dill_error *name_image(struct holder_names *names, dill_virt address,
				     struct dill_record *record)
{
	struct kernel *kernel = names->inquiry->kernel;
	const struct kernel_facts *facts = kernel_facts(kernel);
	dill_virt at =
		address - kernel_memory_map(kernel)->page_offset - facts->phys_base + facts->base;
	const char *text;

	TRY(symbol_text(kernel, at, names->inquiry->arena, &text));
	record_set_enum(record, HOLDER_KIND, HOLDER_SYMBOL);
	record_set_number(record, HOLDER_POINTER, at);
	record_set_text(record, HOLDER_NAME, text);
	return NULL;
}

struct dill_error *holder_of_anchor(struct holder_names *names, const struct anchor *anchor,
				    struct dill_record **ret)
{
	const struct memory_map *map = kernel_memory_map(names->inquiry->kernel);
	struct dill_record *record = record_new(names->inquiry->arena, &holder_kind);
	dill_virt page = anchor->address;

	if (!record)
		return error_no_memory();
	*ret = record;
	record_set_number(record, HOLDER_TO, graph_address(names->graph, anchor->to));
	record_set_number(record, HOLDER_OFFSET, anchor->delta);
	switch ((enum anchor_kind)anchor->kind) {
	case ANCHOR_IMAGE:
		return name_image(names, anchor->address, record);
	case ANCHOR_PAGE:
		return name_page(names, anchor->address, record);
	case ANCHOR_WAITING:
		record_set_enum(record, HOLDER_KIND, HOLDER_WAITING);
		record_set_text(record, HOLDER_NAME, "freed, and waits");
		return NULL;
	default:
		page -= (page - map->vmemmap) % map->page_struct_size;
		record_set_enum(record, HOLDER_KIND, HOLDER_PAGE_STRUCT);
		record_set_number(record, HOLDER_POINTER, anchor->address);
		record_set_text(record, HOLDER_NAME,
				arena_format(names->inquiry->arena, "struct page of 0x%" PRIx64,
					     kernel_page_to_virt(names->inquiry->kernel, page)));
		return NULL;
	}
}
