/* SPDX-License-Identifier: MIT */
#include "kernel/kallsyms_load.h"

#include <inttypes.h>
#include <stdlib.h>

#include "kernel/kallsyms.h"
#include "kernel/kallsyms_decode.h"
#include "kernel/kallsyms_values.h"
#include "kernel/state.h"
#include "kernel/vm.h"

/** One page of each step is sampled; a table of values is several steps long on any distribution
 * kernel (348 KiB with 87,000 symbols). */
#define SAMPLE_STEP (UINT64_C(128) << 10)
/** Bytes of names per symbol that are surely enough: 11.5 to 14.9 on Debian's 5.10 to 7.3. */
#define NAME_BYTES UINT64_C(18)
/** Slack for what lies around the tables: counts, tokens, and values that do not look like the rest
 * (per-CPU offsets). */
#define SLACK (UINT64_C(128) << 10)
/** Tokens and their index, where these lie in front of the values: less than 2 KiB. */
#define TOKENS_REACH (UINT64_C(8) << 10)
/** A part of the image that is larger than any kernel is read up to here. */
#define PART_MAX (UINT64_C(128) << 20)

/** A part of the image in dill's memory. */
struct part {
	dill_virt first;
	struct span bytes;
	uint8_t *owned;
};

static void part_deinit(struct part *part)
{
	free(part->owned);
}

static struct dill_error *part_read(struct kernel *kernel, dill_virt first, uint64_t size,
				    struct part *ret)
{
	_cleanup_(freep)
	uint8_t *bytes = malloc(size);

	if (!bytes)
		return error_no_memory();
	TRY(vm_read_lenient(kernel, first, bytes, size));
	ret->first = first;
	ret->bytes = (struct span){bytes, size};
	ret->owned = steal(bytes);
	return NULL;
}

/** Parse a part; NOT_FOUND and LIMIT leave @p ret empty. */
static struct dill_error *part_decode(const struct part *part, struct symbol_table *ret)
{
	struct kallsyms_tables tables;
	struct symbol_table table = {0};
	struct dill_error *error;

	TRY(kallsyms_find(part->bytes, part->first, &tables));
	error = kallsyms_decode(part->bytes, part->first, &tables, &table);
	if (!error)
		error = symbol_table_index(&table);
	if (error)
		symbol_table_deinit(&table);
	else
		*ret = table;
	return error;
}

/** Read [@p first, @p first + @p size) cut to @p region, and decode what is there. */
static struct dill_error *try_range(struct kernel *kernel, const struct image_region *region,
				    dill_virt first, uint64_t size, struct symbol_table *ret)
{
	dill_virt end = first + size;
	dill_virt region_end = region->first + region->size;
	__attribute__((cleanup(part_deinit))) struct part part = {0};

	if (first < region->first)
		first = region->first;
	if (end > region_end)
		end = region_end;
	if (end - first > PART_MAX)
		end = first + PART_MAX;
	TRY(part_read(kernel, first & ~UINT64_C(7), end - (first & ~UINT64_C(7)), &part));
	return part_decode(&part, ret);
}

/** Where a table of values lies, and how much the names around it may take. */
struct table_place {
	dill_virt first, end;
	uint64_t count, names;
};

/** The address so far below @p address, or the region's first. */
static dill_virt back(const struct image_region *region, dill_virt address, uint64_t distance)
{
	return address - region->first > distance ? address - distance : region->first;
}

/** Names in front of the values: 6.4 on. */
static struct dill_error *try_in_front(struct kernel *kernel, const struct image_region *region,
				       const struct table_place *values, struct symbol_table *ret)
{
	dill_virt low = back(region, values->first, values->names);

	return try_range(kernel, region, low, values->end + DILL_PAGE_SIZE - low, ret);
}

/** Names behind the values: to 6.3. */
static struct dill_error *try_behind(struct kernel *kernel, const struct image_region *region,
				     const struct table_place *values, struct symbol_table *ret)
{
	dill_virt low = back(region, values->first, SLACK);

	/* Three bytes per symbol: kallsyms_seqs_of_names. */
	return try_range(kernel, region, low, values->end + values->names + values->count * 3 - low,
			 ret);
}

/**
 * With the place of the values known, read what surrounds them, on the side where the names seem to
 * be first: a wrong guess costs a megabyte.
 */
static struct dill_error *try_around(struct kernel *kernel, const struct image_region *region,
				     const struct table_place *values, bool in_front,
				     struct symbol_table *ret)
{
	struct dill_error *error = in_front ? try_in_front(kernel, region, values, ret)
					    : try_behind(kernel, region, values, ret);

	if (!error || error_is_fatal(error))
		return error;
	dill_error_free(error);
	return in_front ? try_behind(kernel, region, values, ret)
			: try_in_front(kernel, region, values, ret);
}

/** One hit of the sampling: samples [first, last] look like one table of values. */
struct hit {
	dill_virt first, last;
	enum kallsyms_form form;
};

/** Keep a range in the page cache, from where the reads that follow take it. */
static struct dill_error *prefetch_range(struct kernel *kernel, dill_virt first, dill_virt end,
					 uint64_t step)
{
	ARRAY(dill_virt) addresses = {0};
	struct dill_error *error = NULL;

	for (dill_virt at = first; at < end && !error; at += step)
		error = array_push(&addresses, at);
	if (!error)
		error = kernel_prefetch(kernel, addresses.items, addresses.count);
	array_free(&addresses);
	return error;
}

/** Read a hit and a step on both sides, find the table's ends, and decode what is around. */
static struct dill_error *try_hit(struct kernel *kernel, const struct image_region *region,
				  const struct hit *hit, struct symbol_table *ret)
{
	dill_virt low = back(region, hit->first, SAMPLE_STEP + TOKENS_REACH);
	dill_virt end = hit->last + SAMPLE_STEP + DILL_PAGE_SIZE;
	__attribute__((cleanup(part_deinit))) struct part part = {0};
	struct kallsyms_values values;
	struct table_place place;

	if (end > region->first + region->size)
		end = region->first + region->size;
	TRY(prefetch_range(kernel, low, end, DILL_PAGE_SIZE));
	TRY(part_read(kernel, low, end - low, &part));
	values = kallsyms_values_extent(part.bytes, hit->first - low, DILL_PAGE_SIZE, hit->form);
	place = (struct table_place){
		.first = low + values.first,
		.end = low + values.end,
		.count = (values.end - values.first) / (hit->form == KALLSYMS_ABSOLUTE ? 8 : 4),
	};
	place.names = place.count * NAME_BYTES + SLACK;
	return try_around(kernel, region, &place,
			  kallsyms_has_tokens(span_cut(part.bytes, 0, values.first)), ret);
}

/** Take the sample at @p address: extends *hit when it goes on with it. */
static struct dill_error *take_sample(struct kernel *kernel, dill_virt address, struct hit *hit,
				      bool *ret_goes_on)
{
	uint8_t page[DILL_PAGE_SIZE];
	enum kallsyms_form form;
	struct dill_error *error = kernel_read(kernel, address, page, sizeof(page));

	*ret_goes_on = false;
	if (error && error_is_fatal(error))
		return error;
	if (!error &&
	    kallsyms_is_values((struct span){page, sizeof(page)}, 0, sizeof(page), &form)) {
		*ret_goes_on = true;
		if (!hit->first)
			*hit = (struct hit){.first = address, .form = form};
		hit->last = address;
	}
	dill_error_free(error);
	return NULL;
}

/** Find the tables in a region by looking at a page in each step only. NOT_FOUND is no proof. */
static struct dill_error *sample_region(struct kernel *kernel, const struct image_region *region,
					struct symbol_table *ret)
{
	struct hit hit = {0};

	TRY(prefetch_range(kernel, region->first, region->first + region->size, SAMPLE_STEP));
	for (uint64_t at = 0; at < region->size; at += SAMPLE_STEP) {
		struct dill_error *error;
		bool goes_on;

		TRY(take_sample(kernel, region->first + at, &hit, &goes_on));
		if (!hit.first || (goes_on && at + SAMPLE_STEP < region->size))
			continue;
		error = try_hit(kernel, region, &hit, ret);
		if (!error || error_is_fatal(error))
			return error;
		dill_error_free(error);
		hit = (struct hit){0};
	}
	return dill_error_new(DILL_ERROR_NOT_FOUND, "no symbol table sampled");
}

/** Which regions of the image are searched, the likeliest first. */
enum choice {
	CHOICE_READ_ONLY, /**< where .rodata is once the kernel has booted */
	CHOICE_OTHER,	  /**< before that, and where permissions are unknown */
	CHOICES,
};

static bool is_chosen(const struct image_region *region, enum choice choice)
{
	bool read_only = region->known && !region->writable && !region->executable;

	return read_only == (choice == CHOICE_READ_ONLY);
}

typedef struct dill_error *(*region_search)(struct kernel *kernel,
					    const struct image_region *region,
					    struct symbol_table *ret);

static struct dill_error *whole_region(struct kernel *kernel, const struct image_region *region,
				       struct symbol_table *ret)
{
	return try_range(kernel, region, region->first, region->size, ret);
}

/** Search the chosen regions until one has the tables. */
static struct dill_error *search_regions(struct kernel *kernel, enum choice choice,
					 region_search search, struct symbol_table *ret)
{
	for (size_t i = 0; i < kernel->image.regions.count; i++) {
		struct image_region region = kernel->image.regions.items[i];
		struct dill_error *error;

		if (!is_chosen(&region, choice))
			continue;
		if (region.size > PART_MAX)
			region.size = PART_MAX;
		error = search(kernel, &region, ret);
		if (!error || error_is_fatal(error))
			return error;
		dill_error_free(error);
		TRY(target_check_interrupt(kernel->target));
	}
	return dill_error_new(DILL_ERROR_NOT_FOUND,
			      "no symbol table (kallsyms) in the kernel image; a vmlinux or "
			      "bzImage of this kernel would do instead");
}

struct dill_error *kallsyms_load(struct kernel *kernel, struct symbol_table *ret,
				 const char **ret_how)
{
	static const struct {
		enum choice choice;
		region_search search;
		const char *how;
	} ways[] = {
		{CHOICE_READ_ONLY, sample_region, "kallsyms in target memory, found by sampling"},
		{CHOICE_READ_ONLY, whole_region, "kallsyms in target memory, found by search"},
		{CHOICE_OTHER, sample_region,
		 "kallsyms in target memory, found by sampling the whole image"},
		{CHOICE_OTHER, whole_region,
		 "kallsyms in target memory, found by searching the whole image"},
	};
	struct dill_error *error = NULL;

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		dill_error_free(error);
		*ret_how = ways[i].how;
		error = search_regions(kernel, ways[i].choice, ways[i].search, ret);
		if (!error || error_is_fatal(error))
			break;
	}
	return error;
}
