/* SPDX-License-Identifier: MIT */
#include "cli/prompt_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LINES_MAX 1000

/* Path of the file, from malloc; NULL without a home. XDG: a relative path is to be ignored. */
static char *find_path(void)
{
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");
	char *path = NULL;
	int length = -1;

	if (state && state[0] == '/')
		length = asprintf(&path, "%s/dill/history", state);
	else if (home && home[0] == '/')
		length = asprintf(&path, "%s/.local/state/dill/history", home);
	return length < 0 ? NULL : path;
}

/* Make the directories above path; only their owner may look into them, as XDG demands. */
static void make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700); /* there already, or saving fails later */
		*slash = '/';
	}
}

void prompt_history_open(struct prompt_history *kept)
{
	HistEvent event;

	kept->lines = history_init();
	if (!kept->lines)
		return;
	history(kept->lines, &event, H_SETSIZE, LINES_MAX);
	history(kept->lines, &event, H_SETUNIQUE, 1);
	kept->path = find_path();
	if (kept->path)
		history(kept->lines, &event, H_LOAD, kept->path);
}

void prompt_history_attach(struct prompt_history *kept, EditLine *editor)
{
	if (kept->lines)
		el_set(editor, EL_HIST, history, kept->lines);
}

void prompt_history_add(struct prompt_history *kept, const char *line)
{
	HistEvent event;

	if (kept->lines && line[strspn(line, " \t\n")])
		history(kept->lines, &event, H_ENTER, line);
}

void prompt_history_close(struct prompt_history *kept)
{
	HistEvent event;

	if (!kept->lines)
		return;
	if (kept->path) {
		make_parents(kept->path);
		history(kept->lines, &event, H_SAVE, kept->path);
	}
	history_end(kept->lines);
	free(kept->path);
	*kept = (struct prompt_history){0};
}
