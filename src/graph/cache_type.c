/* SPDX-License-Identifier: MIT */
#include "graph/cache_type.h"

#include <stdio.h>
#include <string.h>

/* What caches' names end in where that of their struct does not. */
static const char *const cache_endings[] = {"", "_cache", "_cachep", "_jar"};
static const char *const type_endings[] = {"", "_struct", "_info"};

static bool try_name(struct types *types, const char *name, size_t length, const char *ending,
		     uint64_t size, type_id *ret)
{
	char text[128];
	struct type type;
	struct dill_error *error;

	if (snprintf(text, sizeof(text), "%.*s%s", (int)length, name, ending) >= (int)sizeof(text))
		return false;
	if (!types_has_struct(types, text, ret))
		return false;
	error = types_strip(types, *ret, &type);
	dill_error_free(error);
	return !error && (type.size == size || !size);
}

static bool try_endings(struct types *types, const struct cache *cache, const char *cache_ending,
			type_id *ret)
{
	size_t length = strlen(cache->name), cut = strlen(cache_ending);

	if (cut >= length || strcmp(cache->name + length - cut, cache_ending) != 0)
		return false;
	/* The very name is enough: task_struct ends in a part of which this machine may need less.
	 */
	if (!cut && try_name(types, cache->name, length, "", 0, ret))
		return true;
	for (size_t i = 0; i < sizeof(type_endings) / sizeof(type_endings[0]); i++)
		if (try_name(types, cache->name, length - cut, type_endings[i], cache->object_size,
			     ret))
			return true;
	return false;
}

void object_type_find(struct heap *heap, const struct cache *cache, struct object_type *ret)
{
	struct types *types;
	struct dill_error *error = kernel_types(heap->kernel, &types);

	*ret = (struct object_type){0};
	dill_error_free(error);
	if (error || cache->refcount > 1 ||
	    layout_lacks(&heap->layout, heap->layout.cache_refcount))
		return;
	for (size_t i = 0; !ret->types && i < sizeof(cache_endings) / sizeof(cache_endings[0]); i++)
		if (try_endings(types, cache, cache_endings[i], &ret->type))
			ret->types = types;
}

struct dill_error *object_type_member(const struct object_type *type, uint64_t offset,
				      struct strbuf *text)
{
	struct dill_error *error =
		type->types ? types_path_at(type->types, type->type, offset, text) : NULL;

	return error_forgive(error);
}
