/* SPDX-License-Identifier: MIT */
/* Dumps that tell ranges of memory: LiME's and AVML's, which tell nothing else, and VMware's. */
#include <assert.h>
#include <snappy-c.h>
#include <stdlib.h>

#include "core_image.h"

#define PAGE DILL_PAGE_SIZE

static void put_u32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static void put_u64(uint8_t *at, uint64_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* The pages from @number on that follow each other; 0 when there is none. */
static unsigned take_run(unsigned number, uint8_t *to)
{
	unsigned count = 0;

	while (number + count < CORE_IMAGE_PAGES &&
	       core_image_page(number + count, to + (size_t)count * PAGE) == CORE_PAGE_READ)
		count++;
	return count;
}

static size_t put_range(uint8_t *to, const char *magic, unsigned version, uint64_t first,
			uint64_t size)
{
	memset(to, 0, 32);
	memcpy(to, magic, 4);
	put_u32(to + 4, version);
	put_u64(to + 8, first);
	put_u64(to + 16, first + size - 1);
	return 32;
}

/* Each run in two ranges, which meet in the middle of a page. */
struct core_image core_image_lime(void)
{
	uint8_t *bytes = calloc(CORE_IMAGE_PAGES + 40, PAGE), run[16 * PAGE];
	size_t at = 0;

	assert(bytes);
	for (unsigned number = 0; number < CORE_IMAGE_PAGES; number++) {
		unsigned count = take_run(number, run);
		size_t first = (uint64_t)number * PAGE, part = count * PAGE - PAGE / 2 - 4;

		if (!count)
			continue;
		at += put_range(bytes + at, "EMiL", 1, first, part);
		memcpy(bytes + at, run, part);
		at += part;
		at += put_range(bytes + at, "EMiL", 1, first + part, count * PAGE - part);
		memcpy(bytes + at, run + part, count * PAGE - part);
		at += count * PAGE - part;
		number += count;
	}
	return (struct core_image){.bytes = core_image_cut(bytes, at), .size = at, .is_bare = true};
}

/* By the definition, bit by bit: dill's own has a table, and the processor's instruction. */
static uint32_t checksum(const uint8_t *bytes, size_t size)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size * 8; i++) {
		uint32_t bit = (crc ^ bytes[i / 8] >> i % 8) & 1;

		crc = crc >> 1 ^ (bit ? 0x82f63b78 : 0);
	}
	crc = ~crc;
	return (crc >> 15 | crc << 17) + 0xa282ead8;
}

static size_t put_chunk(uint8_t *to, const uint8_t *from, size_t size)
{
	size_t packed = snappy_max_compressed_length(size);

	assert(snappy_compress((const char *)from, size, (char *)to + 8, &packed) == SNAPPY_OK);
	to[0] = packed >= size - size / 8;
	if (to[0]) {
		packed = size;
		memcpy(to + 8, from, size);
	}
	put_u32(to, to[0] | (uint32_t)(packed + 4) << 8);
	put_u32(to + 4, checksum(from, size));
	return 8 + packed;
}

/* Each run is a range; its parts end within pages, and there is one that says nothing. */
struct core_image core_image_avml(void)
{
	static const uint8_t name[] = "\xff\x06\0\0sNaPpY", padding[] = "\xfe\x03\0\0...";
	uint8_t *bytes = calloc(CORE_IMAGE_PAGES + 200, PAGE), run[16 * PAGE];
	size_t at = 0;

	assert(bytes);
	for (unsigned number = 0; number < CORE_IMAGE_PAGES; number++) {
		unsigned count = take_run(number, run);
		size_t whole = (size_t)count * PAGE, part = whole / 3 + 5, start;

		if (!count)
			continue;
		at += put_range(bytes + at, "AVML", 2, (uint64_t)number * PAGE, whole);
		start = at;
		memcpy(bytes + at, name, 10);
		at += 10;
		at += put_chunk(bytes + at, run, part);
		memcpy(bytes + at, padding, 7);
		at += 7;
		at += put_chunk(bytes + at, run + part, whole - part);
		put_u64(bytes + at, at - start);
		at += 8;
		number += count;
	}
	return (struct core_image){.bytes = core_image_cut(bytes, at), .size = at, .is_bare = true};
}

/* --- VMware: a tag is a word of three numbers, its name, its indices, its value --- */

static size_t put_tag(uint8_t *to, const char *name, unsigned indices, const uint32_t *index,
		      unsigned size, uint64_t value)
{
	size_t at = 2 + strlen(name);
	uint16_t head = (uint16_t)(strlen(name) << 8 | indices << 6 | size);

	memcpy(to, &head, 2);
	memcpy(to + 2, name, strlen(name));
	for (unsigned i = 0; i < indices; i++)
		put_u32(to + at + (size_t)i * 4, index[i]);
	at += (size_t)indices * 4;
	memcpy(to + at, &value, size);
	return at + size;
}

static size_t put_group(uint8_t *to, const char *name, uint64_t position)
{
	strcpy((char *)to, name);
	put_u64(to + 64, position);
	return 80;
}

/* A block's value has its size twice, and how many bytes come before it. */
static size_t put_block(uint8_t *to, const char *name, uint64_t size, unsigned before)
{
	size_t at = put_tag(to, name, 0, NULL, 0, 0);

	to[0] = 63;
	put_u64(to + at, size);
	put_u64(to + at + 8, size);
	to[at + 16] = (uint8_t)before;
	to[at + 17] = 0;
	return at + 18 + before;
}

struct core_image core_image_vmware(bool inside)
{
	const uint64_t size = (uint64_t)CORE_IMAGE_VMWARE_PAGES * PAGE;
	static const uint32_t regions[2][3] = {{0, 0, 16}, {CORE_IMAGE_VMWARE_HIGH, 16, 8}};
	static const uint32_t cr[][2] = {{0, 0}, {0, 3}, {0, 4}};
	static const uint64_t values[] = {0x80050033, CORE_IMAGE_CR3, 0x6f0};
	uint8_t *bytes = calloc(2 + CORE_IMAGE_VMWARE_PAGES, PAGE);
	size_t at = 12 + 3 * 80;

	assert(bytes);
	put_u32(bytes, 0xbed2bed2);
	put_u32(bytes + 8, 3);
	put_group(bytes + 12, "Snapshot", at);
	at += 2;
	put_group(bytes + 92, "cpu", at);
	for (unsigned i = 0; i < 3; i++)
		at += put_tag(bytes + at, "CR64", 2, cr[i], 8, values[i]);
	at += put_tag(bytes + at, "rip", 1, cr[0], 8, UINT64_C(0xffffffff81000000));
	at += put_tag(bytes + at, "rsp", 1, cr[0], 8, UINT64_C(0xffff888000001000));
	at += 2;
	put_group(bytes + 172, "memory", at);
	at += put_tag(bytes + at, "regionsCount", 0, NULL, 4, 2);
	for (uint32_t i = 0; i < 2; i++) {
		at += put_tag(bytes + at, "regionPPN", 1, &i, 4, regions[i][0]);
		at += put_tag(bytes + at, "regionPageNum", 1, &i, 4, regions[i][1]);
		at += put_tag(bytes + at, "regionSize", 1, &i, 4, regions[i][2]);
	}
	if (inside) {
		at += put_block(bytes + at, "Memory", size, 5);
		for (unsigned i = 0; i < CORE_IMAGE_VMWARE_PAGES; i++)
			memset(bytes + at + (size_t)i * PAGE, (int)i + 1, PAGE);
		at += size;
	}
	at += 2;
	return (struct core_image){.bytes = core_image_cut(bytes, at), .size = at, .is_bare = true};
}
