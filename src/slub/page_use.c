/* SPDX-License-Identifier: MIT */
#include "slub/page_use.h"

#include <string.h>

#include "slub/large_block.h"

#define DESCRIPTOR_MAX 256u

const char *page_use_name(enum page_use use)
{
	static const char *const names[] = {
		[PAGE_UNKNOWN] = "unknown",   [PAGE_LARGE_KMALLOC] = "large_kmalloc",
		[PAGE_COMPOUND] = "compound", [PAGE_TYPED] = "typed",
		[PAGE_BUDDY] = "buddy",	      [PAGE_FREE] = "free",
		[PAGE_RESERVED] = "reserved", [PAGE_ANONYMOUS] = "anonymous",
		[PAGE_FILE] = "file",
	};

	return names[use];
}

/* --- the type of a page --- */

struct type_search {
	uint64_t value;
	const char *name;
};

static struct dill_error *match_type(void *context, const struct type_enumerator *item)
{
	struct type_search *search = context;

	if (item->value >= 0 && (uint64_t)item->value == search->value &&
	    strncmp(item->name, "PGTY_", 5) == 0)
		search->name = item->name + 5;
	return NULL;
}

/* To 6.11 types were bits that are cleared, and to 6.9 macros of which these two never changed. */
static const char *type_by_bits(uint64_t type)
{
	if ((type & 0xf0000000) != 0xf0000000)
		return NULL;
	if (!(type & 0x80))
		return "buddy";
	return type & 0x100 ? NULL : "offline";
}

/* Since 6.12 (4ffca5a96678) the type is a byte, whose values are enumerators. */
static struct dill_error *find_type(struct heap *heap, uint64_t type, const char **ret)
{
	struct type_search search = {.value = type >> 24 & 0xff};
	struct types *types;
	type_id id;

	*ret = NULL;
	if (heap->layout.slab_mark == SLAB_MARK_FLAG)
		*ret = type_by_bits(type);
	if (heap->layout.slab_mark != SLAB_MARK_TYPE_BYTE || search.value == 0xff)
		return NULL;
	TRY(kernel_types(heap->kernel, &types));
	TRY(types_find(types, "enum pagetype", &id));
	TRY(types_enum_each(types, id, match_type, &search));
	*ret = search.name;
	return NULL;
}

/* --- flags --- */

static bool has_flag(struct heap *heap, uint64_t flags, const char *name)
{
	struct types *types;
	int64_t bit = -1;
	struct dill_error *error = kernel_types(heap->kernel, &types);

	if (!error)
		error = types_enum_value(types, name, &bit);
	bool set = !error && bit >= 0 && bit < 64 && flags >> bit & 1;

	dill_error_free(error);
	return set;
}

/* Low bits of page.mapping (include/linux/page-flags.h PAGE_MAPPING_FLAGS). */
#define MAPPING_ANONYMOUS 1u

/* Whether it looks like a block of large kmalloc(), where these are not marked. */
static bool looks_large(struct heap *heap, const struct page_facts *facts, struct span bytes)
{
	return facts->has_order && facts->order >= LARGE_BLOCK_ORDER_MIN &&
	       !heap->layout.has_large_type && large_block_begins(heap, bytes);
}

static enum page_use judge(struct heap *heap, const struct page_facts *facts, struct span bytes)
{
	uint64_t mapping = member_get(heap->layout.page_mapping, bytes);

	if (facts->type_name && strcmp(facts->type_name, "large_kmalloc") == 0)
		return PAGE_LARGE_KMALLOC;
	if (facts->type_name && strcmp(facts->type_name, "buddy") == 0)
		return PAGE_BUDDY;
	if (facts->type_name)
		return PAGE_TYPED;
	if (has_flag(heap, facts->flags, "PG_reserved"))
		return PAGE_RESERVED;
	if (facts->refcount == 0)
		return PAGE_FREE;
	if (mapping)
		return mapping & MAPPING_ANONYMOUS ? PAGE_ANONYMOUS : PAGE_FILE;
	return looks_large(heap, facts, bytes) ? PAGE_COMPOUND : PAGE_UNKNOWN;
}

struct dill_error *page_describe(struct heap *heap, dill_virt page, struct page_facts *ret)
{
	const struct layout *l = &heap->layout;
	uint64_t size = kernel_memory_map(heap->kernel)->page_struct_size;
	uint8_t buffer[DESCRIPTOR_MAX];
	struct span bytes = {buffer, size < DESCRIPTOR_MAX ? (size_t)size : DESCRIPTOR_MAX};

	*ret = (struct page_facts){.page = page};
	TRY(kernel_page_head(heap->kernel, page, &ret->head));
	TRY(kernel_read(heap->kernel, ret->head, buffer, bytes.size));
	ret->base = kernel_page_to_virt(heap->kernel, ret->head);
	ret->flags = member_get(l->page_flags, bytes);
	ret->refcount = (int32_t)member_get(l->page_refcount, bytes);
	TRY(find_type(heap, member_get(l->page_type, bytes), &ret->type_name));
	TRY(compound_order(heap, ret->head, bytes, &ret->order, &ret->has_order));
	ret->use = judge(heap, ret, bytes);
	return NULL;
}
