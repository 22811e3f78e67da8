/* SPDX-License-Identifier: MIT */
/* Finding the kernel in memory that came without registers. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/state.h"

/* Entries of a top table that lead to the image, and what is set in them: present, writable, no
 * page. Source: _KERNPG_TABLE in arch/x86/include/asm/pgtable_types.h */
#define TOP_ENTRY    511u
#define WINDOW_ENTRY 510u
#define ENTRY_BITS   UINT64_C(0x83)
#define ENTRY_VALUE  UINT64_C(0x03)

/* Top tables that are tried. Every process has one, and one more with page-table isolation, which
 * shows no kernel; the first of all lies in the first MiB, for CPUs that are brought up. */
#define CANDIDATES_MAX 16384u
/* Pages between two questions whether the user wants to stop. */
#define INTERRUPT_PAGES 4096u

#define BANNER "Linux version "
/* Most that is searched for the banner, in all images that seem to be there, and how much at once.
 * One image of the largest kernels is some 100 MiB. */
#define BANNER_MAX (UINT64_C(512) << 20)
#define CHUNK	   (UINT64_C(1) << 20)

/* --- by VMCOREINFO --- */

static struct dill_error *search_by_vmcoreinfo(struct kernel *kernel)
{
	struct span text = memory_vmcoreinfo(kernel->memory);
	struct vmcoreinfo info;

	vmcoreinfo_parse(text, &info);
	if (!info.has_tables)
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "no VMCOREINFO");
	kernel->facts.base_how = "page tables, by the target's VMCOREINFO";
	return kernel_try_root(kernel,
			       (info.tables - KERNEL_WINDOW_FIRST + info.phys_base) &
				       PAGETABLE_ADDRESS_MASK,
			       info.five_levels ? 5 : 4);
}

/* --- by what lies in memory --- */

struct search {
	struct kernel *kernel;
	uint64_t pages;	     /* looked at */
	unsigned candidates; /* tried */
	uint64_t left;	     /* of BANNER_MAX */
	bool found;
	uint8_t copy[DILL_PAGE_SIZE];
};

/* Borrow a page past the cache, which all of memory would run through; NULL when it is not there.
 */
static struct dill_error *look_at(struct search *search, dill_phys page, const uint8_t **ret)
{
	struct memory *memory = search->kernel->memory;
	struct dill_error *error;

	*ret = memory_map_phys(memory, page, DILL_PAGE_SIZE);
	if (*ret)
		return NULL;
	error = memory_read_uncached(memory, DILL_SPACE_PHYSICAL, page, search->copy,
				     sizeof(search->copy));
	if (!error)
		*ret = search->copy;
	if (error && error_is_fatal(error))
		return error;
	dill_error_free(error);
	return NULL;
}

static bool leads_on(const uint8_t *table, unsigned index, dill_phys *ret)
{
	uint64_t entry;

	memcpy(&entry, table + index * sizeof(entry), sizeof(entry));
	*ret = entry & PAGETABLE_ADDRESS_MASK;
	return (entry & ENTRY_BITS) == ENTRY_VALUE && *ret;
}

/* Whether two tables follow that could lead to the kernel's window; most pages do not look so. */
static struct dill_error *is_candidate(struct search *search, const uint8_t *page, bool *ret)
{
	dill_phys next;
	const uint8_t *table;

	*ret = false;
	if (!leads_on(page, TOP_ENTRY, &next))
		return NULL;
	TRY(look_at(search, next, &table));
	*ret = table && (leads_on(table, WINDOW_ENTRY, &next) || leads_on(table, TOP_ENTRY, &next));
	return NULL;
}

/* Whether a part of the image holds the banner. Chunks overlap by its length. */
static struct dill_error *holds_banner(struct search *search, const struct image_region *region,
				       uint8_t *buffer)
{
	for (uint64_t at = 0; at < region->size && !search->found; at += CHUNK) {
		uint64_t rest = region->size - at;
		uint64_t size = rest < CHUNK + strlen(BANNER) ? rest : CHUNK + strlen(BANNER);

		TRY(memory_check_interrupt(search->kernel->memory));
		if (search->left < size)
			return dill_error_new(DILL_ERROR_LIMIT,
					      "the page tables in memory map more than one "
					      "kernel could have, and none of it is one");
		search->left -= size;
		TRY(vm_read_lenient(search->kernel, region->first + at, buffer, size));
		search->found = memmem(buffer, size, BANNER, strlen(BANNER));
	}
	return NULL;
}

/* Tables of a kernel that is gone may lie around: its image is overwritten. */
static struct dill_error *check_image(struct search *search)
{
	const struct image *image = &search->kernel->image;
	_cleanup_(freep)
	uint8_t *buffer = malloc(CHUNK + strlen(BANNER));

	if (!buffer)
		return error_no_memory();
	for (size_t i = 0; i < image->regions.count && !search->found; i++)
		TRY(holds_banner(search, &image->regions.items[i], buffer));
	return NULL;
}

static struct dill_error *try_levels(struct search *search, dill_phys page, unsigned levels)
{
	struct kernel *kernel = search->kernel;
	struct dill_error *error = kernel_try_root(kernel, page, levels);

	if (error) {
		if (error_is_fatal(error))
			return error;
		dill_error_free(error);
		return NULL;
	}
	TRY(check_image(search));
	if (!search->found)
		image_deinit(&kernel->image);
	return NULL;
}

static struct dill_error *try_page(struct search *search, dill_phys page)
{
	const uint8_t *bytes;
	bool is_worth;

	if (search->pages++ % INTERRUPT_PAGES == 0)
		TRY(memory_check_interrupt(search->kernel->memory));
	TRY(look_at(search, page, &bytes));
	if (!bytes)
		return NULL;
	TRY(is_candidate(search, bytes, &is_worth));
	if (!is_worth)
		return NULL;
	if (search->candidates++ >= CANDIDATES_MAX)
		return dill_error_new(DILL_ERROR_LIMIT,
				      "none of the first %u pages that look like page tables maps "
				      "a kernel",
				      CANDIDATES_MAX);
	TRY(try_levels(search, page, 4));
	return search->found ? NULL : try_levels(search, page, 5);
}

static struct dill_error *search_memory(struct search *search)
{
	struct memory *memory = search->kernel->memory;
	dill_phys first, from = 0;
	uint64_t size;

	while (memory_next_range(memory, from, &first, &size)) {
		dill_phys page = (first + DILL_PAGE_SIZE - 1) & PAGETABLE_ADDRESS_MASK;

		from = first + size;
		for (; page < from && from - page >= DILL_PAGE_SIZE; page += DILL_PAGE_SIZE) {
			TRY(try_page(search, page));
			if (search->found)
				return NULL;
		}
	}
	if (!search->pages)
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "memory cannot be searched");
	return dill_error_new(DILL_ERROR_NOT_FOUND,
			      "%s has %" PRIu64 " pages, and none of them is a page table that "
			      "maps one for x86-64",
			      memory_describe(memory), search->pages);
}

struct dill_error *kernel_search(struct kernel *kernel)
{
	struct dill_error *error = search_by_vmcoreinfo(kernel);
	_cleanup_(freep)
	struct search *search = NULL;

	if (!error || error_is_fatal(error))
		return error;
	dill_error_free(error);
	search = calloc(1, sizeof(*search));
	if (!search)
		return error_no_memory();
	search->kernel = kernel;
	search->left = BANNER_MAX;
	kernel->facts.base_how = "page tables, found in physical memory";
	return search_memory(search);
}
