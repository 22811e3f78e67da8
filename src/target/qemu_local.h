/* SPDX-License-Identifier: MIT */
#ifndef TARGET_QEMU_LOCAL_H
#define TARGET_QEMU_LOCAL_H

#include <sys/types.h>

#include "target/qemu_map.h"
#include "target/rsp_stub.h"

/**
 * Guest RAM read straight out of the memory of a QEMU process on this machine, some hundred times
 * as fast as through its gdbstub.
 *
 * Valid while the guest is stopped and its memory layout stays: between begin() and end() of a
 * target.
 */
struct qemu_local;

/**
 * Learn from QEMU's monitor where it keeps the guest's RAM, and make sure of it: pages are read
 * both ways and compared.
 *
 * @param stub  of the same QEMU, its target stopped
 * @param pid   from local_peer_qemu()
 * @param stats  direct reads are counted here; borrowed, must outlive the result
 * @return NULL; UNSUPPORTED when it cannot be done (not permitted, not understood, memory differs):
 * use the stub then; errors of @p stub
 */
DILL_MUST_CHECK struct dill_error *qemu_local_new(struct rsp_stub *stub, pid_t pid,
						  const struct qemu_map *map,
						  struct dill_target_stats *stats,
						  struct qemu_local **ret);
void qemu_local_free(struct qemu_local *local);
DEFINE_CLEANUP(struct qemu_local *, qemu_local_free)

/**
 * Read the pages that are RAM and not `done` yet; all others are left for the stub.
 * @return false when the process can no longer be read: use the stub for everything from now on
 */
bool qemu_local_read_pages(const struct qemu_local *local, struct dill_page_request *requests,
			   size_t count);

/** Read a few bytes of one block of RAM; false when that cannot be done. */
bool qemu_local_read(const struct qemu_local *local, dill_phys address, void *buffer,
		     size_t length);

#endif
