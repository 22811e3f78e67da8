/* SPDX-License-Identifier: MIT */
#ifndef TARGET_RSP_PRIVATE_H
#define TARGET_RSP_PRIVATE_H

#include "target/local_peer.h"
#include "target/qemu_local.h"
#include "target/qemu_map.h"
#include "target/rsp.h"
#include "target/rsp_address.h"
#include "target/rsp_connection.h"
#include "target/rsp_stub.h"

/* Inside of the gdbstub target, for rsp.c and rsp_run.c. */

/* One target. What stands below "conversation" lives between begin() and end(). */
struct rsp {
	enum rsp_owner owner;
	struct rsp_address address; /* of our own connection */
	struct dill_host host;
	bool no_direct, leave_stopped;
	int timeout_ms;
	uint64_t generation;
	char home[sizeof(((struct rsp_thread *)0)->id)]; /* the owner's thread, "" = none */
	bool features_known; /* a stub does not change its description */
	struct rsp_features features;
	struct dill_target_stats stats; /* of finished conversations and direct reads */
	pid_t direct_pid;		/* of the last conversation, 0 = none */
	char description[256];

	/* conversation */
	int fd;
	struct rsp_connection *connection;
	struct rsp_stub *stub;
	bool described; /* the stub was asked for its description */
	bool ran;	/* the guest runs again at the end */
	bool gone;	/* the guest has ended: there is nobody to give anything back to */
	bool map_known;
	struct qemu_map map;
	struct qemu_local *local;
};

/** Read the description of the registers, once. */
DILL_MUST_CHECK struct dill_error *rsp_know_features(struct rsp *rsp);

/** Running and breakpoints (rsp_run.c), dill_target_ops.run(). */
bool rsp_run(void *context, struct dill_runner *ret);

#endif
