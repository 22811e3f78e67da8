/* SPDX-License-Identifier: MIT */
#include "gdb/host.h"

#include <time.h>

#include "base/strbuf.h"
#include "gdb/plugin.h"

/* How often Python is asked for signals: asking costs as much as reading a cached page. */
#define SIGNAL_PERIOD_NS UINT64_C(1000000)

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool host_interrupted(void *context)
{
	struct plugin *plugin = context;
	uint64_t now = now_ns();

	if (now - plugin->signals_checked_ns >= SIGNAL_PERIOD_NS) {
		plugin->signals_checked_ns = now;
		if (!PyErr_Occurred())
			(void)PyErr_CheckSignals();
	}
	/* The exception stays set, so every later question gets the same answer. */
	return PyErr_Occurred() != NULL;
}

static void host_accept_interrupt(void *context)
{
	(void)context;
	PyErr_Clear();
}

void plugin_log(struct plugin *plugin, const char *text)
{
	struct py_pending pending = py_pending_take();
	_cleanup_(strbuf_deinitp)
	struct strbuf line = {0};
	_cleanup_(py_decrefp)
	PyObject *stream = NULL;
	_cleanup_(py_decrefp)
	PyObject *done = NULL;

	strbuf_append_format(&line, "dill: %s\n", text);
	stream = PyObject_GetAttrString(plugin->gdb, "STDERR");
	if (stream)
		done = py_call(plugin->gdb, "write", "(sO)", strbuf_get(&line), stream);
	if (!done)
		PyErr_Clear();
	py_pending_restore(&pending);
}

static void host_log(void *context, const char *text)
{
	plugin_log(context, text);
}

struct dill_host plugin_host(struct plugin *plugin)
{
	return (struct dill_host){host_interrupted, host_accept_interrupt, host_log, plugin};
}
