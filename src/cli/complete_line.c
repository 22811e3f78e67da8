/* SPDX-License-Identifier: MIT */
#include "cli/complete_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/program.h"
#include "command/completions.h"

/* Seconds that a key may take. */
#define TIMEOUT_S 1

struct line {
	int count;
	char *const *words;		  /* the last is to be completed */
	int command;			  /* place of the command's name; count - 1 or less */
	const struct argp_option *awaits; /* the program's option whose value the last word is */
};

static const struct argp_option *find_option(const char *word)
{
	size_t length = strcspn(word, "=");

	for (const struct argp_option *option = options_argp.options; option->name; option++) {
		if (word[1] == '-' && strlen(option->name) == length - 2 &&
		    !strncmp(option->name, word + 2, length - 2))
			return option;
		if (word[1] == option_letter(option) && word[1] && !word[2])
			return option;
	}
	return NULL;
}

/* Pass the program's own options. */
static void find_command(struct line *line)
{
	const struct argp_option *option;

	for (line->command = 0; line->command < line->count - 1; line->command++) {
		const char *word = line->words[line->command];

		if (word[0] != '-' || !word[1])
			return;
		option = find_option(word);
		if (!option || !option->arg || strchr(word, '='))
			continue;
		if (++line->command == line->count - 1) {
			line->awaits = option;
			return;
		}
	}
}

/* --- the program's options --- */

static struct dill_error *offer_value(struct completer *completer, const struct argp_option *option)
{
	static const char *const whens[] = {"auto", "always", "never"};
	struct completer sockets = {.ret = completer->ret, .sockets_only = true};
	_cleanup_(freep)
	char *lead = NULL;

	if (!strcmp(option->name, "color")) {
		for (size_t i = 0; i < sizeof(whens) / sizeof(whens[0]); i++)
			TRY(completer_offer(completer, whens[i]));
		return NULL;
	}
	if (option->arg && !strcmp(option->arg, "FILE"))
		return complete_file(completer);
	if (strcmp(option->name, "remote") != 0)
		return NULL;
	if (strncmp(completer->prefix, "unix:", 5) != 0)
		return completer_offer(completer, "unix:");
	if (asprintf(&lead, "%sunix:", completer->lead) < 0) {
		lead = NULL;
		return error_no_memory();
	}
	sockets.lead = lead;
	sockets.prefix = completer->prefix + 5;
	return complete_file(&sockets);
}

static struct dill_error *offer_options(struct completer *completer)
{
	char name[64];

	for (const struct argp_option *option = options_argp.options; option->name; option++) {
		if (option->flags & OPTION_HIDDEN)
			continue;
		snprintf(name, sizeof(name), "--%s", option->name);
		TRY(completer_offer(completer, name));
	}
	return NULL;
}

static struct dill_error *complete_option(struct completer *completer)
{
	const char *word = completer->prefix, *equals = strchr(word, '=');
	const struct argp_option *option = equals ? find_option(word) : NULL;
	_cleanup_(freep)
	char *lead = NULL;

	if (!equals)
		return offer_options(completer);
	if (!option || !option->arg)
		return NULL;
	lead = strndup(word, (size_t)(equals - word) + 1);
	if (!lead)
		return error_no_memory();
	completer->lead = lead;
	completer->prefix = equals + 1;
	return offer_value(completer, option);
}

/* --- a command --- */

/* In single quotes; the last word's stay open, as it is not finished. */
static void append_quoted(struct strbuf *text, const char *word, bool open)
{
	strbuf_append_char(text, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			strbuf_append(text, "'\\''");
		else
			strbuf_append_char(text, *word);
	}
	if (!open)
		strbuf_append(text, "' ");
}

/* Open the target that the options in front of the command name; nothing without one. */
static struct dill_error *open_target_of(const struct line *line, struct options *options,
					 struct program *program)
{
	_cleanup_(freep)
	char **words = calloc((size_t)line->command + 2, sizeof(*words));
	char name[] = "dill";

	if (!words)
		return error_no_memory();
	words[0] = name;
	memcpy(words + 1, line->words, (size_t)line->command * sizeof(*words));
	options_parse(line->command + 1, words, options);
	options->record_path = NULL;
	options->timeout_s = TIMEOUT_S;
	program->options = options;
	return program_open(program);
}

static struct dill_error *complete_command(const struct line *line, struct completions *ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	struct options options;
	struct program program = {0};
	struct dill_error *error;

	for (int i = line->command; i < line->count; i++)
		append_quoted(&text, line->words[i], i == line->count - 1);
	TRY(strbuf_error(&text));
	TRY(command_complete(NULL, strbuf_get(&text), ret));
	if (ret->words.count || line->command == line->count - 1)
		return NULL;
	error = open_target_of(line, &options, &program);
	if (!error && program.session)
		error = command_complete(program.session, strbuf_get(&text), ret);
	session_free(program.session);
	return error;
}

static struct dill_error *complete(struct line *line, struct completions *ret)
{
	struct completer completer = {
		.lead = "", .prefix = line->words[line->count - 1], .ret = ret};

	find_command(line);
	if (line->awaits)
		return offer_value(&completer, line->awaits);
	if (line->command == line->count - 1 && completer.prefix[0] == '-')
		return complete_option(&completer);
	return complete_command(line, ret);
}

int complete_line(int count, char *const *words)
{
	struct line line = {.count = count, .words = words};
	_cleanup_(completions_deinitp)
	struct completions found = {.with_quotable = true};
	_cleanup_(dill_error_freep)
	struct dill_error *error = NULL;

	if (count < 1)
		return COMMAND_FAILED;
	error = complete(&line, &found);
	for (size_t i = 0; !error && i < found.words.count; i++)
		puts(found.words.items[i]);
	return error ? COMMAND_FAILED : COMMAND_OK;
}
