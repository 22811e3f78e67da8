/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_HISTORY_H
#define COMMAND_HISTORY_H

#include "command/command.h"
#include "store/trace_store.h"

/** Emit what a trace knows of the memory at an address: a `history` record, then its events. */
DILL_MUST_CHECK struct dill_error *history_emit(struct command_call *call,
						struct trace_store *store, dill_virt address);

#endif
