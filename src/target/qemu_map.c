/* SPDX-License-Identifier: MIT */
#include "target/qemu_map.h"

#include "target/rsp_packet.h"

static struct dill_error *bad(const char *what)
{
	return dill_error_new(DILL_ERROR_BAD_DATA, "QEMU's memory map %s", what);
}

/* "START-LAST (prio N, KIND): NAME"; false when the line is another one or no memory. */
static bool parse_range(struct span line, struct qemu_range *ret)
{
	struct span ignored;

	while (rsp_skip(&line, " "))
		;
	if (!rsp_hex_number(&line, &ret->start) || !rsp_skip(&line, "-") ||
	    !rsp_hex_number(&line, &ret->last) || !rsp_skip(&line, " (prio ") ||
	    !rsp_field(&line, ',', &ignored))
		return false;
	ret->is_ram = rsp_skip(&line, " ram)");
	return ret->is_ram || rsp_skip(&line, " rom)") || rsp_skip(&line, " romd)");
}

static struct dill_error *add_range(struct qemu_map *map, struct qemu_range range)
{
	size_t count = map->ranges.count;

	if (range.last < range.start || (count && range.start <= map->ranges.items[count - 1].last))
		return bad("is not in order");
	if (count == QEMU_MAP_LIMIT)
		return dill_error_new(DILL_ERROR_LIMIT, "QEMU's memory map has too many ranges");
	return array_push(&map->ranges, range);
}

/* Views that share a map are listed together, each with a line of its own before the ranges. */
struct dill_error *qemu_map_parse(struct span text, struct qemu_map *ret)
{
	bool wanted = false;
	struct qemu_range range;
	struct span line;

	while (rsp_field(&text, '\n', &line)) {
		if (rsp_skip(&line, "FlatView")) {
			if (ret->ranges.count)
				break;
			wanted = false;
		} else if (rsp_skip(&line, " AS \"memory\", root: system")) {
			wanted = true;
		} else if (wanted && parse_range(line, &range)) {
			TRY(add_range(ret, range));
		}
	}
	return ret->ranges.count ? NULL : bad("shows no memory");
}

/* The last range that starts at or before @p address, count when there is none. */
static size_t find_range(const struct qemu_map *map, dill_phys address)
{
	size_t low = 0, high = map->ranges.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->ranges.items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : map->ranges.count;
}

bool qemu_map_holds(const struct qemu_map *map, dill_phys page)
{
	dill_phys last = page + (DILL_PAGE_SIZE - 1);

	for (size_t i = find_range(map, page); i < map->ranges.count; i++) {
		const struct qemu_range *range = &map->ranges.items[i];

		if (page < range->start || page > range->last)
			return false;
		if (last <= range->last)
			return true;
		page = range->last + 1; /* the page goes on in the next range */
	}
	return false;
}

/* "Host virtual address for 0x1000000 (pc.ram) is 0x7f91e0e00000" */
bool qemu_host_address_parse(struct span text, uint64_t *ret)
{
	static const char mark[] = ") is 0x";
	const uint8_t *found = memmem(text.data, text.size, mark, sizeof(mark) - 1);

	if (!rsp_skip(&text, "Host virtual address for ") || !found)
		return false;

	size_t skipped = (size_t)(found - text.data) + sizeof(mark) - 1;

	text = span_cut(text, skipped, text.size);
	return rsp_hex_number(&text, ret);
}
