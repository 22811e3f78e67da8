/* SPDX-License-Identifier: MIT */
#include "base/suggest.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Ranks: typing errors count two each, so that completions fall between one and two errors. */
#define RANK_ERROR    2u
#define RANK_PREFIX   3u
#define RANK_CONTAINS 5u
#define RANK_NONE     1000u

static void lower_case(char *to, const char *from, size_t length)
{
	for (size_t i = 0; i < length; i++)
		to[i] = (char)tolower((unsigned char)from[i]);
	to[length] = '\0';
}

void suggest_init(struct suggest *suggest, const char *wanted)
{
	size_t length = strlen(wanted);

	suggest->count = 0;
	if (length > SUGGEST_NAME_MAX)
		length = 0;
	suggest->wanted_length = length;
	lower_case(suggest->wanted, wanted, length);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Damerau-Levenshtein distance (optimal string alignment), or limit + 1 when it is larger. Row i
 * holds the distances of the first i letters of a; once a whole row lies above the limit, so do all
 * that follow.
 */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length, size_t limit)
{
	size_t rows[3][SUGGEST_NAME_MAX + 1];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t least = row[0] = i;

		for (size_t j = 1; j <= b_length; j++) {
			size_t value = last[j - 1] + (a[i - 1] != b[j - 1]);

			value = smaller(value, smaller(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				value = smaller(value, before[j - 2] + 1);
			row[j] = value;
			least = smaller(least, value);
		}
		if (least > limit)
			return limit + 1;

		size_t *spare = before;

		before = last;
		last = row;
		row = spare;
	}
	return last[b_length];
}

static unsigned rank_of(const struct suggest *suggest, const char *name, size_t length)
{
	size_t wanted = suggest->wanted_length;
	/* One error per three letters, at most three. */
	size_t limit = smaller(wanted < 3 ? 1 : wanted / 3, 3);

	if (length <= wanted + limit && wanted <= length + limit) {
		size_t errors = distance(suggest->wanted, wanted, name, length, limit);

		if (errors <= limit)
			return (unsigned)errors * RANK_ERROR;
	}
	/* Too short a piece is contained in everything. */
	if (wanted < 3)
		return RANK_NONE;
	if (strncmp(name, suggest->wanted, wanted) == 0)
		return RANK_PREFIX;
	return strstr(name, suggest->wanted) ? RANK_CONTAINS : RANK_NONE;
}

/* True when candidate @p a is to stand before @p b: nearer, then shorter. */
static bool comes_before(unsigned rank, size_t length, unsigned other_rank, const char *other)
{
	return rank != other_rank ? rank < other_rank : length < strlen(other);
}

void suggest_offer(struct suggest *suggest, const char *candidate)
{
	size_t length = strnlen(candidate, SUGGEST_NAME_MAX + 1);
	char lower[SUGGEST_NAME_MAX + 1];

	if (suggest->wanted_length == 0 || length == 0 || length > SUGGEST_NAME_MAX)
		return;
	lower_case(lower, candidate, length);

	unsigned rank = rank_of(suggest, lower, length);

	if (rank == RANK_NONE)
		return;
	for (size_t i = 0; i < suggest->count; i++)
		if (strcmp(suggest->best[i].name, candidate) == 0)
			return;

	size_t at = suggest->count;

	while (at > 0 &&
	       comes_before(rank, length, suggest->best[at - 1].rank, suggest->best[at - 1].name))
		at--;
	if (at == SUGGEST_COUNT)
		return;
	if (suggest->count < SUGGEST_COUNT)
		suggest->count++;
	memmove(&suggest->best[at + 1], &suggest->best[at],
		(suggest->count - at - 1) * sizeof(suggest->best[0]));
	memcpy(suggest->best[at].name, candidate, length + 1);
	suggest->best[at].rank = rank;
}

const char *suggest_text(struct suggest *suggest)
{
	size_t used = 0;

	suggest->text[0] = '\0';
	for (size_t i = 0; i < suggest->count; i++) {
		const char *before = i == 0		       ? " (did you mean "
				     : i + 1 == suggest->count ? " or "
							       : ", ";

		used += (size_t)snprintf(suggest->text + used, sizeof(suggest->text) - used,
					 "%s%s%s", before, suggest->best[i].name,
					 i + 1 == suggest->count ? "?)" : "");
	}
	return suggest->text;
}
