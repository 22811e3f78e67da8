/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "command/arguments.h"
#include "command/completions.h"
#include "command/words.h"

#define WORDS_MAX 10000 /* more help nobody */

/* What stands before the word at the cursor. */
struct context {
	const struct command *command;
	const struct command_option *awaits; /* whose value the word is; NULL = none */
	size_t argument;		     /* place in the command's table */
	bool words_only;		     /* behind "--" */
	struct strbuf type;		     /* words of the last TYPE argument */
};

void completions_deinit(struct completions *completions)
{
	for (size_t i = 0; i < completions->words.count; i++)
		free(completions->words.items[i]);
	array_free(&completions->words);
}

/* No shell-like quoting is done, since GDB and dill's prompt quote differently. */
static bool needs_no_quotes(const char *name)
{
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		if (*c <= ' ' || *c >= 0x7f || strchr("'\"\\#", *c))
			return false;
	return true;
}

static bool is_printable(const char *name)
{
	for (const unsigned char *c = (const unsigned char *)name; *c; c++)
		if (*c < ' ' || *c == 0x7f)
			return false;
	return true;
}

struct dill_error *completer_offer(struct completer *completer, const char *name)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf word = {0};

	if (!*name || strncmp(name, completer->prefix, strlen(completer->prefix)) != 0 ||
	    !(completer->ret->with_quotable ? is_printable(name) : needs_no_quotes(name)) ||
	    completer->ret->words.count >= WORDS_MAX)
		return NULL;
	strbuf_append(&word, completer->lead);
	strbuf_append(&word, name);
	TRY(strbuf_error(&word));
	TRY(array_push(&completer->ret->words, word.data));
	word.data = NULL;
	return NULL;
}

static struct dill_error *offer_commands(struct completer *completer)
{
	for (size_t i = 0; commands[i]; i++)
		TRY(completer_offer(completer, commands[i]->name));
	return NULL;
}

static struct dill_error *offer_options(struct completer *completer, const struct command *command)
{
	const struct command_option *option;
	char name[64];

	for (size_t i = 0; (option = arguments_option(command, i)); i++) {
		snprintf(name, sizeof(name), "--%s", option->name);
		TRY(completer_offer(completer, name));
	}
	return NULL;
}

static struct dill_error *offer_values(struct completer *completer, enum argument_kind kind,
				       const char *type)
{
	switch (kind) {
	case ARGUMENT_COMMAND:
		return offer_commands(completer);
	case ARGUMENT_FILE:
		return complete_file(completer);
	case ARGUMENT_EVENT:
		TRY(completer_offer(completer, "alloc"));
		return completer_offer(completer, "free");
	case ARGUMENT_CACHE:
	case ARGUMENT_TYPE:
	case ARGUMENT_MEMBER:
	case ARGUMENT_TASK:
	case ARGUMENT_CPU:
	case ARGUMENT_NODE:
		break;
	default:
		return NULL;
	}
	if (!completer->session)
		return NULL;

	struct dill_error *error = complete_from_target(completer, kind, type);

	if (error && dill_error_code(error) == DILL_ERROR_NO_MEMORY)
		return error;
	dill_error_free(error); /* names that cannot be read are not offered */
	return NULL;
}

static struct dill_error *offer_option_values(struct completer *completer,
					      const struct command_option *option)
{
	for (size_t i = 0; option->choices && option->choices[i]; i++)
		TRY(completer_offer(completer, option->choices[i]));
	return offer_values(completer, option->kind, "");
}

static bool is_type_keyword(const char *word)
{
	return !strcmp(word, "struct") || !strcmp(word, "union") || !strcmp(word, "enum");
}

/* Pass a positional word: which argument comes next? */
static void pass_word(struct context *context, const char *word)
{
	const struct command_argument *argument = &context->command->arguments[context->argument];

	if (context->argument >= COMMAND_ARGUMENTS_MAX || !argument->name)
		return;
	if (argument->kind == ARGUMENT_TYPE) {
		if (context->type.length)
			strbuf_append_char(&context->type, ' ');
		strbuf_append(&context->type, word);
		if (is_type_keyword(word)) /* the type's name is still to come */
			return;
	}
	/* A type may have words of its own in the place of the member, but no second member. */
	if (!argument->rest || argument->kind == ARGUMENT_MEMBER)
		context->argument++;
}

/* Read the words before the last one as arguments_parse() would. */
static void pass_words(struct context *context, const struct words *words)
{
	for (size_t i = 1; i + 1 < words->list.count; i++) {
		const char *word = words->list.items[i];

		if (context->awaits)
			context->awaits = NULL; /* its value */
		else if (context->words_only || word[0] != '-' || !word[1])
			pass_word(context, word);
		else if (!strcmp(word, "--"))
			context->words_only = true;
		else
			context->awaits = arguments_awaits_value(context->command, word);
	}
}

/* The word starts with a dash: an option, or "--name=" and its value. */
static struct dill_error *complete_option(struct completer *completer,
					  const struct command *command)
{
	const char *word = completer->prefix;
	const char *equals = strchr(word, '=');

	if (!equals)
		return offer_options(completer, command);
	if (equals - word < 3)
		return NULL;

	_cleanup_(freep)
	char *lead = strndup(word, (size_t)(equals - word) + 1);
	const struct command_option *option =
		arguments_long_option(command, word + 2, (size_t)(equals - word) - 2);

	if (!lead)
		return error_no_memory();
	if (!option)
		return NULL;
	completer->lead = lead;
	completer->prefix = equals + 1;
	return offer_option_values(completer, option);
}

static struct dill_error *complete_word(struct completer *completer, struct context *context,
					const struct words *words)
{
	pass_words(context, words);
	if (context->awaits)
		return offer_option_values(completer, context->awaits);
	if (!context->words_only && completer->prefix[0] == '-')
		return complete_option(completer, context->command);
	if (context->argument >= COMMAND_ARGUMENTS_MAX ||
	    !context->command->arguments[context->argument].name)
		return NULL;
	return offer_values(completer, context->command->arguments[context->argument].kind,
			    strbuf_get(&context->type));
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_unique(struct completions *completions)
{
	char **words = completions->words.items;
	size_t kept = 0;

	if (!completions->words.count)
		return;
	qsort(words, completions->words.count, sizeof(*words), compare);
	for (size_t i = 1; i < completions->words.count; i++) {
		if (!strcmp(words[i], words[kept]))
			free(words[i]);
		else
			words[++kept] = words[i];
	}
	completions->words.count = kept + 1;
}

static struct dill_error *complete(struct completer *completer, const char *line)
{
	_cleanup_(words_deinitp)
	struct words words = {0};
	struct context context = {0};

	TRY(words_split_unfinished(line, &words));
	completer->prefix = words.list.items[words.list.count - 1];
	if (words.list.count == 1)
		return offer_commands(completer);

	struct dill_error *error = command_find(words.list.items[0], &context.command);

	if (error) { /* nothing is known of its arguments */
		dill_error_free(error);
		return NULL;
	}
	error = complete_word(completer, &context, &words);
	strbuf_deinit(&context.type);
	return error;
}

struct dill_error *command_complete(struct session *session, const char *line,
				    struct completions *ret)
{
	struct completions found = {.with_quotable = ret->with_quotable};
	struct completer completer = {.session = session, .lead = "", .ret = &found};
	struct dill_error *error = complete(&completer, line);

	if (error) {
		completions_deinit(&found);
		return error;
	}
	sort_unique(&found);
	*ret = found;
	return NULL;
}
