/* SPDX-License-Identifier: MIT */
#ifndef TARGET_RECORDING_WIRE_H
#define TARGET_RECORDING_WIRE_H

#include <dill/target.h>

/** What the reader and the writer of recording_file.h share. */

/** Of recordings of a target at rest, and of one that ran, which older readers must not take. */
#define RECORDING_VERSION	1u
#define RECORDING_VERSION_MOVED 2u
#define RECORDING_REGISTERS	10u
#define RECORDING_CPU_WORDS	(1u + RECORDING_REGISTERS)
#define RECORDING_END		UINT64_MAX

/** The first word: a set of enum dill_space, and this. */
enum {
	RECORDING_MOVED = 4,
};

enum {
	RECORDING_CPU_KNOWN = 1,
	RECORDING_CPU_CONTROL = 2,
};

enum {
	RECORDING_PAGE_SPACE = DILL_SPACE_PHYSICAL | DILL_SPACE_VIRTUAL,
	RECORDING_PAGE_UNREADABLE = 4,
	RECORDING_PAGE_ZEROS = 8,
	RECORDING_PAGE_KIND = RECORDING_PAGE_UNREADABLE | RECORDING_PAGE_ZEROS,
};

/** The registers in the order of the file. */
static inline void recording_registers(struct dill_registers *registers,
				       uint64_t *ret[RECORDING_REGISTERS])
{
	uint64_t *const all[RECORDING_REGISTERS] = {
		&registers->ip,	       &registers->sp,	     &registers->flags,
		&registers->privilege, &registers->cpu_base, &registers->other_base,
		&registers->control,   &registers->tables,   &registers->paging,
		&registers->mode,
	};

	for (unsigned i = 0; i < RECORDING_REGISTERS; i++)
		ret[i] = all[i];
}

#endif
