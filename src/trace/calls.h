/* SPDX-License-Identifier: MIT */
#ifndef TRACE_CALLS_H
#define TRACE_CALLS_H

#include "base/array.h"
#include "base/number_map.h"
#include "trace/current.h"
#include "trace/probe.h"
#include "trace/unwind.h"

/** Where an engine puts breakpoints. An address is never inserted twice. */
struct trace_breakpoints {
	/** They cannot change while the target stands at one: breakpoints at every place where a
	 * probed function returns take the place of those at return addresses. */
	bool fixed;
	struct dill_error *(*insert)(void *context, dill_virt address);
	struct dill_error *(*remove)(void *context, dill_virt address);
	void *context;
};

/** A call of an allocation function that has not returned yet. */
struct call {
	const struct probe *probe;
	dill_virt return_address;
	/** Stack pointer when it has returned: no other call in flight has the same, whatever CPU,
	 * task or interrupt it is in, because a stack belongs to one of them. */
	dill_virt stack;
	unsigned cpu; /**< where it was entered; it may return on another */
	struct current current;
	dill_virt caller;
	dill_virt cache; /**< 0 = told by the object */
	uint64_t size;	 /**< bytes wanted, or objects of a bulk call */
	uint64_t gfp;
	dill_virt array;	    /**< of a bulk call */
	bool ignored;		    /**< another call, inside or outside of it, makes the event */
	uint64_t number;	    /**< in the order of entering */
	struct backtrace backtrace; /**< when it was entered; empty when none are wanted */
};

/** All calls in flight, and the breakpoints at their return addresses. */
struct calls {
	ARRAY(struct call) list;
	struct number_map waiting; /**< calls in flight by return address */
	struct trace_breakpoints breakpoints;
	uint64_t entered, lost;
};

/**
 * A call has begun: see to it that its return is noticed. A call that never returned makes room
 * when there are too many, and counts as lost.
 */
DILL_MUST_CHECK struct dill_error *calls_enter(struct calls *calls, const struct call *call);

/**
 * A CPU stands at @p address with its stack at @p stack.
 * @param ret  the call that has returned, which is no longer in flight
 * @return whether there was one
 */
bool calls_leave(struct calls *calls, dill_virt address, dill_virt stack, struct call *ret);

/** The same for a CPU that stands at the ret instruction of whatever function. */
bool calls_leave_by_ret(struct calls *calls, dill_virt stack, struct call *ret);

/** Forget the breakpoint at @p address when no call waits for it any more; false in *ret_gone when
 * one does, so that the breakpoint is still there. */
DILL_MUST_CHECK struct dill_error *calls_settle(struct calls *calls, dill_virt address,
						bool *ret_gone);

/** The innermost call in flight on the stack that @p stack is part of, at most @p distance bytes
 * away; NULL when there is none. Borrowed until the next change. */
struct call *calls_around(struct calls *calls, dill_virt stack, uint64_t distance);

/** True when a breakpoint for returns is at @p address. */
bool calls_has_breakpoint(const struct calls *calls, dill_virt address);

/** Remove all breakpoints; the first error is returned, and nothing is left undone for it. */
DILL_MUST_CHECK struct dill_error *calls_disarm(struct calls *calls);
void calls_deinit(struct calls *calls);

#endif
