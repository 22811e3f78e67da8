/* SPDX-License-Identifier: MIT */
#include "kernel/image_unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

/* Offsets in the setup header, see the source in the header file. */
enum {
	SETUP_SECTS = 0x1f1,
	SETUP_MAGIC = 0x202,
	SETUP_VERSION = 0x206,
	SETUP_KERNEL_VERSION = 0x20e,
	SETUP_PAYLOAD_OFFSET = 0x248,
	SETUP_PAYLOAD_LENGTH = 0x24c,
	SETUP_END = 0x250,
};
#define HDRS_MAGIC	0x53726448u /* "HdrS" */
#define PAYLOAD_VERSION 0x208u

bool image_is_bzimage(struct span file)
{
	return file.size >= SETUP_END && span_u32(file, SETUP_MAGIC) == HDRS_MAGIC;
}

bool image_version(struct span file, char *ret, size_t size)
{
	struct span text = span_cut(file, span_u16(file, SETUP_KERNEL_VERSION) + 0x200u, size);
	const uint8_t *end = text.size ? memchr(text.data, '\0', text.size) : NULL;

	if (!span_u16(file, SETUP_KERNEL_VERSION) || !end || end == text.data)
		return false;
	memcpy(ret, text.data, (size_t)(end - text.data) + 1);
	return true;
}

static struct dill_error *find_payload(struct span file, struct span *ret)
{
	uint64_t sectors = file.data[SETUP_SECTS] ? file.data[SETUP_SECTS] : 4;
	uint64_t offset = (sectors + 1) * 512 + span_u32(file, SETUP_PAYLOAD_OFFSET);
	uint64_t length = span_u32(file, SETUP_PAYLOAD_LENGTH);

	if (span_u16(file, SETUP_VERSION) < PAYLOAD_VERSION || length < 8 ||
	    !span_holds(file, offset, length))
		return dill_error_new(DILL_ERROR_BAD_DATA, "the bzImage names no payload");
	*ret = span_cut(file, offset, length);
	return NULL;
}

static struct dill_error *archive_failure(struct archive *archive)
{
	const char *text = archive_error_string(archive);

	return dill_error_new(DILL_ERROR_UNSUPPORTED, "cannot unpack the bzImage: %s",
			      text ? text : "unknown reason");
}

/** The compressed stream in a payload, without the size behind it; in gzip's format that is part of
 * the stream. */
static struct span stream_of(struct span payload)
{
	bool gzip = payload.data[0] == 0x1f && payload.data[1] == 0x8b;

	return span_cut(payload, 0, gzip ? payload.size : payload.size - 4);
}

/** Unpack exactly @p size bytes. */
static struct dill_error *unpack(struct archive *archive, struct span stream, uint8_t *to,
				 size_t size)
{
	struct archive_entry *entry;

	if (archive_read_support_filter_all(archive) < ARCHIVE_WARN ||
	    archive_read_support_format_raw(archive) < ARCHIVE_WARN ||
	    archive_read_open_memory(archive, stream.data, stream.size) != ARCHIVE_OK ||
	    archive_read_next_header(archive, &entry) < ARCHIVE_WARN)
		return archive_failure(archive);
	for (size_t done = 0; done < size;) {
		la_ssize_t got = archive_read_data(archive, to + done, size - done);

		if (got < 0)
			return archive_failure(archive);
		if (!got)
			return dill_error_new(DILL_ERROR_BAD_DATA,
					      "the bzImage's payload ends after %zu of %zu bytes",
					      done, size);
		done += (size_t)got;
	}
	return NULL;
}

struct dill_error *image_unpack(struct span file, uint8_t **ret, size_t *ret_size)
{
	struct archive *archive;
	struct dill_error *error;
	struct span payload = {0};
	uint8_t *bytes;
	size_t size;

	TRY(find_payload(file, &payload));
	size = span_u32(payload, payload.size - 4);
	if (size < payload.size || size > IMAGE_FILE_MAX)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "the bzImage's payload claims to unpack to %zu bytes", size);
	bytes = malloc(size);
	archive = archive_read_new();
	if (!bytes || !archive)
		error = error_no_memory();
	else
		error = unpack(archive, stream_of(payload), bytes, size);
	archive_read_free(archive);
	if (error) {
		free(bytes);
		return error;
	}
	*ret = bytes;
	*ret_size = size;
	return NULL;
}
