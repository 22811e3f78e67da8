/* SPDX-License-Identifier: MIT */
#ifndef SLUB_LAYOUT_VOTES_H
#define SLUB_LAYOUT_VOTES_H

#include "slub/heap.h"
#include "types/member_votes.h"

/** Something that holds of a member in every healthy heap, in the order in which they depend on
 * each other; layout_votes.c says which member and what. */
enum layout_rule {
	RULE_NAME,
	RULE_LIST,
	RULE_OBJECT_SIZE,
	RULE_SIZE,
	RULE_OO,
	RULE_OO_SLABS,
	RULE_MIN,
	RULE_INUSE,
	RULE_ALIGN,
	RULE_OFFSET_INSIDE,
	RULE_RED_LEFT_PAD,
	RULE_REFCOUNT,
	RULE_REFCOUNT_ONE,
	RULE_CTOR,
	RULE_CTOR_SET,
	RULE_FLAGS,
	RULE_MIN_PARTIAL,
	RULE_CPU_PARTIAL,
	RULE_CPU_PARTIAL_SLABS,
	RULE_USERSIZE,
	RULE_USEROFFSET,
	RULE_RANDOM_SEQ,
	RULE_NODE,
	RULE_PER_NODE,
	RULE_PARTIAL,
	RULE_NR_PARTIAL,
	RULE_NR_SLABS,
	RULE_TOTAL_OBJECTS,
	RULE_FULL,
	RULE_SLAB_LIST,
	RULE_SLAB_CACHE,
	RULE_MARK_FLAG,
	RULE_MARK_TYPE,
	RULE_PAGE_FLAGS,
	RULE_OBJECTS,
	RULE_FROZEN,
	RULE_FREELIST,
	RULE_OFFSET,
	RULE_SLAB_INUSE,
	RULE_CPU_SLAB,
	RULE_CPU_PAGE,
	RULE_CPU_FREELIST,
	RULE_CPU_CHAIN,
	RULE_SLAB_NEXT,
	RULE_CPU_SHEAVES,
	RULE_SHEAF_CAPACITY,
	RULE_PCS_MAIN,
	RULE_PCS_SPARE,
	RULE_PCS_RCU_FREE,
	RULE_SHEAF_CACHE,
	RULE_SHEAF_SIZE,
	RULE_SHEAF_OBJECTS,
	RULE_SHEAF_LINK,
	RULE_SHEAF_FULL,
	RULE_BARN_FULL,
	RULE_BARN_EMPTY,
	RULE_BARN_NR_FULL,
	RULE_BARN_NR_EMPTY,
	RULES
};

/** The votes on a layout. {0} before the first. */
struct layout_votes {
	struct member_vote votes[RULES];
};

/** Cast a vote; the text says what was read instead of what the rule says. */
void layout_vote(struct layout_votes *votes, enum layout_rule rule, bool fits, const char *format,
		 ...) DILL_PRINTF(4, 5);

/** True when the member of a rule is not where the types have it. */
bool layout_vote_fails(const struct layout_votes *votes, enum layout_rule rule);

/**
 * What the votes amount to.
 * @param ret_members  how many members were tried
 * @return NULL; INVALID_ARGUMENT with the members that are elsewhere
 */
DILL_MUST_CHECK struct dill_error *layout_votes_judge(struct heap *heap,
						      const struct layout_votes *votes,
						      unsigned *ret_members);

#endif
