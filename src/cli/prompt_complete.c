/* SPDX-License-Identifier: MIT */
#include "cli/prompt_complete.h"

#include <stdio.h>
#include <string.h>

#include "cli/program.h"
#include "cli/standard_output.h"
#include "command/words.h"

#define LISTED_MAX 200
#define GAP	   2

/* Bytes that all words begin with. */
static size_t common_length(const struct completions *found)
{
	/* They are sorted: the first and the last differ the most. */
	const char *first = found->words.items[0];
	const char *last = found->words.items[found->words.count - 1];
	size_t length = 0;

	while (first[length] && first[length] == last[length])
		length++;
	return length;
}

static void list(const struct program *program, const struct completions *found)
{
	size_t count = found->words.count < LISTED_MAX ? found->words.count : LISTED_MAX;
	size_t widest = 1, columns, rows, width = standard_output(program->options, NULL).width;

	for (size_t i = 0; i < count; i++)
		if (strlen(found->words.items[i]) > widest)
			widest = strlen(found->words.items[i]);
	columns = (width ? width : 80) / (widest + GAP);
	if (!columns)
		columns = 1;
	rows = (count + columns - 1) / columns;
	fputc('\n', stderr);
	for (size_t row = 0; row < rows; row++) {
		for (size_t i = row; i < count; i += rows)
			fprintf(stderr, "%-*s", i + rows < count ? (int)(widest + GAP) : 0,
				found->words.items[i]);
		fputc('\n', stderr);
	}
	if (count < found->words.count)
		fprintf(stderr, "... and %zu more\n", found->words.count - count);
}

/* Put the completed word in the place of what was typed of it. */
static void replace(EditLine *editor, size_t typed, const char *word, size_t length)
{
	char *text = strndup(word, length);

	if (!text)
		return;
	el_deletestr(editor, (int)typed);
	el_insertstr(editor, text);
	free(text);
}

static unsigned char apply(EditLine *editor, const struct program *program, const char *line,
			   const struct words *words, const struct completions *found)
{
	const char *last = words->list.items[words->list.count - 1];
	size_t typed = strlen(line) - words->last_start;
	size_t length;

	if (!found->words.count)
		return CC_REFRESH_BEEP;
	length = common_length(found);
	if (found->words.count > 1 && length <= strlen(last)) {
		list(program, found);
		return CC_REDISPLAY;
	}
	replace(editor, typed, found->words.items[0], length);
	if (found->words.count == 1 && length && found->words.items[0][length - 1] != '/')
		el_insertstr(editor, " ");
	return CC_REFRESH;
}

unsigned char prompt_complete(EditLine *editor, int key)
{
	const LineInfo *info = el_line(editor);
	_cleanup_(freep)
	char *line = strndup(info->buffer, (size_t)(info->cursor - info->buffer));
	_cleanup_(words_deinitp)
	struct words words = {0};
	_cleanup_(completions_deinitp)
	struct completions found = {0};
	struct program *program = NULL;
	struct dill_error *error;

	(void)key;
	el_get(editor, EL_CLIENTDATA, &program);
	if (!line)
		return CC_ERROR;
	error = words_split_unfinished(line, &words);
	if (!error)
		error = command_complete(program->session, line, &found);
	if (error) {
		dill_error_free(error);
		return CC_ERROR;
	}
	return apply(editor, program, line, &words, &found);
}
