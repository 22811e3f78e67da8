/* SPDX-License-Identifier: MIT */
#include "command/arguments.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "command/number.h"

const struct command_option common_options[COMMON_COUNT] = {
	[COMMON_JSON] = {"json", 0, ARGUMENT_NONE, NULL, "print one JSON object per line"},
	[COMMON_WIDE] = {"wide", 'w', ARGUMENT_NONE, NULL,
			 "on a terminal: all columns and rows, however wide"},
	[COMMON_HELP] = {"help", 'h', ARGUMENT_NONE, NULL, "show how the command is used"},
};

struct parser {
	const struct command *command;
	int argc, at; /* at: the next word */
	const char *const *argv;
	struct command_call *call;
	struct common_given *common;
};

void command_append_usage(const struct command *command, struct strbuf *text)
{
	strbuf_append(text, command->name);
	strbuf_append(text, " [OPTION...]");
	for (size_t i = 0; i < COMMAND_ARGUMENTS_MAX && command->arguments[i].name; i++) {
		const struct command_argument *argument = &command->arguments[i];

		strbuf_append_format(text, argument->optional ? " [%s%s]" : " %s%s", argument->name,
				     argument->rest ? "..." : "");
	}
}

static struct dill_error *fail(const struct parser *parser, const char *format, ...)
	DILL_PRINTF(2, 3);

static struct dill_error *fail(const struct parser *parser, const char *format, ...)
{
	_cleanup_(freep)
	char *reason = NULL;
	_cleanup_(strbuf_deinitp)
	struct strbuf usage = {0};
	va_list arguments;

	va_start(arguments, format);
	int length = vasprintf(&reason, format, arguments);
	va_end(arguments);
	if (length < 0) {
		reason = NULL;
		return error_no_memory();
	}
	command_append_usage(parser->command, &usage);
	return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "%s: %s; usage: %s",
			      parser->command->name, reason, strbuf_get(&usage));
}

static size_t option_count(const struct command *command)
{
	size_t count = 0;

	while (count < COMMAND_OPTIONS_MAX && command->options[count].name)
		count++;
	return count;
}

const struct command_option *arguments_option(const struct command *command, size_t index)
{
	size_t own = option_count(command);

	if (index < own)
		return &command->options[index];
	return index - own < COMMON_COUNT ? &common_options[index - own] : NULL;
}

static struct dill_error *fail_unknown(const struct parser *parser, const char *name, size_t length)
{
	struct suggest suggest;
	const struct command_option *option;
	char *typed = strndup(name, length);

	if (!typed)
		return error_no_memory();
	suggest_init(&suggest, typed);
	for (size_t i = 0; (option = arguments_option(parser->command, i)); i++)
		suggest_offer(&suggest, option->name);

	struct dill_error *error =
		fail(parser, "no option \"--%s\"%s", typed, suggest_text(&suggest));

	free(typed);
	return error;
}

/*
 * Look a long name up: the option itself, or the first that begins so, and in *ret_second another
 * one that does.
 */
static const struct command_option *match_long(const struct command *command, const char *name,
					       size_t length, size_t *ret_index,
					       const struct command_option **ret_second)
{
	const struct command_option *option, *first = NULL;

	*ret_index = 0;
	*ret_second = NULL;
	for (size_t i = 0; length && (option = arguments_option(command, i)); i++) {
		bool exact = strlen(option->name) == length;

		if (strncmp(option->name, name, length) != 0)
			continue;
		if (first && !exact) {
			*ret_second = *ret_second ? *ret_second : option;
			continue;
		}
		first = option;
		*ret_index = i;
		if (exact) {
			*ret_second = NULL;
			break;
		}
	}
	return first;
}

const struct command_option *arguments_long_option(const struct command *command, const char *name,
						   size_t length)
{
	const struct command_option *second;
	size_t index;
	const struct command_option *first = match_long(command, name, length, &index, &second);

	return second ? NULL : first;
}

static struct dill_error *find_long(const struct parser *parser, const char *name, size_t length,
				    size_t *ret)
{
	const struct command_option *second;
	const struct command_option *first =
		match_long(parser->command, name, length, ret, &second);

	if (!first)
		return fail_unknown(parser, name, length);
	if (second)
		return fail(parser, "\"--%.*s\" may be --%s or --%s", (int)length, name,
			    first->name, second->name);
	return NULL;
}

/* Check a number, or a word of a few; what says where it stands, as "--cpu" or "CPU". */
static struct dill_error *check_value(const struct parser *parser, enum argument_kind kind,
				      const char *what, const char *text, uint64_t *ret)
{
	bool small = kind == ARGUMENT_CPU || kind == ARGUMENT_NODE;

	if (kind == ARGUMENT_EVENT && strcmp(text, "alloc") != 0 && strcmp(text, "free") != 0)
		return fail(parser, "%s: \"%s\" is neither alloc nor free", what, text);
	if (kind == ARGUMENT_FILE && !*text)
		return fail(parser, "%s: the name of a file is empty", what);
	if (kind != ARGUMENT_NUMBER && !small)
		return NULL;
	if (!number_parse(text, ret) || (small && *ret > INT_MAX))
		return fail(parser, "%s: \"%s\" is no number from 0 to %s", what, text,
			    small ? "2^31-1" : "2^64-1");
	return NULL;
}

/* Note option number index as given; text is its value, NULL for none. */
static struct dill_error *accept(struct parser *parser, size_t index, const char *text)
{
	const struct command_option *option = arguments_option(parser->command, index);
	size_t own = option_count(parser->command);
	uint64_t number = 0;
	char what[64];

	if (index == own + COMMON_JSON)
		parser->common->json = true;
	if (index == own + COMMON_WIDE)
		parser->common->wide = true;
	if (index == own + COMMON_HELP)
		parser->common->help = true;
	if (index >= own)
		return NULL;
	if (text) {
		snprintf(what, sizeof(what), "--%s", option->name);
		TRY(check_value(parser, option->kind, what, text, &number));
		if (option->kind == ARGUMENT_ADDRESS && !address_parse(text, &number))
			number = 0;
	}
	parser->call->options[index].given = true;
	parser->call->options[index].text = text;
	parser->call->options[index].number = number;
	return NULL;
}

/* The value of an option that has none attached: the next word, whatever it looks like. */
static struct dill_error *next_value(struct parser *parser, const struct command_option *option,
				     const char **ret)
{
	if (parser->at >= parser->argc)
		return fail(parser, "--%s needs a value: %s", option->name, option->value);
	*ret = parser->argv[parser->at++];
	return NULL;
}

static struct dill_error *parse_long(struct parser *parser, const char *word)
{
	const char *equals = strchr(word, '=');
	const char *value = equals ? equals + 1 : NULL;
	size_t index = 0;

	TRY(find_long(parser, word, equals ? (size_t)(equals - word) : strlen(word), &index));

	const struct command_option *option = arguments_option(parser->command, index);

	if (option->kind == ARGUMENT_NONE && value)
		return fail(parser, "--%s takes no value", option->name);
	if (option->kind != ARGUMENT_NONE && !value)
		TRY(next_value(parser, option, &value));
	return accept(parser, index, value);
}

static const struct command_option *find_letter(const struct command *command, char letter,
						size_t *ret)
{
	const struct command_option *option;

	for (size_t i = 0; (option = arguments_option(command, i)); i++)
		if (option->letter == letter) {
			*ret = i;
			return option;
		}
	return NULL;
}

/* Letters behind one dash; the first that takes a value takes the rest of the word. */
static struct dill_error *parse_letters(struct parser *parser, const char *letters)
{
	for (; *letters; letters++) {
		size_t index;
		const struct command_option *option =
			find_letter(parser->command, *letters, &index);
		const char *value = NULL;

		if (!option)
			return fail(parser, "no option \"-%c\"", *letters);
		if (option->kind == ARGUMENT_NONE) {
			TRY(accept(parser, index, NULL));
			continue;
		}
		value = letters + 1;
		if (!*value)
			TRY(next_value(parser, option, &value));
		return accept(parser, index, value);
	}
	return NULL;
}

const struct command_option *arguments_awaits_value(const struct command *command, const char *word)
{
	const struct command_option *option = NULL;
	size_t index;

	if (word[0] != '-')
		return NULL;
	if (word[1] == '-') {
		option = arguments_long_option(command, word + 2, strcspn(word + 2, "="));
		return option && option->kind != ARGUMENT_NONE && !strchr(word, '=') ? option
										     : NULL;
	}
	for (const char *letter = word + 1; *letter; letter++) {
		option = find_letter(command, *letter, &index);
		if (option && option->kind != ARGUMENT_NONE)
			return letter[1] ? NULL : option;
	}
	return NULL;
}

/* The argument that positional word number index belongs to; NULL when there are too many. */
static const struct command_argument *argument_at(const struct command *command, size_t index)
{
	const struct command_argument *last = NULL;

	for (size_t i = 0; i < COMMAND_ARGUMENTS_MAX && command->arguments[i].name; i++) {
		last = &command->arguments[i];
		if (i == index)
			return last;
	}
	return last && last->rest ? last : NULL;
}

static struct dill_error *parse_word(struct parser *parser, const char *word)
{
	size_t index = parser->call->argument_count;
	const struct command_argument *argument = argument_at(parser->command, index);
	uint64_t number;

	if (!argument)
		return fail(parser, "one word too many: \"%s\"", word);
	TRY(check_value(parser, argument->kind, argument->name, word, &number));
	parser->call->arguments[parser->call->argument_count++] = word;
	return NULL;
}

static struct dill_error *check_complete(const struct parser *parser)
{
	for (size_t i = 0; i < COMMAND_ARGUMENTS_MAX && parser->command->arguments[i].name; i++)
		if (!parser->command->arguments[i].optional && i >= parser->call->argument_count)
			return fail(parser, "%s is missing", parser->command->arguments[i].name);
	return NULL;
}

struct dill_error *arguments_parse(const struct command *command, int argc, const char *const *argv,
				   struct command_call *ret_call, struct common_given *ret_common)
{
	struct parser parser = {
		.command = command,
		.argc = argc,
		.at = 1,
		.argv = argv,
		.call = ret_call,
		.common = ret_common,
	};
	bool words_only = false;

	/* As long as the line, and as the table, whose words may be asked for. */
	ret_call->arguments =
		arena_alloc_array(ret_call->arena, (size_t)argc + COMMAND_ARGUMENTS_MAX,
				  sizeof(*ret_call->arguments));
	if (!ret_call->arguments)
		return error_no_memory();
	memset(ret_call->options, 0, sizeof(ret_call->options));
	ret_call->argument_count = 0;
	*ret_common = (struct common_given){0};
	while (parser.at < argc) {
		const char *word = argv[parser.at++];

		if (words_only || word[0] != '-' || !word[1])
			TRY(parse_word(&parser, word));
		else if (!strcmp(word, "--"))
			words_only = true;
		else if (word[1] == '-')
			TRY(parse_long(&parser, word + 2));
		else
			TRY(parse_letters(&parser, word + 1));
	}
	return ret_common->help ? NULL : check_complete(&parser);
}
