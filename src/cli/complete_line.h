/* SPDX-License-Identifier: MIT */
#ifndef CLI_COMPLETE_LINE_H
#define CLI_COMPLETE_LINE_H

/**
 * "dill --complete WORD...": what may stand in the place of the last WORD of a line that begins
 * with "dill", one to a line: the answer to a shell's tab key. bash, zsh and fish ask for it, so
 * that they all offer what the tables have. Names from the target are looked up when the line names
 * one.
 *
 * @param count, words  the words behind "--complete", up to the cursor; the last may be empty
 * @return exit status
 */
int complete_line(int count, char *const *words);

#endif
