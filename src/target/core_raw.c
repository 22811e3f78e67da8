/* SPDX-License-Identifier: MIT */
/* Memory and nothing else: QEMU's pmemsave and memory-backend-file, VMware's .vmem, .raw, .bin. */
#include "target/core.h"
#include "target/core_map.h"

/* What is smaller is no memory of a machine that could run a kernel. */
#define SIZE_MIN (UINT64_C(8) << 20)

/* No dump begins like anything: this kind comes last, and a kernel that is found in it decides. */
static bool is_mine(const struct core_file *file)
{
	return file->size >= SIZE_MIN && !file->is_flattened;
}

static struct dill_error *lay_out(struct core *core)
{
	bool found = false;

	if (core->memory_map) {
		core->how = ", laid out by the given map";
		return core_map_parse(core->memory_map, core->file.size, &core->ram);
	}
	if (!core->file.is_scattered)
		TRY(core_map_find(&core->file, core->host, &core->ram, &found));
	if (found && core->ram.list.count > 1)
		core->how = ", without the holes between its memory, which the machine's own map "
			    "(e820) tells";
	return found ? NULL : extents_add(&core->ram, 0, core->file.size, 0);
}

static struct dill_error *parse(struct core *core)
{
	core->what = "raw physical memory";
	TRY(lay_out(core));
	return extents_settle(&core->ram, EXTENTS_FIRST_COUNTS);
}

const struct core_kind core_raw = {
	.is_mine = is_mine,
	.parse = parse,
	.read = core_ram_read,
	.map = core_ram_map,
	.next_range = core_ram_next_range,
};
