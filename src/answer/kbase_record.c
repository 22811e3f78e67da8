/* SPDX-License-Identifier: MIT */
#include "answer/kbase_record.h"

static const struct column columns[] = {
	[KBASE_COLUMN_BASE] = {"base", DILL_COLUMN_ADDRESS, "base",
			       "address of the image's first byte, _text"},
	[KBASE_COLUMN_BASE_HOW] = {"base_how", DILL_COLUMN_TEXT, NULL, "how base was found"},
	[KBASE_COLUMN_SLIDE] =
		{"slide", DILL_COLUMN_ADDRESS, "slide",
		 "distance of base from the address the kernel was linked at; 0 without KASLR"},
	[KBASE_COLUMN_SLIDE_HOW] = {"slide_how", DILL_COLUMN_TEXT, NULL, "how slide was found"},
	[KBASE_COLUMN_PHYSICAL_BASE] = {"physical_base", DILL_COLUMN_ADDRESS, "physical base",
					"physical address of base; absent when it cannot be known"},
	[KBASE_COLUMN_PHYSICAL_BASE_HOW] = {"physical_base_how", DILL_COLUMN_TEXT, NULL,
					    "how physical_base was found"},
	[KBASE_COLUMN_SIZE] = {"size", DILL_COLUMN_COUNT, "size",
			       "bytes from base to the end of the image, holes included"},
	[KBASE_COLUMN_PAGING_LEVELS] = {"paging_levels", DILL_COLUMN_COUNT, "paging levels",
					"levels of the page tables, 4 or 5"},
	[KBASE_COLUMN_SYMBOLS_HOW] = {"symbols_how", DILL_COLUMN_TEXT, "symbols",
				      "where the symbols come from, and how many there are"},
	[KBASE_COLUMN_BANNER] = {"banner", DILL_COLUMN_TEXT, "banner",
				 "linux_banner, escaped for display"},
	[KBASE_COLUMN_BANNER_HOW] = {"banner_how", DILL_COLUMN_TEXT, NULL, "how banner was found"},
};

const struct dill_record_kind kbase_kind = {
	.name = "kbase",
	.doc = "Where the kernel image is, and how that was found.",
	.columns = columns,
	.column_count = KBASE_COLUMN_COUNT,
};
