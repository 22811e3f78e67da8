/* SPDX-License-Identifier: MIT */
#include "kernel/image.h"

#include "target/target.h"

/** Less than any kernel with an allocator, more than the entry text that page-table isolation shows
 * to user mode. */
#define IMAGE_SIZE_MIN (UINT64_C(4) << 20)
/** Most runs that are looked at; a kernel has some ten, debug options split pages. */
#define IMAGE_REGIONS_MAX 65536u

struct search {
	uint64_t align;	   /**< of the first run; 0: `distance` is known */
	uint64_t distance; /**< of virtual and physical addresses */
	struct image image;
	uint64_t mapped; /**< bytes in the regions */
};

static struct dill_error *visit_run(void *context, const struct mapping_run *run)
{
	struct search *search = context;
	struct image *image = &search->image;
	const struct image_region region = {
		.first = run->first,
		.size = run->size,
		.phys = run->phys,
		.writable = run->writable,
		.executable = run->executable,
		.known = true,
	};

	if (!image->regions.count && search->align) {
		if (run->first % search->align)
			return NULL;
		search->distance = run->first - run->phys;
	} else if (run->first - run->phys != search->distance) {
		return NULL;
	}
	if (!image->regions.count)
		image->base = run->first;
	if (image->regions.count >= IMAGE_REGIONS_MAX)
		return dill_error_new(DILL_ERROR_LIMIT, "the image has more than %u parts",
				      IMAGE_REGIONS_MAX);
	image->size = run->first + run->size - image->base;
	search->mapped += run->size;
	return array_push(&image->regions, region);
}

/* Farther from its text no part of an image is: the largest have some 100 MiB. */
#define IMAGE_REACH (UINT64_C(256) << 20)

static struct dill_error *visit_text(void *context, const struct mapping_run *run)
{
	struct mapping_run *text = context;

	if (run->executable && !run->writable && !run->user && run->size > text->size)
		*text = *run;
	return NULL;
}

/* Where the window has other things than the image: what belongs to the largest text. */
static struct dill_error *find_by_text(const struct pagetable *tables, dill_virt first,
				       dill_virt last, struct search *search)
{
	struct mapping_run text = {0};

	TRY(pagetable_runs(tables, first, last, visit_text, &text));
	if (text.size < IMAGE_SIZE_MIN)
		return NULL;
	search->distance = text.first - text.phys;
	if (text.first - first > IMAGE_REACH)
		first = text.first - IMAGE_REACH;
	if (last - text.first > IMAGE_REACH)
		last = text.first + IMAGE_REACH;
	return pagetable_runs(tables, first, last, visit_run, search);
}

struct dill_error *image_find(const struct pagetable *tables, struct image *ret)
{
	const struct arch *arch = tables->paging.arch;
	struct search search = {.align = arch->image_align};
	struct dill_error *error;
	dill_virt first, last;

	arch->image_window(&tables->paging, &first, &last);
	error = search.align ? pagetable_runs(tables, first, last, visit_run, &search)
			     : find_by_text(tables, first, last, &search);
	if (!error && search.mapped < IMAGE_SIZE_MIN)
		error = dill_error_new(DILL_ERROR_NOT_FOUND,
				       "the page tables map no kernel image: not Linux for %s, "
				       "or not yet booted",
				       arch->name);
	if (error) {
		image_deinit(&search.image);
		return error;
	}
	*ret = search.image;
	return NULL;
}

#define PROBE_COUNT (((KERNEL_WINDOW_LAST - KERNEL_WINDOW_FIRST) + 1) / KERNEL_ALIGN)
/** Unmapped 2 MiB steps that may lie inside an image: freed init memory and alignment gaps. */
#define PROBE_HOLES_MAX 8
/** Steps that are left out at first: no image of a distribution is as small as that. */
#define PROBE_STRIDE 8u

static struct dill_error *no_image(void)
{
	return dill_error_new(DILL_ERROR_NOT_FOUND,
			      "no kernel image is visible at its usual addresses: not Linux for "
			      "x86-64, not yet booted, or stopped in user mode with page-table "
			      "isolation");
}

/** Whether step @p step of the window is mapped. */
static struct dill_error *probe(struct target *target, size_t step, bool *ret)
{
	uint8_t byte;
	struct dill_error *error =
		target_read(target, DILL_SPACE_VIRTUAL, KERNEL_WINDOW_FIRST + step * KERNEL_ALIGN,
			    &byte, sizeof(byte));

	*ret = !error;
	return error_forgive(error);
}

/** A mapped step, PROBE_COUNT when there is none. */
static struct dill_error *probe_some(struct target *target, size_t *ret)
{
	bool mapped = false;

	for (size_t first = 0; first < PROBE_STRIDE; first++)
		for (size_t step = first; step < PROBE_COUNT; step += PROBE_STRIDE) {
			TRY(probe(target, step, &mapped));
			*ret = step;
			if (mapped)
				return NULL;
		}
	*ret = PROBE_COUNT;
	return NULL;
}

/** A step inside of the kernel's code, where a CPU executes it; PROBE_COUNT when none does. */
static struct dill_error *step_of_cpu(struct target *target, size_t *ret)
{
	struct dill_registers registers;
	struct dill_error *error = target_registers(target, 0, &registers);

	*ret = PROBE_COUNT;
	if (error && error_is_fatal(error))
		return error;
	if (!error && registers.ip >= KERNEL_WINDOW_FIRST && registers.ip <= KERNEL_WINDOW_LAST)
		*ret = (registers.ip - KERNEL_WINDOW_FIRST) / KERNEL_ALIGN;
	dill_error_free(error);
	return NULL;
}

struct dill_error *image_probe_base(struct target *target, struct image *ret)
{
	unsigned holes = 0, holes_max = 0; /* code has none */
	size_t step, first;

	TRY(step_of_cpu(target, &step));
	if (step == PROBE_COUNT) {
		holes_max = PROBE_HOLES_MAX;
		TRY(probe_some(target, &step));
	}
	if (step == PROBE_COUNT)
		return no_image();
	first = step;
	while (step-- && holes <= holes_max) {
		bool mapped;

		TRY(probe(target, step, &mapped));
		holes = mapped ? 0 : holes + 1;
		if (mapped)
			first = step;
	}
	*ret = (struct image){.base = KERNEL_WINDOW_FIRST + first * KERNEL_ALIGN,
			      .size = KERNEL_ALIGN};
	return array_push(&ret->regions,
			  ((struct image_region){.first = ret->base, .size = KERNEL_ALIGN}));
}

void image_set_size(struct image *image, uint64_t size)
{
	image->size = image->regions.items[0].size = size;
}

struct dill_error *image_probe_size(struct target *target, struct image *image)
{
	size_t first = (image->base - KERNEL_WINDOW_FIRST) / KERNEL_ALIGN, end = first + 1;
	unsigned holes = 0;

	for (size_t step = end; step < PROBE_COUNT && holes <= PROBE_HOLES_MAX; step++) {
		bool mapped;

		TRY(probe(target, step, &mapped));
		holes = mapped ? 0 : holes + 1;
		if (mapped)
			end = step + 1;
	}
	image_set_size(image, (end - first) * KERNEL_ALIGN);
	return image->size < IMAGE_SIZE_MIN ? no_image() : NULL;
}

/** Where round trips cost and not bytes: all of the window at once. */
static struct dill_error *prefetch_window(struct target *target)
{
	uint64_t addresses[PROBE_COUNT];

	for (size_t i = 0; i < PROBE_COUNT; i++)
		addresses[i] = KERNEL_WINDOW_FIRST + i * KERNEL_ALIGN;
	return target_prefetch(target, DILL_SPACE_VIRTUAL, addresses, PROBE_COUNT);
}

struct dill_error *image_probe(struct target *target, struct image *ret)
{
	_cleanup_(image_deinitp)
	struct image image = {0};

	TRY(prefetch_window(target));
	TRY(image_probe_base(target, &image));
	TRY(image_probe_size(target, &image));
	*ret = image;
	image = (struct image){0};
	return NULL;
}

dill_phys image_phys(const struct image *image, dill_virt address)
{
	return address - image->base + image->regions.items[0].phys;
}

void image_deinit(struct image *image)
{
	array_free(&image->regions);
}
