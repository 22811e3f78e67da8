/* SPDX-License-Identifier: MIT */
#ifndef GDB_GDB_MEMORY_H
#define GDB_GDB_MEMORY_H

#include <dill/target.h>

#include "gdb/py.h"

/** Whether the target's stub can be told to take physical addresses (QEMU's can). */
enum physical_mode {
	PHYSICAL_UNKNOWN, /**< not asked yet */
	PHYSICAL_ABSENT,
	PHYSICAL_OFF, /**< it can; addresses are virtual now */
	PHYSICAL_ON,
};

/** The target's memory through GDB's own functions: works with every target, a round trip per page.
 */
struct gdb_memory {
	PyObject *gdb; /**< the module; borrowed */
	enum physical_mode mode;
	enum physical_mode found; /**< as the user had it */
	uint64_t packets, bytes;
};

/** Set of enum dill_space bits. */
unsigned gdb_memory_spaces(struct gdb_memory *memory);

/** As dill_target_ops.read_pages. The stub is left in the mode of @p space. */
DILL_MUST_CHECK struct dill_error *gdb_memory_read_pages(struct gdb_memory *memory,
							 enum dill_space space,
							 struct dill_page_request *requests,
							 size_t count);

/** Put the stub's mode back to what the user had: before GDB itself reads anything, and at the end.
 */
DILL_MUST_CHECK struct dill_error *gdb_memory_settle(struct gdb_memory *memory);

/**
 * Send a packet over GDB's connection.
 * @param ret  the reply as GDB prints it, without quotes; the caller's
 * @return NULL; what GDB answers when its target has no packets
 */
DILL_MUST_CHECK struct dill_error *gdb_packet(PyObject *gdb, const char *packet, char **ret);

#endif
