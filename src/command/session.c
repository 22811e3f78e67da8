/* SPDX-License-Identifier: MIT */
#include "command/session.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "command/number.h"
#include "command/value.h"
#include "kernel/module_symbol.h"
#include "kernel/tasks.h"
#include "slub/heap_open.h"

struct session {
	struct target *target;
	struct kernel *kernel; /* NULL until a command needs it */
	struct heap *heap;     /* of kernel */
	bool types_fit;	       /* those of a file were checked on it */
	uint64_t epoch;	       /* memory's, when kernel was last known to be the same */
	char *image_path, *types_path, *kernel_choice;
	char *trace_path; /* of the kernel's last trace; NULL = none */
	struct session_options options;
};

static struct dill_error *keep(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? error_no_memory() : NULL;
}

struct dill_error *session_new(const struct dill_target_ops *ops, void *context,
			       const struct session_options *options, struct session **ret)
{
	_cleanup_(session_freep)
	struct session *session = calloc(1, sizeof(*session));
	struct dill_error *error =
		session ? target_new(ops, context, &options->host, &session->target)
			: error_no_memory();

	if (error) {
		ops->close(context);
		return error;
	}
	session->options = *options;
	TRY(keep(options->image_path, &session->image_path));
	TRY(keep(options->types_path, &session->types_path));
	TRY(keep(options->kernel_choice, &session->kernel_choice));
	*ret = steal(session);
	return NULL;
}

static void forget_kernel(struct session *session)
{
	if (session->kernel && session->options.forget)
		session->options.forget(session->options.host.context);
	free(steal(session->trace_path));
	heap_free(steal(session->heap));
	kernel_free(steal(session->kernel));
	session->types_fit = false;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	forget_kernel(session);
	target_free(session->target);
	free(session->image_path);
	free(session->types_path);
	free(session->kernel_choice);
	free(session);
}

/* Check that the kernel known from earlier commands is still the one that runs. */
static struct dill_error *refresh(struct session *session)
{
	uint64_t epoch = target_epoch(session->target);

	if (!session->kernel || epoch == session->epoch)
		return NULL;

	_cleanup_(dill_error_freep)
	struct dill_error *error = kernel_refresh(session->kernel);

	if (error && error_is_fatal(error))
		return steal(error);
	if (error) { /* rebooted, or rebooting: the next session_kernel() looks again */
		target_log(session->target, "the kernel is another one than before: %s",
			   dill_error_text(error));
		forget_kernel(session);
	}
	session->epoch = epoch;
	return NULL;
}

struct dill_error *session_begin(struct session *session)
{
	TRY(target_begin(session->target));

	struct dill_error *error = refresh(session);

	if (error) /* the first error says more than a failing end */
		dill_error_free(target_end(session->target));
	return error;
}

struct dill_error *session_explain(struct session *session, struct dill_error *error)
{
	const char *lacks;
	struct dill_error *explained;

	if (!error || dill_error_code(error) == DILL_ERROR_INTERRUPTED ||
	    dill_error_code(error) == DILL_ERROR_NO_MEMORY)
		return error;
	lacks = target_take_lacks(session->target);
	if (!lacks)
		return error;
	explained = dill_error_new(dill_error_code(error), "%s; %s", dill_error_text(error), lacks);
	dill_error_free(error);
	return explained;
}

struct dill_error *session_end(struct session *session)
{
	return target_end(session->target);
}

struct dill_error *session_kernel(struct session *session, struct kernel **ret)
{
	if (!session->kernel) {
		struct kernel_options options = {
			.image_path = session->image_path,
			.types_path = session->types_path,
			.image_is_offered = session->options.image_is_offered,
			.choice = session->kernel_choice,
			.no_cache = session->options.no_cache,
			.hide = session->options.hide,
		};

		TRY(kernel_open(session->target, &options, &session->kernel));
		session->epoch = target_epoch(session->target);
	}
	*ret = session->kernel;
	return NULL;
}

struct dill_error *session_heap(struct session *session, struct heap **ret)
{
	if (!session->heap) {
		struct kernel *kernel;

		TRY(session_kernel(session, &kernel));
		TRY(heap_open(kernel, &session->heap));
	}
	*ret = session->heap;
	return NULL;
}

/* An error that says that types are of another kernel; others say that there is nothing to check.
 */
static bool disagrees(struct session *session, struct dill_error **error, const char *what)
{
	if (!*error || error_is_fatal(*error) ||
	    dill_error_code(*error) == DILL_ERROR_INVALID_ARGUMENT)
		return *error;
	target_log(session->target, "what the types say of %s could not be checked: %s", what,
		   dill_error_text(*error));
	dill_error_free(steal(*error));
	return false;
}

static struct dill_error *check_types(struct session *session, struct kernel *kernel)
{
	_cleanup_(tasks_freep)
	struct tasks *tasks = NULL;
	struct heap *heap;
	struct dill_error *error = session_heap(session, &heap);

	if (disagrees(session, &error, "the heap"))
		return error;
	error = tasks_new(kernel, &tasks);
	if (disagrees(session, &error, "tasks"))
		return error;
	return NULL;
}

struct dill_error *session_types(struct session *session, struct types **ret)
{
	struct kernel *kernel;

	TRY(session_kernel(session, &kernel));
	TRY(kernel_types(kernel, ret));
	if (!kernel_types_file(kernel) || session->types_fit)
		return NULL;
	TRY(check_types(session, kernel));
	session->types_fit = true;
	return NULL;
}

void session_set_trace(struct session *session, const char *path)
{
	free(session->trace_path);
	/* Folders may be changed meanwhile. */
	session->trace_path = realpath(path, NULL);
}

const char *session_trace(const struct session *session)
{
	return session->trace_path;
}

struct target *session_target(struct session *session)
{
	return session->target;
}

static bool is_symbol(const char *text)
{
	if (!isalpha((unsigned char)text[0]) && text[0] != '_')
		return false;
	for (; *text; text++) /* the dot: symbols the compiler split, "foo.cold", "foo.isra.0" */
		if (!isalnum((unsigned char)*text) && !strchr("_.$", *text))
			return false;
	return true;
}

/* The parts of an address as people and kernel logs write it. */
struct written_address {
	char *base;   /* number, symbol or value function */
	char *module; /* from " [module]" behind it; NULL = none */
	uint64_t offset;
	bool complete; /* nothing is left over: what follows a sign is a number */
};

/* Cut "[module]" off the end. */
static char *cut_module(char *text)
{
	size_t length = strlen(text);
	char *open = strrchr(text, '[');

	if (!open || open == text || length < 3 || text[length - 1] != ']')
		return NULL;
	text[length - 1] = '\0';
	*open = '\0';
	for (char *end = open; end > text && end[-1] == ' ';)
		*--end = '\0';
	return open + 1;
}

/* Cut "+NUMBER", "-NUMBER" or "+NUMBER/SIZE" off the end; the size of a function tells nothing. */
static void split_address(char *text, struct written_address *ret)
{
	char *sign, *size;

	*ret = (struct written_address){.base = text, .complete = true};
	ret->module = cut_module(text);
	/* The sign behind a call, not one within its argument. */
	sign = strpbrk(*text == '$' && strrchr(text, ')') ? strrchr(text, ')') : text, "+-");
	if (!sign)
		return;
	size = strchr(sign, '/');
	if (size) {
		uint64_t bytes;

		if (!number_parse(size + 1, &bytes)) {
			ret->complete = false;
			return;
		}
		*size = '\0';
	}
	ret->complete = number_parse(sign + 1, &ret->offset);
	if (!ret->complete)
		return;
	if (*sign == '-')
		ret->offset = 0 - ret->offset;
	*sign = '\0';
}

/* A symbol of a module: of the one that is named, else of any. */
static struct dill_error *find_in_modules(struct kernel *kernel,
					  const struct written_address *written, uint64_t *ret)
{
	struct dill_error *error = module_find_symbol(kernel, written->module, written->base, ret);

	if (!error || error_is_fatal(error) || written->module)
		return error;
	dill_error_free(error);
	return kernel_symbol(kernel, written->base, ret); /* for an error with near matches */
}

static struct dill_error *evaluate(struct session *session, const char *text, uint64_t *ret)
{
	return session->options.evaluate(session->options.host.context, text, ret);
}

/*
 * A name: of the kernel's symbols, of what the host knows, of the modules. What the host says about
 * one that is none is about symbols of its own.
 */
static struct dill_error *find_name(struct session *session, const char *text,
				    const struct written_address *written, uint64_t *ret)
{
	struct kernel *kernel;
	uint64_t address;

	TRY(session_kernel(session, &kernel));
	if (!written->module && kernel_has_symbol(kernel, written->base, &address)) {
		*ret = address + written->offset;
		return NULL;
	}
	if (!written->module && session->options.evaluate) {
		struct dill_error *error = evaluate(session, text, ret);

		/* GDB does not tell a name that it does not know from a target that is lost. */
		if (!error ||
		    (error_is_fatal(error) && dill_error_code(error) != DILL_ERROR_PROTOCOL))
			return error;
		dill_error_free(error);
	}
	TRY(find_in_modules(kernel, written, &address));
	*ret = address + written->offset;
	return NULL;
}

struct dill_error *session_address(struct session *session, const char *text, uint64_t *ret)
{
	_cleanup_(freep)
	char *copy = strdup(text);
	struct written_address written;
	uint64_t address;

	if (!copy)
		return error_no_memory();
	split_address(copy, &written);
	if (written.complete && address_parse(written.base, &address)) {
		*ret = address + written.offset;
		return NULL;
	}
	if (written.complete && is_symbol(written.base))
		return find_name(session, text, &written, ret);
	if (session->options.evaluate)
		return evaluate(session, text, ret);
	if (written.complete && *written.base == '$') {
		TRY(value_call(session, written.base, &address));
		*ret = address + written.offset;
		return NULL;
	}
	return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
			      "\"%s\" is no address: give a number, SYMBOL or SYMBOL+OFFSET", text);
}

bool session_selected_cpu(struct session *session, unsigned *ret)
{
	return session->options.selected_cpu &&
	       session->options.selected_cpu(session->options.host.context, ret);
}
