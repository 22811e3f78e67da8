/* SPDX-License-Identifier: MIT */
/*
 * Dumps of LiME, and of AVML: a header of each range of memory, and its bytes behind it. AVML packs
 * them in snappy's framing format, behind a header that has another magic, and writes their packed
 * length behind them.
 * Source: LiME, doc/README.md "Spec" and src/lime.h; AVML, src/image.rs and src/io/snappy.rs;
 * snappy, framing_format.txt
 */
#include <stdlib.h>

#include "base/checked.h"
#include "target/core.h"
#include "target/crc32c.h"

/* "lime_range": magic, format ("version"), first and last address, eight bytes of zeros */
enum {
	RANGE_MAGIC = 0,
	RANGE_FORMAT = 4,
	RANGE_FIRST = 8,
	RANGE_LAST = 16,
	RANGE_SIZE = 32,
	LENGTH_SIZE = 8, /* of what AVML writes behind a packed range */
};
#define LIME_MAGIC UINT32_C(0x4c694d45)
#define AVML_MAGIC UINT32_C(0x4c4d5641)

/* Ranges of memory; a machine has some ten, AVML cuts them into parts. */
#define RANGES_MAX (UINT64_C(1) << 20)
/* 16 TiB of packed memory, 24 bytes of bookkeeping for each. */
#define CHUNKS_MAX (UINT64_C(1) << 28)

/* A chunk of the framing format: type, length of what follows; there a checksum, then the data. */
enum {
	CHUNK_HEADER = 4,
	CHUNK_CHECKSUM = 4,
	CHUNK_DATA_MAX = 65536, /* unpacked */
	CHUNK_PACKED = 0x00,
	CHUNK_PLAIN = 0x01,
	CHUNK_SKIPPED_FIRST = 0x80, /* to 0xfe: to be skipped; 0xff, the stream's name, as well */
};

struct range {
	uint32_t magic, format;
	dill_phys first;
	uint64_t size;
};

/* @at may be anywhere. False when no header is there. */
static bool parse_range(const struct core_file *file, uint64_t at, struct range *ret)
{
	uint8_t bytes[RANGE_SIZE];
	struct span span = {bytes, sizeof(bytes)};
	dill_phys last;

	if (!core_file_read(file, at, bytes, sizeof(bytes)))
		return false;
	last = span_u64(span, RANGE_LAST);
	*ret = (struct range){
		.magic = span_u32(span, RANGE_MAGIC),
		.format = span_u32(span, RANGE_FORMAT),
		.first = span_u64(span, RANGE_FIRST),
		.size = last - span_u64(span, RANGE_FIRST) + 1,
	};
	if (last < ret->first || last == UINT64_MAX)
		return false;
	return (ret->magic == LIME_MAGIC && ret->format == 1) ||
	       (ret->magic == AVML_MAGIC && ret->format == 2);
}

static bool begins_with(const struct core_file *file, uint32_t magic)
{
	struct span head = core_file_span(file, 0, sizeof(magic));

	return head.size == sizeof(magic) && span_u32(head, 0) == magic;
}

static bool is_lime(const struct core_file *file)
{
	return begins_with(file, LIME_MAGIC);
}

static bool is_avml(const struct core_file *file)
{
	return begins_with(file, AVML_MAGIC);
}

/* --- packed ranges --- */

/* How much a chunk holds, unpacked; 0 = nothing, or it is broken. */
static uint64_t chunk_size(const struct core_file *file, unsigned type, uint64_t at,
			   uint64_t length)
{
	uint8_t bytes[5];
	struct span packed = {bytes, 0};
	uint64_t size = length - CHUNK_CHECKSUM;

	if (length <= CHUNK_CHECKSUM)
		return 0;
	if (type == CHUNK_PACKED) {
		packed.size = size < sizeof(bytes) ? size : sizeof(bytes);
		if (!core_file_read(file, at + CHUNK_HEADER + CHUNK_CHECKSUM, bytes, packed.size) ||
		    !snappy_size(packed, &size))
			return 0;
	}
	return size <= CHUNK_DATA_MAX ? size : 0;
}

/* Note where the chunks of a range are. @at is moved behind it; false when it is broken there. */
static struct dill_error *add_chunks(struct core *core, const struct range *range, uint64_t *at,
				     bool *ret_whole)
{
	uint64_t done = 0;

	*ret_whole = false;
	while (done < range->size) {
		uint8_t header[CHUNK_HEADER];
		struct core_chunk chunk;
		uint64_t length, size;

		if (!core_file_read(&core->file, *at, header, sizeof(header)))
			return NULL;
		length = header[1] | header[2] << 8 | (uint64_t)header[3] << 16;
		if (header[0] == CHUNK_PACKED || header[0] == CHUNK_PLAIN) {
			size = chunk_size(&core->file, header[0], *at, length);
			if (!size || size > range->size - done)
				return NULL;
			if (core->chunks.count >= CHUNKS_MAX)
				return dill_error_new(DILL_ERROR_LIMIT,
						      "the dump has more than %lu packed parts",
						      CHUNKS_MAX);
			chunk = (struct core_chunk){range->first + done, *at, (uint32_t)size};
			TRY(array_push(&core->chunks, chunk));
			done += size;
		} else if (header[0] < CHUNK_SKIPPED_FIRST) {
			return NULL;
		}
		*at += CHUNK_HEADER + length;
	}
	*at += LENGTH_SIZE;
	*ret_whole = true;
	return NULL;
}

static int compare_chunks(const void *a, const void *b)
{
	const struct core_chunk *one = a, *other = b;

	if (one->start != other->start)
		return one->start < other->start ? -1 : 1;
	return one->source < other->source ? -1 : one->source > other->source;
}

static bool overlaps(const struct core *core, const struct core_chunk *chunk)
{
	const struct extent *extent = extents_find(&core->ram, chunk->start);

	return extent && extent->start < chunk->start + chunk->size;
}

/* Of parts that overlap, which no writer makes, one counts: what is not packed, else the first. */
static void settle_chunks(struct core *core)
{
	size_t kept = 0;

	if (!core->chunks.count)
		return;
	qsort(core->chunks.items, core->chunks.count, sizeof(*core->chunks.items), compare_chunks);
	for (size_t i = 0; i < core->chunks.count; i++) {
		const struct core_chunk *last = &core->chunks.items[kept ? kept - 1 : 0];

		if ((!kept || core->chunks.items[i].start >= last->start + last->size) &&
		    !overlaps(core, &core->chunks.items[i]))
			core->chunks.items[kept++] = core->chunks.items[i];
	}
	core->chunks.count = kept;
}

/* The chunk that holds @at, else the first one behind it. */
static const struct core_chunk *find_chunk(const struct core *core, dill_phys at)
{
	size_t low = 0, high = core->chunks.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct core_chunk *chunk = &core->chunks.items[middle];

		if (chunk->start + chunk->size <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low < core->chunks.count ? &core->chunks.items[low] : NULL;
}

/* Source: framing_format.txt, "Checksum format" */
static uint32_t masked(uint32_t checksum)
{
	return (checksum >> 15 | checksum << 17) + UINT32_C(0xa282ead8);
}

static bool unpack_chunk(const struct core_file *file, const struct core_chunk *chunk,
			 struct core_block *block)
{
	uint8_t header[CHUNK_HEADER + CHUNK_CHECKSUM];
	struct span head = {header, sizeof(header)}, data = {block->packed, 0};

	if (!core_file_read(file, chunk->source, header, sizeof(header)))
		return false;
	data.size = (span_u32(head, 0) >> 8) - CHUNK_CHECKSUM;
	if (header[0] == CHUNK_PLAIN) {
		if (!core_file_read(file, chunk->source + sizeof(header), block->data, chunk->size))
			return false;
	} else if (data.size > sizeof(block->packed) ||
		   !core_file_read(file, chunk->source + sizeof(header), block->packed,
				   data.size) ||
		   !snappy_unpack(data, block->data, chunk->size)) {
		return false;
	}
	return masked(crc32c((struct span){block->data, chunk->size})) ==
	       span_u32(head, CHUNK_HEADER);
}

/* Copy what a chunk has of a page. */
static enum core_page copy_chunk(const struct core *core, struct core_reader *reader,
				 const struct core_chunk *chunk, dill_phys page, uint8_t *buffer)
{
	dill_phys from = chunk->start > page ? chunk->start : page;
	dill_phys to = chunk->start + chunk->size;
	bool is_new;
	struct core_block *block = core_reader_block(reader, chunk->source, &is_new);

	if (!block)
		return CORE_PAGE_LOST;
	if (is_new)
		block->is_whole = unpack_chunk(&core->file, chunk, block);
	if (!block->is_whole)
		return CORE_PAGE_LOST;
	if (to > page + DILL_PAGE_SIZE)
		to = page + DILL_PAGE_SIZE;
	memcpy(buffer + (from - page), block->data + (from - chunk->start), to - from);
	return CORE_PAGE_READ;
}

/* NULL where there are none. */
static const struct core_chunk *chunks_end(const struct core *core)
{
	return core->chunks.count ? core->chunks.items + core->chunks.count : NULL;
}

static enum core_page read_packed(const struct core *core, struct core_reader *reader,
				  dill_phys page, uint8_t buffer[DILL_PAGE_SIZE])
{
	const struct core_chunk *chunk = find_chunk(core, page);
	const struct core_chunk *end = chunks_end(core);
	enum core_page what = core_ram_read(core, reader, page, buffer);

	for (;
	     what != CORE_PAGE_LOST && chunk && chunk < end && chunk->start < page + DILL_PAGE_SIZE;
	     chunk++)
		what = copy_chunk(core, reader, chunk, page, buffer);
	return what;
}

static bool next_range(const struct core *core, dill_phys from, dill_phys *ret_first,
		       uint64_t *ret_size)
{
	const struct core_chunk *chunk = find_chunk(core, from);
	const struct core_chunk *end = chunks_end(core);
	dill_phys last;

	if (!chunk)
		return core_ram_next_range(core, from, ret_first, ret_size);
	if (core_ram_next_range(core, from, ret_first, ret_size) && *ret_first < chunk->start)
		return true;
	*ret_first = from > chunk->start ? from : chunk->start;
	last = chunk->start + chunk->size;
	for (chunk++; chunk < end && chunk->start == last; chunk++)
		last += chunk->size;
	*ret_size = last - *ret_first;
	return true;
}

/* --- both --- */

/* Note where one range is. @at is moved behind it; *ret_whole says whether it is all there. */
static struct dill_error *add_range(struct core *core, const struct range *range, uint64_t *at,
				    bool *ret_whole)
{
	*at += RANGE_SIZE;
	if (range->magic == AVML_MAGIC)
		return add_chunks(core, range, at, ret_whole);
	TRY(extents_add(&core->ram, range->first, range->size, *at));
	*ret_whole = *at <= core->file.size && range->size <= core->file.size - *at;
	*at += range->size;
	return NULL;
}

static struct dill_error *parse(struct core *core)
{
	uint64_t at = 0, ranges = 0;
	struct range range;
	bool is_whole = true;

	core->what = core->kind == &core_avml ? "AVML dump" : "LiME dump";
	for (; is_whole && parse_range(&core->file, at, &range); ranges++) {
		if (ranges >= RANGES_MAX)
			return dill_error_new(DILL_ERROR_LIMIT,
					      "the dump has more than %lu ranges of memory",
					      RANGES_MAX);
		TRY(add_range(core, &range, &at, &is_whole));
	}
	core->is_incomplete = !is_whole || at != core->file.size;
	TRY(extents_settle(&core->ram, EXTENTS_FIRST_COUNTS));
	settle_chunks(core);
	if (core->ram.list.count || core->chunks.count)
		return NULL;
	return dill_error_new(DILL_ERROR_BAD_DATA,
			      "the %s holds no memory: its first header is broken or of another "
			      "version",
			      core->what);
}

static void deinit(struct core *core)
{
	array_free(&core->chunks);
}

const struct core_kind core_lime = {
	.is_mine = is_lime,
	.parse = parse,
	.deinit = deinit,
	.read = read_packed,
	.map = core_ram_map,
	.next_range = next_range,
};

const struct core_kind core_avml = {
	.is_mine = is_avml,
	.parse = parse,
	.deinit = deinit,
	.read = read_packed,
	.unpacks = true,
	.map = core_ram_map,
	.next_range = next_range,
};
