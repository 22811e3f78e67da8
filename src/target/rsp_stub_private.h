/* SPDX-License-Identifier: MIT */
#ifndef TARGET_RSP_STUB_PRIVATE_H
#define TARGET_RSP_STUB_PRIVATE_H

#include "target/rsp_stub.h"

/* Inside of struct rsp_stub, for rsp_stub*.c. */

struct rsp_stub {
	struct rsp_connection *connection;
	struct rsp_supported supported;
	size_t read_size; /* bytes per 'm', a power of two */
	unsigned window;
	bool has_physical, threads_known;
	struct rsp_threads threads;
	struct rsp_thread home; /* empty = never told */
	/* The settings, as far as they are known: not while a reply is due. */
	bool mode_known, physical_mode, selected_known;
	struct rsp_thread selected;
	struct rsp_thread stopped; /* whom the last stop was about */
	bool stop_selects;	   /* QEMU has selected it then, and nobody another one since */
	size_t block_size;	   /* of the last answer to 'g', as it came */
	uint64_t bytes;
};

/** Why a request failed, from its reply: empty, an error, or nonsense. */
DILL_MUST_CHECK struct dill_error *rsp_stub_refused(struct span reply, const char *what);

/** Make 'g', 'p', 'P' and virtual 'm' mean this CPU. */
DILL_MUST_CHECK struct dill_error *rsp_stub_select(struct rsp_stub *stub,
						   const struct rsp_thread *thread);
/** What a selection is sent along with. */
enum rsp_purpose {
	RSP_TO_READ,
	RSP_TO_CHANGE,
};

/**
 * The same, queued along with the request that it is for, which then cannot meet another CPU: QEMU
 * selects one by itself when it stops at a breakpoint while others are being stopped. Its "OK" is
 * one more reply, when *ret_sent says that anything was sent: not when the stub has no threads, or
 * when that CPU is the one that has stopped last.
 */
DILL_MUST_CHECK struct dill_error *rsp_stub_send_select(struct rsp_stub *stub,
							const struct rsp_thread *thread,
							enum rsp_purpose purpose, bool *ret_sent);
/** List the CPUs, once. */
DILL_MUST_CHECK struct dill_error *rsp_stub_know_threads(struct rsp_stub *stub);
/** Make 'm' take physical addresses, or virtual ones. */
DILL_MUST_CHECK struct dill_error *rsp_stub_set_physical(struct rsp_stub *stub, bool physical);

#endif
