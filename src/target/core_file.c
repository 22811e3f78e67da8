/* SPDX-License-Identifier: MIT */
#include "target/core_file.h"

#include <endian.h>
#include <inttypes.h>

#include "base/checked.h"

/*
 * The flattened format: a header of a page, then pieces, each behind two big-endian words (offset
 * in the dump, size), up to one whose words are both -1. Later pieces overwrite earlier ones.
 * Source: makedumpfile.h "struct makedumpfile_header", "struct makedumpfile_data_header"
 */
static const char flattened_magic[16] = "makedumpfile";

enum {
	FLATTENED_TYPE = 16,
	FLATTENED_VERSION = 24,
	FLATTENED_DATA = 4096,
	PIECE_HEADER = 16,
};
#define PIECES_END UINT64_MAX
/* 2 GiB of bookkeeping; QEMU makes one of each 16 KiB. */
#define PIECES_MAX (UINT64_C(1) << 26)

static uint64_t big_u64(struct span span, uint64_t offset)
{
	return be64toh(span_u64(span, (size_t)offset));
}

static bool is_flattened(struct span file)
{
	return span_holds(file, 0, FLATTENED_DATA) &&
	       !memcmp(file.data, flattened_magic, sizeof(flattened_magic));
}

static struct dill_error *add_pieces(struct core_file *file)
{
	struct span mapped = file->mapped;
	uint64_t at = FLATTENED_DATA;

	while (span_holds(mapped, at, PIECE_HEADER)) {
		uint64_t offset = big_u64(mapped, at), size = big_u64(mapped, at + 8), end;

		if (offset == PIECES_END && size == PIECES_END)
			return NULL;
		if (checked_add(offset, size, &end) || end > INT64_MAX)
			return dill_error_new(DILL_ERROR_BAD_DATA,
					      "flattened: a piece at 0x%" PRIx64
					      " lies at 0x%" PRIx64 " of the "
					      "dump and would be 0x%" PRIx64 " bytes long",
					      at, offset, size);
		if (file->pieces.list.count >= PIECES_MAX)
			return dill_error_new(DILL_ERROR_LIMIT,
					      "flattened: more than %lu pieces; unfold it with "
					      "\"makedumpfile -R DUMP < FILE\"",
					      PIECES_MAX);
		at += PIECE_HEADER;
		if (!span_holds(mapped, at, size)) {
			size = mapped.size - at;
			file->is_cut = true;
		}
		TRY(extents_add(&file->pieces, offset, size, at));
		at += size;
		if (file->is_cut)
			return NULL;
	}
	file->is_cut = true;
	return NULL;
}

static struct dill_error *unflatten(struct core_file *file)
{
	const struct extent *last;

	if (big_u64(file->mapped, FLATTENED_TYPE) != 1 ||
	    big_u64(file->mapped, FLATTENED_VERSION) != 1)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "flattened in a way that dill does not know: type %ld, "
				      "version %ld",
				      (long)big_u64(file->mapped, FLATTENED_TYPE),
				      (long)big_u64(file->mapped, FLATTENED_VERSION));
	TRY(add_pieces(file));
	TRY(extents_settle(&file->pieces, EXTENTS_LAST_COUNTS));
	if (!file->pieces.list.count)
		return dill_error_new(DILL_ERROR_BAD_DATA, "flattened: it holds no dump");
	last = &file->pieces.list.items[file->pieces.list.count - 1];
	file->size = last->start + last->size;
	return NULL;
}

struct dill_error *core_file_init(struct span bytes, struct core_file *ret)
{
	*ret = (struct core_file){.mapped = bytes, .dump = bytes, .size = bytes.size};
	if (!is_flattened(bytes))
		return NULL;
	ret->is_flattened = ret->is_scattered = true;
	ret->dump = (struct span){0};
	return unflatten(ret);
}

/* Files between whose bytes there are others in the mapping. */
static struct dill_error *scatter(const struct file_map *map, struct core_file *file)
{
	uint64_t at = 0;

	if (is_flattened(map->bytes))
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "a flattened dump in pieces: join them with cat first");
	*file = (struct core_file){.mapped = map->bytes, .is_scattered = true};
	for (size_t i = 0; i < map->parts.count; i++) {
		const struct file_part *part = &map->parts.items[i];

		TRY(extents_add(&file->pieces, at, part->size, part->at));
		at += part->size;
	}
	file->size = at;
	return extents_settle(&file->pieces, EXTENTS_FIRST_COUNTS);
}

static bool is_joined(const struct file_map *map)
{
	for (size_t i = 1; i < map->parts.count; i++)
		if (map->parts.items[i].at !=
		    map->parts.items[i - 1].at + map->parts.items[i - 1].size)
			return false;
	return true;
}

struct dill_error *core_file_open_all(const char *const *paths, size_t count, struct core_file *ret)
{
	struct file_map map;
	struct dill_error *error;

	*ret = (struct core_file){0};
	error = file_map_open_all(paths, count, &map);
	if (!error)
		error = is_joined(&map) ? core_file_init(map.bytes, ret) : scatter(&map, ret);
	ret->map = map;
	return error;
}

struct dill_error *core_file_open(const char *path, struct core_file *ret)
{
	return core_file_open_all(&path, 1, ret);
}

void core_file_deinit(struct core_file *file)
{
	file_map_close(&file->map);
	extents_deinit(&file->pieces);
	*file = (struct core_file){0};
}

struct span core_file_span(const struct core_file *file, uint64_t offset, uint64_t length)
{
	const struct extent *piece;
	uint64_t inside;

	if (!file->is_scattered)
		return span_cut(file->dump, offset, length);
	piece = extents_holder(&file->pieces, offset);
	if (!piece)
		return (struct span){file->mapped.data, 0};
	inside = offset - piece->start;
	if (length > piece->size - inside)
		length = piece->size - inside;
	return span_cut(file->mapped, piece->source + inside, length);
}

bool core_file_read(const struct core_file *file, uint64_t offset, void *buffer, size_t length)
{
	uint8_t *to = buffer;

	while (length) {
		struct span part = core_file_span(file, offset, length);

		if (!part.size)
			return false;
		memcpy(to, part.data, part.size);
		to += part.size;
		offset += part.size;
		length -= part.size;
	}
	return true;
}
