/* SPDX-License-Identifier: MIT */
#ifndef TYPES_MEMBER_VOTES_H
#define TYPES_MEMBER_VOTES_H

#include <stdarg.h>

#include "types/members.h"

/**
 * Whether members of types that a file describes are where a target has them. Each rule about a
 * member is asked at many places of the target, which vote; a heap that is corrupt somewhere does
 * not make its types wrong.
 *
 * To add a rule: a row in the room's table (slub/layout_votes.c, kernel/task_votes.c), and a vote
 * where the room reads the member.
 */
struct member_vote {
	unsigned good, all;
	char seen[112]; /**< what the first place had that does not fit; "" = all fit */
};

/** What is asked of a member. */
struct member_rule {
	const struct member_row *row;
	struct member member; /**< where the types have it */
	const char *must;     /**< what it should be, a clause without a verb: "N in kmalloc-N" */
};

/** Cast a vote; the text says what was read instead: "96 in kmalloc-64". */
void member_vote(struct member_vote *vote, bool fits, const char *format, ...) DILL_PRINTF(3, 4);
void member_vote_list(struct member_vote *vote, bool fits, const char *format, va_list arguments)
	DILL_PRINTF(3, 0);

/** True when more than single places do not fit. */
bool member_vote_fails(const struct member_vote *vote);

/**
 * The error of types that a target contradicts.
 *
 * @param file   name of the types' file
 * @param types  that are in it
 * @param rules  in the order in which one depends on the ones before; as many as votes
 * @return NULL when no vote fails; INVALID_ARGUMENT that names the first members
 */
DILL_MUST_CHECK struct dill_error *member_votes_judge(const char *file, struct types *types,
						      const struct member_rule *rules,
						      const struct member_vote *votes,
						      size_t count);

/** How many members have votes. */
unsigned member_votes_cast(const struct member_rule *rules, const struct member_vote *votes,
			   size_t count);

#endif
