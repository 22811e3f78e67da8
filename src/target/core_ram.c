/* SPDX-License-Identifier: MIT */
/* What the kinds have in common that hold memory as it is, in ranges. */
#include "target/core.h"

/* A page at whose edges memory or a segment ends is put together. */
static enum core_page join(const struct core *core, dill_phys page, uint8_t *buffer)
{
	enum core_page result = CORE_PAGE_NO_RAM;

	memset(buffer, 0, DILL_PAGE_SIZE);
	for (uint64_t at = 0; at < DILL_PAGE_SIZE;) {
		const struct extent *extent = extents_find(&core->ram, page + at);
		uint64_t inside, size;

		if (!extent || extent->start >= page + DILL_PAGE_SIZE)
			break;
		if (extent->start > page + at)
			at = extent->start - page;
		inside = page + at - extent->start;
		size = extent->size - inside;
		if (size > DILL_PAGE_SIZE - at)
			size = DILL_PAGE_SIZE - at;
		if (!core_file_read(&core->file, extent->source + inside, buffer + at, size))
			return CORE_PAGE_LOST;
		at += size;
		result = CORE_PAGE_READ;
	}
	if (result == CORE_PAGE_NO_RAM && extents_holder(&core->left_out, page))
		return CORE_PAGE_LEFT_OUT;
	return result;
}

const void *core_ram_map(const struct core *core, dill_phys address, size_t length)
{
	const struct extent *extent = extents_holder(&core->ram, address);
	struct span bytes;
	uint64_t inside;

	if (!extent)
		return NULL;
	inside = address - extent->start;
	if (length > extent->size - inside)
		return NULL;
	bytes = core_file_span(&core->file, extent->source + inside, length);
	return bytes.size == length ? bytes.data : NULL;
}

enum core_page core_ram_read(const struct core *core, struct core_reader *reader, dill_phys page,
			     uint8_t buffer[DILL_PAGE_SIZE])
{
	const void *bytes = core_ram_map(core, page, DILL_PAGE_SIZE);

	(void)reader;
	if (!bytes)
		return join(core, page, buffer);
	memcpy(buffer, bytes, DILL_PAGE_SIZE);
	return CORE_PAGE_READ;
}

/* The part of a range that the file system has written. What it has not is zeros, in which nothing
 * is found. False when there is none. */
static bool skip_hole(const struct core *core, dill_phys *first, uint64_t *size)
{
	const struct extent *extent = extents_holder(&core->ram, *first);
	uint64_t source, data, end;

	if (!extent || core->file.is_scattered || !core->file.map.parts.count)
		return true;
	source = extent->source + (*first - extent->start);
	if (source >= core->file.size) /* what is cut off must be asked for in vain */
		return true;
	if (!file_map_next_data(&core->file.map, source, &data, &end) || data >= source + *size)
		return false;
	if (data > source) {
		*first += data - source;
		*size -= data - source;
	}
	if (end < data + *size && end > data)
		*size = end - data;
	return true;
}

bool core_ram_next_range(const struct core *core, dill_phys from, dill_phys *ret_first,
			 uint64_t *ret_size)
{
	while (extents_next(&core->ram, from, ret_first, ret_size)) {
		from = *ret_first + *ret_size;
		if (skip_hole(core, ret_first, ret_size))
			return true;
	}
	return false;
}
