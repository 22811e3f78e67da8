/* SPDX-License-Identifier: MIT */
#include "kernel/roots_cpus.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/state.h"
#include "kernel/vm.h"

/* Words that are compared with each other, and runs of them that are kept. */
#define RUN_MAX	 8192u
#define RUNS_MAX 65536u
/* CPUs of the target whose registers are asked for. */
#define CPUS_MAX 1024u
/* How far into an area this_cpu_off is looked for, where areas begin at their offsets: what a
 * kernel has of static per-CPU data. */
#define STATIC_MAX (UINT64_C(512) << 10)
/* Since 6.15 offsets count from an address in the image: up to so much above the direct map. */
#define ABOVE (UINT64_C(2) << 30)

static bool is_offset(const struct memory_map *map, uint64_t word)
{
	return word % DILL_PAGE_SIZE == 0 && word - map->page_offset < map->direct_size + ABOVE;
}

struct dill_error *roots_see_offsets(struct roots *roots, const struct memory_map *map,
				     uint64_t first, struct span bytes)
{
	struct offset_run run = {0};
	uint64_t before = 0;

	if (!map->direct_size)
		return NULL;
	for (size_t at = 0; at + 8 <= bytes.size; at += 8) {
		uint64_t word = span_u64(bytes, at);
		bool goes_on = is_offset(map, word) && word != before && run.count < RUN_MAX;

		if (goes_on && !run.count)
			run.first = first + at;
		run.count += goes_on;
		if (!goes_on || at + 16 > bytes.size) {
			if (run.count && roots->offsets.count < RUNS_MAX)
				TRY(array_push(&roots->offsets, run));
			run.count = 0;
		}
		before = word;
	}
	return NULL;
}

/* --- by the registers --- */

/* The kernel's GS base of each CPU of the target, where it is an offset; their number. */
struct bases {
	uint64_t items[CPUS_MAX];
	unsigned count;
	bool known; /* the target has registers */
};

static bool is_kernel_base(const struct kernel *kernel, uint64_t base)
{
	/* Without SMP it is a variable of the image, or 0. */
	return base >> 63 && base - kernel->image.base >= kernel->image.size;
}

static struct dill_error *read_bases(struct kernel *kernel, struct bases *ret)
{
	unsigned count;

	*ret = (struct bases){0};
	TRY(target_cpu_count(kernel->target, &count));
	for (unsigned cpu = 0; cpu < count && cpu < CPUS_MAX; cpu++) {
		struct dill_registers registers;
		struct dill_error *error = target_registers(kernel->target, cpu, &registers);
		bool failed = error;
		uint64_t base;

		TRY(error_forgive(error));
		if (failed)
			continue;
		base = is_kernel_base(kernel, registers.cpu_base) ? registers.cpu_base
								  : registers.other_base;
		ret->known |= registers.cpu_base || registers.other_base;
		if (is_kernel_base(kernel, base))
			ret->items[ret->count++] = base;
	}
	return NULL;
}

static bool is_among(const uint64_t *words, unsigned count, uint64_t word)
{
	for (unsigned i = 0; i < count; i++)
		if (words[i] == word)
			return true;
	return false;
}

/* --- the array --- */

struct array {
	uint64_t *words;
	unsigned count;	  /* of the run */
	unsigned matches; /* that are GS bases */
};

static struct dill_error *read_run(struct kernel *kernel, const struct offset_run *run,
				   uint64_t words[static RUN_MAX])
{
	return error_forgive(
		kernel_read(kernel, run->first, words, (size_t)run->count * sizeof(*words)));
}

/* Cut a run to what CPUs have: other pointers may follow, or be in front. Areas of CPUs that are
 * not in the target lie in the same distance. */
static void cut_by_bases(struct array *array, const struct bases *bases)
{
	unsigned first = array->count, last = 0;
	uint64_t step;

	for (unsigned i = 0; i < array->count; i++)
		if (is_among(bases->items, bases->count, array->words[i])) {
			if (first == array->count)
				first = i;
			last = i;
		}
	step = first < last ? array->words[last] - array->words[last - 1] : 0;
	while (step && last + 1 < array->count &&
	       array->words[last + 1] - array->words[last] == step)
		last++;
	array->count = last + 1 - first;
	memmove(array->words, array->words + first, array->count * sizeof(*array->words));
}

static struct dill_error *choose_by_bases(struct kernel *kernel, const struct bases *bases,
					  struct array *ret)
{
	_cleanup_(freep)
	uint64_t *words = calloc(RUN_MAX, sizeof(*words));
	unsigned best = 0;

	if (!words)
		return error_no_memory();
	for (size_t i = 0; i < kernel->roots.offsets.count; i++) {
		const struct offset_run *run = &kernel->roots.offsets.items[i];
		unsigned matches = 0;

		TRY(read_run(kernel, run, words));
		for (unsigned w = 0; w < run->count; w++)
			matches += is_among(bases->items, bases->count, words[w]);
		if (matches <= best)
			continue;
		best = matches;
		ret->count = run->count;
		memcpy(ret->words, words, run->count * sizeof(*words));
	}
	if (best) {
		cut_by_bases(ret, bases);
		return NULL;
	}
	/* The CPUs' own word is enough. */
	ret->count = bases->count;
	memcpy(ret->words, bases->items, bases->count * sizeof(*words));
	return NULL;
}

/* --- without registers --- */

/* Where per-CPU symbols count from, so that an area begins at its offset plus that; how many runs
 * are tried so. */
struct percpu_origin {
	uint64_t first, size;
	unsigned tries;
};

/* Words of an area that hold its offset and are looked at: this_cpu_off, and what points to the
 * area for other reasons. */
#define SELVES_MAX 32u

/* Where an area holds its own offset, counted from that offset. */
static struct dill_error *find_selves(struct kernel *kernel, uint64_t offset,
				      const struct percpu_origin *origin, uint64_t *bytes,
				      uint64_t ret[static SELVES_MAX], unsigned *ret_count)
{
	*ret_count = 0;
	for (uint64_t done = 0; done < origin->size; done += STATIC_MAX) {
		TRY(target_check_interrupt(kernel->target));
		TRY(vm_read_lenient(kernel, offset + origin->first + done, bytes, STATIC_MAX));
		for (size_t i = 0; i < STATIC_MAX / sizeof(*bytes); i++)
			if (bytes[i] == offset && *ret_count < SELVES_MAX)
				ret[(*ret_count)++] = origin->first + done + i * sizeof(*bytes);
	}
	return NULL;
}

/* Whether an area may lie in the direct map. */
static bool is_area(const struct kernel *kernel, const struct percpu_origin *origin,
		    uint64_t offset)
{
	const struct memory_map *map = &kernel->roots.map;
	uint64_t first = offset + origin->first - map->page_offset;

	return first < map->direct_size || first + origin->size - 1 < map->direct_size;
}

static unsigned count_selves(struct kernel *kernel, const uint64_t *words, unsigned count,
			     uint64_t place)
{
	unsigned good = 0;
	uint64_t word;

	for (; good < count; good++) {
		struct dill_error *error = kernel_read_u64(kernel, words[good] + place, &word);
		bool is = !error && word == words[good];

		dill_error_free(error);
		if (!is)
			break;
	}
	return good;
}

static struct dill_error *choose_from(struct kernel *kernel, const struct percpu_origin *origin,
				      struct array *ret)
{
	_cleanup_(freep)
	uint64_t *words = calloc(RUN_MAX, sizeof(*words));
	_cleanup_(freep)
	uint64_t *bytes = malloc(STATIC_MAX);
	unsigned tried = 0, count;

	if (!words || !bytes)
		return error_no_memory();
	for (size_t i = 0; i < kernel->roots.offsets.count && tried < origin->tries; i++) {
		const struct offset_run *run = &kernel->roots.offsets.items[i];
		uint64_t places[SELVES_MAX];
		unsigned found;

		TRY(read_run(kernel, run, words));
		if (!is_area(kernel, origin, words[0]))
			continue;
		tried++;
		TRY(find_selves(kernel, words[0], origin, bytes, places, &found));
		for (unsigned p = 0; p < found; p++) {
			count = count_selves(kernel, words, run->count, places[p]);
			if (count <= ret->count || (count == 1 && !places[p]))
				continue;
			ret->count = count;
			memcpy(ret->words, words, count * sizeof(*words));
		}
	}
	return NULL;
}

/* Per-CPU symbols count from 0 up to 6.14, since then from where they lie in the image. What most
 * areas agree on is taken: a page may hold its own address for other reasons. */
static struct dill_error *choose_by_selves(struct kernel *kernel, struct array *ret)
{
	const struct percpu_origin zero = {0, STATIC_MAX, 64};
	const struct percpu_origin image = {kernel->image.base, kernel->image.size, 16};

	TRY(choose_from(kernel, &zero, ret));
	return choose_from(kernel, &image, ret);
}

/* --- all of it --- */

static struct dill_error *take(const struct array *array, const struct bases *bases,
			       struct cpus *ret)
{
	unsigned words;

	ret->limit = array->count ? array->count : 1;
	words = ret->limit / 64 + 1;
	ret->offsets = calloc(ret->limit, sizeof(*ret->offsets));
	ret->possible = calloc(words, sizeof(*ret->possible));
	ret->online = calloc(words, sizeof(*ret->online));
	if (!ret->offsets || !ret->possible || !ret->online)
		return error_no_memory();
	for (unsigned cpu = 0; cpu < ret->limit; cpu++) {
		uint64_t bit = UINT64_C(1) << (cpu % 64);

		ret->possible[cpu / 64] |= bit;
		if (cpu < array->count)
			ret->offsets[cpu] = array->words[cpu];
		if (!bases->count || is_among(bases->items, bases->count, ret->offsets[cpu]))
			ret->online[cpu / 64] |= bit;
	}
	return NULL;
}

struct dill_error *roots_cpus(struct kernel *kernel, struct cpus *ret)
{
	_cleanup_(freep)
	uint64_t *words = calloc(RUN_MAX, sizeof(*words));
	_cleanup_(freep)
	struct bases *bases = calloc(1, sizeof(*bases));
	struct array array = {.words = words};

	if (!words || !bases)
		return error_no_memory();
	TRY(read_bases(kernel, bases));
	if (bases->count)
		TRY(choose_by_bases(kernel, bases, &array));
	else if (!bases->known)
		TRY(choose_by_selves(kernel, &array));
	return take(&array, bases, ret);
}
