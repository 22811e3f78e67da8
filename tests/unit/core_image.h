/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CORE_IMAGE_H
#define TESTS_CORE_IMAGE_H

#include <stdlib.h>

#include "../forge/dice.h"
#include "target/core.h"

/** Give back what was not needed of @p bytes, which are passed on. */
static inline uint8_t *core_image_cut(uint8_t *bytes, size_t size)
{
	uint8_t *cut = realloc(bytes, size);

	return cut ? cut : bytes;
}

/**
 * Small dumps in memory, made with the libraries that makedumpfile and QEMU use. Each is of
 * CORE_IMAGE_PAGES pages of memory, of which some were not there and some were left out.
 */
struct core_image {
	uint8_t *bytes; /**< from malloc, exactly as many as there are: sanitizers see the end */
	size_t size;
	bool is_bare; /**< holds no notes, and does not tell what was left out */
};

#define CORE_IMAGE_PAGES                                                                           \
	2600u /* more than one count of kept pages, and a last one that is short                   \
	       */
#define CORE_IMAGE_INFO "OSRELEASE=6.1\nSYMBOL(swapper_pg_dir)=ffffffff82a10000\n"
#define CORE_IMAGE_CR3	UINT64_C(0x1234000)

/** What a page is to the dump, CORE_PAGE_READ with @p page filled. */
enum core_page core_image_page(unsigned number, uint8_t page[DILL_PAGE_SIZE]);

/** A compressed dump; @p packing 0 = no page is packed. */
struct core_image core_image_kdump(unsigned packing);
/** A part of it as "makedumpfile --split" writes it: pages [first, end). */
struct core_image core_image_part(unsigned packing, unsigned first, unsigned end);
/** An ELF dump; its segments overlap and begin in the middle of a page. */
struct core_image core_image_elf(void);
/** A dump of LiME, of two ranges a run, and one of AVML (core_image_ranges.c). */
struct core_image core_image_lime(void);
struct core_image core_image_avml(void);
/**
 * A .vmss with its memory inside: pages 0 to 15, and CORE_IMAGE_VMWARE_HIGH to 7 more, each filled
 * with its number in the file from 1 on. (core_image_ranges.c)
 * @param inside  false: without the memory, which is the last 24 pages of the other one
 */
struct core_image core_image_vmware(bool inside);
#define CORE_IMAGE_VMWARE_HIGH	UINT64_C(0x100000)
#define CORE_IMAGE_VMWARE_PAGES 24u
/** The same bytes in makedumpfile's flattened format, in random pieces, some written twice. */
struct core_image core_image_flatten(const struct core_image *image, struct dice *dice);
/** What a target has said, for struct dill_host. */
struct core_said {
	char text[512]; /**< the last line */
	unsigned lines;
};
void core_said_note(void *said, const char *text);

/** Open a dump as a user does, from a file that is gone again then. As target_open() */
DILL_MUST_CHECK struct dill_error *core_image_open(const struct core_image *image,
						   const struct dill_target_ops **ret_ops,
						   void **ret_context);
void core_image_deinit(struct core_image *image);

/** Pack @p size bytes as @p packing says. @return how many @p to holds, which has room for twice as
 * many and a page */
size_t core_image_pack(unsigned packing, const uint8_t *from, size_t size, uint8_t *to);

#endif
