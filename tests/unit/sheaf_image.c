/* SPDX-License-Identifier: MIT */
#include "sheaf_image.h"

#include <assert.h>
#include <string.h>

/* Offsets that no kernel has, as in heap_image.c. */
#define CAPACITY_AT 8u
#define PERCPU_AT   0u
#define LOCK_AT	    0u
#define SHEAF_AT(k) (8u + 8u * (k))
#define LINK_AT	    0u
#define OWNER_AT    24u
#define SIZE_AT	    36u
#define OBJECTS_AT  40u
#define BARN_AT	    48u
#define FULL_AT	    8u
#define EMPTY_AT    24u
#define NR_FULL_AT  40u
#define NR_EMPTY_AT 44u

static struct member at(uint32_t offset, uint32_t size)
{
	return (struct member){.present = true, .offset = offset, .size = size};
}

void image_use_sheaves(struct image *image)
{
	struct layout *l = &image->heap.layout;

	l->cache_cpu_sheaves = at(PERCPU_AT, 8);
	l->cache_sheaf_capacity = at(CAPACITY_AT, 4);
	l->pcs_lock = at(LOCK_AT, 1);
	l->pcs_main = at(SHEAF_AT(IMAGE_MAIN), 8);
	l->pcs_spare = at(SHEAF_AT(IMAGE_SPARE), 8);
	l->pcs_rcu_free = at(SHEAF_AT(IMAGE_RCU), 8);
	l->sheaf_link = at(LINK_AT, 16);
	l->sheaf_cache = at(OWNER_AT, 8);
	l->sheaf_size = at(SIZE_AT, 4);
	l->sheaf_objects = at(OBJECTS_AT, 8);
	l->node_barn = at(BARN_AT, 8);
	l->barn_lock = at(0, 4);
	l->barn_full = at(FULL_AT, 16);
	l->barn_empty = at(EMPTY_AT, 16);
	l->barn_nr_full = at(NR_FULL_AT, 4);
	l->barn_nr_empty = at(NR_EMPTY_AT, 4);
	l->barn_struct_size = 64;
}

static void set_u32(struct image *image, dill_virt address, uint32_t value)
{
	memcpy(image_at(image, address, 4), &value, 4);
}

static uint32_t get_u32(struct image *image, dill_virt address)
{
	uint32_t value;

	memcpy(&value, image_at(image, address, 4), 4);
	return value;
}

static void list_init(struct image *image, dill_virt head)
{
	image_set_u64(image, head, head);
	image_set_u64(image, head + 8, head);
}

void image_give_sheaves(struct image *image, dill_virt cache, uint32_t capacity)
{
	/* Behind the struct kmem_cache_cpu of as many caches as an image has. */
	set_u32(image, cache + CAPACITY_AT, capacity);
	image_set_u64(image, cache + PERCPU_AT, image_percpu(image, 64));
	for (unsigned cpu = 0; cpu < image->cpus; cpu++)
		image_set_sheaf(image, cache, cpu, IMAGE_MAIN, image_sheaf(image, cache, NULL, 0));
	for (unsigned node = 0; node < image->nodes; node++) {
		dill_virt barn = image_bytes(image, 64);

		list_init(image, barn + FULL_AT);
		list_init(image, barn + EMPTY_AT);
		image_set_u64(image, image_node(image, cache, node) + BARN_AT, barn);
	}
}

dill_virt image_sheaf(struct image *image, dill_virt cache, const dill_virt *objects, size_t count)
{
	/* Room for some stale entries above: those of the last objects that were handed out. */
	dill_virt sheaf = image_bytes(image, OBJECTS_AT + 8 * (count + 4));

	image_set_u64(image, sheaf + OWNER_AT, cache);
	set_u32(image, sheaf + SIZE_AT, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		image_set_u64(image, sheaf + OBJECTS_AT + 8 * i, objects[i]);
	return sheaf;
}

void image_set_sheaf(struct image *image, dill_virt cache, unsigned cpu, enum image_sheaf_kind kind,
		     dill_virt sheaf)
{
	dill_virt pcs =
		kernel_percpu_address(image->heap.kernel, image_u64(image, cache + PERCPU_AT), cpu);

	image_set_u64(image, pcs + SHEAF_AT(kind), sheaf);
}

void image_add_to_barn(struct image *image, dill_virt cache, unsigned node, dill_virt sheaf)
{
	dill_virt barn = image_u64(image, image_node(image, cache, node) + BARN_AT);
	dill_virt head = barn + FULL_AT, last = image_u64(image, head + 8), link = sheaf + LINK_AT;

	assert(barn);
	image_set_u64(image, last, link);
	image_set_u64(image, link, head);
	image_set_u64(image, link + 8, last);
	image_set_u64(image, head + 8, link);
	set_u32(image, barn + NR_FULL_AT, get_u32(image, barn + NR_FULL_AT) + 1);
}
