/* SPDX-License-Identifier: MIT */
#ifndef TRACE_GFP_H
#define TRACE_GFP_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "kernel/kernel.h"

/** The kernel's own names of allocation flags. */
struct gfp_names {
	struct gfp_name {
		uint64_t mask;
		const char *name; /**< escaped for display */
	} * items;
	size_t count;
};

/**
 * Read gfpflag_names[], the table behind "%pGg" (mm/debug.c, mm/internal.h): combinations such as
 * GFP_KERNEL come before their parts. Without it flags stay numbers.
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *gfp_names_read(struct kernel *kernel, struct arena *arena,
						  struct gfp_names *ret);

/** Append "GFP_KERNEL|__GFP_ZERO"; bits without a name as one number. */
void gfp_append(const struct gfp_names *names, uint64_t flags, struct strbuf *ret);

#endif
