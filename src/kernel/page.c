/* SPDX-License-Identifier: MIT */
#include "kernel/page.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/direct_map.h"
#include "kernel/kernel_types.h"
#include "kernel/percpu.h"
#include "kernel/roots.h"
#include "kernel/state.h"
#include "kernel/symbol.h"
#include "kernel/vm.h"

/**
 * Where the direct map and the memory map lie when the kernel has no variables that say so (KASLR
 * for memory is not compiled in).
 * Source: __PAGE_OFFSET_BASE_L4/L5 in arch/x86/include/asm/page_64.h, __VMEMMAP_BASE_L4/L5 in
 * pgtable_64_types.h; Documentation/arch/x86/x86_64/mm.rst
 */
#define PAGE_OFFSET_4 UINT64_C(0xffff888000000000)
#define PAGE_OFFSET_5 UINT64_C(0xff11000000000000)
#define VMEMMAP_4     UINT64_C(0xffffea0000000000)
#define VMEMMAP_5     UINT64_C(0xffd4000000000000)
/** x86-64 has 52 bits of physical address. */
#define PHYSICAL_MAX	(UINT64_C(1) << 52)
#define PAGE_STRUCT_MAX 4096u

static struct dill_error *read_or(struct kernel *kernel, const char *symbol, uint64_t otherwise,
				  uint64_t *ret)
{
	dill_virt address;

	*ret = otherwise;
	if (!kernel_has_symbol(kernel, symbol, &address))
		return NULL;
	return kernel_read_u64(kernel, address, ret);
}

/* The direct map, where no variable tells it: before 4.20 it began at another constant. */
static struct dill_error *find_direct_map(struct kernel *kernel, struct memory_map *map)
{
	struct mapping mapping;

	if (!kernel_symbols_are_complete(kernel) && kernel->roots.map.direct_size) {
		map->page_offset = kernel->roots.map.page_offset;
		map->direct_size = kernel->roots.map.direct_size;
		return NULL;
	}
	if (!kernel->vm.paged || kernel_has_symbol(kernel, "page_offset_base", NULL))
		return NULL;

	struct dill_error *error = kernel_translate(kernel, map->page_offset, &mapping);

	if (!error)
		return NULL;
	TRY(error_forgive(error));
	return direct_map_find(kernel, map);
}

/* Both are moved by KASLR, and variables tell where to. */
static struct dill_error *load_by_variables(struct kernel *kernel, struct memory_map *map)
{
	bool five = kernel->facts.paging_levels == 5;

	TRY(read_or(kernel, "page_offset_base", five ? PAGE_OFFSET_5 : PAGE_OFFSET_4,
		    &map->page_offset));
	TRY(find_direct_map(kernel, map));
	if (map->vmemmap && !kernel_has_symbol(kernel, "vmemmap_base", NULL))
		return NULL;
	return read_or(kernel, "vmemmap_base", five ? VMEMMAP_5 : VMEMMAP_4, &map->vmemmap);
}

/* Whether the direct map is there: it shows the image, too. */
static bool is_direct_map(struct kernel *kernel, dill_virt page_offset)
{
	dill_phys phys = image_phys(&kernel->image, kernel->image.base);
	struct mapping mapping;
	struct dill_error *error = kernel_translate(kernel, page_offset + phys, &mapping);
	bool ret = !error && mapping.phys == phys;

	dill_error_free(error);
	return ret;
}

/*
 * Physical address memstart_addr is at -(1 << VA_BITS). A kernel for larger addresses than the
 * CPU's adds the difference to that variable, so that it counts what the kernel was configured for:
 * VMCOREINFO tells it, the page tables prove it.
 * Source: arch/arm64/include/asm/memory.h __phys_to_virt(); arm64_memblock_init() in
 * arch/arm64/mm/init.c
 */
static struct dill_error *load_by_offset(struct kernel *kernel, struct memory_map *map)
{
	const struct vmcoreinfo *info = &kernel->vmcoreinfo;
	const uint64_t bits[] = {
		info->address_bits, kernel->vm.tables.paging.half_bits, 52, 48, 47, 42, 39, 36};
	uint64_t start, frame;

	TRY(read_or(kernel, "memstart_addr", info->phys_offset, &start));
	*map = (struct memory_map){0};
	for (size_t i = 0; i < sizeof(bits) / sizeof(*bits) && !map->page_offset; i++)
		if (bits[i] >= 36 && bits[i] <= 52 &&
		    is_direct_map(kernel, -(UINT64_C(1) << bits[i]) - start))
			map->page_offset = -(UINT64_C(1) << bits[i]) - start;
	if (!map->page_offset)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "memory is not mapped where memstart_addr, 0x%" PRIx64
				      ", says that it is",
				      start);
	map->vmemmap = info->memory_map;
	TRY(read_or(kernel, "min_low_pfn", 0, &frame));
	map->first = frame << kernel->vm.tables.paging.page_shift;
	return NULL;
}

struct dill_error *memory_map_load(struct kernel *kernel)
{
	struct memory_map map = kernel->map;
	uint64_t frames;

	map.direct_size = 0;
	TRY(kernel->arch && kernel->arch->maps_by_offset ? load_by_offset(kernel, &map)
							 : load_by_variables(kernel, &map));
	TRY(read_or(kernel, "max_pfn", 0, &frames));
	map.page_size = kernel->vm.tables.paging.page_shift
				? 1u << kernel->vm.tables.paging.page_shift
				: DILL_PAGE_SIZE;
	if (frames > PHYSICAL_MAX / map.page_size)
		return dill_error_new(DILL_ERROR_BAD_DATA, "max_pfn is 0x%" PRIx64 ", too large",
				      frames);
	if (map.first > frames * map.page_size)
		map.first = 0; /* forged */
	/* 0 early at boot: then no address lies in the memory map, which is the truth. */
	if (frames || kernel_symbols_are_complete(kernel))
		map.direct_size = frames * map.page_size;
	if (kernel->vmcoreinfo.has_page_size)
		map.page_struct_size = kernel->vmcoreinfo.page_struct_size;
	kernel->map = map;
	return NULL;
}

const struct memory_map *kernel_memory_map(struct kernel *kernel)
{
	struct memory_map *map = &kernel->map;

	if (!map->page_struct_size) {
		struct types *types;
		struct type page;
		type_id id;
		struct dill_error *error = kernel_types(kernel, &types);

		if (!error && types_has_struct(types, "page", &id)) {
			error = types_get(types, id, &page);
			if (!error)
				map->page_struct_size = page.size;
		}
		dill_error_free(error);
	}
	if (map->page_struct_size > PAGE_STRUCT_MAX)
		map->page_struct_size = 0;
	return map;
}

void kernel_take_memory_map(struct kernel *kernel, dill_virt vmemmap, uint64_t page_struct_size)
{
	kernel->map.vmemmap = vmemmap;
	kernel->map.page_struct_size = page_struct_size;
}

bool kernel_is_page_struct(struct kernel *kernel, dill_virt page)
{
	const struct memory_map *map = kernel_memory_map(kernel);
	uint64_t offset = page - map->vmemmap;
	uint64_t frame = map->page_struct_size ? offset / map->page_struct_size : 0;

	return map->page_struct_size && page >= map->vmemmap &&
	       offset % map->page_struct_size == 0 && frame >= map->first / map->page_size &&
	       frame < map->direct_size / map->page_size;
}

dill_virt kernel_page_to_virt(struct kernel *kernel, dill_virt page)
{
	const struct memory_map *map = kernel_memory_map(kernel);

	if (!map->page_struct_size)
		return 0;
	return map->page_offset + (page - map->vmemmap) / map->page_struct_size * map->page_size;
}

struct dill_error *kernel_virt_to_page(struct kernel *kernel, dill_virt address, dill_virt *ret)
{
	const struct memory_map *map = kernel_memory_map(kernel);

	if (!map->page_struct_size)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "the size of struct page is not known");
	if (!memory_map_is_direct(map, address))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "0x%" PRIx64 " is not in the kernel's direct map of memory",
				      address);
	*ret = map->vmemmap + (address - map->page_offset) / map->page_size * map->page_struct_size;
	return NULL;
}

/* --- words of struct page --- */

/**
 * NODES_SHIFT: how many bits of page flags hold the node.
 *
 * It appears in no type by itself. struct zonelist has MAX_NUMNODES * MAX_NR_ZONES + 1 entries in
 * every kernel, and __MAX_NR_ZONES is an enumerator; unlike kmem_cache.node[] (gone in 7.1),
 * nodemask_t (rounded up to 64 bits) or the distance between symbols, that gives it exactly.
 * Source: include/linux/mmzone.h, MAX_ZONES_PER_ZONELIST
 */
static struct dill_error *find_node_bits(struct types *types, const struct kernel_members *m,
					 unsigned *ret)
{
	uint64_t count, nodes;
	int64_t zones;

	TRY(types_enum_value(types, "__MAX_NR_ZONES", &zones));
	if (!m->zone_refs.present || !m->zone_ref.present || !m->zone_ref.size)
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "no struct zonelist._zonerefs");
	count = m->zone_refs.size / m->zone_ref.size;
	if (!count || zones <= 0 || (count - 1) % (uint64_t)zones)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "struct zonelist and __MAX_NR_ZONES do not fit");
	nodes = (count - 1) / (uint64_t)zones;
	if (!nodes || nodes & (nodes - 1))
		return dill_error_new(DILL_ERROR_BAD_DATA, "MAX_NUMNODES is %" PRIu64 "?", nodes);
	*ret = (unsigned)__builtin_ctzll(nodes);
	return NULL;
}

/* Each part by itself, once: what a kernel lacks is not looked for again at each struct page. */
static struct dill_error *resolve_layout(struct kernel *kernel)
{
	struct page_layout layout = {.resolved = true};
	const struct kernel_members *m;
	struct dill_error *error;
	struct types *types;

	if (kernel->page_layout.resolved)
		return NULL;
	TRY(kernel_members(kernel, NEED_NONE, &m));
	layout.has_head =
		m->page_head.present && m->page_head.size == 8 && m->page_head.offset % 8 == 0;
	layout.head = m->page_head.offset;
	if (kernel->members_are_solved) {
		layout.node_bits = kernel->solved_node_bits;
		layout.has_node_bits = layout.node_bits || kernel_node_limit(kernel) == 1;
		kernel->page_layout = layout;
		return NULL;
	}
	TRY(kernel_types(kernel, &types));
	error = find_node_bits(types, m, &layout.node_bits);
	if (error && error_is_fatal(error))
		return error;
	layout.has_node_bits = !error;
	dill_error_free(error);
	kernel->page_layout = layout;
	return NULL;
}

static struct dill_error *need_head(struct kernel *kernel)
{
	TRY(resolve_layout(kernel));
	if (!kernel->page_layout.has_head)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "struct page has no usable member compound_head");
	return NULL;
}

/* @p word is compound_head or compound_info of @p page. */
static struct dill_error *find_head(struct kernel *kernel, dill_virt page, uint64_t word,
				    dill_virt *ret)
{
	dill_virt head = page;

	if (word & 1)
		/* A mask has its upper half set, which no address of the memory map has.
		 * Source: include/linux/page-flags.h compound_info_has_mask(), 7.1. */
		head = word >> 32 == UINT32_MAX ? page & word : word - 1;
	if (head > page || !kernel_is_page_struct(kernel, head))
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "struct page 0x%" PRIx64 " names 0x%" PRIx64
				      " as its head, which is none",
				      page, head);
	*ret = head;
	return NULL;
}

struct dill_error *kernel_page_head(struct kernel *kernel, dill_virt page, dill_virt *ret)
{
	uint64_t word;

	TRY(need_head(kernel));
	TRY(kernel_read_u64(kernel, page + kernel->page_layout.head, &word));
	return find_head(kernel, page, word, ret);
}

struct dill_error *kernel_page_head_parse(struct kernel *kernel, dill_virt page, struct span bytes,
					  dill_virt *ret)
{
	uint64_t word = 0;

	TRY(need_head(kernel));
	bytes = span_cut(bytes, kernel->page_layout.head, sizeof(word));
	if (bytes.size == sizeof(word))
		memcpy(&word, bytes.data, sizeof(word));
	return find_head(kernel, page, word, ret);
}

bool kernel_page_nodes_known(struct kernel *kernel)
{
	dill_error_free(resolve_layout(kernel));
	return kernel->page_layout.has_node_bits || !kernel->members_are_solved;
}

unsigned kernel_page_flags_node(struct kernel *kernel, uint64_t flags)
{
	struct dill_error *error = resolve_layout(kernel);
	bool known = !error && kernel->page_layout.has_node_bits;
	unsigned bits = kernel->page_layout.node_bits;

	dill_error_free(error); /* every kernel has node 0 */
	/* The topmost bits: with SPARSEMEM_VMEMMAP, all x86-64 has, no section is above them.
	 * Source: include/linux/page-flags-layout.h */
	return known && bits ? (unsigned)(flags >> (64 - bits)) : 0;
}
