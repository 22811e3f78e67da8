/* SPDX-License-Identifier: MIT */
#ifndef KALLSYMS_IMAGE_H
#define KALLSYMS_IMAGE_H

#include "kernel/kallsyms.h"
#include "kernel/kallsyms_decode.h"

/** Layouts of the tables in memory, as scripts/kallsyms.c wrote them over time. */
enum kallsyms_layout {
	LAYOUT_4_19,	      /**< as 5.10, with markers of 8 bytes */
	LAYOUT_4_19_ABSOLUTE, /**< the same with u64 addresses */
	LAYOUT_4_19_UP,	      /**< the same without SMP: values from the base on */
	LAYOUT_5_10,	      /**< values, base, count, names, markers, tokens */
	LAYOUT_6_1_SEQUENCE,  /**< the same, with kallsyms_seqs_of_names behind the markers */
	LAYOUT_5_10_ABSOLUTE, /**< as 5.10, without a base: u64 addresses */
	LAYOUT_6_4,	      /**< values, base and sequence behind the tokens */
	LAYOUT_6_4_ABSOLUTE,  /**< as 6.4 with u64 addresses */
	LAYOUT_6_15,	      /**< as 6.4 without CONFIG_KALLSYMS_ABSOLUTE_PERCPU */
	LAYOUT_7_0,	      /**< aligned to 4, values relative to their own places */
	LAYOUTS,
};

/** Made-up read-only data with the tables of some hundred symbols in the middle. */
struct kallsyms_image {
	uint8_t *bytes;
	size_t size;
	uint64_t address;
	uint32_t count;
	/** What the tables must be found at. */
	struct kallsyms_tables tables;
};

#define KALLSYMS_IMAGE_ADDRESS (KALLSYMS_IMAGE_BASE + (UINT64_C(4) << 20))
#define KALLSYMS_IMAGE_BASE    UINT64_C(0xffffffff9ac00000)

/**
 * Encode @p count symbols.
 * @param padding  bytes in front of the tables, to vary their alignment; a multiple of 4 (7.0), of
 * 8 else
 */
void kallsyms_image_init(struct kallsyms_image *image, enum kallsyms_layout layout, uint32_t count,
			 size_t padding);
void kallsyms_image_deinit(struct kallsyms_image *image);

/** This symbol is "linux_banner", in every layout an address of the image. */
#define KALLSYMS_IMAGE_BANNER 20u
/** Name and value that symbol @p i was made with; the name has at most 256 bytes. */
void kallsyms_image_name(uint32_t i, char *ret);
uint64_t kallsyms_image_value(enum kallsyms_layout layout, uint32_t i);

#endif
