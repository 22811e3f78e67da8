/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "target/core.h"

struct core_reader {
	z_stream zlib;
	bool has_zlib;
	ZSTD_DCtx *zstd;
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
	free(reader);
}

uint8_t *core_reader_buffer(struct core_reader *reader)
{
	return reader->buffer;
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
