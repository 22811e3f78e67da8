/* SPDX-License-Identifier: MIT */
#ifndef TARGET_RSP_SOCKET_H
#define TARGET_RSP_SOCKET_H

#include <dill/target.h>

#include "base/error.h"
#include "base/span.h"

/**
 * A stream socket with what waits to be sent and what has arrived: bytes, nothing of a protocol.
 *
 * The socket's flags are never changed, and what is changed besides is put back, so that it may
 * belong to somebody else.
 */
struct rsp_socket;

/** The most that rsp_socket_room() gives. */
#define RSP_SOCKET_OUTPUT ((size_t)64 * 1024)

/** How long to wait. */
struct rsp_wait {
	int64_t deadline_ms;	      /**< by rsp_now_ms() */
	int timeout_ms;		      /**< what the error says */
	const struct dill_host *host; /**< asked whether to go on; NULL = not */
};

/** Milliseconds of a clock that only goes forwards. */
int64_t rsp_now_ms(void);

/** INTERRUPTED when the host has had enough. */
DILL_MUST_CHECK struct dill_error *rsp_wait_check(const struct rsp_wait *wait);

/** @param fd  connected; borrowed */
DILL_MUST_CHECK struct dill_error *rsp_socket_new(int fd, struct rsp_socket **ret);
/** Forget the socket, which stays open. NULL is allowed. */
void rsp_socket_free(struct rsp_socket *socket);

/** Note that the peer is gone, and make the error that says so: PROTOCOL. */
DILL_MUST_CHECK struct dill_error *rsp_socket_lost(struct rsp_socket *socket);
/** True when it is. */
bool rsp_socket_has_hung_up(const struct rsp_socket *socket);

/* --- output --- */

/**
 * Have room for @p size bytes, at most RSP_SOCKET_OUTPUT; sends what is in the way.
 * @param ret  where to put them, for rsp_socket_queue()
 * @return NULL; PROTOCOL when the peer is gone; LIMIT when it takes nothing; INTERRUPTED
 */
DILL_MUST_CHECK struct dill_error *rsp_socket_room(struct rsp_socket *socket, size_t size,
						   const struct rsp_wait *wait, uint8_t **ret);
/** So many bytes were put there. */
void rsp_socket_queue(struct rsp_socket *socket, size_t size);
/** Whether nothing of what was queued is kept any more. */
bool rsp_socket_is_empty(const struct rsp_socket *socket);
/** Queue everything again that is still kept. */
void rsp_socket_rewind(struct rsp_socket *socket);

/** Send what the socket takes at once. NULL; PROTOCOL */
DILL_MUST_CHECK struct dill_error *rsp_socket_push(struct rsp_socket *socket);
/** Send all of it. As rsp_socket_room() */
DILL_MUST_CHECK struct dill_error *rsp_socket_flush(struct rsp_socket *socket,
						    const struct rsp_wait *wait);
/** Send a byte past what is queued. As rsp_socket_room() */
DILL_MUST_CHECK struct dill_error *rsp_socket_send_byte(struct rsp_socket *socket, char byte,
							const struct rsp_wait *wait);

/* --- input --- */

/** What has arrived and was not taken yet; valid until the next rsp_socket_pump(). */
struct span rsp_socket_input(const struct rsp_socket *socket);
/** Take the first @p size bytes. */
void rsp_socket_take(struct rsp_socket *socket, size_t size);

/** The next rsp_socket_pump() is for so many bytes, those that are here included: it does not wake
 * for fewer. When they do not come, it takes fewer after a moment. */
void rsp_socket_expect(struct rsp_socket *socket, size_t bytes);
/** Send and receive until new bytes have arrived. As rsp_socket_room() */
DILL_MUST_CHECK struct dill_error *rsp_socket_pump(struct rsp_socket *socket,
						   const struct rsp_wait *wait);
/** Put back what was changed in the socket. */
void rsp_socket_rest(struct rsp_socket *socket);

#endif
