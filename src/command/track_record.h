/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_TRACK_RECORD_H
#define COMMAND_TRACK_RECORD_H

#include "kernel/kernel.h"
#include "render/track_view.h"
#include "slub/track.h"

/** An address as "function+0x1c", or as a plain address outside of the kernel image (modules). NULL
 * when memory ran out. */
const char *symbol_text(struct kernel *kernel, dill_virt address, struct arena *arena);

/**
 * A track as a list with one record, or an empty list when it was never recorded: for
 * record_set_records().
 */
DILL_MUST_CHECK struct dill_error *track_record(struct kernel *kernel, const struct track *track,
						struct arena *arena, struct record_list *ret);

#endif
