/* SPDX-License-Identifier: MIT */
#ifndef SLUB_TRACK_H
#define SLUB_TRACK_H

#include <stdbool.h>
#include <stddef.h>

#include <dill/target.h>

/** What a track's `when` counts. */
enum track_clock {
	TRACK_JIFFIES,
	TRACK_NANOSECONDS, /**< since boot */
	TRACK_NO_CLOCK,	   /**< nothing: not recorded */
};

/** Who allocated or freed an object, as slub_debug=U (mm/slub.c struct track), KFENCE or KASAN
 * records it. */
struct track {
	bool known;	  /**< false: never recorded */
	dill_virt caller; /**< return address; 0 when only the stack is known */
	bool without_cpu; /**< `cpu` is not recorded */
	unsigned cpu;
	int pid;
	enum track_clock clock;
	uint64_t when;
	const dill_virt *stack; /**< return addresses, innermost first */
	size_t stack_count;
};

#endif
