/* SPDX-License-Identifier: MIT */
#include "target/core_map.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/error.h"

/* More would be forged: machines have some ten. */
#define RANGES_MAX 4096u

static struct dill_error *refuse(const char *text)
{
	return dill_error_new(
		DILL_ERROR_INVALID_ARGUMENT,
		"\"%s\" is no memory map: give ADDRESS:LENGTH[:OFFSET] of each range, "
		"with commas between them, such as 0:3G,4G:1G",
		text);
}

static bool shift_of(char unit, unsigned *ret)
{
	static const char units[] = "KMGT";
	const char *at = unit ? strchr(units, unit & ~0x20) : NULL;

	if (!at)
		return false;
	*ret = 10 * (unsigned)(at - units + 1);
	return true;
}

/* Take "0x80000000", "2G" or "2147483648" off the text. */
static bool take_number(const char **text, uint64_t *ret)
{
	unsigned shift;
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*ret = strtoull(*text, &end, 0);
	if (errno)
		return false;
	if (shift_of(*end, &shift)) {
		if (*ret > UINT64_MAX >> shift)
			return false;
		*ret <<= shift;
		end++;
	}
	*text = end;
	return true;
}

static bool take(const char **text, char wanted)
{
	bool found = **text == wanted;

	*text += found;
	return found;
}

struct dill_error *core_map_parse(const char *text, uint64_t file_size, struct extents *ret)
{
	const char *at = text;
	uint64_t offset = 0;

	for (unsigned count = 0; count < RANGES_MAX; count++) {
		uint64_t start, length, end;

		if (!take_number(&at, &start) || !take(&at, ':') || !take_number(&at, &length) ||
		    !length || (take(&at, ':') && !take_number(&at, &offset)))
			return refuse(text);
		if (checked_add(offset, length, &end) || end > file_size)
			return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
					      "the memory map puts 0x%" PRIx64
					      " bytes at 0x%" PRIx64 " into the "
					      "file, which has 0x%" PRIx64 " bytes",
					      length, offset, file_size);
		TRY(extents_add(ret, start, length, offset));
		offset = end;
		if (!*at)
			return extents_settle(ret, EXTENTS_FIRST_COUNTS);
		if (!take(&at, ','))
			return refuse(text);
	}
	return refuse(text);
}

/* --- the map of a BIOS, or what its loader made of it --- */

/* "struct boot_e820_entry" */
enum {
	E820_ADDRESS = 0,
	E820_SIZE = 8,
	E820_TYPE = 16,
	E820_ENTRY = 20,
	E820_RAM = 1,
	E820_RESERVED = 2,
	E820_RESERVED_KERN = 128, /* RAM with something of the kernel's in it */
};
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
/* Memory of the first table entry ends below the adapters of the first MiB. */
#define LOW_MAX	    UINT64_C(0xa0000)
#define ENTRIES_MAX 512u
/* What firmware keeps to itself at the end of low memory, and a dump may have behind its end. */
#define SLACK (256 * MIB)
/* Between two questions whether the user wants to stop, and two times that memory is given back. */
#define PART (UINT64_C(64) << 20)

struct ram_map {
	struct {
		uint64_t start, size;
	} ram[ENTRIES_MAX];
	unsigned count;
	uint64_t total; /* bytes of RAM */
};

static bool may_begin(const uint8_t *at)
{
	struct span entry = {at, E820_ENTRY};
	uint32_t type = span_u32(entry, E820_TYPE);
	uint64_t size;

	if (type != E820_RAM && type != E820_RESERVED)
		return false;
	size = span_u64(entry, E820_SIZE);
	return !span_u64(entry, E820_ADDRESS) && size >= DILL_PAGE_SIZE && size <= LOW_MAX;
}

/* Read the entries from @at on, up to the first that is none. False when they are no table. */
static bool parse_table(struct span bytes, uint64_t at, struct ram_map *ret)
{
	uint64_t before = 0;

	ret->count = 0;
	ret->total = 0;
	for (unsigned i = 0; i < ENTRIES_MAX && span_holds(bytes, at, E820_ENTRY); i++) {
		struct span entry = span_cut(bytes, at, E820_ENTRY);
		uint64_t start = span_u64(entry, E820_ADDRESS), size = span_u64(entry, E820_SIZE);
		uint32_t type = span_u32(entry, E820_TYPE);
		uint64_t end;

		if (start < before || !size || !type || checked_add(start, size, &end) ||
		    end > UINT64_C(1) << 52)
			break;
		if (type == E820_RAM || type == E820_RESERVED_KERN) {
			ret->ram[ret->count].start = start;
			ret->ram[ret->count++].size = size;
			ret->total += size;
		}
		before = end;
		at += E820_ENTRY;
	}
	return ret->count > 1;
}

static uint64_t end_of(const struct ram_map *table, unsigned i)
{
	return table->ram[i].start + table->ram[i].size;
}

/* Ranges of RAM one after the other; what a kernel keeps of the first page may be left out. */
static bool fits_joined(const struct ram_map *table, uint64_t file_size, uint64_t *ret_skip)
{
	*ret_skip = 0;
	if (table->total == file_size)
		return true;
	*ret_skip = DILL_PAGE_SIZE;
	return table->ram[0].start == 0 && table->ram[0].size > DILL_PAGE_SIZE &&
	       table->total - DILL_PAGE_SIZE == file_size;
}

static struct dill_error *join(const struct ram_map *table, uint64_t skip, struct extents *ret)
{
	uint64_t offset = 0;

	for (unsigned i = 0; i < table->count; i++) {
		uint64_t cut = i ? 0 : skip;

		TRY(extents_add(ret, table->ram[i].start + cut, table->ram[i].size - cut, offset));
		offset += table->ram[i].size - cut;
	}
	return NULL;
}

/*
 * A machine's memory in one piece: what lies above 4 GiB follows what lies below. How much that is
 * the table does not tell, since firmware keeps its end to itself, but the file's size does.
 */
static bool fits_split(const struct ram_map *table, uint64_t file_size, uint64_t *ret_low)
{
	uint64_t low_end = 0, high = 0;

	for (unsigned i = 0; i < table->count; i++)
		if (table->ram[i].start >= 4 * GIB)
			high += table->ram[i].size;
		else
			low_end = end_of(table, i);
	if (!high || high >= file_size)
		return false;
	*ret_low = file_size - high;
	return *ret_low % MIB == 0 && *ret_low >= low_end && *ret_low - low_end < SLACK &&
	       *ret_low <= 4 * GIB;
}

static struct dill_error *split(const struct ram_map *table, uint64_t low, struct extents *ret)
{
	uint64_t offset = low;

	TRY(extents_add(ret, 0, low, 0));
	for (unsigned i = 0; i < table->count; i++) {
		if (table->ram[i].start < 4 * GIB)
			continue;
		TRY(extents_add(ret, table->ram[i].start, table->ram[i].size, offset));
		offset += table->ram[i].size;
	}
	return NULL;
}

/* Whether a table says how memory lies in the file: then @ret has it. */
static struct dill_error *use_table(const struct ram_map *table, uint64_t file_size,
				    struct extents *ret, bool *ret_used)
{
	uint64_t end = end_of(table, table->count - 1), number;

	*ret_used = true;
	if (end <= file_size && file_size - end < SLACK)
		return extents_add(ret, 0, file_size, 0);
	if (fits_joined(table, file_size, &number))
		return join(table, number, ret);
	if (fits_split(table, file_size, &number))
		return split(table, number, ret);
	*ret_used = false;
	return NULL;
}

static struct dill_error *search_part(struct span bytes, uint64_t from, uint64_t to,
				      uint64_t file_size, struct extents *ret, bool *ret_found)
{
	struct ram_map table;

	for (uint64_t at = from; at < to && span_holds(bytes, at, E820_ENTRY); at += 4) {
		if (!may_begin(bytes.data + at) || !parse_table(bytes, at, &table))
			continue;
		TRY(use_table(&table, file_size, ret, ret_found));
		if (*ret_found)
			return NULL;
	}
	return NULL;
}

struct dill_error *core_map_search(struct span bytes, uint64_t file_size, struct extents *ret,
				   bool *ret_found)
{
	*ret_found = false;
	return search_part(bytes, 0, bytes.size, file_size, ret, ret_found);
}

struct dill_error *core_map_find(const struct core_file *file, const struct dill_host *host,
				 struct extents *ret, bool *ret_found)
{
	uint64_t first, end;

	*ret_found = false;
	for (uint64_t at = 0; file_map_next_data(&file->map, at, &first, &end); at = end) {
		end = end - first > PART ? first + PART : end;
		if (host && host->interrupted && host->interrupted(host->context))
			return error_interrupted();
		TRY(search_part(file->dump, first & ~UINT64_C(3), end, file->size, ret, ret_found));
		file_map_trim(&file->map);
		if (*ret_found)
			return extents_settle(ret, EXTENTS_FIRST_COUNTS);
	}
	return NULL;
}
