/* SPDX-License-Identifier: MIT */
#include <assert.h>

#include "heap_image_build.h"

#define PCS_BYTES 32u

/* They may overlap what the other engine has: no cache of a test uses both at once, but for the
 * pointer to the CPU's slab. */
static void add_sheaf_layout(struct layout *l)
{
	l->cache_cpu_sheaves = (struct member)AT(0, 8);
	l->cache_sheaf_capacity = (struct member)AT(8, 4);
	l->node_barn = (struct member)AT(48, 8);
	l->pcs_lock = (struct lock){AT(4, 1), LOCK_WORD};
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
	l->barn_lock = (struct lock){AT(40, 4), LOCK_WORD};
	l->barn_struct_size = 48;
}

static dill_virt new_sheaf(struct image *image, dill_virt cache, const dill_virt *objects,
			   size_t count)
{
	const struct layout *l = &image->heap.layout;
	uint64_t capacity = image_get(image, cache, l->cache_sheaf_capacity);
	dill_virt sheaf = image_bytes(image, l->sheaf_objects.offset + 8 * capacity);

	assert(count <= capacity);
	image_set(image, sheaf, l->sheaf_cache, cache);
	image_set(image, sheaf, l->sheaf_size, count);
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
	dill_virt pcs = kernel_percpu_address(image->heap.kernel,
					      image_get(image, cache, l->cache_cpu_sheaves), cpu);

	image_set(image, pcs, members[which], sheaf);
	return sheaf;
}

dill_virt image_add_full_sheaf(struct image *image, dill_virt cache, unsigned node,
			       const dill_virt *objects, size_t count)
{
	const struct layout *l = &image->heap.layout;
	dill_virt barn = image_get(image, image_node(image, cache, node), l->node_barn);
	dill_virt sheaf = new_sheaf(image, cache, objects, count);

	image_list_append(image, barn + l->barn_full.offset, sheaf + l->sheaf_link.offset);
	image_set(image, barn, l->barn_nr_full, image_get(image, barn, l->barn_nr_full) + 1);
	return sheaf;
}

void image_give_sheaves(struct image *image, dill_virt cache, uint32_t capacity)
{
	const struct layout *l = &image->heap.layout;
	dill_virt first = IMAGE_PERCPU_BASE + sizeof(image->caches) / 8 * IMAGE_CPU_BYTES;

	add_sheaf_layout(&image->heap.layout);
	for (size_t i = 0; image->caches[i] != cache; i++)
		first += PCS_BYTES;
	image_set(image, cache, l->cache_cpu_sheaves, first);
	image_set(image, cache, l->cache_sheaf_capacity, capacity);
	for (unsigned cpu = 0; cpu < image->cpus; cpu++)
		image_set_sheaf(image, cache, cpu, IMAGE_MAIN, NULL, 0);
	for (unsigned n = 0; n < image->nodes; n++) {
		dill_virt barn = image_bytes(image, l->barn_struct_size);

		image_list_init(image, barn + l->barn_full.offset);
		image_list_init(image, barn + l->barn_empty.offset);
		image_set(image, image_node(image, cache, n), l->node_barn, barn);
	}
}
