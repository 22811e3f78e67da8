/* SPDX-License-Identifier: MIT */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "target/recording_file.h"
#include "target/recording_wire.h"

#define PIECE ((size_t)1 << 16)

struct reader {
	FILE *file;
	struct archive *archive;
	uint8_t piece[PIECE];
};

bool recording_is_file(struct span head)
{
	return head.size >= strlen(RECORDING_MAGIC) &&
	       !memcmp(head.data, RECORDING_MAGIC, strlen(RECORDING_MAGIC));
}

static la_ssize_t read_some(struct archive *archive, void *context, const void **ret)
{
	struct reader *reader = context;
	size_t got = fread(reader->piece, 1, PIECE, reader->file);

	if (!got && ferror(reader->file)) {
		archive_set_error(archive, errno, "%s", strerror(errno));
		return -1;
	}
	*ret = reader->piece;
	return (la_ssize_t)got;
}

/* Most of what libarchive says of a stream is about archives; this is one file. */
static struct dill_error *damaged(void)
{
	return dill_error_new(DILL_ERROR_BAD_DATA, "its compressed part is damaged or cut off");
}

static struct dill_error *unfold(void *context, void *buffer, size_t size, size_t *ret_got)
{
	struct reader *reader = context;

	for (*ret_got = 0; *ret_got < size;) {
		la_ssize_t got = archive_read_data(reader->archive, (uint8_t *)buffer + *ret_got,
						   size - *ret_got);

		if (got < 0)
			return damaged();
		if (!got)
			return NULL;
		*ret_got += (size_t)got;
	}
	return NULL;
}

static struct dill_error *read_header(FILE *file, uint32_t *ret_version)
{
	uint8_t bytes[RECORDING_HEADER_SIZE];
	struct span header = {bytes, fread(bytes, 1, sizeof(bytes), file)};

	if (!recording_is_file(header))
		return dill_error_new(DILL_ERROR_BAD_DATA, "it is no recording of dill's");
	if (header.size < sizeof(bytes))
		return dill_error_new(DILL_ERROR_BAD_DATA, "it ends too early");
	*ret_version = span_u32(header, 8);
	if (*ret_version != RECORDING_VERSION && *ret_version != RECORDING_VERSION_MOVED)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "it has version %u, and this dill reads versions %u and %u",
				      *ret_version, RECORDING_VERSION, RECORDING_VERSION_MOVED);
	return NULL;
}

static bool open_stream(struct reader *reader)
{
	struct archive_entry *entry;

	return archive_read_support_filter_zstd(reader->archive) == ARCHIVE_OK &&
	       archive_read_support_filter_gzip(reader->archive) == ARCHIVE_OK &&
	       archive_read_support_format_raw(reader->archive) == ARCHIVE_OK &&
	       archive_read_open(reader->archive, reader, NULL, read_some, NULL) == ARCHIVE_OK &&
	       archive_read_next_header(reader->archive, &entry) == ARCHIVE_OK;
}

static struct dill_error *read_body(FILE *file, struct recording *ret)
{
	_cleanup_(freep)
	struct reader *reader = calloc(1, sizeof(*reader));
	struct recording_source source = {unfold, reader};
	struct dill_error *error;

	if (!reader)
		return error_no_memory();
	reader->file = file;
	reader->archive = archive_read_new();
	if (!reader->archive)
		return error_no_memory();
	error = open_stream(reader) ? recording_parse(&source, ret) : damaged();
	archive_read_free(reader->archive);
	return error;
}

struct dill_error *recording_read(const char *path, struct recording *ret)
{
	FILE *file = fopen(path, "rbe");
	struct dill_error *error;
	uint32_t version = 0;

	if (!file)
		return dill_error_new_os(errno, "cannot open %s", path);
	error = read_header(file, &version);
	if (!error)
		error = read_body(file, ret);
	if (!error && ret->moved != (version == RECORDING_VERSION_MOVED))
		error = dill_error_new(DILL_ERROR_BAD_DATA,
				       "its version says that its target %s while it was "
				       "read, its mark the contrary",
				       ret->moved ? "stood still" : "ran");
	fclose(file);
	return dill_error_add_context(error, "%s", path);
}
