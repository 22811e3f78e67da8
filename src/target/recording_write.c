/* SPDX-License-Identifier: MIT */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "target/recording_file.h"
#include "target/recording_wire.h"

/* The part behind the header is put together in pieces of this size. */
#define PIECE ((size_t)1 << 18)

struct writer {
	struct archive *archive;
	ARRAY(uint8_t) pending;
};

static struct dill_error *archive_failure(struct archive *archive)
{
	const char *text = archive_error_string(archive);

	return dill_error_new(DILL_ERROR_OS, "%s", text ? text : "libarchive fails");
}

static struct dill_error *flush(struct writer *writer)
{
	la_ssize_t written =
		archive_write_data(writer->archive, writer->pending.items, writer->pending.count);

	if (written < 0 || (size_t)written != writer->pending.count)
		return archive_failure(writer->archive);
	writer->pending.count = 0;
	return NULL;
}

static struct dill_error *put(struct writer *writer, const void *bytes, size_t size)
{
	if (writer->pending.count >= PIECE)
		TRY(flush(writer));
	TRY(array_reserve(&writer->pending, size));
	if (size)
		memcpy(writer->pending.items + writer->pending.count, bytes, size);
	writer->pending.count += size;
	return NULL;
}

static struct dill_error *put_number(struct writer *writer, uint64_t value, size_t size)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	/* cppcheck-suppress uninitvar; size bytes were written, none when that is 0 */
	return put(writer, bytes, size);
}

static struct dill_error *put_head(struct writer *writer, const struct recording *recording)
{
	size_t length = strlen(recording->description);

	if (length > RECORDING_TEXT_MAX) /* escaping has made it longer */
		length = RECORDING_TEXT_MAX;
	TRY(put_number(writer, recording->spaces | (recording->moved ? RECORDING_MOVED : 0), 4));
	TRY(put_number(writer, recording->cpu_count, 4));
	TRY(put_number(writer, length, 4));
	return put(writer, recording->description, length);
}

static struct dill_error *put_cpu(struct writer *writer, struct recorded_cpu cpu)
{
	uint64_t *fields[RECORDING_REGISTERS];
	uint64_t bits = (cpu.known ? RECORDING_CPU_KNOWN : 0) |
			(cpu.registers.has_control ? RECORDING_CPU_CONTROL : 0);

	recording_registers(&cpu.registers, fields);
	TRY(put_number(writer, bits, 8));
	for (size_t i = 0; i < RECORDING_REGISTERS; i++)
		TRY(put_number(writer, *fields[i], 8));
	return NULL;
}

static struct dill_error *put_page(struct writer *writer, const struct cached_page *page)
{
	static const uint8_t zeros[DILL_PAGE_SIZE];

	if (page->state != PAGE_READABLE)
		return put_number(writer, page->key | RECORDING_PAGE_UNREADABLE, 8);
	if (!memcmp(page->data, zeros, sizeof(zeros)))
		return put_number(writer, page->key | RECORDING_PAGE_ZEROS, 8);
	TRY(put_number(writer, page->key, 8));
	return put(writer, page->data, DILL_PAGE_SIZE);
}

static int by_key(const void *a, const void *b)
{
	const struct cached_page *one = *(const struct cached_page *const *)a;
	const struct cached_page *two = *(const struct cached_page *const *)b;

	return (one->key > two->key) - (one->key < two->key);
}

static struct dill_error *put_pages(struct writer *writer, const struct recording *recording)
{
	uint32_t count = page_cache_count(recording->pages);
	_cleanup_(freep)
	const struct cached_page **pages = calloc(count + 1u, sizeof(*pages));

	if (!pages)
		return error_no_memory();
	for (uint32_t i = 0; i < count; i++)
		pages[i] = page_cache_item(recording->pages, i);
	qsort(pages, count, sizeof(*pages), by_key);
	for (uint32_t i = 0; i < count; i++)
		TRY(put_page(writer, pages[i]));
	TRY(put_number(writer, RECORDING_END, 8));
	return put_number(writer, count, 8);
}

static struct dill_error *put_body(struct writer *writer, const struct recording *recording)
{
	TRY(put_head(writer, recording));
	for (unsigned cpu = 0; cpu < recording->cpu_count; cpu++)
		TRY(put_cpu(writer, recording->cpus[cpu]));
	TRY(put_pages(writer, recording));
	return flush(writer);
}

/* --- libarchive: a "raw" archive is one compressed stream --- */

static la_ssize_t write_some(struct archive *archive, void *context, const void *bytes, size_t size)
{
	if (fwrite(bytes, 1, size, context) == size)
		return (la_ssize_t)size;
	archive_set_error(archive, errno, "%s", strerror(errno));
	return -1;
}

static bool open_stream(struct archive *archive, struct archive_entry *entry, FILE *file)
{
	/* ARCHIVE_WARN is an external program, which is another file's dependency. */
	if (archive_write_add_filter_zstd(archive) != ARCHIVE_OK &&
	    archive_write_add_filter_gzip(archive) != ARCHIVE_OK)
		return false;
	archive_entry_set_filetype(entry, AE_IFREG);
	return archive_write_set_format_raw(archive) == ARCHIVE_OK &&
	       archive_write_set_bytes_in_last_block(archive, 1) == ARCHIVE_OK &&
	       archive_write_open(archive, file, NULL, write_some, NULL) == ARCHIVE_OK &&
	       archive_write_header(archive, entry) == ARCHIVE_OK;
}

static struct dill_error *write_stream(struct writer *writer, struct archive_entry *entry,
				       const struct recording *recording, FILE *file)
{
	if (!open_stream(writer->archive, entry, file))
		return archive_failure(writer->archive);
	TRY(put_body(writer, recording));
	if (archive_write_close(writer->archive) != ARCHIVE_OK)
		return archive_failure(writer->archive);
	return NULL;
}

struct dill_error *recording_write(const struct recording *recording, FILE *file)
{
	uint8_t header[RECORDING_HEADER_SIZE] = RECORDING_MAGIC;
	struct archive_entry *entry = archive_entry_new();
	struct writer writer = {.archive = archive_write_new()};
	struct dill_error *error;

	header[strlen(RECORDING_MAGIC)] =
		recording->moved ? RECORDING_VERSION_MOVED : RECORDING_VERSION;
	if (!entry || !writer.archive)
		error = error_no_memory();
	else if (fwrite(header, sizeof(header), 1, file) != 1)
		error = dill_error_new_os(errno, "cannot write");
	else
		error = write_stream(&writer, entry, recording, file);
	archive_write_free(writer.archive);
	archive_entry_free(entry);
	array_free(&writer.pending);
	return error;
}
