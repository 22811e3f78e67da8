/* SPDX-License-Identifier: MIT */
#include "core_image.h"

#include <assert.h>
#include <elf.h>
#include <endian.h>
#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "target/open.h"

#define PAGE DILL_PAGE_SIZE

enum core_page core_image_page(unsigned number, uint8_t page[PAGE])
{
	struct dice dice = dice_of_run(1, number);

	if (number % 16 >= 14)
		return CORE_PAGE_NO_RAM;
	if (number % 16 == 9)
		return CORE_PAGE_LEFT_OUT;
	memset(page, 0, PAGE);
	if (number % 4 == 1) /* cannot be packed */
		for (size_t i = 0; i < PAGE; i++)
			page[i] = (uint8_t)dice_roll(&dice);
	else if (number % 4) /* runs of a byte, far repetitions, and something new */
		for (size_t i = 0; i < PAGE; i++)
			page[i] = dice_pick(&dice, 60) ? page[i ? i - 1 : 0]
						       : (uint8_t)dice_roll(&dice);
	return CORE_PAGE_READ;
}

size_t core_image_pack(unsigned packing, const uint8_t *from, size_t size, uint8_t *to)
{
	_Alignas(max_align_t) static uint8_t work[LZO1X_1_MEM_COMPRESS];
	size_t room = 2 * size + PAGE;
	uLongf zlib_size = room;
	lzo_uint lzo_size = room;

	switch (packing) {
	case CORE_PACKED_ZLIB:
		assert(compress2(to, &zlib_size, from, size, Z_BEST_SPEED) == Z_OK);
		return zlib_size;
	case CORE_PACKED_LZO:
		assert(lzo1x_1_compress(from, size, to, &lzo_size, work) == LZO_E_OK);
		return lzo_size;
	case CORE_PACKED_SNAPPY:
		assert(snappy_compress((const char *)from, size, (char *)to, &room) == SNAPPY_OK);
		return room;
	default:
		room = ZSTD_compress(to, room, from, size, 1);
		assert(!ZSTD_isError(room));
		return room;
	}
}

/* --- notes --- */

static size_t add_note(uint8_t *to, const char *name, uint32_t type, const void *bytes,
		       uint32_t size)
{
	const uint32_t header[] = {strlen(name) + 1, size, type};
	size_t aligned = (header[0] + 3) / 4 * 4;

	memset(to, 0, sizeof(header) + aligned + (size + 3) / 4 * 4);
	memcpy(to, header, sizeof(header));
	memcpy(to + sizeof(header), name, header[0]);
	memcpy(to + sizeof(header) + aligned, bytes, size);
	return sizeof(header) + aligned + (size + 3) / 4 * 4;
}

/* Two CPUs, with both kinds of notes, and VMCOREINFO. At most a page. */
static size_t add_notes(uint8_t *to)
{
	uint8_t status[336] = {0}, qemu[440] = {0};
	const uint64_t cr3 = CORE_IMAGE_CR3, sp = 0xffff888000001000;
	const uint32_t head[] = {1, sizeof(qemu)};
	size_t size = 0;

	memcpy(status + 112 + 19 * 8, &sp, sizeof(sp));
	size += add_note(to + size, "CORE", NT_PRSTATUS, status, sizeof(status));
	size += add_note(to + size, "CORE", NT_PRSTATUS, status, sizeof(status));
	memcpy(qemu, head, sizeof(head));
	memcpy(qemu + 392 + 3 * 8, &cr3, sizeof(cr3));
	size += add_note(to + size, "QEMU", 0, qemu, sizeof(qemu));
	size += add_note(to + size, "QEMU", 0, qemu, sizeof(qemu));
	return size +
	       add_note(to + size, "VMCOREINFO", 0, CORE_IMAGE_INFO, strlen(CORE_IMAGE_INFO));
}

/* --- compressed --- */

static void put_u32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static void put_u64(uint8_t *at, uint64_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* Put pages [first, end) and their descriptors; returns the end of the pages. */
static size_t put_pages(uint8_t *bytes, size_t descriptors, size_t at, unsigned packing,
			unsigned first, unsigned end)
{
	for (unsigned number = first; number < end; number++) {
		uint8_t page[PAGE], packed[3 * PAGE];
		size_t size = PAGE;
		const uint8_t *from = page;

		if (core_image_page(number, page) != CORE_PAGE_READ)
			continue;
		if (packing) {
			size = core_image_pack(packing, page, PAGE, packed);
			from = packed;
		}
		if (size >= PAGE) {
			size = PAGE;
			from = page;
		}
		put_u64(bytes + descriptors, at);
		put_u32(bytes + descriptors + 8, size);
		put_u32(bytes + descriptors + 12, from == page ? 0 : packing);
		descriptors += 24;
		memcpy(bytes + at, from, size);
		at += size;
	}
	return at;
}

struct core_image core_image_kdump(unsigned packing)
{
	return core_image_part(packing, 0, CORE_IMAGE_PAGES);
}

struct core_image core_image_part(unsigned packing, unsigned first, unsigned end)
{
	size_t bitmap = 3 * PAGE, descriptors = bitmap + 2 * PAGE, kept = 0, size;
	uint8_t *bytes = calloc(CORE_IMAGE_PAGES + 40, PAGE), page[PAGE];

	assert(bytes);
	memcpy(bytes, "KDUMP   ", 8);
	put_u32(bytes + 8, 6);
	strcpy((char *)bytes + 12 + 4 * 65, "x86_64");
	put_u32(bytes + 428, PAGE);
	put_u32(bytes + 432, 2); /* blocks of the sub header */
	put_u32(bytes + 436, 2); /* of the bitmaps */
	put_u32(bytes + 440, CORE_IMAGE_PAGES);
	put_u32(bytes + PAGE + 8, 30); /* level: pages of zeros are not left out */
	put_u64(bytes + PAGE + 48, 2 * PAGE);
	put_u64(bytes + PAGE + 56, add_notes(bytes + 2 * PAGE));
	put_u64(bytes + PAGE + 96, CORE_IMAGE_PAGES);
	for (unsigned number = 0; number < CORE_IMAGE_PAGES; number++) {
		enum core_page what = core_image_page(number, page);

		if (what != CORE_PAGE_NO_RAM)
			bytes[bitmap + number / 8] |= 1 << number % 8;
		if (what == CORE_PAGE_READ)
			bytes[bitmap + PAGE + number / 8] |= 1 << number % 8;
		kept += what == CORE_PAGE_READ && number >= first && number < end;
	}
	if (end - first < CORE_IMAGE_PAGES) {
		put_u32(bytes + PAGE + 12, 1);
		put_u64(bytes + PAGE + 80, first);
		put_u64(bytes + PAGE + 88, end);
	}
	size = put_pages(bytes, descriptors, descriptors + 24 * kept, packing, first, end);
	return (struct core_image){.bytes = core_image_cut(bytes, size), .size = size};
}

/* --- ELF --- */

static void put_segment(uint8_t *to, uint32_t type, uint64_t offset, uint64_t address,
			uint64_t size, uint64_t memory)
{
	const Elf64_Phdr segment = {.p_type = type,
				    .p_offset = offset,
				    .p_paddr = address,
				    .p_filesz = size,
				    .p_memsz = memory};

	memcpy(to, &segment, sizeof(segment));
}

/*
 * Runs of 14 pages: of each the first 5 and a half, the next 3 and a half, then one that is left
 * out, then 4. The second segment of all says something else about the first page: it is the first
 * that counts.
 */
struct core_image core_image_elf(void)
{
	unsigned runs = (CORE_IMAGE_PAGES + 15) / 16, count = 2 + 3 * runs;
	size_t headers = sizeof(Elf64_Ehdr), notes = headers + count * sizeof(Elf64_Phdr), at;
	uint8_t *bytes = calloc(CORE_IMAGE_PAGES + 40, PAGE), *segment = bytes + headers;
	const Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = headers,
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = count,
	};

	assert(bytes);
	memcpy(bytes, &header, sizeof(header));
	at = notes + add_notes(bytes + notes);
	put_segment(segment, PT_NOTE, notes, 0, at - notes, 0);
	for (unsigned run = 0; run < runs; run++) {
		uint64_t address = (uint64_t)run * 16 * PAGE;
		uint8_t pages[14 * PAGE];

		for (unsigned i = 0; i < 14; i++)
			core_image_page(run * 16 + i, pages + (size_t)i * PAGE);
		memcpy(bytes + at, pages, 9 * PAGE);
		memcpy(bytes + at + 9 * PAGE, pages + 10 * PAGE, 4 * PAGE);
		segment += sizeof(Elf64_Phdr);
		put_segment(segment, PT_LOAD, at, address, 5 * PAGE + PAGE / 2,
			    5 * PAGE + PAGE / 2);
		if (!run) { /* behind the first that it contradicts */
			segment += sizeof(Elf64_Phdr);
			put_segment(segment, PT_LOAD, at + PAGE, 0, PAGE, PAGE);
		}
		segment += sizeof(Elf64_Phdr);
		put_segment(segment, PT_LOAD, at + 5 * PAGE + PAGE / 2,
			    address + 5 * PAGE + PAGE / 2, 3 * PAGE + PAGE / 2,
			    4 * PAGE + PAGE / 2);
		segment += sizeof(Elf64_Phdr);
		put_segment(segment, PT_LOAD, at + 9 * PAGE, address + 10 * PAGE, 4 * PAGE,
			    4 * PAGE);
		at += 13 * PAGE;
	}
	return (struct core_image){.bytes = core_image_cut(bytes, at), .size = at};
}

/* --- flattened --- */

static size_t put_piece(uint8_t *to, uint64_t offset, const uint8_t *bytes, uint64_t size)
{
	put_u64(to, htobe64(offset));
	put_u64(to + 8, htobe64(size));
	if (bytes)
		memcpy(to + 16, bytes, size);
	return 16 + (bytes ? size : 0);
}

struct core_image core_image_flatten(const struct core_image *image, struct dice *dice)
{
	uint8_t *bytes = calloc(4, image->size + PAGE);
	size_t at = PAGE, from = 0;

	assert(bytes);
	memcpy(bytes, "makedumpfile", 12);
	put_u64(bytes + 16, htobe64(1));
	put_u64(bytes + 24, htobe64(1));
	while (from < image->size) {
		size_t size = 1 + dice_pick(dice, 3 * PAGE);

		if (size > image->size - from)
			size = image->size - from;
		if (!dice_pick(dice, 8)) { /* first something else, then what counts */
			at += put_piece(bytes + at, from, image->bytes, size);
			at += put_piece(bytes + at, from + size / 2, image->bytes + from + size / 2,
					size - size / 2);
			size = size / 2 ? size / 2 : size;
		}
		at += put_piece(bytes + at, from, image->bytes + from, size);
		from += size;
	}
	at += put_piece(bytes + at, UINT64_MAX, NULL, UINT64_MAX);
	return (struct core_image){
		.bytes = core_image_cut(bytes, at), .size = at, .is_bare = image->is_bare};
}

void core_said_note(void *said, const char *text)
{
	struct core_said *all = said;

	snprintf(all->text, sizeof(all->text), "%s", text);
	all->lines++;
}

struct dill_error *core_image_open(const struct core_image *image,
				   const struct dill_target_ops **ret_ops, void **ret_context)
{
	char path[] = "/tmp/dill-core-XXXXXX";
	const struct target_options options = {.file = path};
	int fd = mkstemp(path);
	struct dill_error *error;
	ssize_t written;

	assert(fd >= 0);
	written = write(fd, image->bytes, image->size);
	assert(written == (ssize_t)image->size);
	close(fd);
	error = target_open(&options, ret_ops, ret_context);
	unlink(path);
	return error;
}

void core_image_deinit(struct core_image *image)
{
	free(image->bytes);
}
