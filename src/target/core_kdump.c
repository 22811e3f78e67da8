/* SPDX-License-Identifier: MIT */
/*
 * Compressed dumps, as makedumpfile and QEMU write them ("diskdump format"): a header, bitmaps of
 * the pages that there were and of those that were kept, a descriptor for each page that was kept.
 * Source: makedumpfile, diskdump_mod.h and IMPLEMENTATION; QEMU, include/sysemu/dump.h
 */
#include <inttypes.h>

#include "base/checked.h"
#include "base/machine.h"
#include "target/core.h"

#define BLOCK DILL_PAGE_SIZE

/* "struct disk_dump_header" of 64-bit machines, block 0 */
enum {
	HEADER_FORMAT = 8, /* header_version */
	UTSNAME_SIZE = 65,
	HEADER_MACHINE = 12 + 4 * UTSNAME_SIZE, /* utsname.machine */
	HEADER_STATUS = 424,
	HEADER_BLOCK_SIZE = 428,
	HEADER_SUB_BLOCKS = 432,
	HEADER_BITMAP_BLOCKS = 436,
	HEADER_MAX_PAGES = 440,
	HEADER_SIZE = 464,
	STATUS_INCOMPLETE = 0x8,
};

/* "struct kdump_sub_header", block 1; its members came one after the other */
enum {
	SUB_DUMP_LEVEL = 8,  /* since header version 1 */
	SUB_SPLIT = 12,	     /* 2: set in a part of a dump */
	SUB_FIRST = 16,	     /* 2: its first page, and the one behind its last */
	SUB_VMCOREINFO = 32, /* 3: offset, size */
	SUB_NOTES = 48,	     /* 4: offset, size */
	SUB_FIRST_64 = 80,   /* 6: the same of any size */
	SUB_MAX_PAGES = 96,  /* 6 */
	SUB_SIZE = 104,
	LEVEL_ZEROS = 1, /* pages of zeros were left out, and no others */
};

/* "struct page_desc": offset, size, flags, page flags */
#define DESCRIPTOR 24u

/* 64 TiB, the most that x86-64 machines have with four levels of page tables. */
#define PAGES_MAX (UINT64_C(1) << 34)
/* Kept pages are counted once for so many bytes of the bitmap. */
#define COUNT_BYTES 512u

struct kdump {
	uint64_t pages;	    /* page frames that the bitmaps speak of */
	struct span exists; /* bitmap of the pages that there were */
	struct span kept;   /* bitmap of those that are in the dump */
	uint8_t *copy;	    /* of the bitmaps, when they are scattered in a flattened dump */
	uint64_t *before;   /* how many are kept before each COUNT_BYTES of `kept` */
	uint64_t descriptors;
	uint64_t before_part; /* pages that are kept in front of the part that this is */
};

struct header {
	/* Of the file's format, whose members came one after the other: it has no other sign of
	 * what it has. The kernel's release is none of it. */
	uint32_t format;
	uint32_t status, sub_blocks, bitmap_blocks;
	uint64_t pages;
	int32_t level;
};

static bool is_mine(const struct core_file *file)
{
	struct span head = core_file_span(file, 0, 8);

	return head.size == 8 && !memcmp(head.data, "KDUMP   ", 8);
}

/* --- headers --- */

static struct dill_error *cut_off(void)
{
	return dill_error_new(DILL_ERROR_BAD_DATA, "the compressed dump is cut off in its headers");
}

/* makedumpfile leaves the name out when it cannot read it, and QEMU says "Unknown" since 8.2. */
static struct dill_error *check_machine(struct span header)
{
	char name[UTSNAME_SIZE + 1] = "";

	memcpy(name, header.data + HEADER_MACHINE, UTSNAME_SIZE);
	if (!*name || !strcmp(name, "x86_64") || !strcmp(name, "Unknown"))
		return NULL;
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "a compressed dump of %s: dill knows x86-64 only",
			      machine_of_uname(name) ? machine_of_uname(name) : name);
}

static struct dill_error *parse_header(struct core *core, struct header *ret)
{
	uint8_t bytes[HEADER_SIZE];
	struct span head = {bytes, sizeof(bytes)};
	uint32_t block;

	if (!core_file_read(&core->file, 0, bytes, sizeof(bytes)))
		return cut_off();
	block = span_u32(head, HEADER_BLOCK_SIZE);
	*ret = (struct header){
		.format = span_u32(head, HEADER_FORMAT),
		.status = span_u32(head, HEADER_STATUS),
		.sub_blocks = span_u32(head, HEADER_SUB_BLOCKS),
		.bitmap_blocks = span_u32(head, HEADER_BITMAP_BLOCKS),
		.pages = span_u32(head, HEADER_MAX_PAGES),
	};
	TRY(check_machine(head));
	if (block != BLOCK)
		return dill_error_new(
			DILL_ERROR_BAD_DATA,
			"the compressed dump has blocks of %u bytes; x86-64's have %u", block,
			BLOCK);
	core->is_incomplete = ret->status & STATUS_INCOMPLETE;
	return NULL;
}

static struct dill_error *parse_sub_header(struct core *core, struct header *header)
{
	uint8_t bytes[SUB_SIZE];
	struct span sub = {bytes, sizeof(bytes)};

	if (!core_file_read(&core->file, BLOCK, bytes, sizeof(bytes)))
		return cut_off();
	header->level = (int32_t)span_u32(sub, SUB_DUMP_LEVEL);
	core->lacks_zeros_only = header->level == LEVEL_ZEROS;
	if (header->format >= 6)
		header->pages = span_u64(sub, SUB_MAX_PAGES);
	if (header->format >= 2 && span_u32(sub, SUB_SPLIT)) {
		unsigned first = header->format >= 6 ? SUB_FIRST_64 : SUB_FIRST;

		core->is_part = true;
		core->first_page = span_u64(sub, first);
		core->end_page = span_u64(sub, first + 8);
	}
	if (header->format >= 4)
		TRY(core_add_notes_at(core, span_u64(sub, SUB_NOTES),
				      span_u64(sub, SUB_NOTES + 8)));
	if (header->format >= 3) {
		uint64_t size = span_u64(sub, SUB_VMCOREINFO + 8);
		struct span text = core_file_span(&core->file, span_u64(sub, SUB_VMCOREINFO), size);

		if (text.size == size) /* else the kernel is found without */
			TRY(core_set_vmcoreinfo(core, text));
	}
	return NULL;
}

/* --- bitmaps --- */

/* Have @size bytes of the dump in one piece. */
static struct dill_error *hold(struct core *core, uint64_t offset, uint64_t size, struct span *ret)
{
	*ret = core_file_span(&core->file, offset, size);
	if (ret->size == size)
		return NULL;
	if (offset > core->file.size || size > core->file.size - offset)
		return cut_off();
	core->kdump->copy = malloc(size);
	if (!core->kdump->copy)
		return error_no_memory();
	if (!core_file_read(&core->file, offset, core->kdump->copy, size))
		return cut_off();
	*ret = (struct span){core->kdump->copy, size};
	return NULL;
}

static unsigned count_bits(struct span bits)
{
	unsigned count = 0;
	size_t at = 0;

	for (; at + 8 <= bits.size; at += 8)
		count += (unsigned)__builtin_popcountll(span_u64(bits, at));
	for (; at < bits.size; at++)
		count += (unsigned)__builtin_popcount(bits.data[at]);
	return count;
}

#if __GNUC__ >= 10 && !defined(__clang__)
/* gcc's analyzer does not see that deinit() is called after an error, and calls it a leak. */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

static struct dill_error *count_kept(struct kdump *kdump)
{
	size_t parts = kdump->kept.size / COUNT_BYTES + 1;
	uint64_t *before = calloc(parts, sizeof(*before)), count = 0;

	if (!before)
		return error_no_memory();
	kdump->before = before;
	for (size_t i = 0; i < parts; i++) {
		before[i] = count;
		count += count_bits(span_cut(kdump->kept, i * COUNT_BYTES, COUNT_BYTES));
	}
	return NULL;
}

static bool bit(struct span bits, uint64_t number)
{
	return bits.data[number / 8] >> (number % 8) & 1;
}

/* How many pages are kept in front of a kept one. */
static uint64_t kept_before(const struct kdump *kdump, uint64_t number)
{
	uint64_t byte = number / 8, start = byte / COUNT_BYTES * COUNT_BYTES;

	if (byte >= kdump->kept.size)
		return 0;
	return kdump->before[byte / COUNT_BYTES] +
	       count_bits(span_cut(kdump->kept, start, byte - start)) +
	       (unsigned)__builtin_popcount(kdump->kept.data[byte] & ((1u << number % 8) - 1));
}

static struct dill_error *parse_bitmaps(struct core *core, const struct header *header)
{
	struct kdump *kdump = core->kdump;
	uint64_t offset = (1 + (uint64_t)header->sub_blocks) * BLOCK;
	uint64_t size = (uint64_t)header->bitmap_blocks * BLOCK, half = size / 2, needed;
	struct span bits;

	kdump->pages = header->pages;
	if (!kdump->pages || kdump->pages > PAGES_MAX)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "the compressed dump would be of 0x%" PRIx64
				      " pages of memory",
				      kdump->pages);
	needed = (kdump->pages + 7) / 8;
	if (needed > size)
		return dill_error_new(
			DILL_ERROR_BAD_DATA,
			"the compressed dump's bitmaps are too small for its 0x%" PRIx64 " "
			"pages",
			kdump->pages);
	kdump->descriptors = offset + size;
	TRY(hold(core, offset, size, &bits));
	/* Dumps without a second bitmap are older than kernels with SLUB as dill knows it, but cost
	 * nothing. */
	core->pages = kdump->pages;
	if (core->is_part && (core->end_page > kdump->pages || core->first_page > core->end_page))
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "a part of a split dump would have the pages 0x%" PRIx64
				      " to 0x%" PRIx64 " of "
				      "0x%" PRIx64,
				      core->first_page, core->end_page, core->pages);
	if (!core->is_part)
		core->end_page = kdump->pages;
	kdump->exists = span_cut(bits, 0, needed);
	kdump->kept = needed > half ? kdump->exists : span_cut(bits, half, needed);
	TRY(count_kept(kdump));
	kdump->before_part = kept_before(kdump, core->first_page);
	return NULL;
}

static struct dill_error *parse(struct core *core)
{
	struct header header;

	core->what = core->file.is_flattened ? "flattened compressed dump" : "compressed dump";
	core->kdump = calloc(1, sizeof(*core->kdump));
	if (!core->kdump)
		return error_no_memory();
	TRY(parse_header(core, &header));
	TRY(parse_sub_header(core, &header));
	return parse_bitmaps(core, &header);
}

static void deinit(struct core *core)
{
	struct kdump *kdump = core->kdump;

	if (!kdump)
		return;
	free(kdump->copy);
	free(kdump->before);
	free(kdump);
}

/* --- pages --- */

struct descriptor {
	uint64_t offset;
	uint32_t size, flags;
};

/* A part of a dump has the bitmaps of all, and the descriptors of its own pages. */
static bool read_descriptor(const struct core *core, uint64_t number, struct descriptor *ret)
{
	uint8_t bytes[DESCRIPTOR];
	struct span span = {bytes, sizeof(bytes)};
	uint64_t before = kept_before(core->kdump, number) - core->kdump->before_part;

	if (!core_file_read(&core->file, core->kdump->descriptors + before * DESCRIPTOR, bytes,
			    sizeof(bytes)))
		return false;
	ret->offset = span_u64(span, 0);
	ret->size = span_u32(span, 8);
	ret->flags = span_u32(span, 12) &
		     (CORE_PACKED_ZLIB | CORE_PACKED_LZO | CORE_PACKED_SNAPPY | CORE_PACKED_ZSTD);
	return ret->flags ? ret->size && ret->size <= CORE_PACKED_MAX : ret->size == BLOCK;
}

static enum core_page find(const struct core *core, dill_phys page, struct descriptor *ret)
{
	const struct kdump *kdump = core->kdump;
	uint64_t number = page / BLOCK;

	if (number < core->first_page || number >= core->end_page)
		return CORE_PAGE_NO_RAM;
	if (!bit(kdump->kept, number))
		return bit(kdump->exists, number) ? CORE_PAGE_LEFT_OUT : CORE_PAGE_NO_RAM;
	return read_descriptor(core, number, ret) ? CORE_PAGE_READ : CORE_PAGE_LOST;
}

static enum core_page read_page(const struct core *core, struct core_reader *reader, dill_phys page,
				uint8_t buffer[DILL_PAGE_SIZE])
{
	struct descriptor descriptor;
	enum core_page found = find(core, page, &descriptor);
	struct span packed;

	if (found != CORE_PAGE_READ)
		return found;
	if (!descriptor.flags)
		return core_file_read(&core->file, descriptor.offset, buffer, BLOCK)
			       ? CORE_PAGE_READ
			       : CORE_PAGE_LOST;
	packed = core_file_span(&core->file, descriptor.offset, descriptor.size);
	if (packed.size < descriptor.size) {
		packed = (struct span){core_reader_buffer(reader), descriptor.size};
		if (!core_file_read(&core->file, descriptor.offset, core_reader_buffer(reader),
				    descriptor.size))
			return CORE_PAGE_LOST;
	}
	return core_unpack(reader, descriptor.flags, packed, buffer) ? CORE_PAGE_READ
								     : CORE_PAGE_LOST;
}

static const void *map(const struct core *core, dill_phys address, size_t length)
{
	struct descriptor descriptor;
	dill_phys page = address / BLOCK * BLOCK;
	struct span bytes;

	if (length > BLOCK || address - page + length > BLOCK ||
	    find(core, page, &descriptor) != CORE_PAGE_READ || descriptor.flags)
		return NULL;
	bytes = core_file_span(&core->file, descriptor.offset, BLOCK);
	return bytes.size == BLOCK ? bytes.data + (address - page) : NULL;
}

static bool next_range(const struct core *core, dill_phys from, dill_phys *ret_first,
		       uint64_t *ret_size)
{
	const struct kdump *kdump = core->kdump;
	uint64_t first = from / BLOCK + (from % BLOCK != 0), end;

	if (first < core->first_page)
		first = core->first_page;
	while (first < core->end_page && !bit(kdump->kept, first))
		first += first % 8 == 0 && !kdump->kept.data[first / 8] ? 8 : 1;
	if (first >= core->end_page)
		return false;
	for (end = first; end < core->end_page && bit(kdump->kept, end);)
		end++;
	*ret_first = first * BLOCK;
	*ret_size = (end - first) * BLOCK;
	return true;
}

bool core_kdump_same(const struct core *one, const struct core *other)
{
	uint8_t heads[2][HEADER_SIZE];

	/* The name of the machine and the time of its crash among it. */
	return core_file_read(&one->file, 0, heads[0], HEADER_SIZE) &&
	       core_file_read(&other->file, 0, heads[1], HEADER_SIZE) &&
	       !memcmp(heads[0], heads[1], HEADER_SIZE) &&
	       one->kdump->kept.size == other->kdump->kept.size &&
	       !memcmp(one->kdump->kept.data, other->kdump->kept.data, one->kdump->kept.size);
}

const struct core_kind core_kdump = {
	.is_mine = is_mine,
	.parse = parse,
	.deinit = deinit,
	.read = read_page,
	.unpacks = true,
	.map = map,
	.next_range = next_range,
};
