/* SPDX-License-Identifier: MIT */
#include "types/member_votes.h"

#include <stdio.h>
#include <string.h>

/* Members that an error names; one that is wrong makes others look wrong, too. */
#define NAMED_MAX 3u
/* Of so many places one may not fit. */
#define TOLERANCE 20u

void member_vote_list(struct member_vote *vote, bool fits, const char *format, va_list arguments)
{
	vote->all++;
	vote->good += fits;
	if (!fits && !vote->seen[0])
		vsnprintf(vote->seen, sizeof(vote->seen), format, arguments);
}

void member_vote(struct member_vote *vote, bool fits, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	member_vote_list(vote, fits, format, arguments);
	va_end(arguments);
}

bool member_vote_fails(const struct member_vote *vote)
{
	unsigned bad = vote->all - vote->good;

	return bad && (!vote->good || (bad > 1 && bad * TOLERANCE > vote->all));
}

static void append(struct types *types, const struct member_rule *rule,
		   const struct member_vote *vote, struct strbuf *text)
{
	members_append_name(types, rule->row, text);
	strbuf_append_format(text, " at %u should be %s, and is ", rule->member.offset, rule->must);
	strbuf_append_escaped(text, vote->seen, strlen(vote->seen));
	strbuf_append_format(text, " (%u of %u fit)", vote->good, vote->all);
}

struct dill_error *member_votes_judge(const char *file, struct types *types,
				      const struct member_rule *rules,
				      const struct member_vote *votes, size_t count)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	unsigned failed = 0;

	for (size_t i = 0; i < count; i++) {
		if (!member_vote_fails(&votes[i]) || failed++ >= NAMED_MAX)
			continue;
		strbuf_append(&text, failed > 1 ? "; " : "");
		append(types, &rules[i], &votes[i], &text);
	}
	if (!failed)
		return NULL;
	if (failed > NAMED_MAX)
		strbuf_append_format(&text, "; and %u more", failed - NAMED_MAX);
	TRY(strbuf_error(&text));
	return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
			      "%s does not describe the kernel that runs: %s", file,
			      strbuf_get(&text));
}

unsigned member_votes_cast(const struct member_rule *rules, const struct member_vote *votes,
			   size_t count)
{
	unsigned members = 0;

	for (size_t i = 0; i < count; i++) {
		bool again = false;

		for (size_t j = 0; j < i; j++)
			again |= votes[j].all && rules[j].row == rules[i].row;
		members += votes[i].all && !again;
	}
	return members;
}
