/* SPDX-License-Identifier: MIT */
#ifndef TARGET_RSP_ADDRESS_H
#define TARGET_RSP_ADDRESS_H

#include <dill/target.h>

#include "base/error.h"

/** Where a gdbstub listens, as people write it. */
struct rsp_address {
	char *text; /**< as given, for messages */
	char *host; /**< NULL for a Unix socket */
	char *port;
	char *path; /**< NULL for TCP */
};

/**
 * Take an address apart: "HOST:PORT", ":PORT" (this machine), "[IPV6]:PORT", "unix:PATH", or a path
 * with a slash. Looks nothing up.
 *
 * @param ret  the caller's; rsp_address_deinit() it
 * @return NULL; INVALID_ARGUMENT; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *rsp_address_parse(const char *text, struct rsp_address *ret);
void rsp_address_deinit(struct rsp_address *address);

/**
 * Connect to it.
 *
 * A stub on this machine that already serves a debugger is left alone: it would not answer, and
 * would stop the guest for us when that debugger has long let it run, with nobody left to resume
 * it.
 *
 * @param timeout_ms  for each of the host's addresses
 * @param host        asked while waiting
 * @param ret         socket, the caller's
 * @return NULL; OS when the name is unknown or nobody listens; LIMIT when it is taken or does not
 * answer; INTERRUPTED
 */
DILL_MUST_CHECK struct dill_error *rsp_address_connect(const struct rsp_address *address,
						       int timeout_ms, const struct dill_host *host,
						       int *ret);

#endif
