/* SPDX-License-Identifier: MIT */
#include "kallsyms_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 256u
/** Symbols at the beginning that are per-CPU offsets, in the layouts that keep them apart. */
#define PERCPU_SYMBOLS 7u
/** One name is longer than 127 tokens, where names may be. */
#define LONG_NAME 11u

struct writer {
	uint8_t *bytes;
	size_t size;
	unsigned alignment;
};

static void put(struct writer *writer, const void *bytes, size_t size)
{
	memcpy(writer->bytes + writer->size, bytes, size);
	writer->size += size;
}

static size_t begin_table(struct writer *writer)
{
	while (writer->size % writer->alignment)
		writer->bytes[writer->size++] = 0;
	return writer->size;
}

static bool has_long_names(enum kallsyms_layout layout)
{
	return layout > LAYOUT_5_10 && layout != LAYOUT_5_10_ABSOLUTE;
}

static bool has_small_values(enum kallsyms_layout layout)
{
	return layout < LAYOUT_6_15 && layout != LAYOUT_4_19_UP;
}

void kallsyms_image_name(uint32_t i, char *ret)
{
	if (i == LONG_NAME)
		sprintf(ret, "%0200u", i);
	else if (i == KALLSYMS_IMAGE_BANNER)
		memcpy(ret, "linux_banner", sizeof("linux_banner"));
	else
		/* Two symbols share each name, and the digits of "symbol_" + number all occur. */
		sprintf(ret, "%s_%u", i % 3 ? "symbol" : "kmem", i / 2);
}

uint64_t kallsyms_image_value(enum kallsyms_layout layout, uint32_t i)
{
	if (has_small_values(layout) && i < PERCPU_SYMBOLS)
		return 0x1000 * (uint64_t)i;
	/* Now and then two symbols have one address. */
	return KALLSYMS_IMAGE_BASE + (i - i % 5 / 4) * UINT64_C(0x30);
}

/** Token strings: every printable character is its own, and a few longer ones. */
static void token_text(unsigned token, char *ret)
{
	static const char *const longer[] = {"symbol_", "kmem_", "a_token_longer_than_sixteen"};

	ret[0] = '\0';
	if (token > ' ' && token < 0x7f)
		sprintf(ret, "%c", (char)token);
	else if (token >= 0x80 && token < 0x83)
		sprintf(ret, "%s", longer[token - 0x80]);
}

/** Compress greedily: the longer tokens where they stand. */
static size_t encode(const char *name, uint8_t *ret)
{
	size_t size = 0;

	while (*name) {
		unsigned token = (uint8_t)*name;
		char text[32];

		for (unsigned longer = 0x80; longer < 0x83; longer++) {
			token_text(longer, text);
			if (!strncmp(name, text, strlen(text)))
				token = longer;
		}
		token_text(token, text);
		ret[size++] = (uint8_t)token;
		name += strlen(text);
	}
	return size;
}

static void put_names(struct writer *writer, struct kallsyms_image *image,
		      enum kallsyms_layout layout, uint32_t *markers)
{
	image->tables.names = writer->size;
	for (uint32_t i = 0; i < image->count; i++) {
		char name[260] = "T";
		uint8_t codes[260];
		uint8_t length[2];
		size_t size;

		if (i % BLOCK == 0)
			markers[i / BLOCK] = (uint32_t)(writer->size - image->tables.names);
		kallsyms_image_name(i == LONG_NAME && !has_long_names(layout) ? 1 : i, name + 1);
		size = encode(name, codes);
		length[0] = size < 0x80 ? (uint8_t)size : (uint8_t)(size & 0x7f) | 0x80;
		length[1] = (uint8_t)(size >> 7);
		put(writer, length, size < 0x80 ? 1 : 2);
		put(writer, codes, size);
	}
}

static void put_markers(struct writer *writer, struct kallsyms_image *image,
			enum kallsyms_layout layout, const uint32_t *markers)
{
	image->tables.markers = begin_table(writer);
	for (uint32_t i = 0; i < (image->count + BLOCK - 1) / BLOCK; i++) {
		uint64_t marker = markers[i];

		put(writer, &marker, layout < LAYOUT_5_10 ? 8 : 4);
	}
}

static void put_tokens(struct writer *writer, struct kallsyms_image *image)
{
	uint16_t index[256];

	image->tables.token_table = begin_table(writer);
	for (unsigned i = 0; i < 256; i++) {
		char text[32];

		token_text(i, text);
		index[i] = (uint16_t)(writer->size - image->tables.token_table);
		put(writer, text, strlen(text) + 1);
	}
	image->tables.token_index = begin_table(writer);
	put(writer, index, sizeof(index));
}

static void put_sequence(struct writer *writer, const struct kallsyms_image *image)
{
	begin_table(writer);
	for (uint32_t i = 0; i < image->count; i++) {
		const uint8_t bytes[] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};

		put(writer, bytes, sizeof(bytes));
	}
}

static void put_values(struct writer *writer, struct kallsyms_image *image,
		       enum kallsyms_layout layout)
{
	const uint64_t base = KALLSYMS_IMAGE_BASE;
	bool absolute = layout == LAYOUT_5_10_ABSOLUTE || layout == LAYOUT_6_4_ABSOLUTE ||
			layout == LAYOUT_4_19_ABSOLUTE;

	image->tables.form = absolute			? KALLSYMS_ABSOLUTE
			     : layout == LAYOUT_7_0	? KALLSYMS_SELF_RELATIVE
			     : has_small_values(layout) ? KALLSYMS_PERCPU
							: KALLSYMS_RELATIVE;
	image->tables.values = begin_table(writer);
	for (uint32_t i = 0; i < image->count; i++) {
		uint64_t value = kallsyms_image_value(layout, i);
		uint64_t place = image->address + writer->size;

		if (image->tables.form == KALLSYMS_SELF_RELATIVE)
			value -= place;
		else if (image->tables.form == KALLSYMS_RELATIVE)
			value -= base;
		else if (image->tables.form == KALLSYMS_PERCPU && i >= PERCPU_SYMBOLS)
			value = base - 1 - value;
		put(writer, &value, absolute ? 8 : 4);
	}
	if (absolute || layout == LAYOUT_7_0)
		return;
	begin_table(writer);
	put(writer, &base, sizeof(base));
	image->tables.base = base;
}

void kallsyms_image_init(struct kallsyms_image *image, enum kallsyms_layout layout, uint32_t count,
			 size_t padding)
{
	struct writer writer = {.alignment = layout == LAYOUT_7_0 ? 4 : 8};
	uint32_t *markers = calloc(count / BLOCK + 1, sizeof(*markers));
	size_t room = 65536 + padding + (size_t)count * 64;

	memset(image, 0, sizeof(*image));
	image->address = KALLSYMS_IMAGE_ADDRESS;
	image->count = image->tables.count = count;
	writer.bytes = image->bytes = calloc(1, room);
	/* Neighbours that are neither zeros nor ordered. */
	for (uint32_t i = 0, noise = 1; i < padding; i++) {
		noise = noise * 1103515245 + 12345;
		writer.bytes[writer.size++] = (uint8_t)(noise >> 16);
	}
	if (layout < LAYOUT_6_4)
		put_values(&writer, image, layout);
	begin_table(&writer);
	put(&writer, &count, sizeof(count));
	begin_table(&writer);
	put_names(&writer, image, layout, markers);
	put_markers(&writer, image, layout, markers);
	if (layout == LAYOUT_6_1_SEQUENCE)
		put_sequence(&writer, image);
	put_tokens(&writer, image);
	if (layout >= LAYOUT_6_4) {
		put_values(&writer, image, layout);
		put_sequence(&writer, image);
	}
	image->size = writer.size;
	free(markers);
}

void kallsyms_image_deinit(struct kallsyms_image *image)
{
	free(image->bytes);
}
