/* SPDX-License-Identifier: MIT */
#include "slub/layout_votes.h"

#include <string.h>

/* What should be where a member is. */
static const struct {
	size_t field; /* of struct layout */
	const char *must;
} rules[RULES] = {
#define RULE(member, must)                                                                         \
	{                                                                                          \
		offsetof(struct layout, member), must                                              \
	}
	[RULE_NAME] = RULE(cache_name, "a pointer to a text"),
	[RULE_LIST] = RULE(cache_list, "where the list of caches leads"),
	[RULE_OBJECT_SIZE] = RULE(cache_object_size, "N in kmalloc-N"),
	[RULE_SIZE] = RULE(cache_size, "object_size or more, in words"),
	[RULE_OO] = RULE(cache_oo, "an order and how many objects such a slab has"),
	[RULE_OO_SLABS] = RULE(cache_oo, "the objects of its slabs"),
	[RULE_MIN] = RULE(cache_min, "the least order and how many objects such a slab has"),
	[RULE_INUSE] = RULE(cache_inuse, "object_size or a little more, in words"),
	[RULE_ALIGN] = RULE(cache_align, "a power of two that divides size"),
	[RULE_OFFSET_INSIDE] = RULE(cache_offset, "a word inside of the object"),
	[RULE_RED_LEFT_PAD] = RULE(cache_red_left_pad, "the left red zone"),
	[RULE_REFCOUNT] = RULE(cache_refcount, "a number of users"),
	[RULE_REFCOUNT_ONE] = RULE(cache_refcount, "1 in most caches"),
	[RULE_CTOR] = RULE(cache_ctor, "0 or a function"),
	[RULE_CTOR_SET] = RULE(cache_ctor, "a function in caches of inodes"),
	[RULE_FLAGS] = RULE(cache_flags, "flags as this cache has them"),
	[RULE_MIN_PARTIAL] = RULE(cache_min_partial, "5 to 10"),
	[RULE_CPU_PARTIAL] = RULE(cache_cpu_partial, "a small number"),
	[RULE_CPU_PARTIAL_SLABS] = RULE(cache_cpu_partial_slabs, "cpu_partial in slabs"),
	[RULE_USERSIZE] = RULE(cache_usersize, "N in kmalloc-N"),
	[RULE_USEROFFSET] = RULE(cache_useroffset, "0 in kmalloc-N"),
	[RULE_RANDOM_SEQ] = RULE(cache_random_seq, "0 or a pointer"),
	[RULE_NODE] = RULE(cache_node, "a pointer to a kmem_cache_node with a list"),
	[RULE_PER_NODE] = RULE(cache_per_node_node, "a pointer to a kmem_cache_node with a list"),
	[RULE_PARTIAL] = RULE(node_partial, "a list that closes"),
	[RULE_NR_PARTIAL] = RULE(node_nr_partial, "the length of the list partial"),
	[RULE_NR_SLABS] = RULE(node_nr_slabs, "nr_partial or more"),
	[RULE_TOTAL_OBJECTS] = RULE(node_total_objects, "the objects of nr_slabs"),
	[RULE_FULL] = RULE(node_full, "a list that closes"),
	[RULE_SLAB_LIST] = RULE(slab_list, "where a node's list leads"),
	[RULE_SLAB_CACHE] = RULE(slab_cache, "the cache whose list leads there"),
	[RULE_MARK_FLAG] = RULE(page_flags, "a flag that marks slabs"),
	[RULE_MARK_TYPE] = RULE(page_type, "the type of slabs"),
	[RULE_PAGE_FLAGS] = RULE(page_flags, "flags with the node of the list"),
	[RULE_OBJECTS] = RULE(slab_objects, "as many as the cache puts in a slab"),
	[RULE_FROZEN] = RULE(slab_frozen, "set in slabs of CPUs, clear on nodes' lists"),
	[RULE_FREELIST] = RULE(slab_freelist, "0 or an object of the slab"),
	[RULE_OFFSET] = RULE(cache_offset, "where a free object has the next one"),
	[RULE_SLAB_INUSE] = RULE(slab_inuse, "the objects that are not on the freelist"),
	[RULE_CPU_SLAB] = RULE(cache_cpu_slab, "per-CPU data"),
	[RULE_CPU_PAGE] = RULE(cpu_slab, "a slab of the cache"),
	[RULE_CPU_FREELIST] = RULE(cpu_freelist, "0 or an object of the CPU's slab"),
	[RULE_CPU_CHAIN] = RULE(cpu_partial, "0 or a slab of the cache"),
	[RULE_SLAB_NEXT] = RULE(slab_next, "0 or a slab of the cache"),
	[RULE_CPU_SHEAVES] = RULE(cache_cpu_sheaves, "per-CPU data"),
	[RULE_SHEAF_CAPACITY] = RULE(cache_sheaf_capacity, "what fits in the memory of a sheaf"),
	[RULE_PCS_MAIN] = RULE(pcs_main, "a pointer to a sheaf"),
	[RULE_PCS_SPARE] = RULE(pcs_spare, "0 or a pointer to another sheaf"),
	[RULE_PCS_RCU_FREE] = RULE(pcs_rcu_free, "0 or a pointer to another sheaf"),
	[RULE_SHEAF_CACHE] = RULE(sheaf_cache, "the cache that has the sheaf"),
	[RULE_SHEAF_SIZE] = RULE(sheaf_size, "at most sheaf_capacity"),
	[RULE_SHEAF_OBJECTS] = RULE(sheaf_objects, "pointers to objects"),
	[RULE_SHEAF_LINK] = RULE(sheaf_link, "where a barn's list leads"),
	[RULE_SHEAF_FULL] = RULE(sheaf_size, "sheaf_capacity in a full one"),
	[RULE_BARN_FULL] = RULE(barn_full, "a list that closes"),
	[RULE_BARN_EMPTY] = RULE(barn_empty, "a list that closes"),
	[RULE_BARN_NR_FULL] = RULE(barn_nr_full, "the length of sheaves_full"),
	[RULE_BARN_NR_EMPTY] = RULE(barn_nr_empty, "the length of sheaves_empty"),
#undef RULE
};

void layout_vote(struct layout_votes *votes, enum layout_rule rule, bool fits, const char *format,
		 ...)
{
	va_list arguments;

	va_start(arguments, format);
	member_vote_list(&votes->votes[rule], fits, format, arguments);
	va_end(arguments);
}

bool layout_vote_fails(const struct layout_votes *votes, enum layout_rule rule)
{
	return member_vote_fails(&votes->votes[rule]);
}

struct dill_error *layout_votes_judge(struct heap *heap, const struct layout_votes *votes,
				      unsigned *ret_members)
{
	struct member_rule asked[RULES];
	struct types *types;

	TRY(kernel_types(heap->kernel, &types));
	for (size_t i = 0; i < RULES; i++) {
		asked[i] = (struct member_rule){.row = layout_row_at(rules[i].field),
						.must = rules[i].must};
		memcpy(&asked[i].member, (const char *)&heap->layout + rules[i].field,
		       sizeof(asked[i].member));
	}
	*ret_members = member_votes_cast(asked, votes->votes, RULES);
	return member_votes_judge(kernel_types_file(heap->kernel), types, asked, votes->votes,
				  RULES);
}
