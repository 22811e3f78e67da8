/* SPDX-License-Identifier: MIT */
#ifndef CLI_STANDARD_OUTPUT_H
#define CLI_STANDARD_OUTPUT_H

#include "cli/options.h"
#include "cli/pager.h"
#include "render/render.h"

/**
 * Make sure that the descriptors 0, 1 and 2 are taken. Without it a program that was started with
 * one of them closed would open its target there, and write its answers to it.
 */
void standard_descriptors_reserve(void);

/**
 * Standard output as an output: width and colours as the terminal, the options and NO_COLOR say.
 * @param pager  of this answer, which pager_end() ends; NULL = it is shown without one
 */
struct output standard_output(const struct options *options, struct pager *pager);

/**
 * For atexit(): what was printed through stdio (--help, --version) is written, or the program ends
 * with COMMAND_FAILED and says why.
 */
void standard_output_close(void);

/** True when a write failed because the reader of a pipe has gone: no reason to say anything. */
bool standard_output_is_gone(void);

#endif
