/* SPDX-License-Identifier: MIT */
#include "command/break_request.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <string.h>

#include "command/choose.h"
#include "command/number.h"
#include "command/trace_filter.h"

#define NANOSECONDS UINT64_C(1000000000)

static struct dill_error *has_cache(struct session *session, const char *name)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct findings findings = {0};
	struct cache_list all, chosen;
	struct heap *heap;

	TRY(session_heap(session, &heap));
	TRY(arena_new(&arena));
	findings.arena = arena;
	TRY(caches_read(heap, arena, &findings, &all));
	return caches_choose(&all, name, arena, &chosen);
}

/* A number is an address; else a cache's name comes before a symbol's. */
static struct dill_error *parse_what(const char *text, struct session *session,
				     struct break_request *ret)
{
	struct dill_error *no_cache, *error;

	if (address_parse(text, &ret->object)) {
		error = NULL;
	} else {
		no_cache = has_cache(session, text);
		if (!no_cache || dill_error_code(no_cache) != DILL_ERROR_NOT_FOUND) {
			ret->filter.caches = text;
			return no_cache;
		}
		error = session_address(session, text, &ret->object);
		/* What cannot be meant for a cache is an expression with a mistake. */
		if (error && !error_is_fatal(error) && !strchr("$&(", text[0])) {
			dill_error_free(error);
			return no_cache;
		}
		dill_error_free(no_cache);
	}
	if (!error && ret->object >> 63 == 0)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "0x%" PRIx64 " is no address of the kernel's", ret->object);
	return error;
}

struct dill_error *break_request_parse(const struct command_call *call, struct session *session,
				       struct break_request *ret)
{
	*ret = (struct break_request){
		/* A kfree_rcu() tells more of who frees than the free that comes later. */
		.kinds = strcmp(call->arguments[1], "alloc") != 0
				 ? 1u << TRACE_FREE | 1u << TRACE_REQUEST
				 : 1u << TRACE_ALLOC,
		.time_max_ns = call->options[BREAK_OPTION_TIME].number * NANOSECONDS,
	};
	if (call->options[BREAK_OPTION_TASK].given)
		trace_filter_task(call->options[BREAK_OPTION_TASK].text, &ret->filter);
	if (call->options[BREAK_OPTION_PID].given) {
		ret->filter.has_pid = true;
		ret->filter.pid = (uint32_t)call->options[BREAK_OPTION_PID].number;
	}
	ret->filter.has_cpu = call->options[BREAK_OPTION_CPU].given;
	ret->filter.cpu = (unsigned)call->options[BREAK_OPTION_CPU].number;
	if (call->options[BREAK_OPTION_SIZE].given)
		TRY(trace_filter_sizes(call->options[BREAK_OPTION_SIZE].text, &ret->filter));
	return parse_what(call->arguments[0], session, ret);
}

static bool is_object(const struct break_request *request, const struct trace_event *event)
{
	if (!request->object || event->object == request->object)
		return true;
	return event->kind == TRACE_ALLOC && event->object &&
	       request->object - event->object < event->bytes_given;
}

bool break_request_matches(const struct break_request *request, const struct trace_event *event)
{
	const struct trace_filter *filter = &request->filter;

	/* A trace lets frees by others pass, of what it follows. */
	if (!(request->kinds >> event->kind & 1) || event->flags & TRACE_FOREIGN)
		return false;
	if (filter->caches && (!event->cache_name || fnmatch(filter->caches, event->cache_name, 0)))
		return false;
	return is_object(request, event);
}

void break_request_describe(const struct break_request *request, struct strbuf *text)
{
	bool alloc = request->kinds >> TRACE_ALLOC & 1;

	if (request->object)
		strbuf_append_format(text, "%s of 0x%" PRIx64, alloc ? "allocation" : "free",
				     request->object);
	else
		strbuf_append_format(text, "%s %s", alloc ? "allocation from" : "free to",
				     request->filter.caches);
}
