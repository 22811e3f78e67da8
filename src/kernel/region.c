/* SPDX-License-Identifier: MIT */
#include "kernel/region.h"

#include "kernel/kernel_types.h"
#include "kernel/page.h"
#include "kernel/percpu.h"
#include "kernel/state.h"
#include "kernel/symbol.h"
#include "kernel/vm.h"

static const struct {
	const char *name, *text;
} names[REGION_KINDS] = {
	[REGION_USER] = {"user", "user space"},
	[REGION_NON_CANONICAL] = {"non_canonical", "no address: not canonical"},
	[REGION_DIRECT_MAP] = {"direct_map", "the direct map of memory"},
	[REGION_VMALLOC] = {"vmalloc", "the vmalloc range"},
	[REGION_MEMORY_MAP] = {"memory_map", "the memory map (struct page)"},
	[REGION_IMAGE] = {"image", "the kernel image"},
	[REGION_MODULES] = {"modules", "the range of modules"},
	[REGION_CPU_ENTRY] = {"cpu_entry_area", "the CPUs' entry areas"},
	[REGION_LDT] = {"ldt", "the remapped LDTs"},
	[REGION_ESPFIX] = {"espfix", "the espfix stacks"},
	[REGION_EFI] = {"efi", "the EFI runtime services"},
	[REGION_FIXMAP] = {"fixmap", "fixed mappings"},
	[REGION_UNUSED] = {"unused", "a hole of the address space"},
};

const char *region_kind_name(enum region_kind kind)
{
	return names[kind].name;
}

const char *region_kind_text(enum region_kind kind)
{
	return names[kind].text;
}

/* Parts that nothing moves, the same with four and five levels. First matches win. */
static const struct {
	dill_virt first, last;
	enum region_kind kind;
} fixed[] = {
	{UINT64_C(0xfffffe0000000000), UINT64_C(0xfffffe7fffffffff), REGION_CPU_ENTRY},
	{UINT64_C(0xffffff0000000000), UINT64_C(0xffffff7fffffffff), REGION_ESPFIX},
	{UINT64_C(0xffffffef00000000), UINT64_C(0xfffffffeffffffff), REGION_EFI},
	/* With KASLR compiled in modules begin behind the window of 1 GiB, else behind 512 MiB. */
	{UINT64_C(0xffffffffa0000000), UINT64_C(0xfffffffffeffffff), REGION_MODULES},
	{UINT64_C(0xffffffffff000000), UINT64_C(0xffffffffffffffff), REGION_FIXMAP},
	{UINT64_C(0xffff880000000000), UINT64_C(0xffff887fffffffff), REGION_LDT},
	{UINT64_C(0xff10000000000000), UINT64_C(0xff10ffffffffffff), REGION_LDT},
};

static bool within(dill_virt address, dill_virt first, uint64_t size)
{
	return address >= first && address - first < size;
}

/* VMALLOC_SIZE_TB_L4 and _L5 of pgtable_64_types.h */
#define VMALLOC_SIZE_4 (UINT64_C(32) << 40)
#define VMALLOC_SIZE_5 (UINT64_C(12800) << 40)
#define VMALLOC_4      UINT64_C(0xffffc90000000000)
#define VMALLOC_5      UINT64_C(0xffa0000000000000)

static bool is_vmalloc(struct kernel *kernel, dill_virt address)
{
	bool five = kernel->facts.paging_levels == 5;
	dill_virt start = five ? VMALLOC_5 : VMALLOC_4, variable, value;
	struct dill_error *error;

	if (kernel_has_symbol(kernel, "vmalloc_base", &variable)) {
		error = kernel_read_u64(kernel, variable, &value);
		if (!error)
			start = value;
		dill_error_free(error);
	}
	return within(address, start, five ? VMALLOC_SIZE_5 : VMALLOC_SIZE_4);
}

/* As far as branches of arm64's modules reach, by way of veneers. */
#define MODULES_REACH (UINT64_C(2) << 30)

/*
 * Of other machines what VMCOREINFO tells. With KASLR modules lie around the image, far behind the
 * first areas of vmalloc(). Source: module_init_limits() in arch/arm64/mm/init.c
 */
static enum region_kind told_region(struct kernel *kernel, dill_virt address)
{
	const struct vmcoreinfo *info = &kernel->vmcoreinfo;
	dill_virt image = kernel->image.base;

	if (within(address, info->modules.first, info->modules.end - info->modules.first))
		return REGION_MODULES;
	if (image - info->vmalloc.first > 2 * MODULES_REACH &&
	    within(address, image - MODULES_REACH, 2 * MODULES_REACH))
		return REGION_MODULES;
	return within(address, info->vmalloc.first, info->vmalloc.end - info->vmalloc.first)
		       ? REGION_VMALLOC
		       : REGION_UNUSED;
}

enum region_kind kernel_region(struct kernel *kernel, dill_virt address)
{
	const struct memory_map *map = kernel_memory_map(kernel);
	struct paging paging = kernel->vm.tables.paging;

	if (!kernel->vm.paged)
		paging = x86_64_paging(kernel->facts.paging_levels);
	if (address >> paging.half_bits == 0)
		return REGION_USER;
	if (!paging_canonical(&paging, address))
		return REGION_NON_CANONICAL;
	if (within(address, kernel->image.base, kernel->image.size))
		return REGION_IMAGE;
	if (kernel_is_direct(kernel, address))
		return REGION_DIRECT_MAP;
	if (within(address, map->vmemmap + map->first / map->page_size * map->page_struct_size,
		   (map->direct_size - map->first) / map->page_size * map->page_struct_size))
		return REGION_MEMORY_MAP;
	if (kernel->arch && kernel->arch != &arch_x86_64)
		return told_region(kernel, address);
	if (is_vmalloc(kernel, address))
		return REGION_VMALLOC;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		if (address >= fixed[i].first && address <= fixed[i].last)
			return fixed[i].kind;
	return REGION_UNUSED;
}

/* Source: include/linux/err.h, poison.h (with x86's POISON_POINTER_DELTA), slab.h */
static const struct {
	uint64_t value;
	const char *text;
} special[] = {
	{0, "NULL"},
	{0x10, "ZERO_SIZE_PTR: what kmalloc(0) returns"},
	{UINT64_C(0xdead000000000100), "LIST_POISON1: the next pointer of a deleted list entry"},
	{UINT64_C(0xdead000000000122), "LIST_POISON2: the prev pointer of a deleted list entry"},
	{UINT64_C(0x6b6b6b6b6b6b6b6b), "POISON_FREE: the filling of freed objects (slab_debug=P)"},
	{UINT64_C(0xa56b6b6b6b6b6b6b),
	 "POISON_FREE and its end: the last word of a freed object (slab_debug=P)"},
	{UINT64_C(0x5a5a5a5a5a5a5a5a),
	 "POISON_INUSE: the filling of objects that nobody has written yet (slab_debug=P)"},
};

#define ERRNO_MAX 4095

const char *kernel_special_value(uint64_t value, struct arena *arena)
{
	for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++)
		if (special[i].value == value)
			return special[i].text;
	if (value < DILL_PAGE_SIZE)
		return "in the first page: a NULL pointer with an offset";
	if (value >= 0 - (uint64_t)ERRNO_MAX)
		return arena_format(arena, "an error pointer (ERR_PTR), %ld", (long)value);
	return NULL;
}

/* --- per-CPU data --- */

/* End of the first areas' used part: the rest of each unit has gone back to the page allocator.
 * Source: mm/percpu.c pcpu_embed_first_chunk() */
static struct dill_error *percpu_used(struct kernel *kernel, uint64_t statics, uint64_t *ret)
{
	dill_virt variable, chunk, base, first;
	const struct kernel_members *members;
	uint32_t pages;

	*ret = statics;
	if (!kernel_has_symbol(kernel, "pcpu_first_chunk", &variable) ||
	    !kernel_has_symbol(kernel, "pcpu_base_addr", &first))
		return NULL;
	TRY(kernel_members(kernel, NEED_NONE, &members));
	if (!members->chunk_base.present || !members->chunk_pages.present)
		return NULL;
	TRY(kernel_read_u64(kernel, variable, &chunk));
	TRY(kernel_read_u64(kernel, first, &first));
	TRY(kernel_read_u64(kernel, chunk + members->chunk_base.offset, &base));
	TRY(kernel_read_u32(kernel, chunk + members->chunk_pages.offset, &pages));
	/* Forged: units are some MiB at most. */
	if (base >= first && base - first < (UINT64_C(1) << 30) && pages < (1u << 18) &&
	    base - first + (uint64_t)pages * kernel_page_size(kernel) > statics)
		*ret = base - first + (uint64_t)pages * kernel_page_size(kernel);
	return NULL;
}

static void name_variable(struct kernel *kernel, dill_virt value, struct percpu_place *place)
{
	const struct symbol_entry *entry = kernel_nearest_symbol(kernel, value, &place->symbol);

	if (!entry)
		return;
	place->symbol_offset = value - entry->value;
}

static struct dill_error *find_cpu(struct kernel *kernel, dill_virt address, dill_virt start,
				   uint64_t statics, struct percpu_place *ret, bool *ret_found)
{
	uint64_t used;

	TRY(percpu_used(kernel, statics, &used));
	for (unsigned cpu = 0; cpu < kernel_cpu_limit(kernel); cpu++) {
		dill_virt area = kernel_percpu_address(kernel, start, cpu);

		/* The area of a CPU that cannot be is the linker's template. */
		if (!kernel_cpu_possible(kernel, cpu) || !within(address, area, used))
			continue;
		*ret = (struct percpu_place){.cpu = cpu, .offset = address - area};
		ret->is_static = ret->offset < statics;
		if (ret->is_static)
			name_variable(kernel, start + ret->offset, ret);
		*ret_found = true;
		return NULL;
	}
	return NULL;
}

struct dill_error *kernel_percpu_find(struct kernel *kernel, dill_virt address,
				      struct percpu_place *ret, bool *ret_found)
{
	dill_virt start, end;
	struct dill_error *error;

	*ret_found = false;
	if (!kernel_has_symbol(kernel, "__per_cpu_start", &start) ||
	    !kernel_has_symbol(kernel, "__per_cpu_end", &end) || end < start)
		return NULL;
	error = find_cpu(kernel, address, start, end - start, ret, ret_found);
	return error_forgive(error);
}

static bool read_u32_of(struct kernel *kernel, const char *name, uint32_t *ret)
{
	dill_virt symbol;
	struct dill_error *error;

	if (!kernel_has_symbol(kernel, name, &symbol))
		return false;
	error = kernel_read_u32(kernel, symbol, ret);

	bool ok = !error;

	dill_error_free(error);
	return ok;
}

static bool read_unit(struct kernel *kernel, unsigned cpu, uint64_t *ret)
{
	dill_virt symbol, array;
	struct dill_error *error;

	if (!kernel_has_symbol(kernel, "pcpu_unit_offsets", &symbol))
		return false;
	error = kernel_read_u64(kernel, symbol, &array);
	if (!error)
		error = kernel_read_u64(kernel, array + cpu * sizeof(uint64_t), ret);

	bool ok = !error;

	dill_error_free(error);
	return ok;
}

/* Source: mm/percpu.c pcpu_chunk_addr(), mm/percpu-vm.c pcpu_create_chunk() */
bool kernel_percpu_chunk_cpu(struct kernel *kernel, uint64_t offset, unsigned *ret)
{
	uint32_t groups, size;

	if (!read_u32_of(kernel, "pcpu_nr_groups", &groups) || groups != 1 ||
	    !read_u32_of(kernel, "pcpu_unit_size", &size))
		return false;
	for (unsigned cpu = 0; cpu < kernel_cpu_limit(kernel); cpu++) {
		uint64_t unit;

		if (!kernel_cpu_possible(kernel, cpu) || !read_unit(kernel, cpu, &unit) ||
		    !within(offset, unit, size))
			continue;
		*ret = cpu;
		return true;
	}
	return false;
}

const char *kernel_percpu_offset_name(struct kernel *kernel, uint64_t value)
{
	dill_virt start, end;
	const struct symbol_entry *entry;
	const char *name;

	if (!value || !kernel_has_symbol(kernel, "__per_cpu_start", &start) || start ||
	    !kernel_has_symbol(kernel, "__per_cpu_end", &end) || value >= end)
		return NULL;
	entry = kernel_nearest_symbol(kernel, value, &name);
	return entry && entry->value == value ? name : NULL;
}
