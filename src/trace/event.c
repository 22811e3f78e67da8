/* SPDX-License-Identifier: MIT */
#include "trace/event.h"

const char *trace_kind_name(enum trace_kind kind)
{
	switch (kind) {
	case TRACE_ALLOC:
		return "alloc";
	case TRACE_FREE:
		return "free";
	case TRACE_REQUEST:
		return "request";
	}
	return "?";
}
