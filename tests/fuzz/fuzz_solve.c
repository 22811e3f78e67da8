/* SPDX-License-Identifier: MIT */
/*
 * The solver with the fuzzer as the one who corrupts: the first byte of the input chooses what CPUs
 * have, the rest is a list of patches (12 bytes: where, what) that are written into a heap whose
 * layout can be solved. Whatever they do, the solver ends, stays in bounds, and what it found lies
 * in its struct. A single patch makes it find nothing at a wrong place.
 */
#include <stdlib.h>

#include "solve/solution.h"
#include "solve_image.h"

#define PATCH_BYTES 12u
/* No struct of the heap is larger. */
#define STRUCT_MAX 0x1000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct image *image, struct solution *solution, bool is_single)
{
	const char *wrong;

	for (size_t i = 0; i < solution->count; i++) {
		const struct solved *item = &solution->items[i];

		if (item->good > item->all ||
		    (item->member.present && (item->member.offset >= STRUCT_MAX || !item->good ||
					      item->good * 100 < item->all * SOLVE_PERCENT)))
			abort();
	}
	if (is_single && solve_image_count_wrong(image, solution, &wrong))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image image;
	struct solution *solution = NULL;
	struct dill_error *error;

	if (!size)
		return 0;
	solve_image_init(&image, *data % 2 ? SOLVE_IMAGE_SHEAVES : SOLVE_IMAGE_CPU_SLABS);
	image_patch(&image, (struct span){data + 1, size - 1});
	error = solve_heap(image.heap.kernel, &solution);
	if (!error)
		check(&image, solution, size < 1 + 2 * PATCH_BYTES);
	dill_error_free(error);
	free(solution);
	image_deinit(&image);
	return 0;
}
