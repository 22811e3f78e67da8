/* SPDX-License-Identifier: MIT */
#ifndef CLI_PROMPT_COMPLETE_H
#define CLI_PROMPT_COMPLETE_H

#include <histedit.h>

/** Editor function behind the tab key; the editor's client data is the struct program. */
unsigned char prompt_complete(EditLine *editor, int key);

#endif
