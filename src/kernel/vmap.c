/* SPDX-License-Identifier: MIT */
#include "kernel/vmap.h"

#include "kernel/kernel_members.h"
#include "kernel/kernel_types.h"
#include "kernel/symbol.h"
#include "kernel/vm.h"

/* Nodes of a red-black tree from the root down; 2^64 leaves have a depth of 128. */
#define TREE_DEPTH_MAX 128
/* One tree to 6.8; since then up to one per CPU, 128 at most (vmap_init_nodes()). */
#define TREES_MAX 1024u

struct finder {
	struct kernel *kernel;
	const struct kernel_members *members;
};

static struct dill_error *read_vm(struct finder *finder, dill_virt vm, struct vmap *ret)
{
	const struct kernel_members *m = finder->members;
	struct kernel *kernel = finder->kernel;
	dill_virt start;
	uint32_t pages;

	TRY(kernel_read_u64(kernel, vm + m->vm_addr.offset, &start));
	/* What no vm_struct is has another address there. */
	if (start != ret->start)
		return NULL;
	ret->has_vm = true;
	TRY(kernel_read_u64(kernel, vm + m->vm_caller.offset, &ret->caller));
	if (m->vm_pages.size == 8)
		return kernel_read_u64(kernel, vm + m->vm_pages.offset, &ret->pages);
	TRY(kernel_read_u32(kernel, vm + m->vm_pages.offset, &pages));
	ret->pages = pages;
	return NULL;
}

static struct dill_error *read_area(struct finder *finder, dill_virt area, struct vmap *ret)
{
	dill_virt vm;

	TRY(kernel_read_u64(finder->kernel, area + finder->members->area_vm.offset, &vm));
	if (!vm)
		return NULL;

	/* The area is known all the same when its owner cannot be read. */
	struct dill_error *error = read_vm(finder, vm, ret);

	return error_forgive(error);
}

/* Go down one tree of areas. */
static struct dill_error *find_in_tree(struct finder *finder, dill_virt root, dill_virt address,
				       struct vmap *ret)
{
	const struct kernel_members *m = finder->members;
	struct kernel *kernel = finder->kernel;
	dill_virt node;

	TRY(kernel_read_u64(kernel, root, &node));
	for (int depth = 0; node; depth++) {
		dill_virt area = node - m->area_node.offset, start, end;

		if (depth == TREE_DEPTH_MAX)
			return dill_error_new(DILL_ERROR_BAD_DATA,
					      "the tree of vmalloc areas has no end");
		TRY(kernel_read_u64(kernel, area + m->area_start.offset, &start));
		TRY(kernel_read_u64(kernel, area + m->area_end.offset, &end));
		if (address >= start && address < end) {
			*ret = (struct vmap){.found = true, .start = start, .size = end - start};
			return read_area(finder, area, ret);
		}
		TRY(kernel_read_u64(
			kernel, node + (address < start ? m->rb_left : m->rb_right).offset, &node));
	}
	return NULL;
}

/* Since 6.9 (72210662c5a2) areas are spread over nodes by address. */
static struct dill_error *find_in_nodes(struct finder *finder, struct types *types,
					dill_virt variable, dill_virt address, struct vmap *ret)
{
	struct member busy = finder->members->areas_busy;
	dill_virt nodes, counter;
	struct type type;
	uint32_t count;
	type_id id;

	if (!busy.present || !types_has_struct(types, "vmap_node", &id) ||
	    !kernel_has_symbol(finder->kernel, "nr_vmap_nodes", &counter))
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "this kernel's types do not describe vmalloc areas");
	TRY(types_get(types, id, &type));
	TRY(kernel_read_u64(finder->kernel, variable, &nodes));
	TRY(kernel_read_u32(finder->kernel, counter, &count));
	for (uint32_t i = 0; i < count && i < TREES_MAX && !ret->found; i++)
		TRY(find_in_tree(finder, nodes + i * type.size + busy.offset, address, ret));
	return NULL;
}

struct dill_error *vmap_find(struct kernel *kernel, dill_virt address, struct vmap *ret)
{
	struct finder finder = {.kernel = kernel};
	struct types *types;
	dill_virt variable;

	*ret = (struct vmap){0};
	TRY(kernel_types(kernel, &types));
	TRY(kernel_members(kernel, NEED_AREAS, &finder.members));
	if (kernel_has_symbol(kernel, "vmap_nodes", &variable))
		return find_in_nodes(&finder, types, variable, address, ret);
	if (kernel_has_symbol(kernel, "vmap_area_root", &variable))
		return find_in_tree(&finder, variable, address, ret);
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "this kernel has neither vmap_area_root nor vmap_nodes");
}
