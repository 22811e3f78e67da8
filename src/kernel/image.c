/* SPDX-License-Identifier: MIT */
#include "kernel/image.h"

/** Less than any kernel with an allocator, more than the entry text that page-table isolation shows
 * to user mode. */
#define IMAGE_SIZE_MIN (UINT64_C(4) << 20)
/** Most runs that are looked at; a kernel has some ten, debug options split pages. */
#define IMAGE_REGIONS_MAX 65536u

struct search {
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

	if (!image->regions.count) {
		if (run->first % KERNEL_ALIGN)
			return NULL;
		image->base = run->first;
	} else if (run->first - run->phys != image->base - image->regions.items[0].phys) {
		return NULL;
	}
	if (image->regions.count >= IMAGE_REGIONS_MAX)
		return dill_error_new(DILL_ERROR_LIMIT, "the image has more than %u parts",
				      IMAGE_REGIONS_MAX);
	image->size = run->first + run->size - image->base;
	search->mapped += run->size;
	return array_push(&image->regions, region);
}

struct dill_error *image_find(const struct pagetable *tables, struct image *ret)
{
	struct search search = {0};
	struct dill_error *error =
		pagetable_runs(tables, KERNEL_WINDOW_FIRST, KERNEL_WINDOW_LAST, visit_run, &search);

	if (!error && search.mapped < IMAGE_SIZE_MIN)
		error = dill_error_new(DILL_ERROR_NOT_FOUND,
				       "the page tables map no kernel image: not Linux for x86-64, "
				       "or not yet booted");
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

struct dill_error *image_probe(struct memory *memory, struct image *ret)
{
	uint64_t addresses[PROBE_COUNT];
	struct image_region region = {0};
	unsigned holes = 0;

	for (size_t i = 0; i < PROBE_COUNT; i++)
		addresses[i] = KERNEL_WINDOW_FIRST + i * KERNEL_ALIGN;
	TRY(memory_prefetch(memory, DILL_SPACE_VIRTUAL, addresses, PROBE_COUNT));
	for (size_t i = 0; i < PROBE_COUNT && holes <= PROBE_HOLES_MAX; i++) {
		const uint8_t *page;
		struct dill_error *error =
			memory_page(memory, DILL_SPACE_VIRTUAL, addresses[i], &page);

		if (error && error_is_fatal(error))
			return error;
		if (!error) {
			if (!region.size)
				region.first = addresses[i];
			region.size = addresses[i] + KERNEL_ALIGN - region.first;
			holes = 0;
		} else if (region.size) {
			holes++;
		}
		dill_error_free(error);
	}
	if (region.size < IMAGE_SIZE_MIN)
		return dill_error_new(DILL_ERROR_NOT_FOUND,
				      "no kernel image is visible at its usual addresses: not "
				      "Linux for x86-64, not yet booted, or stopped in user mode "
				      "with page-table isolation");
	*ret = (struct image){.base = region.first, .size = region.size};
	return array_push(&ret->regions, region);
}

dill_phys image_phys(const struct image *image, dill_virt address)
{
	return address - image->base + image->regions.items[0].phys;
}

void image_deinit(struct image *image)
{
	array_free(&image->regions);
}
