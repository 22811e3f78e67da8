/* SPDX-License-Identifier: MIT */
#ifndef TARGET_RSP_CONNECTION_H
#define TARGET_RSP_CONNECTION_H

#include <dill/target.h>

#include "base/error.h"
#include "base/span.h"

/**
 * Packets over a socket: requests are collected and sent together, replies come back in the same
 * order. Waiting is bounded by a timeout and asks the host whether the user has had enough.
 *
 * The socket's flags are never changed, what is changed besides is put back, and no more is read
 * than the peer has sent for our requests, so that it may belong to somebody else.
 */
struct rsp_connection;

/** When the replies of a peer are acknowledged with a '+' of its own. */
enum rsp_acks {
	RSP_ACKS_ALWAYS, /**< as the protocol has it */
	/**
	 * Never: the next request's '$' is acknowledgement enough. QEMU takes it so, which saves a
	 * packet per reply; and a '+' that reaches QEMU while the guest runs would stop the guest.
	 */
	RSP_ACKS_IMPLIED,
};

/** Whether the user may interrupt a wait. */
enum rsp_patience {
	RSP_INTERRUPTIBLE,
	/** Only until the peer has sent its first packet: it has stopped the target for us then, so
	 * that we must get to know what it was before. */
	RSP_UNTIL_ANSWERED,
	RSP_UNINTERRUPTIBLE, /**< for putting the target back as it was */
};

/**
 * @param fd          connected stream socket; borrowed
 * @param timeout_ms  longest wait for one whole reply
 * @param host        borrowed
 */
DILL_MUST_CHECK struct dill_error *rsp_connection_new(int fd, int timeout_ms,
						      const struct dill_host *host,
						      struct rsp_connection **ret);
/** Forget the connection; the socket stays open. NULL is allowed. */
void rsp_connection_free(struct rsp_connection *connection);
DEFINE_CLEANUP(struct rsp_connection *, rsp_connection_free)

void rsp_connection_set_acks(struct rsp_connection *connection, enum rsp_acks acks);
void rsp_connection_set_patience(struct rsp_connection *connection, enum rsp_patience patience);

/** Queue a request, at most a few hundred bytes; sent when a reply is waited for. Every request
 * needs one rsp_receive(). */
DILL_MUST_CHECK struct dill_error *rsp_send(struct rsp_connection *connection, const char *format,
					    ...) DILL_PRINTF(2, 3);

/**
 * Wait for the next reply. Acknowledgements, notifications and unsolicited stop replies are
 * skipped.
 *
 * @param ret  decoded payload; borrowed, valid until the next call
 * @return NULL; LIMIT when nothing came in time; PROTOCOL when the peer went away or sent what is
 * no packet; INTERRUPTED. After PROTOCOL the connection is broken: every later call fails.
 */
DILL_MUST_CHECK struct dill_error *rsp_receive(struct rsp_connection *connection, struct span *ret);

/** rsp_send() and rsp_receive() of one request, after rsp_drain(). Its reply is no output. */
DILL_MUST_CHECK struct dill_error *rsp_exchange(struct rsp_connection *connection, struct span *ret,
						const char *format, ...) DILL_PRINTF(3, 4);

/**
 * As rsp_send(), of a request that changes something and is answered with "OK": to be sent along
 * with the next resumption. When the reply is read and is another one, that is kept.
 */
DILL_MUST_CHECK struct dill_error *rsp_send_change(struct rsp_connection *connection,
						   const char *format, ...) DILL_PRINTF(2, 3);

/** The first change that was refused, for which nobody has asked yet; NULL when there is none. The
 * caller's. */
DILL_MUST_CHECK struct dill_error *rsp_take_refusal(struct rsp_connection *connection);

/** Read the replies that are still due: of reads after a failure in the middle of a batch, which
 * are forgotten, or of changes, whose refusal is kept for rsp_take_refusal(). */
DILL_MUST_CHECK struct dill_error *rsp_drain(struct rsp_connection *connection);

/**
 * Queue a request that lets the target run. Its reply is the next stop: rsp_wait_stop() instead of
 * rsp_receive(). Nothing else may be sent before that, but rsp_break_in().
 */
DILL_MUST_CHECK struct dill_error *rsp_send_run(struct rsp_connection *connection,
						const char *request);

/**
 * Send what is queued, take the replies of requests that are due, each of which must be "OK", and
 * wait for the stop of a running target. "The process has exited" is a stop, too.
 *
 * @param timeout_ms  of this wait
 * @param ret         decoded stop reply; borrowed, valid until the next call; empty when the time
 *                    is over and the target still runs
 * @return NULL; PROTOCOL when the connection is lost or a request was refused; INTERRUPTED
 */
DILL_MUST_CHECK struct dill_error *rsp_wait_stop(struct rsp_connection *connection, int timeout_ms,
						 struct span *ret);

/** Ask a running target to stop, as Ctrl-C in a debugger does. */
DILL_MUST_CHECK struct dill_error *rsp_break_in(struct rsp_connection *connection);

/** True between rsp_send_run() and the stop. */
bool rsp_is_running(const struct rsp_connection *connection);

/**
 * The next wait is for so many bytes, acknowledgements included: QEMU writes each of them alone,
 * and would wake us for it. When fewer come they are taken after a moment.
 */
void rsp_expect(struct rsp_connection *connection, size_t bytes);

/** Bytes of the last packet as it came, without acknowledgement. */
size_t rsp_wire_size(const struct rsp_connection *connection);

/** Acknowledge the last reply, so that the stream is at rest for its owner. Only while the guest
 * is stopped. */
DILL_MUST_CHECK struct dill_error *rsp_rest(struct rsp_connection *connection);

/** Send a request whose reply nobody will wait for, as far as the socket takes it at once. */
DILL_MUST_CHECK struct dill_error *rsp_send_last(struct rsp_connection *connection,
						 const char *request);

/** True when the peer said on its own that the target stopped: it ran before we came. */
bool rsp_saw_stop(const struct rsp_connection *connection);

/** True when the peer has closed the connection, whatever the reason. */
bool rsp_has_hung_up(const struct rsp_connection *connection);

/** True when the peer has said, not as the reply to a resumption, that its target has ended. */
bool rsp_has_exited(const struct rsp_connection *connection);

/** True when at least one whole packet came from the peer. */
bool rsp_saw_packet(const struct rsp_connection *connection);

/** Packets sent so far. */
uint64_t rsp_packets_sent(const struct rsp_connection *connection);

#endif
