/* SPDX-License-Identifier: MIT */
#include "trace/owner.h"

#include "slub/slab.h"

#define PAGE_STRUCT_MAX 256u

/* Read the struct page @p page; false in *ret when it cannot be. */
static struct dill_error *read_page(struct peek *peek, dill_virt page, uint8_t *bytes, size_t size,
				    bool *ret)
{
	struct dill_error *error = peek->read(peek, page, bytes, size);

	*ret = !error;
	return error_forgive(error);
}

struct dill_error *owner_read(struct heap *heap, struct peek *peek, dill_virt object,
			      struct owner *ret)
{
	uint64_t size = kernel_memory_map(heap->kernel)->page_struct_size;
	uint8_t bytes[PAGE_STRUCT_MAX] = {0};
	struct span span = {bytes, (size_t)size};
	dill_virt page, head, cache;
	struct dill_error *error;
	struct slab slab;
	bool there, marked;

	*ret = (struct owner){0};
	if (size > sizeof(bytes))
		return NULL;
	error = kernel_virt_to_page(heap->kernel, object, &page);
	if (error)
		return error_forgive(error);
	TRY(read_page(peek, page, bytes, span.size, &there));
	if (!there)
		return NULL;
	error = kernel_page_head_parse(heap->kernel, page, span, &head);
	if (error)
		return error_forgive(error);
	if (head != page)
		TRY(read_page(peek, head, bytes, span.size, &there));
	if (!there)
		return NULL;
	slab_parse(heap, head, span, &slab, &marked, &cache);
	if (marked)
		*ret = (struct owner){.cache = cache, .slab = slab.base, .objects = slab.objects};
	return NULL;
}
