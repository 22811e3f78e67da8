/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary bytes as a dump, as changes of a healthy dump, and as a packed page. Headers are parsed
 * and pages all over are read. What is taken must keep its word: what is mapped is what is read,
 * and ranges go forward.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_image.h"
#include "target/core_map.h"

#define PAGES_READ  40u
#define RANGES_READ 40u
#define CHANGES_MAX 64u
/* Of a change: three bytes of its place, one of its value. */
#define CHANGE_BYTES 4u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const unsigned packings[] = {0, CORE_PACKED_ZLIB, CORE_PACKED_LZO, CORE_PACKED_SNAPPY,
				    CORE_PACKED_ZSTD};
#define PACKINGS (sizeof(packings) / sizeof(*packings))
/* Compressed dumps, an ELF dump, LiME's, AVML's and VMware's, each also flattened. */
#define IMAGES (2 * (PACKINGS + 4))

/* --- reading a dump that may be anything --- */

/* Pages at the start, and at addresses that grow until they are past every machine's. */
static dill_phys address_of(unsigned number)
{
	return number < PAGES_READ / 2 ? (dill_phys)number * DILL_PAGE_SIZE
				       : UINT64_C(1) << (14 + (number - PAGES_READ / 2) * 2);
}

static void check_page(const struct core *core, struct core_reader *reader, dill_phys address)
{
	uint8_t page[DILL_PAGE_SIZE];
	const uint8_t *mapped = core->kind->map(core, address, DILL_PAGE_SIZE);
	enum core_page what = core->kind->read(core, reader, address, page);

	if (mapped && (what != CORE_PAGE_READ || memcmp(mapped, page, DILL_PAGE_SIZE) != 0))
		abort();
}

static void check_ranges(const struct core *core)
{
	dill_phys from = 0, first;
	uint64_t size;

	for (unsigned i = 0; i < RANGES_READ; i++) {
		if (!core->kind->next_range(core, from, &first, &size))
			return;
		if (first < from || !size || first + (size - 1) < first)
			abort();
		from = first + size;
	}
}

static void check_dump(struct span bytes)
{
	struct core core = {0};
	struct core_reader *reader;
	struct dill_error *error = core_file_init(bytes, &core.file);

	if (!error)
		error = core_parse(&core);
	if (core_reader_new(&reader))
		abort();
	if (!error) {
		for (unsigned i = 0; i < PAGES_READ; i++)
			check_page(&core, reader, address_of(i));
		check_ranges(&core);
	} else if (dill_error_code(error) == DILL_ERROR_NO_MEMORY) {
		abort();
	}
	dill_error_free(error);
	core_deinit(&core);
	core_reader_free(reader);
}

/* As a map that the user gives, and as what the memory of a machine might hold. */
static void check_map(struct span bytes)
{
	static const uint64_t size = UINT64_C(5) << 30;
	struct extents extents = {0};
	char text[256];
	struct dill_error *error;

	snprintf(text, sizeof(text), "%.*s", (int)bytes.size, (const char *)bytes.data);
	error = core_map_parse(text, size, &extents);
	for (size_t i = 0; !error && i < extents.list.count; i++)
		if (extents.list.items[i].source + extents.list.items[i].size > size)
			abort();
	dill_error_free(error);
	extents_deinit(&extents);
	error = core_map_search(bytes, size, &extents, &(bool){false});
	if (error && dill_error_code(error) == DILL_ERROR_NO_MEMORY)
		abort();
	for (size_t i = 0; !error && i < extents.list.count; i++)
		if (extents.list.items[i].source + extents.list.items[i].size > size)
			abort();
	dill_error_free(error);
	extents_deinit(&extents);
}

/* --- the three ways --- */

static struct core_image image_of_kind(size_t kind)
{
	switch (kind) {
	case PACKINGS:
		return core_image_elf();
	case PACKINGS + 1:
		return core_image_lime();
	case PACKINGS + 2:
		return core_image_avml();
	case PACKINGS + 3:
		return core_image_vmware(true);
	default:
		return core_image_kdump(packings[kind]);
	}
}

static const struct core_image *healthy(size_t number)
{
	static struct core_image images[IMAGES];
	size_t kind = number / 2;

	if (!images[number].bytes) {
		struct dice dice = {number};
		struct core_image plain = image_of_kind(kind);

		images[number] = number % 2 ? core_image_flatten(&plain, &dice) : plain;
		if (number % 2)
			core_image_deinit(&plain);
	}
	return &images[number];
}

static void check_changed(struct span changes)
{
	const struct core_image *image = healthy(changes.data[0] % IMAGES);
	size_t places[CHANGES_MAX] = {0}, count = 0;
	uint8_t before[CHANGES_MAX] = {0};

	for (size_t at = 1; count < CHANGES_MAX && span_holds(changes, at, CHANGE_BYTES);
	     at += CHANGE_BYTES, count++) {
		const uint8_t *change = changes.data + at;
		size_t place = change[0] | change[1] << 8 | change[2] << 16;

		places[count] = place % image->size;
		before[count] = image->bytes[places[count]];
		image->bytes[places[count]] = change[3];
	}
	check_dump((struct span){image->bytes, image->size});
	while (count--)
		image->bytes[places[count]] = before[count];
}

static void check_unpacking(struct span packed)
{
	struct core_reader *reader;
	uint8_t *page = malloc(DILL_PAGE_SIZE);

	if (!page || core_reader_new(&reader))
		abort();
	for (size_t i = 1; i < PACKINGS; i++)
		(void)core_unpack(reader, packings[i], packed, page);
	core_reader_free(reader);
	free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest;

	if (size < 2)
		return 0;
	rest = (struct span){data + 1, size - 1};
	if (data[0] % 16 == 4)
		check_map(rest);
	else if (data[0] % 4 == 0)
		check_dump(rest);
	else if (data[0] % 4 == 1)
		check_unpacking(rest);
	else
		check_changed(rest);
	return 0;
}
