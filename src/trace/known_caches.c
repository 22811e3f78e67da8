/* SPDX-License-Identifier: MIT */
#include "trace/known_caches.h"

#include <string.h>

#include "base/strbuf.h"

#define NAME_SIZE 64u
/* Of struct kmem_cache, to its last member that matters here. */
#define BYTES_MAX 1024u

static struct dill_error *add(struct known_caches *known, dill_virt address,
			      struct known_cache cache)
{
	TRY(number_map_put(&known->places, address, known->list.count));
	return array_push(&known->list, cache);
}

struct dill_error *known_caches_add(struct known_caches *known, const struct cache_list *caches)
{
	for (size_t i = 0; i < caches->count; i++) {
		const struct cache *cache = &caches->items[i];
		struct known_cache item = {cache->name, cache->size, cache->object_size,
					   cache->red_left_pad};

		TRY(add(known, cache->address, item));
	}
	return NULL;
}

/* A name may end anywhere before the end of its page; what is behind need not be there. */
static struct dill_error *read_name(struct known_caches *known, struct peek *peek,
				    dill_virt address, const char **ret)
{
	size_t rest = DILL_PAGE_SIZE - (size_t)(address % DILL_PAGE_SIZE);
	char raw[NAME_SIZE] = "";
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	TRY(peek->read(peek, address, raw, rest < sizeof(raw) ? rest : sizeof(raw)));
	strbuf_append_escaped(&text, raw, strnlen(raw, sizeof(raw)));
	TRY(strbuf_error(&text));
	*ret = arena_copy_text(known->arena, strbuf_get(&text), text.length);
	return *ret ? NULL : error_no_memory();
}

static struct dill_error *read_cache(struct known_caches *known, struct peek *peek,
				     dill_virt address, struct known_cache *ret)
{
	const struct layout *l = &known->heap->layout;
	uint8_t bytes[BYTES_MAX];
	size_t size =
		l->cache_struct_size < sizeof(bytes) ? (size_t)l->cache_struct_size : sizeof(bytes);
	struct span span = {bytes, size};

	TRY(peek->read(peek, address, bytes, size));
	ret->size = (uint32_t)member_get(l->cache_size, span);
	ret->object_size = (uint32_t)member_get(l->cache_object_size, span);
	ret->red_left_pad = (uint32_t)member_get(l->cache_red_left_pad, span);
	return read_name(known, peek, member_get(l->cache_name, span), &ret->name);
}

struct dill_error *known_caches_find(struct known_caches *known, struct peek *peek,
				     dill_virt address, const struct known_cache **ret)
{
	struct known_cache cache = {0};
	struct dill_error *error;
	uint64_t place;

	*ret = NULL;
	if (number_map_get(&known->places, address, &place)) {
		*ret = &known->list.items[place];
		return NULL;
	}
	if (address >> 63 == 0)
		return NULL;
	error = read_cache(known, peek, address, &cache);
	if (error) {
		if (error_is_fatal(error))
			return error;
		dill_error_free(error);
		return NULL;
	}
	TRY(add(known, address, cache));
	*ret = &known->list.items[known->list.count - 1];
	return NULL;
}

void known_caches_forget(struct known_caches *known, dill_virt address)
{
	number_map_remove(&known->places, address);
}

void known_caches_deinit(struct known_caches *known)
{
	array_free(&known->list);
	number_map_deinit(&known->places);
}
