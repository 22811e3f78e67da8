/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "target/local_peer.h"
#include "target/rsp_private.h"

#define DEFAULT_TIMEOUT_S 3u

static const char *name_of(const struct rsp *rsp)
{
	return rsp->address.text ? rsp->address.text : "GDB's connection";
}

/* --- whether the guest ran --- */

static struct dill_error *monitor_says(struct rsp *rsp, const char *command, const char *wanted,
				       bool *ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	TRY(rsp_stub_monitor(rsp->stub, command, &text));
	*ret = strstr(strbuf_get(&text), wanted) != NULL;
	return NULL;
}

/* See rsp.h for the reasons. */
static struct dill_error *guess_state(struct rsp *rsp, bool *ret_ran)
{
	bool special, silent;

	TRY(monitor_says(rsp, "info status", "(", &special));
	TRY(monitor_says(rsp, "help one-insn-per-tb", "one-insn-per-tb [", &silent));
	*ret_ran = !special && silent;
	return NULL;
}

static struct dill_error *find_state(struct rsp *rsp)
{
	rsp->ran = true;
	if (rsp_saw_stop(rsp->connection) || !rsp_stub_has_physical(rsp->stub))
		return NULL;
	return guess_state(rsp, &rsp->ran);
}

/* --- conversation --- */

/* What the failure of a first contact means. */
static struct dill_error *explain_silence(const struct rsp *rsp, struct dill_error *error)
{
	enum dill_error_code code = dill_error_code(error);

	if (rsp_saw_packet(rsp->connection) ||
	    (code != DILL_ERROR_LIMIT && code != DILL_ERROR_PROTOCOL))
		return dill_error_add_context(error, "%s", name_of(rsp));
	dill_error_free(error);
	if (code == DILL_ERROR_LIMIT)
		return dill_error_new(code,
				      "%s does not answer within %d s: another debugger is "
				      "attached, or it is no gdbstub",
				      name_of(rsp), rsp->timeout_ms / 1000);
	return dill_error_new(code, "%s is no gdbstub", name_of(rsp));
}

static struct dill_error *greet(struct rsp *rsp)
{
	TRY(rsp_connection_new(rsp->fd, rsp->timeout_ms, &rsp->host, &rsp->connection));
	rsp_connection_set_patience(rsp->connection, RSP_UNTIL_ANSWERED);

	struct dill_error *error = rsp_stub_new(rsp->connection, rsp->owner, &rsp->stub);

	return error ? explain_silence(rsp, error) : NULL;
}

/* Forget the conversation, keeping its numbers. */
static void hang_up(struct rsp *rsp)
{
	if (rsp->connection)
		rsp->stats.packets += rsp_packets_sent(rsp->connection);
	if (rsp->stub)
		rsp->stats.bytes += rsp_stub_bytes(rsp->stub);
	qemu_local_free(rsp->local);
	rsp->local = NULL;
	array_free(&rsp->map.ranges);
	rsp->map_known = rsp->described = rsp->gone = false;
	rsp_stub_free(rsp->stub);
	rsp->stub = NULL;
	rsp_connection_free(rsp->connection);
	rsp->connection = NULL;
	if (rsp->owner == RSP_OWN && rsp->fd >= 0) {
		close(rsp->fd);
		rsp->fd = -1;
	}
}

static struct dill_error *call(struct rsp *rsp)
{
	TRY(rsp_address_connect(&rsp->address, rsp->timeout_ms, &rsp->host, &rsp->fd));
	return greet(rsp);
}

/* Letting the target go at the end takes all breakpoints out. */
static bool lets_go(const struct rsp *rsp)
{
	return rsp->owner == RSP_OWN && rsp->ran && !rsp->leave_stopped;
}

/* Take everything back that can be taken back over the connection. */
static struct dill_error *take_back(struct rsp *rsp)
{
	rsp_connection_set_patience(rsp->connection, RSP_UNINTERRUPTIBLE);
	TRY(rsp_drain(rsp->connection));
	TRY(rsp_stub_settle(rsp->stub));
	if (rsp->owner == RSP_BORROWED)
		return rsp_rest(rsp->connection);
	return lets_go(rsp) ? rsp_stub_detach(rsp->stub) : NULL;
}

/* The connection is unusable, but the guest must not stay as we left it: one new attempt. */
static struct dill_error *rescue(struct rsp *rsp)
{
	struct dill_host nobody = {0}, host = rsp->host;

	hang_up(rsp);
	rsp->host = nobody;
	struct dill_error *error = call(rsp);

	if (!error)
		error = take_back(rsp);
	rsp->host = host;
	return error;
}

/*
 * A change that the stub has refused, and that no resumption told of: the breakpoint may be there
 * still. When it cannot be, that is a remark.
 */
static struct dill_error *take_refusal(struct rsp *rsp)
{
	struct dill_error *error = rsp->connection ? rsp_take_refusal(rsp->connection) : NULL;

	if (!error || !lets_go(rsp))
		return dill_error_add_context(
			error, "%s: a breakpoint of dill's may be left in the target%s",
			name_of(rsp),
			rsp->owner == RSP_OWN ? ", \"dill rescue\" takes all out" : "");
	if (rsp->host.log)
		rsp->host.log(rsp->host.context, dill_error_text(error));
	dill_error_free(error);
	return NULL;
}

/* End the conversation, whatever state it is in. */
static struct dill_error *part(struct rsp *rsp)
{
	struct dill_error *error =
		rsp->stub ? take_back(rsp)
			  : dill_error_new(DILL_ERROR_PROTOCOL, "%s was lost", name_of(rsp));
	struct dill_error *refusal = take_refusal(rsp);

	if (error && rsp->owner == RSP_OWN) {
		bool gone = rsp->gone;
		struct dill_error *failure = rescue(rsp);

		if (failure && gone) {
			dill_error_free(error);
			dill_error_free(failure);
			dill_error_free(refusal);
			hang_up(rsp);
			return NULL;
		}

		/* Why the first attempt failed tells more than why the second one did. */
		dill_error_free(failure ? failure : error);
		if (!failure)
			error = NULL;
	}
	hang_up(rsp);
	if (!error)
		return refusal;
	dill_error_free(refusal);
	return error;
}

/*
 * The stub has said nothing. When it serves another debugger, our connection waits in its queue,
 * and even if it is closed by then it is served after that debugger has gone: the guest stops for
 * us, and nobody lets it run again. So this request goes along with it.
 */
static void leave_note(struct rsp *rsp)
{
	if (rsp->owner == RSP_OWN)
		dill_error_free(rsp_send_last(rsp->connection, "D;1"));
}

/* A failed begin: the stub has stopped the guest if it said anything at all. */
static struct dill_error *give_up(struct rsp *rsp, struct dill_error *error)
{
	if (rsp->connection && rsp_saw_packet(rsp->connection)) {
		rsp->ran |= rsp_saw_stop(rsp->connection);
		dill_error_free(part(rsp));
	} else if (rsp->connection) {
		leave_note(rsp);
	}
	hang_up(rsp);
	return error;
}

/* --- direct memory --- */

static struct dill_error *learn_map(struct rsp *rsp)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	TRY(rsp_stub_monitor(rsp->stub, "info mtree -f", &text));
	return qemu_map_parse((struct span){(const uint8_t *)strbuf_get(&text), text.length},
			      &rsp->map);
}

static struct dill_error *learn_memory(struct rsp *rsp)
{
	TRY(learn_map(rsp));
	rsp->map_known = true;

	pid_t pid = rsp->no_direct ? 0 : local_peer_qemu(rsp->fd);

	if (!pid)
		return NULL;
	TRY(qemu_local_new(rsp->stub, pid, &rsp->map, &rsp->stats, &rsp->local));
	rsp->direct_pid = pid;
	return NULL;
}

/* Everything works without it, so that a failure is silent; describe() tells. */
static void try_memory(struct rsp *rsp)
{
	rsp->direct_pid = 0;
	if (rsp_stub_has_physical(rsp->stub))
		dill_error_free(learn_memory(rsp));
}

/* --- ops --- */

static struct dill_error *converse(struct rsp *rsp)
{
	TRY(greet(rsp));
	if (rsp->owner == RSP_OWN)
		TRY(find_state(rsp));
	else if (rsp->home[0] && !rsp_stub_set_home(rsp->stub, rsp->home))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "\"%s\" is no thread",
				      rsp->home);
	try_memory(rsp);
	rsp_connection_set_patience(rsp->connection, RSP_INTERRUPTIBLE);
	return NULL;
}

/*
 * Refuse another machine by its name, before a kernel is looked for that cannot be there. Other
 * troubles with the registers concern those who need them.
 */
static struct dill_error *check_machine(struct rsp *rsp)
{
	struct dill_error *error = rsp_know_features(rsp);

	if (!error || error_is_fatal(error) || dill_error_code(error) == DILL_ERROR_UNSUPPORTED)
		return error;
	dill_error_free(error);
	return NULL;
}

static struct dill_error *own_begin(void *context)
{
	struct rsp *rsp = context;

	rsp->ran = false;
	/* Between two conversations the guest may have run, and nobody tells. */
	rsp->generation++;
	TRY(rsp_address_connect(&rsp->address, rsp->timeout_ms, &rsp->host, &rsp->fd));

	struct dill_error *error = converse(rsp);

	if (!error)
		error = check_machine(rsp);
	return error ? give_up(rsp, error) : NULL;
}

static struct dill_error *check_at_rest(int fd)
{
	char byte;
	ssize_t waiting = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (waiting > 0)
		return dill_error_new(DILL_ERROR_PROTOCOL,
				      "GDB's connection is in use: stop the guest first");
	if (!waiting)
		return dill_error_new(DILL_ERROR_PROTOCOL, "GDB's connection was closed");
	return NULL;
}

static struct dill_error *borrowed_begin(void *context)
{
	struct rsp *rsp = context;

	TRY(check_at_rest(rsp->fd));

	struct dill_error *error = converse(rsp);

	return error ? give_up(rsp, error) : NULL;
}

static struct dill_error *rsp_end(void *context)
{
	return part(context);
}

static unsigned rsp_spaces(void *context)
{
	const struct rsp *rsp = context;

	return DILL_SPACE_VIRTUAL |
	       (rsp_stub_has_physical(rsp->stub) ? (unsigned)DILL_SPACE_PHYSICAL : 0);
}

/*
 * Devices are never read. Their pages count as done, which every reader skips, while the others are
 * read, and as not done, which means unreadable, afterwards.
 */
static void mark_devices(const struct rsp *rsp, struct dill_page_request *requests, size_t count,
			 bool done)
{
	for (size_t i = 0; rsp->map_known && i < count; i++)
		if (!qemu_map_holds(&rsp->map, requests[i].address))
			requests[i].done = done;
}

static struct dill_error *read_physical(struct rsp *rsp, struct dill_page_request *requests,
					size_t count)
{
	mark_devices(rsp, requests, count, true);
	if (rsp->local && !qemu_local_read_pages(rsp->local, requests, count)) {
		qemu_local_free(rsp->local);
		rsp->local = NULL;
		rsp->direct_pid = 0;
	}

	struct dill_error *error =
		rsp_stub_read_pages(rsp->stub, DILL_SPACE_PHYSICAL, requests, count);

	mark_devices(rsp, requests, count, false);
	return error;
}

static struct dill_error *rsp_read_pages(void *context, enum dill_space space,
					 struct dill_page_request *requests, size_t count)
{
	struct rsp *rsp = context;

	if (space == DILL_SPACE_PHYSICAL)
		return read_physical(rsp, requests, count);
	return rsp_stub_read_pages(rsp->stub, space, requests, count);
}

static unsigned rsp_piece_size(void *context)
{
	const struct rsp *rsp = context;

	return rsp_stub_piece_size(rsp->stub);
}

static struct dill_error *rsp_read_pieces(void *context, enum dill_space space,
					  struct dill_page_request *requests, size_t count)
{
	struct rsp *rsp = context;

	return rsp_stub_read_pieces(rsp->stub, space, requests, count);
}

struct dill_error *rsp_know_features(struct rsp *rsp)
{
	if (!rsp->features_known)
		TRY(rsp_stub_features(rsp->stub, &rsp->features));
	rsp->features_known = true;
	return NULL;
}

static struct dill_error *rsp_registers(void *context, unsigned cpu, struct dill_registers *ret)
{
	struct rsp *rsp = context;

	TRY(rsp_know_features(rsp));
	return rsp_stub_registers(rsp->stub, &rsp->features, cpu, ret);
}

/* One that does not tell is x86-64. */
static struct dill_error *rsp_machine(void *context, uint16_t *ret)
{
	struct rsp *rsp = context;

	TRY(check_machine(rsp));
	*ret = rsp->features_known ? rsp->features.arch->elf_machine : arch_x86_64.elf_machine;
	return NULL;
}

static struct dill_error *rsp_cpu_count(void *context, unsigned *ret)
{
	struct rsp *rsp = context;

	return rsp_stub_cpu_count(rsp->stub, ret);
}

static uint64_t rsp_generation(void *context)
{
	const struct rsp *rsp = context;

	return rsp->generation;
}

static void rsp_stats(void *context, struct dill_target_stats *ret)
{
	const struct rsp *rsp = context;

	*ret = rsp->stats;
	if (rsp->connection)
		ret->packets += rsp_packets_sent(rsp->connection);
	if (rsp->stub)
		ret->bytes += rsp_stub_bytes(rsp->stub);
}

static const char *rsp_describe(void *context)
{
	struct rsp *rsp = context;

	if (rsp->direct_pid)
		snprintf(rsp->description, sizeof(rsp->description),
			 "gdbstub %s, memory of QEMU process %d", name_of(rsp),
			 (int)rsp->direct_pid);
	else
		snprintf(rsp->description, sizeof(rsp->description), "gdbstub %s", name_of(rsp));
	return rsp->description;
}

static void rsp_close(void *context)
{
	struct rsp *rsp = context;

	rsp_address_deinit(&rsp->address);
	free(rsp);
}

static const struct dill_target_ops own_ops = {
	.name = "gdbstub",
	.begin = own_begin,
	.end = rsp_end,
	.spaces = rsp_spaces,
	.read_pages = rsp_read_pages,
	.piece_size = rsp_piece_size,
	.read_pieces = rsp_read_pieces,
	.registers = rsp_registers,
	.machine = rsp_machine,
	.cpu_count = rsp_cpu_count,
	.generation = rsp_generation,
	.stats = rsp_stats,
	.describe = rsp_describe,
	.run = rsp_run,
	.close = rsp_close,
};

static const struct dill_target_ops borrowed_ops = {
	.name = "gdbstub of GDB",
	.begin = borrowed_begin,
	.end = rsp_end,
	.spaces = rsp_spaces,
	.read_pages = rsp_read_pages,
	.piece_size = rsp_piece_size,
	.read_pieces = rsp_read_pieces,
	.registers = rsp_registers,
	.machine = rsp_machine,
	.cpu_count = rsp_cpu_count,
	.generation = rsp_generation,
	.stats = rsp_stats,
	.describe = rsp_describe,
	.run = rsp_run,
	.close = rsp_close,
};

static struct rsp *rsp_new(enum rsp_owner owner, int fd, const struct target_options *options)
{
	struct rsp *rsp = calloc(1, sizeof(*rsp));
	unsigned timeout_s = options->timeout_s ? options->timeout_s : DEFAULT_TIMEOUT_S;

	if (!rsp)
		return NULL;
	rsp->owner = owner;
	rsp->fd = fd;
	rsp->host = options->host;
	rsp->no_direct = options->no_direct;
	rsp->leave_stopped = options->leave_stopped;
	rsp->timeout_ms = timeout_s < 3600 ? (int)timeout_s * 1000 : 3600 * 1000;
	return rsp;
}

struct dill_error *rsp_open(const struct target_options *options,
			    const struct dill_target_ops **ret_ops, void **ret_context)
{
	struct rsp *rsp = rsp_new(RSP_OWN, -1, options);

	if (!rsp)
		return error_no_memory();

	struct dill_error *error = rsp_address_parse(options->remote, &rsp->address);

	if (error) {
		rsp_close(rsp);
		return error;
	}
	*ret_ops = &own_ops;
	*ret_context = rsp;
	return NULL;
}

struct dill_error *rsp_open_borrowed(int fd, const struct target_options *options,
				     const struct dill_target_ops **ret_ops, void **ret_context)
{
	struct rsp *rsp = rsp_new(RSP_BORROWED, fd, options);

	if (!rsp)
		return error_no_memory();
	if (options->remote)
		rsp->address.text = strdup(options->remote);
	*ret_ops = &borrowed_ops;
	*ret_context = rsp;
	return NULL;
}

struct dill_error *rsp_borrowed_set_stop(void *context, const char *thread, uint64_t generation)
{
	struct rsp *rsp = context;
	struct rsp_thread parsed = {0};

	if (thread &&
	    !rsp_thread_parse((struct span){(const uint8_t *)thread, strlen(thread)}, &parsed))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "\"%s\" is no thread id",
				      thread);
	memcpy(rsp->home, parsed.id, sizeof(rsp->home));
	rsp->generation = generation;
	return NULL;
}
