/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_SYMBOLS_H
#define COMMAND_SYMBOLS_H

#include "command/command.h"

/** What a line of "symbols" asks for. */
struct symbols_given {
	const char *path; /**< of the file; NULL = it names none */
	bool is_elf;	  /**< what a debugger loads */
};

/** @param call  parsed by the table of "symbols" */
void symbols_given(const struct command_call *call, struct symbols_given *ret);

#endif
