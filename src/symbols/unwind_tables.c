/* SPDX-License-Identifier: MIT */
#include "symbols/unwind_tables.h"

#include <stdlib.h>

#include "kernel/module.h"
#include "symbols/symbols_members.h"

/* Bytes of an address in the tables. */
#define DISTANCE 4u
/* Read at a time. */
#define PART (UINT64_C(1) << 20)

/* --- reading --- */

static struct dill_error *read_all(struct kernel *kernel, dill_virt address, uint8_t *to,
				   uint64_t length)
{
	for (uint64_t done = 0; done < length;) {
		uint64_t part = length - done < PART ? length - done : PART;

		TRY(target_check_interrupt(kernel_target(kernel)));
		TRY(kernel_read_uncached(kernel, address + done, to + done, (size_t)part));
		done += part;
	}
	return NULL;
}

static struct dill_error *read_table(struct kernel *kernel, const struct orc_layout *layout,
				     dill_virt distances, dill_virt entries, uint64_t count,
				     struct unwind_tables *ret)
{
	uint64_t distances_size = count * DISTANCE, entries_size = count * layout->size;

	if (count > ORC_COUNT_MAX)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "ORC tables of %lu entries are too large to be true",
				      (unsigned long)count);
	if (!count)
		return NULL;
	ret->memory = malloc(distances_size + entries_size);
	if (!ret->memory)
		return error_no_memory();
	TRY(read_all(kernel, distances, ret->memory, distances_size));
	TRY(read_all(kernel, entries, ret->memory + distances_size, entries_size));
	ret->table = (struct orc_table){
		.address = distances,
		.distances = {ret->memory, distances_size},
		.entries = {ret->memory + distances_size, entries_size},
		.count = count,
	};
	return NULL;
}

/* --- the kernel's --- */

bool unwind_tables_there(struct kernel *kernel)
{
	return kernel_has_symbol(kernel, "__start_orc_unwind", NULL) &&
	       kernel_has_symbol(kernel, "__start_orc_unwind_ip", NULL);
}

struct dill_error *unwind_tables_read(struct kernel *kernel, const struct orc_layout *layout,
				      struct unwind_tables *ret)
{
	const struct kernel_facts *facts = kernel_facts(kernel);
	dill_virt distances, distances_end, entries, entries_end;
	uint64_t count;

	TRY(kernel_symbol(kernel, "__start_orc_unwind_ip", &distances));
	TRY(kernel_symbol(kernel, "__stop_orc_unwind_ip", &distances_end));
	TRY(kernel_symbol(kernel, "__start_orc_unwind", &entries));
	TRY(kernel_symbol(kernel, "__stop_orc_unwind", &entries_end));
	count = (distances_end - distances) / DISTANCE;
	if (distances_end < distances || entries_end < entries ||
	    (entries_end - entries) / layout->size != count)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "the kernel's two ORC tables differ in length");
	ret->base = facts->base;
	ret->size = facts->image_size;
	return read_table(kernel, layout, distances, entries, count, ret);
}

/* --- a module's --- */

struct dill_error *unwind_tables_read_module(struct kernel *kernel, const struct orc_layout *layout,
					     dill_virt module, struct unwind_tables *ret)
{
	dill_virt distances, entries;
	struct symbols_members m;
	struct types *types;
	uint32_t count;

	TRY(kernel_types(kernel, &types));
	TRY(symbols_members_find(types, SYMBOLS_MODULE_ORC, &m)); /* forgiven by the caller */
	TRY(kernel_read_u32(kernel, module + m.module_orc_count.offset, &count));
	TRY(kernel_read_u64(kernel, module + m.module_orc_distances.offset, &distances));
	TRY(kernel_read_u64(kernel, module + m.module_orc_entries.offset, &entries));
	return read_table(kernel, layout, distances, entries, count, ret);
}

struct dill_error *unwind_tables_of_module(struct kernel *kernel, const struct orc_layout *layout,
					   dill_virt address, struct unwind_tables *ret)
{
	struct module_place place = {0};
	struct dill_error *error;

	*ret = (struct unwind_tables){0};
	kernel_forget(kernel); /* it may have been loaded just now */
	error = module_find(kernel, address, &place);
	if (!error && place.found) {
		ret->base = place.base;
		ret->size = place.size;
		error = unwind_tables_read_module(kernel, layout, place.module, ret);
	}
	if (error && error_is_fatal(error)) {
		unwind_tables_deinit(ret);
		return error;
	}
	dill_error_free(error);
	return NULL;
}

void unwind_tables_deinit(struct unwind_tables *tables)
{
	free(tables->memory);
	*tables = (struct unwind_tables){0};
}
