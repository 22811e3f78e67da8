/* SPDX-License-Identifier: MIT */
#ifndef CLI_PROMPT_HISTORY_H
#define CLI_PROMPT_HISTORY_H

#include <histedit.h>

/**
 * Lines typed before, kept in $XDG_STATE_HOME/dill/history (~/.local/state/dill/history). Where it
 * cannot be read or written the prompt works without.
 */
struct prompt_history {
	History *lines; /**< NULL when there is no memory */
	char *path;	/**< NULL when there is no place to keep it */
};

void prompt_history_open(struct prompt_history *kept);
void prompt_history_attach(struct prompt_history *kept, EditLine *editor);
/** Add a line; empty ones are left out. */
void prompt_history_add(struct prompt_history *kept, const char *line);
/** Save and free. */
void prompt_history_close(struct prompt_history *kept);

#endif
