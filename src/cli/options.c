/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "base/suggest.h"
#include "command/command.h"
#include "command/number.h"
#include "kernel/kernel.h"
#include "render/fold.h"

const char *argp_program_version = "dill " DILL_VERSION;

#define HELP_MIN 40 /* below, argp's own columns do not fit and it complains */
#define HELP_MAX 80

enum {
	KEY_NO_DIRECT = 0x100,
	KEY_LEAVE_STOPPED,
	KEY_VMLINUX,
	KEY_TYPES,
	KEY_JSON,
	KEY_COLOR,
	KEY_NO_PAGER,
	KEY_TIMEOUT,
	KEY_STATS,
	KEY_RECORD,
	KEY_LIVE,
	KEY_MEMORY_MAP,
	KEY_KERNEL,
	KEY_NO_CACHE,
	KEY_HIDE,
	KEY_USAGE,
};

static const struct argp_option table[] = {
	{"remote", 'r', "HOST:PORT", 0,
	 "gdbstub of the guest, such as of \"qemu -s\"; also :PORT and unix:PATH", 0},
	{"core", 'c', "FILE", 0,
	 "a file instead of a guest: a dump of its memory (ELF, makedumpfile's, QEMU's, libvirt's, "
	 "LiME's, AVML's, VMware's, or raw), or a recording made with --record; again for each "
	 "further file of one dump",
	 0},
	{"memory-map", KEY_MEMORY_MAP, "MAP", 0,
	 "where memory lies in a raw FILE: ADDRESS:LENGTH[:OFFSET],... (default: found in it)", 0},
	{"kernel", KEY_KERNEL, "N|BASE", 0,
	 "of several kernels in a dump the one to show: its number, or the address of its image, "
	 "as "
	 "info tells them",
	 0},
	{"live", KEY_LIVE, NULL, 0, "the system that dill runs on, through /proc/kcore; needs root",
	 0},
	{"record", KEY_RECORD, "FILE", 0,
	 "keep what is read from the target in FILE, which -c opens again", 0},
	{"no-direct", KEY_NO_DIRECT, NULL, 0,
	 "read everything through the gdbstub, even when QEMU runs on this host", 0},
	{"leave-stopped", KEY_LEAVE_STOPPED, NULL, 0,
	 "do not let the guest run afterwards, even when it ran before", 0},
	{"vmlinux", KEY_VMLINUX, "FILE", 0,
	 "the guest's vmlinux or bzImage, for kernels without symbols or types of their own", 0},
	{"types", KEY_TYPES, "FILE", 0,
	 "types for a guest that brings none, or instead of its own: BTF as a file, or an ELF with "
	 "BTF or DWARF, of any kernel whose structures are the same, which is checked on the guest",
	 0},
	{"no-cache", KEY_NO_CACHE, NULL, 0,
	 "neither use nor keep symbols and types of known kernels in ~/.cache/dill/builds, as is "
	 "done "
	 "where reading them takes long",
	 0},
	{"hide", KEY_HIDE, "WHAT", OPTION_HIDDEN, NULL, 0},
	{"timeout", KEY_TIMEOUT, "SECONDS", 0, "wait so long for a gdbstub's answer (default 3)",
	 0},
	{"json", KEY_JSON, NULL, 0, "print one JSON object per line", 0},
	{"color", KEY_COLOR, "WHEN", 0, "auto (default: on a terminal), always or never", 0},
	{"no-pager", KEY_NO_PAGER, NULL, 0,
	 "on a terminal: show long answers without DILL_PAGER, PAGER or less", 0},
	{"stats", KEY_STATS, NULL, 0, "say at the end what was read from the target", 0},
	{"help", '?', NULL, 0, "list options and commands", -1},
	{"usage", KEY_USAGE, NULL, 0, "list options in short", -1},
	{"version", 'V', NULL, 0, "print the version", -1},
	{0},
};

/* The first is the target, others belong to it. */
static error_t add_file(struct options *options, const char *path)
{
	if (!options->file) {
		options->file = path;
		return 0;
	}

	struct dill_error *error = array_push(&options->more_files, path);

	dill_error_free(error);
	return error ? ENOMEM : 0;
}

/* What argp hands through. */
struct parsing {
	struct options *options;
	int next; /* the first word that is not understood yet */
};

/* Say in one line what is wrong with the program's own words, and what to do. */
static void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void fail(const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	fprintf(stderr, "dill: %s; \"dill --help\" lists all options\n", text);
	exit(COMMAND_FAILED);
}

/* A name that is none opens nothing, and shows in no message. */
static const char *file_name(const char *value, const char *option)
{
	if (!*value)
		fail("--%s: the name of a file is empty", option);
	return value;
}

/* For tests: what of the kernel dill has to do without (docs/testing.md), with commas between. */
static unsigned hidden(const char *value)
{
	static const char *const names[] = {"types", "data", "symbols"};
	static const unsigned bits[] = {KERNEL_HIDE_TYPES, KERNEL_HIDE_DATA, KERNEL_HIDE_SYMBOLS};
	unsigned hide = 0;

	for (const char *at = value;; at++) {
		size_t length = strcspn(at, ","), i = 0;

		while (i < 3 && (strlen(names[i]) != length || strncmp(at, names[i], length) != 0))
			i++;
		if (i == 3)
			fail("--hide: \"%s\" is not types, data and symbols", value);
		hide |= bits[i];
		at += length;
		if (!*at)
			return hide;
	}
}

/* What --help and the like print is the answer. */
static void answer(const struct argp_state *state, unsigned flags)
{
	if (flags)
		argp_help(state->root_argp, stdout, flags, program_invocation_short_name);
	else
		puts(argp_program_version);
	exit(COMMAND_OK); /* main()'s handler looks whether it could be written */
}

static error_t parse_one(int key, char *value, const struct argp_state *state,
			 struct options *options)
{
	uint64_t number;

	switch (key) {
	case '?':
		answer(state, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK);
		return 0;
	case KEY_USAGE:
		answer(state, ARGP_HELP_USAGE);
		return 0;
	case 'V':
		answer(state, 0);
		return 0;
	case 'r':
		options->remote = value;
		return 0;
	case 'c':
		return add_file(options, file_name(value, "core"));
	case KEY_KERNEL:
		options->kernel = value;
		return 0;
	case KEY_MEMORY_MAP:
		options->memory_map = value;
		return 0;
	case KEY_LIVE:
		options->running_system = true;
		return 0;
	case KEY_RECORD:
		options->record_path = file_name(value, "record");
		return 0;
	case KEY_NO_DIRECT:
		options->no_direct = true;
		return 0;
	case KEY_LEAVE_STOPPED:
		options->leave_stopped = true;
		return 0;
	case KEY_VMLINUX:
		options->image_path = file_name(value, "vmlinux");
		return 0;
	case KEY_TYPES:
		options->types_path = file_name(value, "types");
		return 0;
	case KEY_NO_CACHE:
		options->no_cache = true;
		return 0;
	case KEY_HIDE:
		options->hide |= hidden(value);
		return 0;
	case KEY_TIMEOUT:
		if (!number_parse(value, &number) || number < 1 || number > 3600)
			fail("--timeout: \"%s\" is no number from 1 to 3600", value);
		options->timeout_s = (unsigned)number;
		return 0;
	case KEY_JSON:
		options->json = true;
		return 0;
	case KEY_COLOR:
		if (!strcmp(value, "auto"))
			options->color = COLOR_AUTO;
		else if (!strcmp(value, "always"))
			options->color = COLOR_ALWAYS;
		else if (!strcmp(value, "never"))
			options->color = COLOR_NEVER;
		else
			fail("--color: \"%s\" is not auto, always or never", value);
		return 0;
	case KEY_NO_PAGER:
		options->no_pager = true;
		return 0;
	case KEY_STATS:
		options->stats = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct parsing *parsing = state->input;
	error_t error;

	if (key == ARGP_KEY_ARG) { /* the command: all that follows is its own */
		parsing->options->argv = &state->argv[state->next - 1];
		parsing->options->argc = state->argc - state->next + 1;
		state->next = state->argc;
		return 0;
	}
	error = parse_one(key, value, state, parsing->options);
	if (!error)
		parsing->next = state->next;
	return error;
}

/* Columns that the help takes. */
static unsigned help_width(void)
{
	struct winsize size = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col > HELP_MAX || !size.ws_col)
		return HELP_MAX;
	return size.ws_col < HELP_MIN ? HELP_MIN : size.ws_col;
}

/* The text below the options; from malloc, as argp wants it. */
static char *describe_commands(int key, const char *text, void *input)
{
	struct strbuf list = {0};

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	strbuf_append(&list, "Commands:\n");
	for (size_t i = 0; commands[i]; i++)
		strbuf_append_format(&list, "  %-24s %s\n", commands[i]->name,
				     commands[i]->summary);
	fold_lines(&list, 0, help_width() - 1);
	strbuf_append(&list, "\n\"dill COMMAND --help\" says more. Without COMMAND, dill reads "
			     "commands from a prompt or from its input.\n\n"
			     "Exit status: 0 answered, 1 answered and the heap is broken "
			     "somewhere, 2 not answered.");
	return list.failed ? NULL : list.data;
}

const struct argp options_argp = {
	.options = table,
	.parser = parse,
	.args_doc = "[COMMAND [ARGUMENT...]]",
	.doc = "Show the slab heap of a Linux kernel from outside.\v",
	.help_filter = describe_commands,
};

char option_letter(const struct argp_option *option)
{
	if (option->key <= ' ' || option->key >= 0x7f)
		return '\0';
	return (char)option->key;
}

/* --- what getopt did not take, in one line instead of its two --- */

static void explain_letter(char letter)
{
	for (const struct argp_option *option = table; option->name; option++)
		if (option_letter(option) == letter)
			fail("-%c: its %s is missing", letter, option->arg);
	fail("no option \"-%c\"", letter);
}

static void explain_name(const char *name)
{
	size_t length = strcspn(name, "="), matches = 0;
	const struct argp_option *found = table;
	struct suggest suggest;

	suggest_init(&suggest, name);
	for (const struct argp_option *option = table; option->name; option++) {
		suggest_offer(&suggest, option->name);
		if (!length || strncmp(option->name, name, length) != 0)
			continue;
		if (matches && strlen(option->name) != length)
			fail("\"--%.*s\" may be --%s or --%s", (int)length, name, found->name,
			     option->name);
		found = option;
		matches++;
		if (strlen(option->name) == length)
			break;
	}
	if (!matches)
		fail("no option \"--%.*s\"%s", (int)length, name, suggest_text(&suggest));
	if (found->arg)
		fail("--%s: its %s is missing", found->name, found->arg);
	fail("--%s takes no value", found->name);
}

/* argp fills its help to 79 columns unless the environment says otherwise. */
static void fit_help(void)
{
	char format[32];

	snprintf(format, sizeof(format), "rmargin=%u", help_width() - 1);
	if (help_width() < HELP_MAX)
		setenv("ARGP_HELP_FMT", format, 0);
}

void options_parse(int argc, char **argv, struct options *ret)
{
	struct parsing parsing = {.options = ret, .next = 1};

	*ret = (struct options){0};
	fit_help();
	/* IN_ORDER: options behind COMMAND are the command's. */
	if (!argp_parse(&options_argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_ERRS | ARGP_NO_HELP,
			NULL, &parsing))
		return;
	if (parsing.next >= argc)
		fail("the options are not understood");
	if (argv[parsing.next][1] == '-')
		explain_name(argv[parsing.next] + 2);
	explain_letter(argv[parsing.next][1]);
}
