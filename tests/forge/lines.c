/* SPDX-License-Identifier: MIT */
#include "lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *pick(struct dice *dice, const char *const *words, size_t count)
{
	return words[dice_pick(dice, count)];
}

#define PICK(dice, words) pick((dice), (words), sizeof(words) / sizeof(*(words)))

static const char *const caches[] = {"*",	    "*",     "kmalloc-*",     "kmalloc-64",
				     "dentry",	    "filp",  "kmalloc-cg-64", "kmem_*",
				     "names_cache", "*cache"};
static const char *const types[] = {"kmem_cache", "task_struct", "page", "slab", "list_head"};
static const char *const tasks[] = {"1", "2", "init", "kthreadd"};

static const char *const texts[] = {"dentry", "00", "ff??", "u64:0", "cafe", "u32:1 ??", "u8:255"};
static const char *const groups[] = {"cache", "slab", "node", "site", "age", "type"};

/* What commands write: one file, with what stands beside it. */
static char folder[] = "/tmp/dill-forge-XXXXXX";
static char file[sizeof(folder) + 16];

int lines_open_folder(void)
{
	if (!mkdtemp(folder))
		return errno;
	snprintf(file, sizeof(file), "%s/heap.db", folder);
	return 0;
}

void lines_close_folder(void)
{
	static const char *const endings[] = {"", ".part", ".old"};

	if (!file[0])
		return;
	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		char path[sizeof(file) + 8];

		snprintf(path, sizeof(path), "%s%s", file, endings[i]);
		unlink(path);
	}
	rmdir(folder);
}

static void add(struct line *line, const char *word)
{
	if (line->argc < LINE_WORDS)
		line->argv[line->argc++] = word;
}

DILL_PRINTF(2, 3) static void add_format(struct line *line, const char *format, ...)
{
	va_list arguments;

	if (line->argc == LINE_WORDS)
		return;
	va_start(arguments, format);
	vsnprintf(line->words[line->argc], sizeof(line->words[0]), format, arguments);
	va_end(arguments);
	add(line, line->words[line->argc]);
}

static void add_value(const struct fields *fields, struct dice *dice, enum argument_kind kind,
		      struct line *line)
{
	switch (kind) {
	case ARGUMENT_NUMBER:
		add_format(line, "%zu", 1 + dice_pick(dice, 64));
		break;
	case ARGUMENT_ADDRESS:
		add_format(line, "%#" PRIx64,
			   fields_address(fields, dice) +
				   dice_pick(dice, 2) * dice_pick(dice, 256));
		break;
	case ARGUMENT_CACHE:
		add(line, PICK(dice, caches));
		break;
	case ARGUMENT_TYPE:
		add(line, PICK(dice, types));
		break;
	case ARGUMENT_MEMBER:
		add_format(line, "@%#" PRIx64, fields_address(fields, dice));
		break;
	case ARGUMENT_TASK:
		add(line, PICK(dice, tasks));
		break;
	case ARGUMENT_CPU:
	case ARGUMENT_NODE:
		add_format(line, "%zu", dice_pick(dice, 2));
		break;
	case ARGUMENT_EVENT:
		add(line, dice_pick(dice, 2) ? "alloc" : "free");
		break;
	case ARGUMENT_TEXT:
		add(line, PICK(dice, texts));
		break;
	case ARGUMENT_FILE:
		add(line, file);
		break;
	case ARGUMENT_NONE:
	case ARGUMENT_COMMAND:
		add(line, "dentry");
		break;
	}
}

static void add_option(const struct fields *fields, struct dice *dice,
		       const struct command *command, struct line *line)
{
	size_t count = 0;

	while (count < COMMAND_OPTIONS_MAX && command->options[count].name)
		count++;
	if (!count)
		return;

	const struct command_option *option = &command->options[dice_pick(dice, count)];

	add_format(line, "--%s", option->name);
	if (!strcmp(option->name, "by"))
		add(line, PICK(dice, groups));
	else if (option->kind != ARGUMENT_NONE)
		add_value(fields, dice, option->kind, line);
}

/* A recording is of a target at rest. */
static bool runs_target(const struct command *command)
{
	return command->streams || !strcmp(command->name, "rescue");
}

static bool writes_file(const struct command *command)
{
	return command->arguments[0].kind == ARGUMENT_FILE;
}

/* Commands on the heap, on which this is about, take a cache, an address, or nothing. */
static bool is_about_heap(const struct command *command)
{
	enum argument_kind kind = command->arguments[0].kind;

	return !command->arguments[0].name || kind == ARGUMENT_CACHE || kind == ARGUMENT_ADDRESS ||
	       command->arguments[1].kind == ARGUMENT_CACHE;
}

static const struct command *choose_command(struct dice *dice)
{
	size_t count = 0;

	while (commands[count])
		count++;
	for (;;) {
		const struct command *command = commands[dice_pick(dice, count)];

		if (writes_file(command) && !file[0])
			continue;
		if (command->needs_target && (is_about_heap(command) || !dice_pick(dice, 4)))
			return command;
	}
}

void line_choose(const struct fields *fields, struct dice *dice, struct line *ret)
{
	const struct command *command = choose_command(dice);
	bool with_option = dice_pick(dice, 4) == 0;

	*ret = (struct line){0};
	add(ret, command->name);
	for (size_t i = 0; i < COMMAND_ARGUMENTS_MAX && command->arguments[i].name; i++) {
		if (command->arguments[i].optional && !with_option && dice_pick(dice, 3) == 0)
			break;
		add_value(fields, dice, command->arguments[i].kind, ret);
	}
	if (with_option)
		add_option(fields, dice, command, ret);
	if (dice_pick(dice, 3) == 0)
		add(ret, "--json");
}

void line_choose_incomplete(struct dice *dice, struct strbuf *text)
{
	static const char *const beginnings[] = {"", "k", "kmalloc-", "slab_", "task_", "i", "1"};

	strbuf_append_format(text, "%s %s", choose_command(dice)->name, PICK(dice, beginnings));
}

/* A word that is right on every kernel. */
static const char *plain_word(enum argument_kind kind)
{
	switch (kind) {
	case ARGUMENT_CACHE:
		return "*";
	case ARGUMENT_TYPE:
		return "kmem_cache";
	case ARGUMENT_ADDRESS:
		return "slab_caches";
	default:
		return "1";
	}
}

bool line_plain(size_t index, struct line *ret)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct command_argument *first = &commands[i]->arguments[0];

		/* What export reads, the others read, too. */
		if (!commands[i]->needs_target || writes_file(commands[i]) ||
		    runs_target(commands[i]))
			continue;
		*ret = (struct line){0};
		add(ret, commands[i]->name);
		if ((!first->name || first->optional) && !index--)
			return true;
		if (!first->name)
			continue;
		add(ret, plain_word(first->kind));
		if (!index--)
			return true;
	}
	return false;
}

void line_append(const struct line *line, struct strbuf *text)
{
	for (int i = 0; i < line->argc; i++)
		strbuf_append_format(text, i ? " '%s'" : "%s", line->argv[i]);
}
