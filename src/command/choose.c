/* SPDX-License-Identifier: MIT */
#include "command/choose.h"

#include <fnmatch.h>
#include <string.h>

#include "base/suggest.h"
#include "slub/gone_cache.h"

static bool is_glob(const char *pattern)
{
	return strpbrk(pattern, "*?[");
}

static bool matches(const struct cache *cache, const char *pattern)
{
	const char *given = cache_kernel_name(cache);

	if (!strcmp(cache->name, pattern) || !strcmp(given, pattern))
		return true;
	return is_glob(pattern) &&
	       (!fnmatch(pattern, cache->name, 0) || !fnmatch(pattern, given, 0));
}

static struct dill_error *choose(const struct cache_list *all, const char *pattern,
				 struct arena *arena, struct cache_list *ret)
{
	*ret = (struct cache_list){0};
	ret->items = arena_alloc_array(arena, all->count + 1, sizeof(*ret->items));
	if (!ret->items)
		return error_no_memory();
	for (size_t i = 0; i < all->count; i++)
		if (matches(&all->items[i], pattern))
			ret->items[ret->count++] = all->items[i];
	return NULL;
}

struct dill_error *survey_find_gone(struct survey *survey)
{
	const struct target *target = kernel_target(survey->heap->kernel);
	struct dill_error *error;
	bool exist;

	if (target_is_slow(target)) {
		TRY(gone_caches_exist(survey->heap, &survey->all, &exist));
		if (exist)
			target_log(target, "caches that have left the kernel's list are not looked "
					   "for over this slow connection; a dump would show them");
		return NULL;
	}
	error = survey_scan(survey, &survey->all);
	if (!error || dill_error_code(error) != DILL_ERROR_UNSUPPORTED)
		return error;
	dill_error_free(error);
	return NULL;
}

struct dill_error *survey_choose(struct survey *survey, const char *pattern,
				 enum choose_depth depth, struct arena *arena,
				 struct cache_list *ret)
{
	if (depth == CHOOSE_ALL || is_glob(pattern))
		TRY(survey_find_gone(survey));
	TRY(choose(&survey->all, pattern, arena, ret));
	if (ret->count)
		return NULL;
	TRY(survey_find_gone(survey));
	return caches_choose(&survey->all, pattern, arena, ret);
}

struct dill_error *caches_choose(const struct cache_list *all, const char *pattern,
				 struct arena *arena, struct cache_list *ret)
{
	struct suggest suggest;

	TRY(choose(all, pattern, arena, ret));
	if (ret->count)
		return NULL;
	suggest_init(&suggest, pattern);
	for (size_t i = 0; i < all->count; i++)
		suggest_offer(&suggest, all->items[i].name);
	return dill_error_new(DILL_ERROR_NOT_FOUND, "no cache %s \"%s\"%s",
			      is_glob(pattern) ? "matches" : "is named", pattern,
			      suggest_text(&suggest));
}

struct dill_error *cpu_choose(const struct command_call *call, size_t option, struct kernel *kernel,
			      int *ret)
{
	uint64_t cpu = call->options[option].number;

	*ret = -1;
	if (!call->options[option].given)
		return NULL;
	if (cpu >= kernel_cpu_limit(kernel) || !kernel_cpu_possible(kernel, (unsigned)cpu))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "--%s %lu: this kernel has no such CPU; the last one is %u",
				      call->command->options[option].name, (unsigned long)cpu,
				      kernel_cpu_limit(kernel) - 1);
	*ret = (int)cpu;
	return NULL;
}

struct dill_error *need_nodes(const struct heap *heap)
{
	if (kernel_page_nodes_known(heap->kernel))
		return NULL;
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "on which node a slab is, its page says in bits that could not be "
			      "told without types: %s",
			      KERNEL_NO_TYPES);
}

struct dill_error *node_choose(const struct command_call *call, size_t option,
			       struct kernel *kernel, int *ret)
{
	uint64_t node = call->options[option].number;

	*ret = -1;
	if (!call->options[option].given)
		return NULL;
	if (node >= kernel_node_limit(kernel))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "--%s %lu: this kernel has no such node; the last one is %u",
				      call->command->options[option].name, (unsigned long)node,
				      kernel_node_limit(kernel) - 1);
	*ret = (int)node;
	return NULL;
}
