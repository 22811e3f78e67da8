/* SPDX-License-Identifier: MIT */
#include "cli/docs.h"
#include "cli/options.h"
#include "command/arguments.h"

/* Of this version; a page that was built later is no newer. */
#define RELEASE_DATE "2026-11-25"

static const char description[] = "dill shows the slab heap (SLUB) of a Linux kernel from outside: "
				  "of a guest of QEMU or another\n"
				  "virtual machine, through its gdbstub. It needs no help from the "
				  "guest, and leaves it as it was.\n"
				  "The same commands exist in GDB with dill's plugin.\n"
				  ".PP\n"
				  "Without COMMAND, dill reads commands from a prompt with history "
				  "and completion, or one per line\n"
				  "from its input when that is no terminal. Words are quoted as in "
				  "a shell; # starts a comment.\n";

static const char gdb_section[] =
	"All commands are reached as \"dill COMMAND\", and by their plain name where that starts "
	"with k and is\n"
	"free; what another plugin has defined is left alone. Their answers are values in "
	"expressions, too:\n"
	".TP\n$kbase()\nAddress of the kernel's image.\n"
	".TP\n$kcache(\"NAME\")\nAddress of a cache, a struct kmem_cache * when GDB has the type.\n"
	".TP\n$ktask(PID), $ktask(\"NAME\")\nAddress of a task, a struct task_struct * when GDB "
	"has "
	"the type.\n"
	".PP\n\"set dill direct off\" reads everything through GDB's connection, as "
	"\\-\\-no\\-direct does.\n";

static const char ending[] =
	".SH EXIT STATUS\n"
	".TP\n0\nAnswered.\n"
	".TP\n1\nAnswered, and the kernel's heap is broken somewhere.\n"
	".TP\n2\nCould not do what was asked; standard error says why.\n"
	".TP\n128+N\nEnded by signal N; the target was given back before.\n"
	".SH ENVIRONMENT\n"
	".TP\nNO_COLOR\nWhen set and not empty, there are no colours unless \\-\\-color=always.\n"
	".TP\nDILL_PAGER, PAGER\nWhat shows the answer on a terminal; less without them, which "
	"gets "
	"\\-FRX unless LESS is set. Empty or \"cat\": nothing.\n"
	".TP\nXDG_STATE_HOME\nWhere the prompt's history is kept, in dill/history; ~/.local/state "
	"without it.\n"
	".SH SEE ALSO\n"
	".BR gdb (1),\n.BR qemu (1),\n.BR slabinfo (5)\n";

/* Text that troff shall take as it is. */
static void append_text(struct strbuf *text, const char *plain)
{
	bool start = true;

	for (; *plain; plain++) {
		if (start && (*plain == '.' || *plain == '\'')) /* would be a request */
			strbuf_append(text, "\\&");
		if (*plain == '\\')
			strbuf_append(text, "\\e");
		else if (*plain == '-')
			strbuf_append(text, "\\-");
		else
			strbuf_append_char(text, *plain);
		start = *plain == '\n';
	}
}

/* One entry of a list of options; letter 0 and value NULL for none. */
static void append_option(struct strbuf *text, char letter, const char *name, const char *value,
			  const char *separator, const char *doc)
{
	strbuf_append(text, ".TP\n");
	if (letter)
		strbuf_append_format(text, "\\fB\\-%c\\fR, ", letter);
	strbuf_append(text, "\\fB\\-\\-");
	append_text(text, name);
	strbuf_append(text, "\\fR");
	if (value)
		strbuf_append_format(text, "%s\\fI%s\\fR", separator, value);
	strbuf_append_char(text, '\n');
	append_text(text, doc);
	strbuf_append_char(text, '\n');
}

static void append_program_options(struct strbuf *text)
{
	strbuf_append(text, ".SH OPTIONS\n");
	for (const struct argp_option *option = options_argp.options; option->name; option++)
		if (!(option->flags & OPTION_HIDDEN))
			append_option(text, option_letter(option), option->name, option->arg, "=",
				      option->doc);
}

static void append_command(struct strbuf *text, const struct command *command)
{
	struct strbuf usage = {0};

	command_append_usage(command, &usage);
	strbuf_append(text, ".SS ");
	append_text(text, strbuf_get(&usage));
	strbuf_append_char(text, '\n');
	text->failed |= usage.failed;
	strbuf_deinit(&usage);
	append_text(text, command->summary);
	strbuf_append(text, ".\n");
	for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name; i++) {
		const struct command_option *option = &command->options[i];

		append_option(text, option->letter, option->name, option->value, " ", option->doc);
	}
	if (!command->help)
		return;
	strbuf_append(text, ".PP\n.nf\n"); /* its lines are broken already, examples are indented */
	append_text(text, command->help);
	strbuf_append(text, "\n.fi\n");
}

static void append_gdb(struct strbuf *text, const char *loader)
{
	strbuf_append(text, ".SH IN GDB\nLoad the plugin with\n.PP\n.RS\n.nf\nsource ");
	append_text(text, loader);
	strbuf_append(text, "\n.fi\n.RE\n.PP\n");
	strbuf_append(text, gdb_section);
}

void docs_append_man(const char *loader, struct strbuf *text)
{
	strbuf_append(text,
		      ".TH DILL 1 " RELEASE_DATE " \"dill " DILL_VERSION "\" \"User Commands\"\n"
		      ".SH NAME\ndill \\- show the slab heap of a Linux kernel from outside\n"
		      ".SH SYNOPSIS\n.B dill\n[\\fIOPTION\\fR...] "
		      "[\\fICOMMAND\\fR [\\fIARGUMENT\\fR...]]\n.SH DESCRIPTION\n");
	strbuf_append(text, description);
	append_program_options(text);
	strbuf_append(text,
		      ".SH COMMANDS\nEvery command also takes these options, and they may stand "
		      "anywhere behind its name:\n");
	for (size_t i = 0; i < COMMON_COUNT; i++)
		append_option(text, common_options[i].letter, common_options[i].name, NULL, "",
			      common_options[i].doc);
	for (size_t i = 0; commands[i]; i++)
		append_command(text, commands[i]);
	append_gdb(text, loader);
	strbuf_append(text, ending);
}
