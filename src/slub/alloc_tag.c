/* SPDX-License-Identifier: MIT */
#include "slub/alloc_tag.h"

#include <string.h>

#define DESCRIPTOR_MAX 256u
#define TEXT_MAX       256u
/* Low bits of slab.obj_exts (include/linux/memcontrol.h enum objext_flags). */
#define FLAGS_MASK 7u
/* CODETAG_EMPTY: the object has no tag on purpose. */
#define TAG_EMPTY 1u

/* Where the tag pointer of object @p index stands; 0 = nowhere. */
static dill_virt tag_slot(const struct heap *heap, const struct cache *cache, struct span slab,
			  uint32_t index)
{
	const struct layout *l = &heap->layout;
	dill_virt vector = member_get(l->slab_obj_exts, slab) & ~(dill_virt)FLAGS_MASK;
	uint64_t stride = l->ext_struct_size, offset = l->ext_tag.offset;

	if (l->slab_stride.present) /* 7.0: the vector may be spread over the objects */
		stride = member_get(l->slab_stride, slab);
	if (l->slab_exts_inside.present) { /* 7.3: one struct per use, the memory cgroup's first */
		uint64_t before = member_get(l->slab_exts_objcg, slab) ? l->ext_struct_size : 0;

		offset += before;
		stride = member_get(l->slab_exts_inside, slab) ? cache->size
							       : before + l->ext_struct_size;
	}
	return vector ? vector + index * stride + offset : 0;
}

static struct dill_error *read_text(struct heap *heap, dill_virt at, struct arena *arena,
				    const char **ret)
{
	_cleanup_(freep)
	char *raw = NULL;
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	TRY(kernel_read_u64(heap->kernel, at, &at));
	TRY(kernel_read_string(heap->kernel, at, TEXT_MAX, &raw));
	strbuf_append_escaped(&text, raw, strlen(raw));
	TRY(strbuf_error(&text));
	*ret = arena_copy_text(arena, strbuf_get(&text), text.length);
	return *ret ? NULL : error_no_memory();
}

bool alloc_tags_exist(const struct heap *heap)
{
	const struct layout *l = &heap->layout;

	return l->slab_obj_exts.present && l->ext_tag.present && l->tag_line.present &&
	       l->tag_file.present && l->tag_function.present;
}

/* An error that only says that there is no tag is none. */
static struct dill_error *pass_over(struct dill_error *error)
{
	return error_forgive(error);
}

/* Whether a static key is on: *ret is ALLOC_PROFILING_UNKNOWN when it cannot be read. */
static struct dill_error *read_key(const struct heap *heap, dill_virt key,
				   enum alloc_profiling *ret)
{
	const struct member *enabled = &heap->layout.static_key_enabled;
	int32_t count;

	*ret = ALLOC_PROFILING_UNKNOWN;
	if (!enabled->present || enabled->size != sizeof(count))
		return NULL;

	struct dill_error *error =
		kernel_read(heap->kernel, key + enabled->offset, &count, sizeof(count));

	if (!error)
		*ret = count ? ALLOC_PROFILING_ON : ALLOC_PROFILING_OFF; /* -1: on the way */
	return pass_over(error);
}

/*
 * Whether extensions have room for tags. Since 7.3 they have none in a kernel that was told at boot
 * never to profile: what follows the memory cgroup there is the next object's.
 * Source: mm/slub.c slab_obj_ext_has_codetag_init()
 */
static struct dill_error *have_tags(const struct heap *heap, bool *ret)
{
	enum alloc_profiling state = ALLOC_PROFILING_ON;

	if (heap->codetag_key)
		TRY(read_key(heap, heap->codetag_key, &state));
	*ret = state == ALLOC_PROFILING_ON;
	return NULL;
}

static struct dill_error *find(struct heap *heap, const struct cache *cache,
			       const struct slab *slab, uint32_t index, dill_virt *ret)
{
	uint64_t size = kernel_memory_map(heap->kernel)->page_struct_size;
	uint8_t buffer[DESCRIPTOR_MAX];
	struct span bytes = {buffer, size < DESCRIPTOR_MAX ? (size_t)size : DESCRIPTOR_MAX};
	dill_virt slot, tag;
	bool have;

	TRY(have_tags(heap, &have));
	if (!have)
		return NULL;
	TRY(kernel_read(heap->kernel, slab->address, buffer, bytes.size));
	slot = tag_slot(heap, cache, bytes, index);
	if (!slot)
		return NULL;
	TRY(kernel_read_u64(heap->kernel, slot, &tag));
	if (tag > TAG_EMPTY)
		*ret = tag;
	return NULL;
}

struct dill_error *alloc_tag_find(struct heap *heap, const struct cache *cache,
				  const struct slab *slab, uint32_t index, dill_virt *ret)
{
	*ret = 0;
	return alloc_tags_exist(heap) ? pass_over(find(heap, cache, slab, index, ret)) : NULL;
}

/* The same of a key by its name, where there can be tags; without it, unknown. */
static struct dill_error *read_switch(const struct heap *heap, const char *name,
				      enum alloc_profiling *ret)
{
	dill_virt key;

	*ret = ALLOC_PROFILING_UNKNOWN;
	if (!alloc_tags_exist(heap) || !kernel_has_symbol(heap->kernel, name, &key))
		return NULL;
	return read_key(heap, key, ret);
}

struct dill_error *alloc_profiling_read(const struct heap *heap, enum alloc_profiling *ret)
{
	return read_switch(heap, "mem_alloc_profiling_key", ret);
}

struct dill_error *alloc_profiling_compressed(const struct heap *heap, enum alloc_profiling *ret)
{
	return read_switch(heap, "mem_profiling_compressed", ret);
}

struct dill_error *alloc_tag_doubt(struct heap *heap, const char **ret)
{
	enum alloc_profiling state;

	TRY(alloc_profiling_read(heap, &state));
	*ret = state != ALLOC_PROFILING_OFF
		       ? NULL
		       : "allocation profiling is switched off: an object that was allocated since "
			 "then has a former owner's tag, or none; the kernel does not keep since "
			 "when";
	return NULL;
}

static struct dill_error *describe(struct heap *heap, dill_virt tag, struct arena *arena,
				   struct alloc_tag *ret)
{
	const struct layout *l = &heap->layout;

	TRY(kernel_read(heap->kernel, tag + l->tag_line.offset, &ret->line, sizeof(ret->line)));
	TRY(read_text(heap, tag + l->tag_file.offset, arena, &ret->file));
	TRY(read_text(heap, tag + l->tag_function.offset, arena, &ret->function));
	ret->known = true;
	return NULL;
}

struct dill_error *alloc_tag_describe(struct heap *heap, dill_virt tag, struct arena *arena,
				      struct alloc_tag *ret)
{
	*ret = (struct alloc_tag){0};
	return tag ? pass_over(describe(heap, tag, arena, ret)) : NULL;
}

struct dill_error *alloc_tag_read(struct heap *heap, const struct cache *cache,
				  const struct slab *slab, uint32_t index, struct arena *arena,
				  struct alloc_tag *ret)
{
	dill_virt tag;

	*ret = (struct alloc_tag){0};
	TRY(alloc_tag_find(heap, cache, slab, index, &tag));
	return alloc_tag_describe(heap, tag, arena, ret);
}
