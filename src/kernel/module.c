/* SPDX-License-Identifier: MIT */
#include "kernel/module.h"

#include <string.h>

#include "kernel/kernel_members.h"
#include "kernel/kernel_types.h"
#include "kernel/symbol.h"
#include "kernel/vm.h"

#define MODULES_MAX 4096
#define PARTS_MAX   16u

/* A part of a module: text, data, read-only data ... Both members are in every element. */
struct module_layout {
	uint64_t list, name; /* of struct module */
	uint64_t parts;	     /* of the first part */
	uint64_t part_size;  /* distance of two parts */
	uint32_t part_count;
	uint64_t base, size; /* in a part */
};

/* Since 6.4 (ac3b43283923) an array of parts; before that two of them with names. */
static bool find_parts(const struct kernel_members *m, struct module_layout *ret)
{
	struct member first, base, size;

	if (m->module_mem.present && m->module_mem_part.present && m->module_mem_part.size) {
		first = m->module_mem_part;
		base = m->module_mem_base;
		size = m->module_mem_size;
		ret->part_size = first.size;
		ret->part_count = m->module_mem.size / first.size;
	} else {
		if (!m->module_core.present || !m->module_init.present)
			return false;
		first = m->module_core;
		base = m->module_core_base;
		size = m->module_core_size;
		ret->part_size = (uint64_t)m->module_init.offset - first.offset;
		ret->part_count = 2;
	}
	ret->parts = first.offset;
	ret->base = base.offset - ret->parts;
	ret->size = size.offset - ret->parts;
	if (ret->part_count > PARTS_MAX)
		ret->part_count = PARTS_MAX;
	return base.present && size.present;
}

static struct dill_error *find_layout(struct kernel *kernel, struct module_layout *ret)
{
	const struct kernel_members *members;

	TRY(kernel_members(kernel, NEED_MODULES, &members));
	ret->list = members->module_list.offset;
	ret->name = members->module_name.offset;
	if (!find_parts(members, ret))
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "this kernel's types do not describe the parts of modules");
	return NULL;
}

static struct dill_error *read_part(struct kernel *kernel, const struct module_layout *layout,
				    dill_virt module, unsigned index, struct module_part *ret)
{
	dill_virt part = module + layout->parts + index * layout->part_size;
	uint32_t size;

	TRY(kernel_read_u64(kernel, part + layout->base, &ret->base));
	TRY(kernel_read_u32(kernel, part + layout->size, &size));
	ret->index = index;
	ret->size = size;
	return NULL;
}

static struct dill_error *look(struct kernel *kernel, const struct module_layout *layout,
			       dill_virt module, dill_virt address, struct module_place *ret)
{
	for (uint32_t i = 0; i < layout->part_count; i++) {
		struct module_part part;

		TRY(read_part(kernel, layout, module, i, &part));
		if (address < part.base || address - part.base >= part.size)
			continue;
		*ret = (struct module_place){
			.found = true, .module = module, .base = part.base, .size = part.size};
		return NULL;
	}
	return NULL;
}

struct dill_error *module_parts_each(struct kernel *kernel, dill_virt module,
				     struct dill_error *(*visit)(void *context,
								 const struct module_part *part),
				     void *context)
{
	struct module_layout layout = {0};

	TRY(find_layout(kernel, &layout));
	for (uint32_t i = 0; i < layout.part_count; i++) {
		struct module_part part;

		TRY(read_part(kernel, &layout, module, i, &part));
		if (part.size)
			TRY(visit(context, &part));
	}
	return NULL;
}

/* What module_find() looks for. */
struct lookup {
	struct kernel *kernel;
	struct module_layout layout;
	dill_virt address;
	struct module_place *ret;
};

static struct dill_error *look_visited(void *context, dill_virt module, const char *name,
				       bool *ret_done)
{
	struct lookup *lookup = context;

	TRY(look(lookup->kernel, &lookup->layout, module, lookup->address, lookup->ret));
	*ret_done = lookup->ret->found;
	if (*ret_done)
		memcpy(lookup->ret->name, name, MODULE_NAME_SIZE);
	return NULL;
}

static struct dill_error *walk(struct kernel *kernel, const struct module_layout *layout,
			       module_visitor visit, void *context)
{
	char name[MODULE_NAME_SIZE] = "";
	dill_virt head, link;
	bool done = false;

	TRY(kernel_symbol(kernel, "modules", &head));
	TRY(kernel_read_u64(kernel, head, &link));
	for (int count = 0; link != head && !done; count++) {
		dill_virt module = link - layout->list;

		if (count == MODULES_MAX)
			return dill_error_new(DILL_ERROR_BAD_DATA,
					      "the list of modules has no end");
		TRY(kernel_read(kernel, module + layout->name, name, MODULE_NAME_SIZE - 1));
		TRY(visit(context, module, name, &done));
		TRY(kernel_read_u64(kernel, link, &link));
	}
	return NULL;
}

struct dill_error *modules_each(struct kernel *kernel, module_visitor visit, void *context)
{
	struct module_layout layout = {0};

	TRY(find_layout(kernel, &layout));
	return walk(kernel, &layout, visit, context);
}

struct dill_error *module_find(struct kernel *kernel, dill_virt address, struct module_place *ret)
{
	struct lookup lookup = {.kernel = kernel, .address = address, .ret = ret};

	*ret = (struct module_place){0};
	TRY(find_layout(kernel, &lookup.layout));
	return walk(kernel, &lookup.layout, look_visited, &lookup);
}
