/* SPDX-License-Identifier: MIT */
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/complete_line.h"
#include "cli/options.h"
#include "cli/program.h"
#include "cli/prompt.h"
#include "cli/signals.h"
#include "cli/standard_output.h"

int main(int argc, char **argv)
{
	struct options options;
	struct program program = {.options = &options};
	int status;

	standard_descriptors_reserve();
	atexit(standard_output_close);
	setlocale(LC_CTYPE, ""); /* for what is typed at the prompt */
	if (argc > 1 && !strcmp(argv[1], "--complete")) {
		signals_install();
		return complete_line(argc - 2, argv + 2);
	}
	options_parse(argc, argv, &options);
	signals_install();
	if (options.argc)
		status = program_run(&program, options.argc, (const char *const *)options.argv);
	else if (isatty(STDIN_FILENO))
		status = prompt_run(&program);
	else
		status = program_run_input(&program);
	status = program_close(&program, status);
	array_free(&options.more_files);
	return status;
}
