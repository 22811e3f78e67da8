/* SPDX-License-Identifier: MIT */
#ifndef TARGET_RSP_STUB_H
#define TARGET_RSP_STUB_H

#include <dill/target.h>

#include "base/strbuf.h"
#include "target/rsp_connection.h"
#include "target/rsp_features.h"
#include "target/rsp_reply.h"

/**
 * One conversation with a gdbstub whose target is stopped: what it can do, its threads, modes,
 * memory and registers. Sends only what reads, plus the two settings it can take back: which thread
 * 'g' and 'm' mean, and whether 'm' takes physical addresses.
 */
struct rsp_stub;

/** Who says "multiprocess+" to the stub, which changes how it writes thread ids for everybody. */
enum rsp_owner {
	RSP_OWN,      /**< the connection is ours: we say it */
	RSP_BORROWED, /**< somebody else's: whatever he said stays */
};

/**
 * Ask a stub what it can do.
 *
 * @param connection  borrowed, must outlive the stub
 * @return NULL; LIMIT when it does not answer; PROTOCOL when it is no gdbstub
 */
DILL_MUST_CHECK struct dill_error *rsp_stub_new(struct rsp_connection *connection,
						enum rsp_owner owner, struct rsp_stub **ret);
void rsp_stub_free(struct rsp_stub *stub);
DEFINE_CLEANUP(struct rsp_stub *, rsp_stub_free)

/** True for a stub whose 'm' can take physical addresses: QEMU. */
bool rsp_stub_has_physical(const struct rsp_stub *stub);

/** Bytes of memory received so far. */
uint64_t rsp_stub_bytes(const struct rsp_stub *stub);

/**
 * The thread that virtual reads mean, and that is selected when rsp_stub_settle() is done. Without
 * a call it is the first one, or none that was ever selected.
 * @return false when @p id is no thread id
 */
bool rsp_stub_set_home(struct rsp_stub *stub, const char *id);

/** Take both settings back: virtual addresses, and the home thread when another was selected. */
DILL_MUST_CHECK struct dill_error *rsp_stub_settle(struct rsp_stub *stub);

/** Let the target run and end the conversation. Call after rsp_stub_settle(). */
DILL_MUST_CHECK struct dill_error *rsp_stub_detach(struct rsp_stub *stub);

/**
 * Run a monitor command.
 * @param command  at most 200 bytes
 * @param ret      its output is appended
 * @return NULL; UNSUPPORTED when the stub has no monitor; LIMIT when the output has no end
 */
DILL_MUST_CHECK struct dill_error *rsp_stub_monitor(struct rsp_stub *stub, const char *command,
						    struct strbuf *ret);

/**
 * Read the pages that are not `done` yet; as dill_target_ops.read_pages. Physical ones only when
 * rsp_stub_has_physical().
 */
DILL_MUST_CHECK struct dill_error *rsp_stub_read_pages(struct rsp_stub *stub, enum dill_space space,
						       struct dill_page_request *requests,
						       size_t count);

/** As dill_target_ops.piece_size: 0 for QEMU, whose packets hold pages and follow each other
 * without waiting. */
unsigned rsp_stub_piece_size(const struct rsp_stub *stub);
/** As rsp_stub_read_pages(), of pieces. */
DILL_MUST_CHECK struct dill_error *rsp_stub_read_pieces(struct rsp_stub *stub,
							enum dill_space space,
							struct dill_page_request *requests,
							size_t count);

/** Number of CPUs; 1 for a stub that knows no threads. */
DILL_MUST_CHECK struct dill_error *rsp_stub_cpu_count(struct rsp_stub *stub, unsigned *ret);

/** Read the target's description; rsp_features_default() when the stub has none. */
DILL_MUST_CHECK struct dill_error *rsp_stub_features(struct rsp_stub *stub,
						     struct rsp_features *ret);

/** Read registers of CPU @p cpu by a description from the same stub, even of an earlier
 * conversation. NOT_FOUND past the last CPU. */
DILL_MUST_CHECK struct dill_error *rsp_stub_registers(struct rsp_stub *stub,
						      const struct rsp_features *features,
						      unsigned cpu, struct dill_registers *ret);

/** Read the general registers alone, in the order of enum dill_register; as rsp_stub_registers().
 */
DILL_MUST_CHECK struct dill_error *rsp_stub_general_registers(
	struct rsp_stub *stub, const struct rsp_features *features, unsigned cpu,
	uint64_t ret[static DILL_REGISTER_COUNT]);

/* --- running (rsp_stub_run.c); as the ops of struct dill_run_ops --- */

/** Queued: their replies are looked at by the next rsp_stub_wait(). */
DILL_MUST_CHECK struct dill_error *rsp_stub_insert(struct rsp_stub *stub, dill_virt address);
DILL_MUST_CHECK struct dill_error *rsp_stub_remove(struct rsp_stub *stub, dill_virt address);
DILL_MUST_CHECK struct dill_error *rsp_stub_set_register(struct rsp_stub *stub,
							 const struct rsp_features *features,
							 enum dill_register number, uint64_t value);
DILL_MUST_CHECK struct dill_error *rsp_stub_resume(struct rsp_stub *stub);
DILL_MUST_CHECK struct dill_error *rsp_stub_step(struct rsp_stub *stub, unsigned cpu);
DILL_MUST_CHECK struct dill_error *rsp_stub_wait(struct rsp_stub *stub,
						 const struct rsp_features *features,
						 int timeout_ms, struct dill_stop *ret);
DILL_MUST_CHECK struct dill_error *rsp_stub_interrupt(struct rsp_stub *stub,
						      const struct rsp_features *features,
						      int timeout_ms, struct dill_stop *ret);
DILL_MUST_CHECK struct dill_error *rsp_stub_read(struct rsp_stub *stub, enum dill_space space,
						 uint64_t address, void *buffer, size_t length);

#endif
