/* SPDX-License-Identifier: MIT */
/* Finding the kernel in memory that came without registers. */
#include "kernel/search.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/state.h"
#include "kernel/vm.h"

/* Entries of a top table that lead to the image, and what is set in them: present, writable, no
 * page. Source: _KERNPG_TABLE in arch/x86/include/asm/pgtable_types.h */
#define TOP_ENTRY    511u
#define WINDOW_ENTRY 510u
#define ENTRY_BITS   UINT64_C(0x83)
#define ENTRY_VALUE  UINT64_C(0x03)

/* Top tables that are tried. Every process has one, and one more with page-table isolation, which
 * shows no kernel; the first of all lies in the first MiB, for CPUs that are brought up. */
#define CANDIDATES_MAX 16384u
/* Pages between two questions whether the user wants to stop, and two times that the memory is
 * given back that looking at them costs. */
#define INTERRUPT_PAGES 4096u

#define BANNER "Linux version "
/* Most that is searched for the banner, in all images that seem to be there, and how much at once.
 * One image of the largest kernels is some 100 MiB. */
#define BANNER_MAX (UINT64_C(512) << 20)
#define CHUNK	   (UINT64_C(1) << 20)
/* What a release is long. Source: __NEW_UTS_LEN in include/uapi/linux/utsname.h */
#define RELEASE_MAX 64u

/* How VMCOREINFO begins, on a page of its own. Source: crash_save_vmcoreinfo_init() in
 * kernel/vmcore_info.c (kernel/crash_core.c before 6.9) */
#define INFO_BEGIN "OSRELEASE="
/* Memory that is searched for VMCOREINFO before page tables are, which are found sooner. */
#define INFO_BYTES (UINT64_C(4) << 30)
/* Entries of top tables that were followed; those of one kernel all have the same. */
#define FOLLOWED_MAX 1024u

/* --- by one table --- */

struct dill_error *kernel_try_root(struct kernel *kernel, dill_phys root, struct paging paging)
{
	vm_init(kernel, root, paging);
	TRY(image_find(&kernel->vm.tables, &kernel->image));
	kernel->facts.paging_levels = paging.levels;
	return NULL;
}

/* --- by the VMCOREINFO that came along --- */

/** Where VMCOREINFO says that the kernel's own top table is. */
static dill_phys root_of(const struct vmcoreinfo *info)
{
	return (info->tables - KERNEL_WINDOW_FIRST + info->phys_base) & X86_64_ADDRESS_MASK;
}

static struct dill_error *search_by_vmcoreinfo(struct kernel *kernel)
{
	struct span text = target_vmcoreinfo(kernel->target);
	struct vmcoreinfo info;

	vmcoreinfo_parse(text, &info);
	if (!info.has_tables)
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "no VMCOREINFO");
	kernel->facts.base_how = "page tables, by the target's VMCOREINFO";
	return kernel_try_root(kernel, root_of(&info), x86_64_paging(info.five_levels ? 5 : 4));
}

/* --- by what lies in memory --- */

/* What is looked for on each page. */
enum {
	BY_INFO = 1,	 /* VMCOREINFO */
	BY_TABLES = 2,	 /* page tables */
	MAPPED_ONLY = 4, /* pages that cost no more than a look */
};

struct search {
	struct kernel *kernel;
	unsigned how;
	uint64_t pages;	     /* looked at */
	uint64_t pages_max;  /* to be looked at; 0 = all */
	unsigned candidates; /* tried */
	uint64_t left;	     /* of BANNER_MAX */
	bool found;	     /* the banner of the image that is tried */
	bool first_only;     /* one kernel is enough */
	uint64_t followed[FOLLOWED_MAX];
	size_t followed_count;
	char release[RELEASE_MAX + 1]; /* of that banner */
	struct kernel_list *list;      /* found so far */
	uint8_t copy[DILL_PAGE_SIZE];
};

/* Borrow a page past the cache, which all of memory would run through; NULL when it is not there.
 */
static struct dill_error *look_at(struct search *search, dill_phys page, const uint8_t **ret)
{
	struct target *target = search->kernel->target;
	struct dill_error *error;

	*ret = target_map_phys(target, page, DILL_PAGE_SIZE);
	if (*ret)
		return NULL;
	error = target_read_uncached(target, DILL_SPACE_PHYSICAL, page, search->copy,
				     sizeof(search->copy));
	if (!error)
		*ret = search->copy;
	return error_forgive(error);
}

static uint64_t entry_of(const uint8_t *table, unsigned index)
{
	uint64_t entry;

	memcpy(&entry, table + index * sizeof(entry), sizeof(entry));
	return entry;
}

static bool leads_on(const uint8_t *table, unsigned index, dill_phys *ret)
{
	uint64_t entry = entry_of(table, index);

	*ret = entry & X86_64_ADDRESS_MASK;
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

/* Whether a top table leads where another one has led: both show the same kernel, or none. */
static bool is_followed(struct search *search, const uint8_t *table)
{
	uint64_t next = entry_of(table, TOP_ENTRY) & X86_64_ADDRESS_MASK;

	for (size_t i = 0; i < search->followed_count; i++)
		if (search->followed[i] == next)
			return true;
	if (search->followed_count < FOLLOWED_MAX)
		search->followed[search->followed_count++] = next;
	return false;
}

/* Keep the release, which ends at a space; what is not printed so is none. */
static void take_release(struct search *search, const uint8_t *banner, size_t size)
{
	size_t length = 0;

	while (length < RELEASE_MAX && length < size && banner[length] > ' ' &&
	       banner[length] < 0x7f)
		length++;
	memcpy(search->release, banner, length);
	search->release[length] = '\0';
}

/* Whether a part of the image holds the banner. Chunks overlap by its length. */
static struct dill_error *holds_banner(struct search *search, const struct image_region *region,
				       uint8_t *buffer)
{
	const size_t more = strlen(BANNER) + RELEASE_MAX;

	for (uint64_t at = 0; at < region->size && !search->found; at += CHUNK) {
		uint64_t rest = region->size - at;
		uint64_t size = rest < CHUNK + more ? rest : CHUNK + more;
		const uint8_t *banner;

		TRY(target_check_interrupt(search->kernel->target));
		if (search->left < size)
			return dill_error_new(DILL_ERROR_LIMIT,
					      "the page tables in memory map more than one "
					      "kernel could have, and none of it is one");
		search->left -= size;
		TRY(vm_read_lenient(search->kernel, region->first + at, buffer, size));
		banner = memmem(buffer, size, BANNER, strlen(BANNER));
		if (!banner)
			continue;
		search->found = true;
		banner += strlen(BANNER);
		take_release(search, banner, (size_t)(buffer + size - banner));
	}
	return NULL;
}

/* Tables of a kernel that is gone may lie around: its image is overwritten. */
static struct dill_error *check_image(struct search *search)
{
	const struct image *image = &search->kernel->image;
	_cleanup_(freep)
	uint8_t *buffer = malloc(CHUNK + strlen(BANNER) + RELEASE_MAX);

	if (!buffer)
		return error_no_memory();
	for (size_t i = 0; i < image->regions.count && !search->found; i++)
		TRY(holds_banner(search, &image->regions.items[i], buffer));
	return NULL;
}

/* Note the kernel whose image is there now, once. */
static struct dill_error *note(struct search *search, bool by_info)
{
	const struct kernel *kernel = search->kernel;
	struct kernel_found found = {
		.base = kernel->image.base,
		.phys = image_phys(&kernel->image, kernel->image.base),
		.root = kernel->vm.tables.root,
		.paging = kernel->vm.tables.paging,
		.by_info = by_info,
	};

	memcpy(found.release, search->release, sizeof(found.release));
	for (size_t i = 0; i < search->list->found.count; i++)
		if (search->list->found.items[i].base == found.base &&
		    search->list->found.items[i].phys == found.phys)
			return NULL;
	return array_push(&search->list->found, found);
}

static struct dill_error *try_levels(struct search *search, dill_phys page, unsigned levels,
				     bool by_info, bool *ret_found)
{
	struct kernel *kernel = search->kernel;
	struct dill_error *error = kernel_try_root(kernel, page, x86_64_paging(levels));

	*ret_found = false;
	if (error) {
		if (error_is_fatal(error))
			return error;
		dill_error_free(error);
		return NULL;
	}
	search->found = false;
	error = check_image(search);
	*ret_found = search->found;
	if (!error && search->found)
		error = note(search, by_info);
	image_deinit(&kernel->image);
	return error;
}

static struct dill_error *try_info(struct search *search, const uint8_t *page)
{
	struct vmcoreinfo info;
	const uint8_t *table;
	bool found;

	vmcoreinfo_parse((struct span){page, strnlen((const char *)page, DILL_PAGE_SIZE)}, &info);
	if (!info.has_tables)
		return NULL;
	TRY(look_at(search, root_of(&info), &table));
	if (!table || is_followed(search, table))
		return NULL;
	TRY(try_levels(search, root_of(&info), info.five_levels ? 5 : 4, true, &found));
	if (!found && search->followed_count) /* what the text says of them may be wrong */
		search->followed_count--;
	return NULL;
}

static struct dill_error *try_tables(struct search *search, dill_phys page, const uint8_t *bytes)
{
	uint8_t top[DILL_PAGE_SIZE];
	bool is_worth, found;

	if (!leads_on(bytes, TOP_ENTRY, &(dill_phys){0}))
		return NULL;
	memcpy(top, bytes, sizeof(top)); /* which looking at another page may overwrite */
	TRY(is_candidate(search, top, &is_worth));
	if (!is_worth || is_followed(search, top))
		return NULL;
	if (search->candidates++ >= CANDIDATES_MAX)
		return dill_error_new(DILL_ERROR_LIMIT,
				      "none of the first %u pages that look like page tables maps "
				      "a kernel",
				      CANDIDATES_MAX);
	TRY(try_levels(search, page, 4, false, &found));
	return found ? NULL : try_levels(search, page, 5, false, &found);
}

static struct dill_error *try_page(struct search *search, dill_phys page)
{
	struct target *target = search->kernel->target;
	const uint8_t *bytes;

	if (search->pages++ % INTERRUPT_PAGES == 0) {
		TRY(target_check_interrupt(target));
		target_trim(target);
	}
	if (search->how & MAPPED_ONLY)
		bytes = target_map_phys(target, page, DILL_PAGE_SIZE);
	else
		TRY(look_at(search, page, &bytes));
	if (!bytes)
		return NULL;
	if (search->how & BY_INFO && !memcmp(bytes, INFO_BEGIN, strlen(INFO_BEGIN)))
		return try_info(search, bytes);
	return search->how & BY_TABLES ? try_tables(search, page, bytes) : NULL;
}

static bool is_done(const struct search *search)
{
	return (search->first_only && search->list->found.count) ||
	       (search->pages_max && search->pages >= search->pages_max);
}

static struct dill_error *search_range(struct search *search, dill_phys first, uint64_t size)
{
	dill_phys page = (first + DILL_PAGE_SIZE - 1) & X86_64_ADDRESS_MASK;
	dill_phys end = first + size;

	for (; page < end && end - page >= DILL_PAGE_SIZE && !is_done(search);
	     page += DILL_PAGE_SIZE)
		TRY(try_page(search, page));
	return NULL;
}

static struct dill_error *search_memory(struct search *search)
{
	dill_phys first, from = 0;
	uint64_t size;

	search->pages = 0;
	while (!is_done(search) && target_next_range(search->kernel->target, from, &first, &size)) {
		TRY(search_range(search, first, size));
		from = first + size;
	}
	return NULL;
}

static struct dill_error *search_new(struct kernel *kernel, struct kernel_list *list,
				     struct search **ret)
{
	struct search *search = calloc(1, sizeof(*search));

	if (!search)
		return error_no_memory();
	search->kernel = kernel;
	search->left = BANNER_MAX;
	search->list = list;
	*ret = search;
	return NULL;
}

static struct dill_error *forgive_limit(struct dill_error *error, bool *ret_is_cut)
{
	if (!error || dill_error_code(error) != DILL_ERROR_LIMIT)
		return error;
	dill_error_free(error);
	*ret_is_cut = true;
	return NULL;
}

/* VMCOREINFO first, which says most, where all of memory can be looked at: but of several kernels
 * the one whose page tables come first. */
static struct dill_error *search_first(struct search *search)
{
	bool is_cut = false;
	size_t found;

	search->how = BY_INFO | MAPPED_ONLY;
	search->pages_max = INFO_BYTES / DILL_PAGE_SIZE;
	TRY(forgive_limit(search_memory(search), &is_cut));
	found = search->list->found.count;
	if (found == 1 && !is_cut)
		return NULL;
	array_free(&search->list->found);
	search->left = BANNER_MAX;
	search->followed_count = 0;
	search->first_only = true;
	search->pages_max = 0;
	search->how = found ? BY_TABLES : BY_INFO | BY_TABLES;
	return search_memory(search);
}

struct dill_error *kernel_search(struct kernel *kernel)
{
	struct dill_error *error = NULL;
	_cleanup_(kernel_list_deinit)
	struct kernel_list list = {0};
	_cleanup_(freep)
	struct search *search = NULL;

	if (kernel->arch != &arch_x86_64)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "without registers, kernels of %s are not found",
				      kernel->arch->name);
	error = search_by_vmcoreinfo(kernel);
	if (!error || error_is_fatal(error))
		return error;
	dill_error_free(error);
	TRY(search_new(kernel, &list, &search));
	TRY(search_first(search));
	if (list.found.count)
		return kernel_use_found(kernel, &list.found.items[0]);
	if (!search->pages)
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "memory cannot be searched");
	return dill_error_new(DILL_ERROR_NOT_FOUND,
			      "%s has %" PRIu64 " pages, and none of them is a page table that "
			      "maps one for x86-64",
			      target_describe(kernel->target), search->pages);
}

struct dill_error *kernel_use_found(struct kernel *kernel, const struct kernel_found *found)
{
	kernel->facts.base_how = found->by_info
					 ? "page tables, by a VMCOREINFO found in physical memory"
					 : "page tables, found in physical memory";
	return kernel_try_root(kernel, found->root, found->paging);
}

/* --- all kernels --- */

static int compare(const void *a, const void *b)
{
	const struct kernel_found *one = a, *other = b;

	return one->phys < other->phys ? -1 : one->phys > other->phys;
}

struct dill_error *kernels_find(struct target *target, uint64_t limit, struct kernel_list *ret)
{
	_cleanup_(freep)
	struct kernel *scratch = calloc(1, sizeof(*scratch));
	_cleanup_(freep)
	struct search *search = NULL;
	struct dill_error *error;

	if (!scratch)
		return error_no_memory();
	scratch->target = target;
	TRY(search_new(scratch, ret, &search));
	search->how = BY_INFO | BY_TABLES;
	search->pages_max = limit / DILL_PAGE_SIZE;
	error = forgive_limit(search_memory(search), &ret->is_cut);
	ret->is_cut |= search->pages_max && search->pages >= search->pages_max;
	if (ret->found.count)
		qsort(ret->found.items, ret->found.count, sizeof(*ret->found.items), compare);
	return error;
}

void kernel_list_deinit(struct kernel_list *list)
{
	array_free(&list->found);
}
