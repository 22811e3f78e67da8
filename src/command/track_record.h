/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_TRACK_RECORD_H
#define COMMAND_TRACK_RECORD_H

#include "kernel/kernel.h"
#include "render/object_view.h"
#include "slub/track.h"

/** What a track knows besides who did it. */
enum track_detail {
	TRACK_JIFFIES,	   /**< a CPU, and a time in jiffies: slub_debug=U */
	TRACK_NANOSECONDS, /**< a CPU, and a time in nanoseconds: KFENCE */
	TRACK_ANONYMOUS,   /**< neither: KFENCE to 5.16 */
};

/**
 * Who allocated and who freed an object, as records of object_track_kind; those that are not known
 * are left out.
 * @param ret  lives in @p arena
 */
DILL_MUST_CHECK struct dill_error *track_records(struct kernel *kernel, const struct track *alloc,
						 const struct track *free, enum track_detail detail,
						 struct arena *arena, struct record_list *ret);

#endif
