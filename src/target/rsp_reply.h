/* SPDX-License-Identifier: MIT */
#ifndef TARGET_RSP_REPLY_H
#define TARGET_RSP_REPLY_H

#include "base/array.h"
#include "base/span.h"

/** What replies of a gdbstub say. All functions take a decoded payload and believe none of it. */

/** A thread's id as the stub writes it, such as "p01.02". */
struct rsp_thread {
	char id[24];
};

/** True for "T05...", "S02": the target has stopped. No request of dill's is answered so. */
bool rsp_reply_is_stop(struct span payload);

/** True for "W00", "X09": the target has ended. */
bool rsp_reply_is_exit(struct span payload);

/**
 * What a stop reply says: "T05thread:p01.02;", "S02".
 * @param ret_signal  number in GDB's count: 2 interrupt, 5 trap
 * @param ret_thread  empty when it names none, or nonsense
 */
void rsp_stop_parse(struct span payload, unsigned *ret_signal, struct rsp_thread *ret_thread);

/** True for "O<hex>", a piece of a monitor command's output; another packet follows. */
bool rsp_reply_is_output(struct span payload);

/** True for "Enn"; @p ret is nn. */
bool rsp_reply_is_error(struct span payload, unsigned *ret);

/** Answer to qSupported, as far as dill cares. */
struct rsp_supported {
	size_t packet_size; /**< longest packet the stub takes; a small default when it says nothing
			     */
	bool features;	    /**< qXfer:features:read */
	bool multiprocess;
};

/** Parse the answer to qSupported; unknown items are skipped. An empty one is valid too. */
void rsp_supported_parse(struct span payload, struct rsp_supported *ret);

/** More threads than any machine has CPUs: a stub that lists more is broken. */
#define RSP_THREADS_LIMIT 4096u

/** Threads in the stub's order, which is the order of CPUs. */
struct rsp_threads {
	ARRAY(struct rsp_thread) list;
};

/**
 * Append the ids of one answer to qfThreadInfo or qsThreadInfo ("mID,ID..." or "l").
 *
 * @param ret_last  true when no more answers follow
 * @return NULL; PROTOCOL when it is malformed; LIMIT past RSP_THREADS_LIMIT; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *rsp_threads_parse(struct span payload,
						     struct rsp_threads *threads, bool *ret_last);

/** Check and copy a thread's id, as found in thread lists and in "QC" answers; false when it is
 * none. */
bool rsp_thread_parse(struct span text, struct rsp_thread *ret);

/** Process number of an id like "p01.02" in *ret; false when it has none. */
bool rsp_thread_process(const struct rsp_thread *thread, uint64_t *ret);

#endif
