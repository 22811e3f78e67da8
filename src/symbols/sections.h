/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_SECTIONS_H
#define SYMBOLS_SECTIONS_H

#include "kernel/kernel.h"

/** A part of the kernel's memory as a linker would have named it. */
struct section {
	const char *name; /**< borrowed, or the arena's */
	dill_virt first, end;
	bool is_code, is_writable;
};

/** Parts that do not overlap, by address. */
struct sections {
	ARRAY(struct section) all;
};

/**
 * The kernel image's: by the linker's symbols, and what lies between these. All of the image is in
 * one, and the per-CPU variables where they have a range of their own.
 */
DILL_MUST_CHECK struct dill_error *sections_of_image(struct kernel *kernel, struct sections *ret);
/** Sort what was added, and leave out what overlaps. */
void sections_settle(struct sections *sections);
/** Index of the one with @p address; false when there is none. After sections_settle(). */
bool sections_find(const struct sections *sections, dill_virt address, size_t *ret);
void sections_deinit(struct sections *sections);

#endif
