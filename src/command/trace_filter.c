/* SPDX-License-Identifier: MIT */
#include "command/trace_filter.h"

#include <stdlib.h>
#include <string.h>

#include "command/number.h"

struct dill_error *trace_filter_sizes(const char *text, struct trace_filter *filter)
{
	_cleanup_(freep)
	char *low = strdup(text);
	char *high;

	if (!low)
		return error_no_memory();
	high = strchr(low, '-');
	if (high)
		*high++ = '\0';
	if (!number_parse(low, &filter->size_min) ||
	    !number_parse(high ? high : low, &filter->size_max) ||
	    filter->size_min > filter->size_max)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "--size: \"%s\" is no range of bytes such as 100-200", text);
	return NULL;
}

void trace_filter_task(const char *text, struct trace_filter *filter)
{
	uint64_t pid;

	if (number_parse(text, &pid) && pid <= UINT32_MAX) {
		filter->has_pid = true;
		filter->pid = (uint32_t)pid;
	} else {
		filter->name = text;
	}
}

struct dill_error *trace_filter_parse(const struct command_call *call, struct trace_filter *ret)
{
	*ret = (struct trace_filter){0};
	if (call->arguments[0])
		trace_filter_task(call->arguments[0], ret);
	if (call->options[TRACE_FILTER_PID].given) {
		ret->has_pid = true;
		ret->pid = (uint32_t)call->options[TRACE_FILTER_PID].number;
	}
	ret->caches = call->options[TRACE_FILTER_CACHE].text;
	ret->has_cpu = call->options[TRACE_FILTER_CPU].given;
	ret->cpu = (unsigned)call->options[TRACE_FILTER_CPU].number;
	return call->options[TRACE_FILTER_SIZE].given
		       ? trace_filter_sizes(call->options[TRACE_FILTER_SIZE].text, ret)
		       : NULL;
}
