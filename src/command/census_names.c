/* SPDX-License-Identifier: MIT */
#include "base/array.h"
#include "base/number_map.h"
#include "command/census.h"
#include "command/symbol_text.h"
#include "slub/alloc_tag.h"

struct origin_names {
	struct heap *heap;
	struct arena *arena;
	struct number_map map; /* address -> place in `texts` */
	ARRAY(const char *) texts;
};

struct dill_error *origin_names_new(struct heap *heap, struct arena *arena,
				    struct origin_names **ret)
{
	struct origin_names *names = calloc(1, sizeof(*names));

	if (!names)
		return error_no_memory();
	*names = (struct origin_names){.heap = heap, .arena = arena};
	*ret = names;
	return NULL;
}

void origin_names_free(struct origin_names *names)
{
	if (!names)
		return;
	number_map_deinit(&names->map);
	array_free(&names->texts);
	free(names);
}

static struct dill_error *make(struct origin_names *names, enum origin_kind kind, dill_virt address,
			       const char **ret)
{
	struct alloc_tag tag = {0};

	if (kind == ORIGIN_TAG)
		TRY(alloc_tag_describe(names->heap, address, names->arena, &tag));
	if (!tag.known)
		return symbol_text(names->heap->kernel, address, names->arena, ret);
	*ret = arena_format(names->arena, "%s:%u %s()", tag.file, tag.line, tag.function);
	return *ret ? NULL : error_no_memory();
}

struct dill_error *origin_name(struct origin_names *names, enum origin_kind kind, dill_virt address,
			       const char **ret)
{
	uint64_t known;

	*ret = NULL;
	if (kind == ORIGIN_NONE || !address)
		return NULL;
	if (number_map_get(&names->map, address, &known)) {
		*ret = names->texts.items[known];
		return NULL;
	}
	TRY(make(names, kind, address, ret));
	TRY(array_push(&names->texts, *ret));
	return number_map_put(&names->map, address, names->texts.count - 1);
}

struct dill_error *census_clock_read(struct kernel *kernel, struct census_clock *ret)
{
	struct dill_error *error = kernel_jiffies(kernel, &ret->jiffies);

	ret->known = !error;
	return error_forgive(error);
}

bool census_age(const struct census_clock *clock, const struct origin *origin, uint64_t *ret)
{
	uint64_t ticks = clock->jiffies.now - origin->when;

	*ret = 0;
	if (!clock->known || !origin->has_track || origin->when > clock->jiffies.now)
		return false;
	return !__builtin_mul_overflow(ticks, clock->jiffies.nanoseconds, ret);
}
