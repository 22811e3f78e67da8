/* SPDX-License-Identifier: MIT */
/* Physical memory as it is, from address 0 on: QEMU's pmemsave, VMware's .vmem, .raw, .bin. */
#include "target/core.h"

/* What is smaller is no memory of a machine that could run a kernel. */
#define SIZE_MIN (UINT64_C(8) << 20)

/* No dump begins like anything: this kind comes last, and a kernel that is found in it decides. */
static bool is_mine(const struct core_file *file)
{
	return file->size >= SIZE_MIN && !file->is_flattened;
}

static struct dill_error *parse(struct core *core)
{
	core->what = "raw physical memory";
	return NULL;
}

static void deinit(struct core *core)
{
	(void)core;
}

static const void *map(const struct core *core, dill_phys address, size_t length)
{
	struct span bytes = span_cut(core->file.dump, address, length);

	return bytes.size == length ? bytes.data : NULL;
}

static enum core_page read_page(const struct core *core, struct core_reader *reader, dill_phys page,
				uint8_t buffer[DILL_PAGE_SIZE])
{
	struct span bytes = span_cut(core->file.dump, page, DILL_PAGE_SIZE);

	(void)reader;
	if (!bytes.size)
		return CORE_PAGE_NO_RAM;
	if (bytes.size < DILL_PAGE_SIZE)
		return CORE_PAGE_LOST;
	memcpy(buffer, bytes.data, DILL_PAGE_SIZE);
	return CORE_PAGE_READ;
}

static bool next_range(const struct core *core, dill_phys from, dill_phys *ret_first,
		       uint64_t *ret_size)
{
	if (from >= core->file.size)
		return false;
	*ret_first = from;
	*ret_size = core->file.size - from;
	return true;
}

const struct core_kind core_raw = {
	.is_mine = is_mine,
	.parse = parse,
	.deinit = deinit,
	.read = read_page,
	.map = map,
	.next_range = next_range,
};
