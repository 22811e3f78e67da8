/* SPDX-License-Identifier: MIT */
#include "heap_image.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM	    UINT64_C(0x9e3779b97f4a7c15)
#define PERCPU_BASE UINT64_C(0x1000)
#define SLAB_MARK   0xf5u
#define CACHE_BYTES 256u
#define NODE_BYTES  64u
#define CPU_BYTES   64u

/* kernel/kernel.h knows its kernel by an opaque struct: here it is the image. */
struct kernel {
	struct image *image;
	struct memory_map map;
};

static struct kernel the_kernel;

#define AT(at, bytes)                                                                              \
	{                                                                                          \
		.present = true, .offset = (at), .size = (bytes)                                   \
	}

/* Offsets that no kernel has, so that a hard-coded one would show. */
static const struct layout image_layout = {
	.cache_flags = AT(16, 4),
	.cache_min_partial = AT(24, 8),
	.cache_size = AT(32, 4),
	.cache_object_size = AT(36, 4),
	.cache_offset = AT(40, 4),
	.cache_oo = AT(44, 4),
	.cache_min = AT(48, 4),
	.cache_refcount = AT(52, 4),
	.cache_ctor = AT(56, 8),
	.cache_inuse = AT(64, 4),
	.cache_align = AT(68, 4),
	.cache_red_left_pad = AT(72, 4),
	.cache_name = AT(80, 8),
	.cache_list = AT(88, 16),
	.cache_random = AT(104, 8),
	.cache_cpu_slab = AT(112, 8),
	.cache_cpu_partial = AT(120, 4),
	.cache_cpu_partial_slabs = AT(124, 4),
	.cache_node = AT(128, 8),
	.cpu_freelist = AT(8, 8),
	.cpu_slab = AT(16, 8),
	.cpu_partial = AT(24, 8),
	.node_lock = AT(0, 4),
	.node_nr_partial = AT(8, 8),
	.node_partial = AT(16, 16),
	.node_nr_slabs = AT(32, 8),
	.node_total_objects = AT(40, 8),
	.slab_cache = AT(8, 8),
	.slab_list = AT(16, 16),
	.slab_next = AT(16, 8),
	.slab_partial_count = AT(24, 4),
	.slab_freelist = AT(32, 8),
	.slab_inuse = {.present = true, .offset = 40, .size = 2, .bit_size = 16},
	.slab_objects = {.present = true, .offset = 42, .size = 2, .bit_size = 15},
	.slab_frozen = {.present = true, .offset = 43, .size = 1, .bit_shift = 7, .bit_size = 1},
	.page_flags = AT(0, 8),
	.page_type = AT(48, 4),
	.list_next = AT(0, 8),
	.list_prev = AT(8, 8),
	.cache_struct_size = CACHE_BYTES,
	.cpu_struct_size = CPU_BYTES,
	.node_struct_size = NODE_BYTES,
	.slab_struct_size = IMAGE_PAGE_STRUCT,
	.node_slots = 8,
	.slab_mark = SLAB_MARK_TYPE_BYTE,
	.slab_mark_value = SLAB_MARK,
	.flags = {{0x10000, "STORE_USER"}, {0x2000, "HWCACHE_ALIGN"}},
	.flag_count = 2,
};

static void *find(struct image *image, dill_virt address, size_t length)
{
	uint64_t size = image->pages * (uint64_t)DILL_PAGE_SIZE;
	uint64_t map = image->pages * (uint64_t)IMAGE_PAGE_STRUCT;

	if (address >= IMAGE_BASE && length <= size && address - IMAGE_BASE <= size - length)
		return image->memory + (address - IMAGE_BASE);
	if (address >= IMAGE_VMEMMAP && length <= map && address - IMAGE_VMEMMAP <= map - length)
		return image->vmemmap + (address - IMAGE_VMEMMAP);
	return NULL;
}

void *image_at(struct image *image, dill_virt address, size_t length)
{
	void *bytes = find(image, address, length);

	assert(bytes);
	return bytes;
}

uint64_t image_u64(struct image *image, dill_virt address)
{
	uint64_t value;

	memcpy(&value, image_at(image, address, 8), 8);
	return value;
}

void image_set_u64(struct image *image, dill_virt address, uint64_t value)
{
	memcpy(image_at(image, address, 8), &value, 8);
}

void image_patch(struct image *image, struct span patches)
{
	uint64_t memory = image->pages * (uint64_t)DILL_PAGE_SIZE;
	uint64_t map = image->pages * (uint64_t)IMAGE_PAGE_STRUCT;

	for (size_t at = 0; span_holds(patches, at, 12); at += 12) {
		uint64_t where = span_u32(patches, at) % (memory + map - 8);
		uint64_t what = span_u64(patches, at + 4);

		if (where < memory - 8)
			image_set_u64(image, IMAGE_BASE + where, what);
		else if (where >= memory)
			image_set_u64(image, IMAGE_VMEMMAP + (where - memory), what);
	}
}

static void set(struct image *image, dill_virt address, struct member member, uint64_t value)
{
	uint8_t *bytes = image_at(image, address + member.offset, member.size);
	uint64_t old = 0,
		 mask = member.bit_size ? (UINT64_C(1) << member.bit_size) - 1 : UINT64_MAX;

	memcpy(&old, bytes, member.size);
	old = (old & ~(mask << member.bit_shift)) | (value & mask) << member.bit_shift;
	memcpy(bytes, &old, member.size);
}

static uint64_t get(struct image *image, dill_virt address, struct member member)
{
	struct span bytes = {image_at(image, address, member.offset + member.size),
			     member.offset + member.size};

	return member_get(member, bytes);
}

static dill_virt take_page(struct image *image)
{
	assert(image->used_pages < image->pages - image->cpus);
	return IMAGE_BASE + image->used_pages++ * DILL_PAGE_SIZE;
}

static dill_virt take_bytes(struct image *image, size_t size)
{
	if (!image->small || image->used_bytes + size > DILL_PAGE_SIZE) {
		image->small = take_page(image);
		image->used_bytes = 0;
	}
	dill_virt address = image->small + image->used_bytes;

	image->used_bytes += (size + 15) / 16 * 16;
	return address;
}

dill_virt image_page(struct image *image)
{
	return take_page(image);
}

dill_virt image_bytes(struct image *image, size_t size)
{
	return take_bytes(image, size);
}

/* From the end of the CPUs' pages: caches take theirs from the start. */
dill_virt image_percpu(struct image *image, size_t size)
{
	image->percpu_bytes += size;
	return PERCPU_BASE + DILL_PAGE_SIZE - image->percpu_bytes;
}

void image_symbol(struct image *image, const char *name, dill_virt address)
{
	size_t limit = sizeof(image->symbols) / sizeof(*image->symbols), used = 0;

	while (used < limit && image->symbols[used].name)
		used++;
	assert(used < limit);
	image->symbols[used].name = name;
	image->symbols[used].address = address;
}

static void list_init(struct image *image, dill_virt head)
{
	image_set_u64(image, head, head);
	image_set_u64(image, head + 8, head);
}

static void list_append(struct image *image, dill_virt head, dill_virt link)
{
	dill_virt last = image_u64(image, head + 8);

	image_set_u64(image, last, link);
	image_set_u64(image, link, head);
	image_set_u64(image, link + 8, last);
	image_set_u64(image, head + 8, link);
}

void image_init(struct image *image, size_t pages, unsigned cpus, unsigned nodes,
		enum freelist_encoding encoding)
{
	*image = (struct image){.pages = pages, .cpus = cpus, .nodes = nodes};
	image->memory = calloc(pages, DILL_PAGE_SIZE);
	image->vmemmap = calloc(pages, IMAGE_PAGE_STRUCT);
	assert(image->memory && image->vmemmap);
	the_kernel = (struct kernel){
		.image = image,
		.map = {IMAGE_BASE, IMAGE_VMEMMAP, IMAGE_PAGE_STRUCT,
			pages * (uint64_t)DILL_PAGE_SIZE},
	};
	image->heap = (struct heap){
		.kernel = &the_kernel,
		.layout = image_layout,
		.encoding = encoding,
		.slab_caches = take_bytes(image, 16),
	};
	if (encoding == FREELIST_PLAIN)
		image->heap.layout.cache_random.present = false;
	list_init(image, image->heap.slab_caches);
}

void image_deinit(struct image *image)
{
	free(image->memory);
	free(image->vmemmap);
}

dill_virt image_cpu(struct image *image, dill_virt cache, unsigned cpu)
{
	return kernel_percpu_address(&the_kernel, get(image, cache, image_layout.cache_cpu_slab),
				     cpu);
}

dill_virt image_node(struct image *image, dill_virt cache, unsigned node)
{
	return image_u64(image, cache + image_layout.cache_node.offset + node * 8);
}

dill_virt image_cache(struct image *image, const char *name, uint32_t size)
{
	const struct layout *l = &image->heap.layout;
	dill_virt cache = take_bytes(image, CACHE_BYTES);
	dill_virt text = take_bytes(image, strlen(name) + 1);
	uint64_t oo = DILL_PAGE_SIZE / size;

	memcpy(image_at(image, text, strlen(name) + 1), name, strlen(name) + 1);
	set(image, cache, l->cache_size, size);
	set(image, cache, l->cache_object_size, size);
	set(image, cache, l->cache_inuse, size);
	set(image, cache, l->cache_offset, size / 2 / 8 * 8);
	set(image, cache, l->cache_align, 8);
	set(image, cache, l->cache_oo, oo);
	set(image, cache, l->cache_min, oo);
	set(image, cache, l->cache_refcount, 1);
	set(image, cache, l->cache_name, text);
	if (l->cache_random.present)
		set(image, cache, l->cache_random, RANDOM * (image->cache_count + 1));
	/* A __percpu pointer: the offset of this cache's struct within each CPU's page. */
	set(image, cache, l->cache_cpu_slab, PERCPU_BASE + image->cache_count * CPU_BYTES);
	for (unsigned n = 0; n < image->nodes; n++) {
		dill_virt node = take_bytes(image, NODE_BYTES);

		image_set_u64(image, cache + l->cache_node.offset + n * 8, node);
		list_init(image, node + l->node_partial.offset);
	}
	list_append(image, image->heap.slab_caches, cache + l->cache_list.offset);
	image->caches[image->cache_count++] = cache;
	return cache;
}

dill_virt image_object(struct image *image, dill_virt cache, dill_virt slab, uint32_t index)
{
	uint64_t page = (slab - IMAGE_VMEMMAP) / IMAGE_PAGE_STRUCT;

	return IMAGE_BASE + page * DILL_PAGE_SIZE +
	       index * get(image, cache, image_layout.cache_size) +
	       get(image, cache, image_layout.cache_red_left_pad);
}

dill_virt image_slot(struct image *image, dill_virt cache, dill_virt object)
{
	return object + get(image, cache, image_layout.cache_offset);
}

void image_link(struct image *image, dill_virt cache, dill_virt object, dill_virt next)
{
	dill_virt slot = image_slot(image, cache, object);
	uint64_t random = get(image, cache, image_layout.cache_random);

	/* Encoding and decoding are the same operation; spelled out here, not borrowed from the
	 * code under test. */
	if (image->heap.layout.cache_random.present)
		next ^= random ^
			(image->heap.encoding == FREELIST_XOR ? slot : __builtin_bswap64(slot));
	image_set_u64(image, slot, next);
}

dill_virt image_chain(struct image *image, dill_virt cache, dill_virt slab,
		      const uint32_t *free_list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		image_link(image, cache, image_object(image, cache, slab, free_list[i]),
			   i + 1 < count ? image_object(image, cache, slab, free_list[i + 1]) : 0);
	return count ? image_object(image, cache, slab, free_list[0]) : 0;
}

dill_virt image_slab(struct image *image, dill_virt cache, const uint32_t *free_list, size_t count)
{
	const struct layout *l = &image->heap.layout;
	dill_virt page = take_page(image);
	dill_virt slab = IMAGE_VMEMMAP + (page - IMAGE_BASE) / DILL_PAGE_SIZE * IMAGE_PAGE_STRUCT;
	uint64_t objects = get(image, cache, l->cache_oo) & 0xffff;
	dill_virt node = image_node(image, cache, 0);

	set(image, slab, l->page_type, SLAB_MARK << 24);
	set(image, slab, l->slab_cache, cache);
	set(image, slab, l->slab_objects, objects);
	set(image, slab, l->slab_inuse, objects - count);
	set(image, slab, l->slab_freelist, image_chain(image, cache, slab, free_list, count));
	set(image, node, l->node_nr_slabs, get(image, node, l->node_nr_slabs) + 1);
	set(image, node, l->node_total_objects, get(image, node, l->node_total_objects) + objects);
	return slab;
}

void image_add_partial(struct image *image, dill_virt cache, unsigned node, dill_virt slab)
{
	const struct layout *l = &image->heap.layout;
	dill_virt address = image_node(image, cache, node);

	set(image, slab, l->page_flags, node);
	list_append(image, address + l->node_partial.offset, slab + l->slab_list.offset);
	set(image, address, l->node_nr_partial, get(image, address, l->node_nr_partial) + 1);
}

void image_set_cpu_slab(struct image *image, dill_virt cache, unsigned cpu, dill_virt slab,
			const uint32_t *free_list, size_t count)
{
	const struct layout *l = &image->heap.layout;
	dill_virt address = image_cpu(image, cache, cpu);

	set(image, slab, l->slab_inuse, get(image, slab, l->slab_objects));
	set(image, slab, l->slab_frozen, 1);
	set(image, slab, l->slab_freelist, 0);
	set(image, address, l->cpu_slab, slab);
	set(image, address, l->cpu_freelist, image_chain(image, cache, slab, free_list, count));
}

void image_add_cpu_partial(struct image *image, dill_virt cache, unsigned cpu, dill_virt slab)
{
	const struct layout *l = &image->heap.layout;
	dill_virt address = image_cpu(image, cache, cpu);

	dill_virt before = get(image, address, l->cpu_partial);

	set(image, slab, l->slab_next, before);
	set(image, slab, l->slab_partial_count,
	    1 + (before ? get(image, before, l->slab_partial_count) : 0));
	set(image, slab, l->slab_frozen, 1);
	set(image, address, l->cpu_partial, slab);
}

/* --- sheaves --- */

#define PCS_BYTES 32u

/* They may overlap what the other engine has: no cache of a test uses both at once, but for the
 * pointer to the CPU's slab. */
static void add_sheaf_layout(struct layout *l)
{
	l->cache_cpu_sheaves = (struct member)AT(0, 8);
	l->cache_sheaf_capacity = (struct member)AT(8, 4);
	l->node_barn = (struct member)AT(48, 8);
	l->pcs_lock = (struct member)AT(4, 1);
	l->pcs_main = (struct member)AT(8, 8);
	l->pcs_spare = (struct member)AT(16, 8);
	l->pcs_rcu_free = (struct member)AT(24, 8);
	l->sheaf_link = (struct member)AT(8, 16);
	l->sheaf_cache = (struct member)AT(24, 8);
	l->sheaf_size = (struct member)AT(32, 4);
	l->sheaf_objects = (struct member)AT(40, 0);
	l->barn_nr_full = (struct member)AT(0, 4);
	l->barn_nr_empty = (struct member)AT(4, 4);
	l->barn_full = (struct member)AT(8, 16);
	l->barn_empty = (struct member)AT(24, 16);
	l->barn_lock = (struct member)AT(40, 4);
	l->barn_struct_size = 48;
}

static dill_virt new_sheaf(struct image *image, dill_virt cache, const dill_virt *objects,
			   size_t count)
{
	const struct layout *l = &image->heap.layout;
	uint64_t capacity = get(image, cache, l->cache_sheaf_capacity);
	dill_virt sheaf = take_bytes(image, l->sheaf_objects.offset + 8 * capacity);

	assert(count <= capacity);
	set(image, sheaf, l->sheaf_cache, cache);
	set(image, sheaf, l->sheaf_size, count);
	for (size_t i = 0; i < count; i++)
		image_set_u64(image, sheaf + l->sheaf_objects.offset + 8 * i, objects[i]);
	return sheaf;
}

dill_virt image_set_sheaf(struct image *image, dill_virt cache, unsigned cpu,
			  enum image_sheaf which, const dill_virt *objects, size_t count)
{
	const struct layout *l = &image->heap.layout;
	const struct member members[] = {l->pcs_main, l->pcs_spare, l->pcs_rcu_free};
	dill_virt sheaf = new_sheaf(image, cache, objects, count);
	dill_virt pcs =
		kernel_percpu_address(&the_kernel, get(image, cache, l->cache_cpu_sheaves), cpu);

	set(image, pcs, members[which], sheaf);
	return sheaf;
}

dill_virt image_add_full_sheaf(struct image *image, dill_virt cache, unsigned node,
			       const dill_virt *objects, size_t count)
{
	const struct layout *l = &image->heap.layout;
	dill_virt barn = get(image, image_node(image, cache, node), l->node_barn);
	dill_virt sheaf = new_sheaf(image, cache, objects, count);

	list_append(image, barn + l->barn_full.offset, sheaf + l->sheaf_link.offset);
	set(image, barn, l->barn_nr_full, get(image, barn, l->barn_nr_full) + 1);
	return sheaf;
}

void image_give_sheaves(struct image *image, dill_virt cache, uint32_t capacity)
{
	const struct layout *l = &image->heap.layout;
	dill_virt first = PERCPU_BASE + sizeof(image->caches) / 8 * CPU_BYTES;

	add_sheaf_layout(&image->heap.layout);
	for (size_t i = 0; image->caches[i] != cache; i++)
		first += PCS_BYTES;
	set(image, cache, l->cache_cpu_sheaves, first);
	set(image, cache, l->cache_sheaf_capacity, capacity);
	for (unsigned cpu = 0; cpu < image->cpus; cpu++)
		image_set_sheaf(image, cache, cpu, IMAGE_MAIN, NULL, 0);
	for (unsigned n = 0; n < image->nodes; n++) {
		dill_virt barn = take_bytes(image, l->barn_struct_size);

		list_init(image, barn + l->barn_full.offset);
		list_init(image, barn + l->barn_empty.offset);
		set(image, image_node(image, cache, n), l->node_barn, barn);
	}
}

/* --- kernel/kernel.h over the image --- */

struct dill_error *kernel_read(struct kernel *kernel, dill_virt address, void *buffer,
			       size_t length)
{
	const void *bytes = find(kernel->image, address, length);

	if (!bytes)
		return dill_error_new_fault(address, "cannot read %#lx", (unsigned long)address);
	memcpy(buffer, bytes, length);
	return NULL;
}

struct dill_error *kernel_read_u64(struct kernel *kernel, dill_virt address, uint64_t *ret)
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

struct memory *kernel_memory(struct kernel *kernel)
{
	(void)kernel;
	return NULL;
}

struct dill_error *memory_check_interrupt(const struct memory *memory)
{
	(void)memory;
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

unsigned kernel_page_flags_node(struct kernel *kernel, uint64_t flags)
{
	(void)kernel;
	return (unsigned)flags; /* nothing else is in an image's page flags */
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
	if (find(kernel->image, address, 1))
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

struct dill_error *kernel_cpu_inside(struct kernel *kernel, unsigned cpu,
				     const char *const *functions, bool *ret)
{
	(void)functions;
	*ret = kernel->image->inside_allocator >> cpu & 1;
	return NULL;
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

unsigned kernel_node_limit(struct kernel *kernel)
{
	return kernel->image->nodes;
}

/* Each CPU's area is one page at the end of memory, so the first byte of an area is at PERCPU_BASE.
 */
dill_virt kernel_percpu_address(struct kernel *kernel, dill_virt pointer, unsigned cpu)
{
	return IMAGE_BASE + (kernel->image->pages - 1 - cpu) * (uint64_t)DILL_PAGE_SIZE +
	       (pointer - PERCPU_BASE);
}

struct dill_error *kernel_symbol(struct kernel *kernel, const char *name, dill_virt *ret)
{
	(void)name;
	*ret = kernel->image->heap.slab_caches;
	return NULL;
}

struct dill_error *kernel_types(struct kernel *kernel, struct types **ret)
{
	(void)kernel, (void)ret;
	return dill_error_new(DILL_ERROR_NOT_FOUND, "the image has no types");
}
