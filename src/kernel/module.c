/* SPDX-License-Identifier: MIT */
#include "kernel/module.h"

#include <string.h>

#include "kernel/offsets.h"

#define MODULES_MAX 4096
#define PARTS_MAX   16u

/* A part of a module: text, data, read-only data ... Both members are in every element. */
struct layout {
	uint64_t list, name; /* of struct module */
	uint64_t parts;	     /* of the first part */
	uint64_t part_size;  /* distance of two parts */
	uint32_t part_count;
	uint64_t base, size; /* in a part */
};

/* Since 6.4 (ac3b43283923) an array of parts; before that two of them with names. */
static bool find_parts(struct types *types, type_id module, struct layout *ret)
{
	struct type_place array, first, second, base, size;
	bool many = types_has_member(types, module, "mem", &array) &&
		    types_has_member(types, module, "mem[0]", &first) &&
		    types_has_member(types, module, "mem[0].base", &base) &&
		    types_has_member(types, module, "mem[0].size", &size) && first.size;

	if (many) {
		ret->part_size = first.size;
		ret->part_count = (uint32_t)(array.size / first.size);
	} else {
		if (!types_has_member(types, module, "core_layout", &first) ||
		    !types_has_member(types, module, "init_layout", &second) ||
		    !types_has_member(types, module, "core_layout.base", &base) ||
		    !types_has_member(types, module, "core_layout.size", &size))
			return false;
		ret->part_size = (second.bit_offset - first.bit_offset) / 8;
		ret->part_count = 2;
	}
	ret->parts = first.bit_offset / 8;
	ret->base = base.bit_offset / 8 - ret->parts;
	ret->size = size.bit_offset / 8 - ret->parts;
	if (ret->part_count > PARTS_MAX)
		ret->part_count = PARTS_MAX;
	return true;
}

static struct dill_error *find_layout(struct types *types, struct layout *ret)
{
	const struct offset_request requests[] = {
		{"module", {"list"}, &ret->list},
		{"module", {"name"}, &ret->name},
	};
	type_id id;

	if (!types_has_struct(types, "module", &id) || !kernel_offsets(types, requests, 2) ||
	    !find_parts(types, id, ret))
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "this kernel's types do not describe modules");
	return NULL;
}

static struct dill_error *look(struct kernel *kernel, const struct layout *layout, dill_virt module,
			       dill_virt address, struct module_place *ret)
{
	for (uint32_t i = 0; i < layout->part_count; i++) {
		dill_virt part = module + layout->parts + i * layout->part_size, base;
		uint32_t size;

		TRY(kernel_read_u64(kernel, part + layout->base, &base));
		TRY(kernel_read_u32(kernel, part + layout->size, &size));
		if (address < base || address - base >= size)
			continue;
		*ret = (struct module_place){
			.found = true, .module = module, .base = base, .size = size};
		return NULL;
	}
	return NULL;
}

/* What module_find() looks for. */
struct lookup {
	struct kernel *kernel;
	struct layout layout;
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

static struct dill_error *walk(struct kernel *kernel, const struct layout *layout,
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
	struct layout layout = {0};
	struct types *types;

	TRY(kernel_types(kernel, &types));
	TRY(find_layout(types, &layout));
	return walk(kernel, &layout, visit, context);
}

struct dill_error *module_find(struct kernel *kernel, dill_virt address, struct module_place *ret)
{
	struct lookup lookup = {.kernel = kernel, .address = address, .ret = ret};
	struct types *types;

	*ret = (struct module_place){0};
	TRY(kernel_types(kernel, &types));
	TRY(find_layout(types, &lookup.layout));
	return walk(kernel, &lookup.layout, look_visited, &lookup);
}
