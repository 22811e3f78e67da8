/* SPDX-License-Identifier: MIT */
/* kernel/kernel.h over an image: linked instead of lib_kernel. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "heap_image_build.h"

/* kernel/kernel.h knows its kernel by an opaque struct: here it is the image. */
struct kernel {
	struct image *image;
	struct memory_map map;
};

static struct kernel the_kernel;

struct kernel *image_kernel(struct image *image)
{
	the_kernel = (struct kernel){
		.image = image,
		.map = {IMAGE_BASE, IMAGE_VMEMMAP, IMAGE_PAGE_STRUCT,
			image->pages * (uint64_t)DILL_PAGE_SIZE, 0, DILL_PAGE_SIZE},
	};
	return &the_kernel;
}

struct dill_error *kernel_read(struct kernel *kernel, dill_virt address, void *buffer,
			       size_t length)
{
	const void *bytes = image_find(kernel->image, address, length);

	if (!bytes)
		return dill_error_new_fault(address, "cannot read %#lx", (unsigned long)address);
	memcpy(buffer, bytes, length);
	return NULL;
}

struct dill_error *kernel_read_u8(struct kernel *kernel, dill_virt address, uint8_t *ret)
{
	return kernel_read(kernel, address, ret, sizeof(*ret));
}

struct dill_error *kernel_read_u64(struct kernel *kernel, dill_virt address, uint64_t *ret)
{
	return kernel_read(kernel, address, ret, sizeof(*ret));
}

struct dill_error *kernel_read_u32(struct kernel *kernel, dill_virt address, uint32_t *ret)
{
	return kernel_read(kernel, address, ret, sizeof(*ret));
}

struct dill_error *kernel_read_string(struct kernel *kernel, dill_virt address, size_t limit,
				      char **ret)
{
	char *text = calloc(1, limit + 1);

	for (size_t i = 0; i < limit; i++) {
		struct dill_error *error = kernel_read(kernel, address + i, &text[i], 1);

		if (error) {
			free(text);
			return error;
		}
		if (!text[i])
			break;
	}
	*ret = text;
	return NULL;
}

struct dill_error *kernel_prefetch(struct kernel *kernel, const dill_virt *addresses, size_t count)
{
	(void)kernel, (void)addresses, (void)count;
	return NULL;
}

struct target *kernel_target(struct kernel *kernel)
{
	(void)kernel;
	return NULL;
}

const void *kernel_map(struct kernel *kernel, dill_virt address, size_t length)
{
	(void)kernel;
	(void)address;
	(void)length;
	return NULL;
}

void target_trim(const struct target *target)
{
	(void)target;
}

bool target_is_slow(const struct target *target)
{
	(void)target;
	return false;
}

bool target_moves(const struct target *target)
{
	(void)target;
	return the_kernel.image->motion.moves;
}

void kernel_forget(struct kernel *kernel)
{
	struct image_motion *motion = &the_kernel.image->motion;

	(void)kernel;
	if (++motion->invalidated == motion->heals_after)
		image_set_u64(the_kernel.image, motion->address, motion->value);
}

struct dill_error *target_check_interrupt(const struct target *target)
{
	(void)target;
	the_kernel.image->asked++;
	return NULL;
}

const struct memory_map *kernel_memory_map(struct kernel *kernel)
{
	return &kernel->map;
}

bool kernel_is_page_struct(struct kernel *kernel, dill_virt page)
{
	return page >= IMAGE_VMEMMAP && (page - IMAGE_VMEMMAP) % IMAGE_PAGE_STRUCT == 0 &&
	       (page - IMAGE_VMEMMAP) / IMAGE_PAGE_STRUCT < kernel->image->pages;
}

dill_virt kernel_page_to_virt(struct kernel *kernel, dill_virt page)
{
	(void)kernel;
	return IMAGE_BASE + (page - IMAGE_VMEMMAP) / IMAGE_PAGE_STRUCT * DILL_PAGE_SIZE;
}

bool kernel_page_nodes_known(struct kernel *kernel)
{
	(void)kernel;
	return true;
}

unsigned kernel_page_flags_node(struct kernel *kernel, uint64_t flags)
{
	(void)kernel;
	return (unsigned)flags; /* IMAGE_RESERVED is above */
}

struct dill_error *kernel_virt_to_page(struct kernel *kernel, dill_virt address, dill_virt *ret)
{
	if (address < IMAGE_BASE ||
	    address - IMAGE_BASE >= kernel->image->pages * (uint64_t)DILL_PAGE_SIZE)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "not in the image");
	*ret = IMAGE_VMEMMAP + (address - IMAGE_BASE) / DILL_PAGE_SIZE * IMAGE_PAGE_STRUCT;
	return NULL;
}

/* All slabs of an image have one page. */
struct dill_error *kernel_page_head(struct kernel *kernel, dill_virt page, dill_virt *ret)
{
	(void)kernel;
	*ret = page;
	return NULL;
}

struct dill_error *kernel_translate(struct kernel *kernel, dill_virt address, struct mapping *ret)
{
	(void)ret;
	if (image_find(kernel->image, address, 1))
		return NULL;
	return dill_error_new_fault(address, "nothing is mapped at 0x%lx", (unsigned long)address);
}

/* Struct pages are mapped where the image has them; physical addresses are of no consequence. */
struct dill_error *kernel_mapped_runs(struct kernel *kernel, dill_virt first, dill_virt last,
				      struct dill_error *(*visit)(void *context,
								  const struct mapping_run *run),
				      void *context)
{
	struct mapping_run run = {
		.first = IMAGE_VMEMMAP,
		.size = kernel->image->pages * (uint64_t)IMAGE_PAGE_STRUCT,
		.phys = DILL_PAGE_SIZE,
	};

	assert(first == run.first && last == run.first + run.size - 1);
	return visit(context, &run);
}

struct dill_error *kernel_read_uncached(struct kernel *kernel, dill_virt address, void *buffer,
					size_t length)
{
	return kernel_read(kernel, address, buffer, length);
}

bool kernel_has_symbol(struct kernel *kernel, const char *name, dill_virt *ret)
{
	const struct image *image = kernel->image;

	for (size_t i = 0; i < sizeof(image->symbols) / sizeof(*image->symbols); i++) {
		if (!image->symbols[i].name || strcmp(image->symbols[i].name, name) != 0)
			continue;
		if (ret)
			*ret = image->symbols[i].address;
		return true;
	}
	return false;
}

uint64_t kernel_symbol_room(struct kernel *kernel, dill_virt address)
{
	const struct image *image = kernel->image;
	uint64_t room = 0;

	for (size_t i = 0; i < sizeof(image->symbols) / sizeof(*image->symbols); i++) {
		uint64_t distance = image->symbols[i].address - address;

		if (image->symbols[i].name && image->symbols[i].address > address &&
		    (!room || distance < room))
			room = distance;
	}
	return room;
}

struct dill_error *kernel_symbol_at(struct kernel *kernel, dill_virt address, struct symbol *ret)
{
	(void)kernel, (void)ret;
	return dill_error_new(DILL_ERROR_NOT_FOUND, "0x%lx is in no function",
			      (unsigned long)address);
}

struct dill_error *kernel_cpu_inside(struct kernel *kernel, unsigned cpu,
				     const char *const *functions, bool *ret)
{
	(void)functions;
	*ret = kernel->image->inside_allocator >> cpu & 1;
	return NULL;
}

struct dill_error *kernel_cpu_masked(struct kernel *kernel, unsigned cpu, bool *ret)
{
	*ret = kernel->image->interrupts_off >> cpu & 1;
	return NULL;
}

uint64_t target_epoch(const struct target *target)
{
	(void)target;
	return 1;
}

unsigned kernel_cpu_limit(struct kernel *kernel)
{
	return kernel->image->cpus;
}

bool kernel_cpu_possible(struct kernel *kernel, unsigned cpu)
{
	return cpu < kernel->image->cpus;
}

bool kernel_cpu_online(struct kernel *kernel, unsigned cpu)
{
	return cpu < kernel->image->cpus;
}

bool kernel_node_limit_is_known(struct kernel *kernel)
{
	(void)kernel;
	return true;
}

void kernel_take_node_limit(struct kernel *kernel, unsigned limit)
{
	(void)kernel;
	(void)limit;
}

bool kernel_symbols_are_complete(const struct kernel *kernel)
{
	(void)kernel;
	return true;
}

struct dill_error *kernel_each_symbol(struct kernel *kernel, const char *prefix,
				      struct dill_error *(*visit)(void *context,
								  const struct symbol *symbol),
				      void *context)
{
	(void)kernel;
	(void)prefix;
	(void)visit;
	(void)context;
	return NULL;
}

bool kernel_has_symbols(const struct kernel *kernel)
{
	(void)kernel;
	return true;
}

struct dill_error *kernel_image_has_text(struct kernel *kernel, const char *text, bool *ret)
{
	(void)kernel;
	(void)text;
	*ret = false;
	return NULL;
}

void kernel_list_heads(const struct kernel *kernel, const dill_virt **ret, size_t *ret_count)
{
	(void)kernel;
	*ret = NULL;
	*ret_count = 0;
}

unsigned kernel_node_limit(struct kernel *kernel)
{
	return kernel->image->nodes;
}

/* Each CPU's area is one page at the end of memory, so the first byte of an area is at
 * IMAGE_PERCPU_BASE.
 */
dill_virt kernel_percpu_address(struct kernel *kernel, dill_virt pointer, unsigned cpu)
{
	return IMAGE_BASE + (kernel->image->pages - 1 - cpu) * (uint64_t)DILL_PAGE_SIZE +
	       (pointer - IMAGE_PERCPU_BASE);
}

struct dill_error *kernel_symbol(struct kernel *kernel, const char *name, dill_virt *ret)
{
	(void)name;
	*ret = kernel->image->heap.slab_caches;
	return NULL;
}

const char *kernel_types_file(const struct kernel *kernel)
{
	(void)kernel;
	return NULL;
}

struct dill_error *kernel_types(struct kernel *kernel, struct types **ret)
{
	(void)kernel, (void)ret;
	return dill_error_new(DILL_ERROR_NOT_FOUND, "the image has no types");
}
