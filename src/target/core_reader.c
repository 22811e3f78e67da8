/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "target/core.h"

/* Parts that are kept unpacked: neighbours are asked for one after the other, and from several
 * places in turn. */
#define BLOCKS 16u

struct core_reader {
	z_stream zlib;
	bool has_zlib;
	ZSTD_DCtx *zstd;
	struct core_block *blocks; /* BLOCKS of them, made when the first is asked for */
	uint8_t buffer[CORE_PACKED_MAX];
};

struct dill_error *core_reader_new(struct core_reader **ret)
{
	struct core_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return error_no_memory();
	*ret = reader;
	return NULL;
}

void core_reader_free(struct core_reader *reader)
{
	if (!reader)
		return;
	if (reader->has_zlib)
		inflateEnd(&reader->zlib);
	ZSTD_freeDCtx(reader->zstd);
	free(reader->blocks);
	free(reader);
}

uint8_t *core_reader_buffer(struct core_reader *reader)
{
	return reader->buffer;
}

struct core_block *core_reader_block(struct core_reader *reader, uint64_t source, bool *ret_is_new)
{
	/* Neighbours lie some 10 to 64 KiB from each other. */
	uint64_t spread = source * UINT64_C(0x9e3779b97f4a7c15);
	struct core_block *block;

	if (!reader->blocks) {
		reader->blocks = calloc(BLOCKS, sizeof(*reader->blocks));
		if (!reader->blocks)
			return NULL;
		for (unsigned i = 0; i < BLOCKS; i++)
			reader->blocks[i].source = UINT64_MAX;
	}
	block = &reader->blocks[spread >> 60];
	*ret_is_new = block->source != source;
	block->source = source;
	return block;
}

static bool unpack_zlib(struct core_reader *reader, struct span packed, uint8_t *page)
{
	z_stream *stream = &reader->zlib;

	if (!reader->has_zlib)
		reader->has_zlib = inflateInit(stream) == Z_OK;
	else if (inflateReset(stream) != Z_OK)
		return false;
	if (!reader->has_zlib)
		return false;
	stream->next_in = (Bytef *)packed.data; /* which is only read */
	stream->avail_in = (uInt)packed.size;
	stream->next_out = page;
	stream->avail_out = DILL_PAGE_SIZE;
	return inflate(stream, Z_FINISH) == Z_STREAM_END && !stream->avail_out;
}

static bool unpack_zstd(struct core_reader *reader, struct span packed, uint8_t *page)
{
	if (!reader->zstd)
		reader->zstd = ZSTD_createDCtx();
	return reader->zstd && ZSTD_decompressDCtx(reader->zstd, page, DILL_PAGE_SIZE, packed.data,
						   packed.size) == DILL_PAGE_SIZE;
}

bool core_unpack(struct core_reader *reader, enum core_packing packing, struct span packed,
		 uint8_t page[DILL_PAGE_SIZE])
{
	switch (packing) {
	case CORE_PACKED_ZLIB:
		return unpack_zlib(reader, packed, page);
	case CORE_PACKED_LZO:
		return lzo_unpack(packed, page, DILL_PAGE_SIZE);
	case CORE_PACKED_SNAPPY:
		return snappy_unpack(packed, page, DILL_PAGE_SIZE);
	case CORE_PACKED_ZSTD:
		return unpack_zstd(reader, packed, page);
	}
	return false;
}
