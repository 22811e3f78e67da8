/* SPDX-License-Identifier: MIT */
#define DEFINES_ERRORS
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dill_error {
	enum dill_error_code code;
	uint64_t address;
	char *text; /* owned unless the error is the static one */
};

static char no_memory_text[] = "out of memory";
static struct dill_error no_memory = {.code = DILL_ERROR_NO_MEMORY, .text = no_memory_text};
static char interrupted_text[] = "interrupted";
static struct dill_error interrupted = {.code = DILL_ERROR_INTERRUPTED, .text = interrupted_text};

static bool is_static(const struct dill_error *error)
{
	return error == &no_memory || error == &interrupted;
}

struct dill_error *error_no_memory(void)
{
	return &no_memory;
}

struct dill_error *error_interrupted(void)
{
	return &interrupted;
}

/* Texts end on terminals and may quote names from the target, so control characters stop here. */
static void strip_controls(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
}

DILL_PRINTF(4, 0)
static struct dill_error *make(enum dill_error_code code, uint64_t address, const char *suffix,
			       const char *format, va_list arguments)
{
	char *text = NULL;
	int length = vasprintf(&text, format, arguments);

	if (length < 0)
		return &no_memory;
	if (suffix) {
		char *joined = NULL;

		length = asprintf(&joined, "%s: %s", text, suffix);
		free(text);
		if (length < 0)
			return &no_memory;
		text = joined;
	}
	struct dill_error *error = malloc(sizeof(*error));

	if (!error) {
		free(text);
		return &no_memory;
	}
	strip_controls(text);
	*error = (struct dill_error){.code = code, .address = address, .text = text};
	return error;
}

struct dill_error *dill_error_new(enum dill_error_code code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	struct dill_error *error = make(code, 0, NULL, format, arguments);
	va_end(arguments);
	return error;
}

struct dill_error *dill_error_new_os(int errno_value, const char *format, ...)
{
	char buffer[128];
	const char *reason = strerror_r(errno_value, buffer, sizeof(buffer));
	va_list arguments;

	va_start(arguments, format);
	struct dill_error *error = make(DILL_ERROR_OS, 0, reason, format, arguments);
	va_end(arguments);
	return error;
}

struct dill_error *dill_error_new_fault(uint64_t address, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	struct dill_error *error = make(DILL_ERROR_FAULT, address, NULL, format, arguments);
	va_end(arguments);
	return error;
}

struct dill_error *dill_error_add_context(struct dill_error *error, const char *format, ...)
{
	if (!error || is_static(error))
		return error;

	va_list arguments;

	va_start(arguments, format);
	struct dill_error *wrapped =
		make(error->code, error->address, error->text, format, arguments);
	va_end(arguments);
	dill_error_free(error);
	return wrapped;
}

enum dill_error_code dill_error_code(const struct dill_error *error)
{
	return error->code;
}

uint64_t dill_error_address(const struct dill_error *error)
{
	return error->address;
}

const char *dill_error_text(const struct dill_error *error)
{
	return error->text;
}

void dill_error_free(struct dill_error *error)
{
	if (!error || is_static(error))
		return;
	free(error->text);
	free(error);
}
