/* SPDX-License-Identifier: MIT */
#include "slub/page_walk.h"

#include <inttypes.h>

#include "kernel/pagetable.h"
#include "slub/frame_set.h"

/* Bytes of struct pages that are read at a time. */
#define RUN_BYTES ((uint64_t)1 << 20)
/* What sizeof(struct page) can be, whatever a kernel is configured with. */
#define STEP_MIN 32u
#define STEP_MAX 512u
/* Pages of struct pages, of 1 TiB of memory: so many unreadable ones are no memory, but a forged
 * table. */
#define UNREADABLE_MAX ((size_t)1 << 22)

struct walker {
	struct heap *heap;
	page_visitor visit;
	void *context;
	uint64_t step, grid; /* sizeof(struct page); a multiple of it and of a page */
	dill_virt vmemmap;
	bool paged;	       /* physical addresses are known */
	struct frame_set read; /* physical pages that were read or tried */
	size_t failures;
	uint8_t *buffer; /* of grid bytes */
	struct page_walk *ret;
};

/* The struct pages that lie whole in the @p size bytes from @p first on, which are in the buffer.
 */
static struct dill_error *visit(struct walker *walker, dill_virt first, uint64_t size)
{
	uint64_t before = (first - walker->vmemmap) % walker->step;
	uint64_t skip = before ? walker->step - before : 0;

	if (size < skip + walker->step)
		return NULL;
	size = (size - skip) / walker->step * walker->step;
	walker->ret->seen += size / walker->step;
	return walker->visit(walker->context, first + skip, walker->buffer + skip, (size_t)size);
}

/* A page that cannot be read: left out of a dump, or forged. */
static void note_failure(struct walker *walker, uint64_t size)
{
	if (walker->paged) /* else it is not even known to be mapped */
		walker->ret->unreadable += size / walker->step;
	walker->ret->cut = ++walker->failures >= UNREADABLE_MAX;
}

/* Try to read; *ret_ok tells whether the bytes are in the buffer. */
static struct dill_error *read_part(struct walker *walker, dill_virt first, uint64_t size,
				    bool *ret_ok)
{
	struct dill_error *error =
		kernel_read_uncached(walker->heap->kernel, first, walker->buffer, (size_t)size);

	*ret_ok = !error;
	return error_forgive(error);
}

/* Page by page, without those that were read before. */
static struct dill_error *walk_pages(struct walker *walker, const struct mapping_run *run)
{
	for (uint64_t at = 0; at < run->size && !walker->ret->cut; at += DILL_PAGE_SIZE) {
		uint64_t size = run->size - at < DILL_PAGE_SIZE ? run->size - at : DILL_PAGE_SIZE;
		bool ok;

		if (walker->paged && frame_set_has_any(&walker->read, run->phys + at, 1))
			continue;
		if (walker->paged)
			TRY(frame_set_add(&walker->read, run->phys + at, 1));
		TRY(read_part(walker, run->first + at, size, &ok));
		if (ok)
			TRY(visit(walker, run->first + at, size));
		else
			note_failure(walker, size);
	}
	return NULL;
}

/* A part of a run that the buffer holds. */
static struct dill_error *walk_part(struct walker *walker, const struct mapping_run *part)
{
	size_t pages = (size_t)((part->size + DILL_PAGE_SIZE - 1) / DILL_PAGE_SIZE);
	bool ok;

	TRY(target_check_interrupt(kernel_target(walker->heap->kernel)));
	if (walker->paged && frame_set_has_any(&walker->read, part->phys, pages))
		return walk_pages(walker, part);
	TRY(read_part(walker, part->first, part->size, &ok));
	if (!ok)
		return walk_pages(walker, part);
	if (walker->paged)
		TRY(frame_set_add(&walker->read, part->phys, pages));
	return visit(walker, part->first, part->size);
}

/* Neighbouring pages with neighbouring physical addresses, if these are known. */
static struct dill_error *walk_run(void *context, const struct mapping_run *run)
{
	struct walker *walker = context;

	for (uint64_t at = 0; at < run->size && !walker->ret->cut;) {
		dill_virt first = run->first + at;
		uint64_t left = run->size - at;
		uint64_t size = walker->grid - (first - walker->vmemmap) % walker->grid;
		struct mapping_run part = {
			.first = first,
			.size = size < left ? size : left,
			.phys = run->phys + at,
		};

		TRY(walk_part(walker, &part));
		at += part.size;
	}
	return NULL;
}

static struct dill_error *walk_all(struct walker *walker, const struct memory_map *map)
{
	uint64_t first = map->first / map->page_size, end = map->direct_size / map->page_size;
	struct mapping_run all = {.first = walker->vmemmap + first * walker->step};
	struct dill_error *error;

	if (end <= first)
		return NULL;
	all.size = (end - first) * walker->step;
	error = kernel_mapped_runs(walker->heap->kernel, all.first, all.first + (all.size - 1),
				   walk_run, walker);
	if (!error)
		return NULL;
	if (dill_error_code(error) == DILL_ERROR_UNSUPPORTED) { /* no page tables of its own */
		dill_error_free(error);
		walker->paged = false;
		return walk_run(walker, &all);
	}
	if (dill_error_code(error) != DILL_ERROR_LIMIT)
		return dill_error_add_context(error, "the array of struct pages");
	dill_error_free(error);
	walker->ret->cut = true;
	return NULL;
}

/* The smallest multiple of both; steps are multiples of some power of two. */
static uint64_t least_multiple(uint64_t step, uint64_t page)
{
	while (step % 2 == 0 && page > 1) {
		step /= 2;
		page /= 2;
	}
	return step * DILL_PAGE_SIZE;
}

struct dill_error *pages_walk(struct heap *heap, page_visitor visit_pages, void *context,
			      struct page_walk *ret)
{
	const struct memory_map *map = kernel_memory_map(heap->kernel);
	struct walker walker = {
		.heap = heap,
		.visit = visit_pages,
		.context = context,
		.step = map->page_struct_size,
		.vmemmap = map->vmemmap,
		.paged = true,
		.ret = ret,
	};
	struct dill_error *error;

	*ret = (struct page_walk){0};
	if (walker.step < STEP_MIN || walker.step > STEP_MAX || walker.vmemmap % DILL_PAGE_SIZE)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "the array of struct pages is not known: 0x%" PRIx64
				      ", each %lu bytes large",
				      walker.vmemmap, (unsigned long)walker.step);
	walker.grid = least_multiple(walker.step, DILL_PAGE_SIZE);
	walker.grid *= walker.grid < RUN_BYTES ? RUN_BYTES / walker.grid : 1;
	walker.buffer = malloc(walker.grid);
	error = walker.buffer ? walk_all(&walker, map) : error_no_memory();
	free(walker.buffer);
	frame_set_deinit(&walker.read);
	return error;
}
