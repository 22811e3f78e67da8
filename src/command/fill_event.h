/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_FILL_EVENT_H
#define COMMAND_FILL_EVENT_H

#include "answer/event_record.h"
#include "base/strbuf.h"
#include "trace/event.h"

/**
 * The record of an event.
 * @param name     names the addresses of its backtrace; gets @p context
 * @param ret      lives in @p arena
 */
DILL_MUST_CHECK struct dill_error *event_record(
	const struct trace_event *event,
	struct dill_error *(*name)(void *context, dill_virt address, struct strbuf *text),
	void *context, struct arena *arena, struct dill_record **ret);

#endif
