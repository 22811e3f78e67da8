/* SPDX-License-Identifier: MIT */
#ifndef TESTS_BTF_IMAGE_H
#define TESTS_BTF_IMAGE_H

#include "types/btf_format.h"
#include "types/type.h"

/**
 * Builds BTF blobs for tests: healthy ones, and with btf_image_entry() any other. Each function
 * that adds a type returns its id; ids count from 1. Members, enumerators and parameters follow the
 * type they belong to. `struct btf_image image = {0};` is an empty one.
 */
struct btf_image {
	struct strbuf entries, names;
	uint32_t header_size; /**< 0 = the usual 24 */
	uint32_t count;
};

/** Any entry: the three words of a struct btf_type. */
uint32_t btf_image_entry(struct btf_image *image, const char *name, uint32_t info,
			 uint32_t size_or_type);
/** Words that follow the last entry. */
void btf_image_word(struct btf_image *image, uint32_t word);
/** Offset of a name in the string section, where it is put. */
uint32_t btf_image_name(struct btf_image *image, const char *name);

uint32_t btf_image_int(struct btf_image *image, const char *name, uint32_t size, uint32_t encoding);
uint32_t btf_image_refer(struct btf_image *image, enum btf_kind kind, const char *name,
			 uint32_t target);
uint32_t btf_image_array(struct btf_image *image, uint32_t element, uint32_t count);
/** A struct or union of @p count members, which must follow. */
uint32_t btf_image_struct(struct btf_image *image, enum btf_kind kind, const char *name,
			  uint32_t size, uint32_t count);
/** The same with the flag: members may be bit-fields. */
uint32_t btf_image_bits(struct btf_image *image, const char *name, uint32_t size, uint32_t count);
void btf_image_member(struct btf_image *image, const char *name, uint32_t type, uint32_t bit_offset,
		      uint32_t bit_size);
/** An enum of @p count enumerators, which must follow; BTF_ENUM or BTF_ENUM64. */
uint32_t btf_image_enum(struct btf_image *image, enum btf_kind kind, const char *name,
			uint32_t size, bool is_signed, uint32_t count);
void btf_image_enumerator(struct btf_image *image, const char *name, int64_t value, bool wide);
uint32_t btf_image_function(struct btf_image *image, uint32_t returned, uint32_t count);
void btf_image_parameter(struct btf_image *image, const char *name, uint32_t type);

/** The blob, from malloc, the caller's; empties the image. */
uint8_t *btf_image_finish(struct btf_image *image, size_t *ret_size);
/** The blob opened; fails the test when that fails. */
struct types *btf_image_open(struct btf_image *image);

#endif
