/* SPDX-License-Identifier: MIT */
#include "btf_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FLAG (1u << 31)

void btf_image_word(struct btf_image *image, uint32_t word)
{
	strbuf_append_bytes(&image->entries, (const char *)&word, sizeof(word));
}

uint32_t btf_image_name(struct btf_image *image, const char *name)
{
	if (image->names.length == 0)
		strbuf_append_char(&image->names, '\0');
	if (!name[0])
		return 0;

	uint32_t offset = (uint32_t)image->names.length;

	strbuf_append_bytes(&image->names, name, strlen(name) + 1);
	return offset;
}

uint32_t btf_image_entry(struct btf_image *image, const char *name, uint32_t info,
			 uint32_t size_or_type)
{
	btf_image_word(image, btf_image_name(image, name));
	btf_image_word(image, info);
	btf_image_word(image, size_or_type);
	return ++image->count;
}

static uint32_t info_of(enum btf_kind kind, uint32_t count)
{
	return (uint32_t)kind << 24 | count;
}

uint32_t btf_image_int(struct btf_image *image, const char *name, uint32_t size, uint32_t encoding)
{
	uint32_t id = btf_image_entry(image, name, info_of(BTF_INT, 0), size);

	btf_image_word(image, encoding | size * 8);
	return id;
}

uint32_t btf_image_refer(struct btf_image *image, enum btf_kind kind, const char *name,
			 uint32_t target)
{
	return btf_image_entry(image, name, info_of(kind, 0), target);
}

uint32_t btf_image_array(struct btf_image *image, uint32_t element, uint32_t count)
{
	uint32_t id = btf_image_entry(image, "", info_of(BTF_ARRAY, 0), 0);

	btf_image_word(image, element);
	btf_image_word(image, element); /* type of the index: not looked at */
	btf_image_word(image, count);
	return id;
}

uint32_t btf_image_struct(struct btf_image *image, enum btf_kind kind, const char *name,
			  uint32_t size, uint32_t count)
{
	return btf_image_entry(image, name, info_of(kind, count), size);
}

uint32_t btf_image_bits(struct btf_image *image, const char *name, uint32_t size, uint32_t count)
{
	return btf_image_entry(image, name, info_of(BTF_STRUCT, count) | FLAG, size);
}

void btf_image_member(struct btf_image *image, const char *name, uint32_t type, uint32_t bit_offset,
		      uint32_t bit_size)
{
	btf_image_word(image, btf_image_name(image, name));
	btf_image_word(image, type);
	btf_image_word(image, bit_offset | bit_size << 24);
}

uint32_t btf_image_enum(struct btf_image *image, enum btf_kind kind, const char *name,
			uint32_t size, bool is_signed, uint32_t count)
{
	return btf_image_entry(image, name, info_of(kind, count) | (is_signed ? FLAG : 0), size);
}

void btf_image_enumerator(struct btf_image *image, const char *name, int64_t value, bool wide)
{
	btf_image_word(image, btf_image_name(image, name));
	btf_image_word(image, (uint32_t)value);
	if (wide)
		btf_image_word(image, (uint32_t)((uint64_t)value >> 32));
}

uint32_t btf_image_function(struct btf_image *image, uint32_t returned, uint32_t count)
{
	return btf_image_entry(image, "", info_of(BTF_FUNC_PROTO, count), returned);
}

void btf_image_parameter(struct btf_image *image, const char *name, uint32_t type)
{
	btf_image_word(image, btf_image_name(image, name));
	btf_image_word(image, type);
}

static void put_u32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

uint8_t *btf_image_finish(struct btf_image *image, size_t *ret_size)
{
	size_t header = image->header_size ? image->header_size : BTF_HEADER_SIZE;
	size_t entries = image->entries.length;

	btf_image_name(image, "");

	size_t size = header + entries + image->names.length;
	uint8_t *blob = calloc(1, size);

	assert_non_null(blob);
	put_u32(blob, BTF_MAGIC | 1u << 16);
	put_u32(blob + BTF_HEADER_LENGTH, (uint32_t)header);
	put_u32(blob + BTF_HEADER_TYPES_SIZE, (uint32_t)entries);
	put_u32(blob + BTF_HEADER_NAMES_AT, (uint32_t)entries);
	put_u32(blob + BTF_HEADER_NAMES_SIZE, (uint32_t)image->names.length);
	if (entries)
		memcpy(blob + header, image->entries.data, entries);
	memcpy(blob + header + entries, image->names.data, image->names.length);
	strbuf_deinit(&image->entries);
	strbuf_deinit(&image->names);
	*image = (struct btf_image){0};
	*ret_size = size;
	return blob;
}

struct types *btf_image_open(struct btf_image *image)
{
	struct types *types = NULL;
	size_t size;
	uint8_t *blob = btf_image_finish(image, &size);
	struct dill_error *error = btf_types_new(blob, size, &types);

	if (error)
		fail_msg("%s", dill_error_text(error));
	return types;
}
