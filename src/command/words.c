/* SPDX-License-Identifier: MIT */
#include "command/words.h"

#include <stdlib.h>

#include "base/strbuf.h"

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/*
 * Take one word off the line, which starts with no blank. *ret_open: its quote is not closed.
 * Returns what is behind the word.
 */
static const char *take_word(const char *line, struct strbuf *word, bool *ret_open)
{
	char quote = '\0';

	for (; *line && (quote || !is_blank(*line)); line++) {
		bool escapes = *line == '\\' && quote != '\'' && line[1] &&
			       (!quote || line[1] == '\\' || line[1] == '"');

		if (escapes)
			strbuf_append_char(word, *++line);
		else if (quote && *line == quote)
			quote = '\0';
		else if (!quote && (*line == '\'' || *line == '"'))
			quote = *line;
		else
			strbuf_append_char(word, *line);
	}
	*ret_open = quote != '\0';
	return line;
}

static struct dill_error *push(struct words *words, struct strbuf *word)
{
	/* Room for the NULL behind it is made first, so that the list is an argv at any time. */
	TRY(array_reserve(&words->list, 2));
	strbuf_append(word, ""); /* an empty word is a text too */
	TRY(strbuf_error(word));
	words->list.items[words->list.count++] = steal(word->data);
	words->list.items[words->list.count] = NULL;
	*word = (struct strbuf){0};
	return NULL;
}

static struct dill_error *split(const char *line, struct words *ret, bool *ret_open,
				bool *ret_in_word)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf word = {0};

	const char *start = line;

	*ret = (struct words){0};
	*ret_open = *ret_in_word = false;
	TRY(array_reserve(&ret->list, 1));
	ret->list.items[0] = NULL;
	for (;;) {
		*ret_in_word = false;
		while (is_blank(*line))
			line++;
		ret->last_start = (size_t)(line - start);
		if (!*line || *line == '#')
			return NULL;
		line = take_word(line, &word, ret_open);
		TRY(push(ret, &word));
		*ret_in_word = true;
		if (!*line)
			return NULL;
	}
}

struct dill_error *words_split(const char *line, struct words *ret)
{
	bool open, in_word;

	TRY(split(line, ret, &open, &in_word));
	if (open)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "a quote is not closed");
	return NULL;
}

struct dill_error *words_split_unfinished(const char *line, struct words *ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf empty = {0};
	bool open, in_word;

	TRY(split(line, ret, &open, &in_word));
	return in_word ? NULL : push(ret, &empty);
}

void words_deinit(struct words *words)
{
	for (size_t i = 0; i < words->list.count; i++)
		free(words->list.items[i]);
	array_free(&words->list);
}
