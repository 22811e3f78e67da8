/* SPDX-License-Identifier: MIT */
/* What a solver asks of a kernel beside what heap_kernel.c has. The kernel's image has a type of
 * its own there. */
#include "solve_kernel.h"

#include "kernel/image.h"
#include "kernel/kernel.h"
#include "kernel/page.h"
#include "kernel/state.h"

static struct image_region code = {
	.first = SOLVE_IMAGE_CODE, .size = 1 << 20, .executable = true, .known = true};
static const struct image code_image = {
	.base = SOLVE_IMAGE_CODE, .size = 1 << 20, .regions = {&code, 1, 1}};

const struct image *kernel_image(struct kernel *kernel)
{
	(void)kernel;
	return &code_image;
}

/* The image's never changes. */
void kernel_take_memory_map(struct kernel *kernel, dill_virt vmemmap, uint64_t page_struct_size)
{
	(void)kernel, (void)vmemmap, (void)page_struct_size;
}
