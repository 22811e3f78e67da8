/* SPDX-License-Identifier: MIT */
#include "slub/advice.h"

#include <string.h>

#include "slub/alloc_tag.h"
#include "slub/origin.h"

#define COMMAND_LINE_MAX 4096u
#define PROFILING_WORD	 "sysctl.vm.mem_profiling="

/* --- slab_debug --- */

/*
 * What registers a parameter has a symbol made of its name, which kallsyms keeps when the memory of
 * it is long free. Up to 6.7 the only one is of the function that both have: since 6.8 that stands
 * for slab_debug, and the older name has one of its own.
 */
static const char *debug_word(struct kernel *kernel)
{
	if (kernel_has_symbol(kernel, "__setup_str_slub_debug", NULL) ||
	    kernel_has_symbol(kernel, "param_ops_slab_debug", NULL))
		return "slab_debug";
	return kernel_has_symbol(kernel, "__setup_str_setup_slub_debug", NULL) ? "slub_debug"
									       : NULL;
}

/* Its counters are in every kernel that has the rest of it. */
static bool has_slub_debug(const struct heap *heap)
{
	return heap->layout.node_nr_slabs.present;
}

const char *advice_slab_debug(const struct heap *heap, const char *options, struct arena *arena)
{
	const char *word = debug_word(heap->kernel);

	if (!has_slub_debug(heap))
		return "build the kernel with CONFIG_SLUB_DEBUG";
	if (word)
		return arena_format(arena, "boot with %s=%s", word, options);
	return arena_format(arena, "boot with slab_debug=%s, or slub_debug=%s before 6.8", options,
			    options);
}

/* --- allocation profiling --- */

/* Whether the kernel was told never to profile allocations: *ret false when that is not known. */
static struct dill_error *told_never(struct kernel *kernel, bool *ret)
{
	_cleanup_(freep)
	char *line = NULL;
	struct dill_error *error;
	dill_virt at;

	*ret = false;
	if (!kernel_has_symbol(kernel, "saved_command_line", &at))
		return NULL;
	error = kernel_read_u64(kernel, at, &at);
	if (!error)
		error = kernel_read_string(kernel, at, COMMAND_LINE_MAX, &line);
	TRY(error_forgive(error));
	*ret = line && strstr(line, PROFILING_WORD "never");
	return NULL;
}

/* Whether it may be switched on as the system runs: not known where the answer lies in memory that
 * is freed after boot. */
static struct dill_error *can_switch_on(struct kernel *kernel, bool *ret)
{
	dill_virt at, begin, end;
	struct dill_error *error;
	uint8_t supported = 0;

	*ret = false;
	if (!kernel_has_symbol(kernel, "mem_profiling_support", &at) ||
	    !kernel_has_symbol(kernel, "__init_begin", &begin) ||
	    !kernel_has_symbol(kernel, "__init_end", &end) || (at >= begin && at < end))
		return NULL;
	error = kernel_read(kernel, at, &supported, sizeof(supported));
	*ret = !error && supported == 1;
	return error_forgive(error);
}

struct dill_error *advice_no_tags(struct heap *heap, const char *what, struct arena *arena)
{
	const char *debug = has_slub_debug(heap) ? advice_slab_debug(heap, "U", arena) : "";
	enum alloc_profiling state;
	bool never, live;

	if (!debug)
		return error_no_memory();
	TRY(alloc_profiling_read(heap, &state));
	TRY(told_never(heap->kernel, &never));
	TRY(can_switch_on(heap->kernel, &live));
	if (state != ALLOC_PROFILING_OFF)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "%s: allocation profiling has recorded nothing of these "
				      "caches",
				      what);
	return dill_error_new(
		DILL_ERROR_UNSUPPORTED,
		"%s: this kernel can profile allocations, but does not%s: boot with " PROFILING_WORD
		"1%s%s%s",
		what, never ? " (" PROFILING_WORD "never)" : "", *debug ? ", or " : "", debug,
		live ? ", or write 1 to /proc/sys/vm/mem_profiling for what is allocated from then "
		       "on"
		     : "");
}

/* --- who allocates --- */

/* Whether a cache's objects have what is needed. */
static bool has(const struct origin_reader *reader, enum record_need need)
{
	if (reader->metadata.tracks)
		return need != NEED_STACK || tracks_have_stacks(reader->heap);
	return (reader->has_kasan && need != NEED_TRACK) || (reader->has_tags && need == NEED_SITE);
}

/* What is recorded instead, for the sentence behind "this kernel records". */
static const char *instead(const struct origin_reader *reader)
{
	const struct layout *l = &reader->heap->layout;

	if (reader->metadata.tracks)
		return "callers, but no stacks";
	if (reader->has_kasan) /* with KASAN_EXTRA_INFO it does, but nobody here reads them */
		return l->kasan_cpu.present ? "threads and stacks (KASAN)"
					    : "threads and stacks (KASAN), but neither CPUs nor "
					      "times";
	if (reader->heap->tagged && l->ring_entries.present)
		return "the last users (KASAN's ring, see kobj), not those";
	return reader->has_tags ? "places (allocation profiling), and nothing else" : NULL;
}

struct dill_error *advice_require(struct heap *heap, const struct cache_list *caches,
				  enum record_need need, const char *what, struct arena *arena)
{
	const char *other = NULL, *how;

	for (size_t i = 0; i < caches->count; i++) {
		struct origin_reader reader;

		origin_reader_init(heap, &caches->items[i], &reader);
		if (has(&reader, need))
			return NULL;
		other = other ? other : instead(&reader);
	}
	how = advice_slab_debug(heap, "U", arena);
	if (need == NEED_STACK && heap->layout.track_addr.present && !tracks_have_stacks(heap))
		how = "build the kernel with CONFIG_STACKTRACE";
	if (!how)
		return error_no_memory();
	if (other)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "%s: this kernel records %s of these "
				      "caches' objects: %s",
				      what, other, how);
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "%s: this kernel does not record who allocates from these caches: %s",
			      what, how);
}
