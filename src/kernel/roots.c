/* SPDX-License-Identifier: MIT */
#include "kernel/roots.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/direct_map.h"
#include "kernel/roots_cpus.h"
#include "kernel/state.h"
#include "kernel/vm.h"

#define BANNER	   "Linux version "
#define IDLE_NAME  "swapper"
#define BTF_BEGIN  0x0001eb9fu /* magic, version 1, no flags: include/uapi/linux/btf.h */
#define BTF_HEADER 24u
#define BTF_MAX	   (UINT64_C(64) << 20)
/* A part of the image that is larger than any kernel is looked at up to here. */
#define PART_MAX (UINT64_C(128) << 20)
/* Most of each kind that is kept: an image has some ten, and thousands of pairs of pointers. */
#define KEPT_MAX  4096u
#define PAIRS_MAX (1u << 20)
/* Of a top table, the entries of the kernel's half, and what of an entry is compared. */
#define KERNEL_HALF 256u
#define ENTRY_MASK  (X86_64_ADDRESS_MASK | 1)

/* Two pointers that follow each other, the first into the direct map. */
struct pair {
	dill_virt at, next, prev;
};

struct scan {
	struct kernel *kernel;
	struct roots *roots;
	uint64_t top[PAGETABLE_ENTRIES]; /* the top table in use; zeros when there is none */
	ARRAY(struct pair) pairs;
};

/* A part of the image as it is looked at. */
struct part {
	dill_virt first;
	const uint8_t *bytes;
	size_t size;
	uint8_t *owned;
};

static void part_deinit(struct part *part)
{
	free(part->owned);
}

static struct dill_error *part_read(struct kernel *kernel, const struct image_region *region,
				    struct part *ret)
{
	size_t size = region->size < PART_MAX ? region->size : PART_MAX;

	*ret = (struct part){.first = region->first, .size = size};
	ret->bytes = kernel_map(kernel, region->first, size);
	if (ret->bytes)
		return NULL;
	ret->bytes = ret->owned = malloc(size);
	if (!ret->owned)
		return error_no_memory();
	return vm_read_lenient(kernel, region->first, ret->owned, size);
}

static uint64_t word_at(const struct part *part, size_t at)
{
	uint64_t word;

	memcpy(&word, part->bytes + at, sizeof(word));
	return word;
}

static bool is_direct(const struct scan *scan, uint64_t value)
{
	return value - scan->roots->map.page_offset < scan->roots->map.direct_size;
}

static bool is_in_image(const struct scan *scan, uint64_t value)
{
	return value - scan->kernel->image.base < scan->kernel->image.size;
}

/* --- texts --- */

/* Bytes of linux_banner, which ends with its line; copies of it in the kernel's log do not. 0: it
 * is none. */
static size_t banner_length(const uint8_t *text, size_t left)
{
	size_t end = strlen(BANNER), most = left < IDENTITY_SIZE ? left : IDENTITY_SIZE;

	if (end >= most || text[end] < '0' || text[end] > '9')
		return 0;
	while (end < most && text[end] >= ' ')
		end++;
	return end + 1 < most && text[end] == '\n' && !text[end + 1] ? end : 0;
}

/* Since 6.2 there is another one, which was linked before the number of the build was known: "#
 * SMP" instead of "#1 SMP". Source: init/version.c, init/version-timestamp.c */
static bool has_number(const uint8_t *text, size_t length)
{
	return memmem(text, length, "#", 1) && !memmem(text, length, "# ", 2);
}

static void find_banner(struct scan *scan, const struct part *part)
{
	const uint8_t *end = part->bytes + part->size, *at = part->bytes;

	while (!scan->roots->banner_is_whole &&
	       (at = memmem(at, (size_t)(end - at), BANNER, strlen(BANNER)))) {
		size_t length = banner_length(at, (size_t)(end - at));

		scan->roots->banner_is_whole = has_number(at, length);
		if (length && (!scan->roots->banner || scan->roots->banner_is_whole))
			scan->roots->banner = part->first + (dill_virt)(at - part->bytes);
		at++;
	}
}

static void find_btf(struct scan *scan, const struct part *part, size_t at)
{
	struct span bytes = {part->bytes, part->size};
	uint32_t header = span_u32(bytes, at + 4);
	uint64_t types = span_u32(bytes, at + 12), texts = span_u32(bytes, at + 20);
	uint64_t size = header + (uint64_t)span_u32(bytes, at + 16) + texts;

	if (header >= BTF_HEADER && header <= 4 * BTF_HEADER && !span_u32(bytes, at + 8) && types &&
	    texts && span_u32(bytes, at + 16) >= types && size <= BTF_MAX &&
	    span_holds(bytes, at, size) && size > scan->roots->btf_size) {
		scan->roots->btf = part->first + at;
		scan->roots->btf_size = size;
	}
}

static struct dill_error *find_constants(struct scan *scan, const struct part *part)
{
	find_banner(scan, part);
	for (size_t at = 0; at + 8 <= part->size; at += 8)
		if ((uint32_t)word_at(part, at) == BTF_BEGIN)
			find_btf(scan, part, at);
	return NULL;
}

/* --- page tables --- */

static void read_top(struct scan *scan)
{
	const struct pagetable *tables = &scan->kernel->vm.tables;
	const uint8_t *bytes;
	struct dill_error *error;

	if (!scan->kernel->vm.paged)
		return;
	error = tables->read(tables->context, tables->root, &bytes);
	if (!error)
		memcpy(scan->top, bytes, sizeof(scan->top));
	dill_error_free(error);
}

/* The kernel's own top table, from which all others have their upper half. */
static bool is_own_table(const struct scan *scan, const struct part *part, size_t page)
{
	const size_t last = PAGETABLE_ENTRIES - 1;

	if (!(scan->top[last] & 1))
		return false;
	for (size_t i = last; i >= KERNEL_HALF; i--)
		if ((i == last || scan->top[i] & 1) &&
		    (word_at(part, page + i * 8) & ENTRY_MASK) != (scan->top[i] & ENTRY_MASK))
			return false;
	return true;
}

/* --- pointers --- */

static struct dill_error *see_word(struct scan *scan, const struct part *part, size_t at)
{
	struct roots *roots = scan->roots;
	uint64_t word = word_at(part, at), last;

	if (!memcmp(part->bytes + at, IDLE_NAME, strlen(IDLE_NAME)) &&
	    roots->idle_names.count < KEPT_MAX)
		return array_push(&roots->idle_names, part->first + at);
	if (!is_direct(scan, word) || word % 8)
		return NULL;
	if (word % DILL_PAGE_SIZE == 0 && roots->pages.count < KEPT_MAX)
		TRY(array_push(&roots->pages, word));
	if (at + 16 > part->size || scan->pairs.count >= PAIRS_MAX)
		return NULL;
	/* The first one that was added may be a variable: SLAB's cache of caches. */
	last = word_at(part, at + 8);
	if (last % 8 || !(is_direct(scan, last) || is_in_image(scan, last)))
		return NULL;
	return array_push(&scan->pairs, ((struct pair){part->first + at, word, last}));
}

static struct dill_error *find_variables(struct scan *scan, const struct part *part)
{
	for (size_t at = 0; at + 8 <= part->size; at += 8) {
		TRY(see_word(scan, part, at));
		if ((part->first + at) % DILL_PAGE_SIZE == 0 && at + DILL_PAGE_SIZE <= part->size &&
		    !scan->roots->own_tables && is_own_table(scan, part, at))
			scan->roots->own_tables = part->first + at;
	}
	return NULL;
}

static bool leads_back(struct kernel *kernel, const struct pair *pair)
{
	uint64_t next = 0, prev = 0;
	struct dill_error *error = kernel_read_u64(kernel, pair->next + 8, &next);

	if (!error)
		error = kernel_read_u64(kernel, pair->prev, &prev);
	dill_error_free(error);
	return next == pair->at && prev == pair->at;
}

/* Pairs are looked up some at a time: together their pages would be more than the cache holds. */
#define TOGETHER 256u

static struct dill_error *check_pairs(struct scan *scan)
{
	struct kernel *kernel = scan->kernel;

	for (size_t first = 0; first < scan->pairs.count; first += TOGETHER) {
		const struct pair *pairs = scan->pairs.items + first;
		size_t left = scan->pairs.count - first, count = left < TOGETHER ? left : TOGETHER;
		dill_virt places[2 * TOGETHER];

		for (size_t i = 0; i < count; i++) {
			places[2 * i] = pairs[i].next;
			places[2 * i + 1] = pairs[i].prev;
		}
		TRY(target_check_interrupt(kernel->target));
		TRY(kernel_prefetch(kernel, places, 2 * count));
		for (size_t i = 0; i < count; i++)
			if (scan->roots->heads.count < KEPT_MAX && leads_back(kernel, &pairs[i]))
				TRY(array_push(&scan->roots->heads, pairs[i].at));
	}
	return NULL;
}

/* --- all of it --- */

static struct dill_error *see_region(struct scan *scan, const struct image_region *region)
{
	__attribute__((cleanup(part_deinit))) struct part part = {0};
	bool may_vary = region->writable || !region->known;

	if (region->known && region->executable && !region->writable)
		return NULL;
	TRY(target_check_interrupt(scan->kernel->target));
	TRY(part_read(scan->kernel, region, &part));
	TRY(find_constants(scan, &part));
	if (may_vary)
		TRY(find_variables(scan, &part));
	return roots_see_offsets(scan->roots, &scan->roots->map, part.first,
				 (struct span){part.bytes, part.size});
}

static struct dill_error *see_all(struct scan *scan)
{
	const struct image *image = &scan->kernel->image;

	for (size_t i = 0; i < image->regions.count; i++)
		TRY(see_region(scan, &image->regions.items[i]));
	return check_pairs(scan);
}

struct dill_error *roots_find(struct kernel *kernel)
{
	_cleanup_(freep)
	struct scan *scan = calloc(1, sizeof(*scan));
	struct dill_error *error;

	if (kernel->roots.found)
		return NULL;
	if (!scan)
		return error_no_memory();
	scan->kernel = kernel;
	scan->roots = &kernel->roots;
	scan->roots->found = true;
	TRY(direct_map_find(kernel, &scan->roots->map));
	read_top(scan);
	error = see_all(scan);
	array_free(&scan->pairs);
	return error;
}

void roots_deinit(struct roots *roots)
{
	array_free(&roots->heads);
	array_free(&roots->idle_names);
	array_free(&roots->pages);
	array_free(&roots->offsets);
}

bool kernel_symbols_are_complete(const struct kernel *kernel)
{
	return !kernel->roots.found;
}

bool kernel_has_symbols(const struct kernel *kernel)
{
	return kernel->symbols.entries.count || kernel->file_symbols.entries.count;
}

struct dill_error *kernel_image_has_text(struct kernel *kernel, const char *text, bool *ret)
{
	const struct image *image = &kernel->image;

	*ret = false;
	for (size_t i = 0; i < image->regions.count && !*ret; i++) {
		__attribute__((cleanup(part_deinit))) struct part part = {0};

		TRY(part_read(kernel, &image->regions.items[i], &part));
		*ret = memmem(part.bytes, part.size, text, strlen(text)) != NULL;
	}
	return NULL;
}

void kernel_list_heads(const struct kernel *kernel, const dill_virt **ret, size_t *ret_count)
{
	*ret = kernel->roots.heads.items;
	*ret_count = kernel->roots.heads.count;
}

void kernel_idle_names(const struct kernel *kernel, const dill_virt **ret, size_t *ret_count)
{
	*ret = kernel->roots.idle_names.items;
	*ret_count = kernel->roots.idle_names.count;
}
