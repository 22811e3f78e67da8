/* SPDX-License-Identifier: MIT */
#include "slub/layout_check_slabs.h"

#include <inttypes.h>

#include "slub/claim.h"
#include "slub/freelist.h"
#include "slub/list.h"
#include "slub/sheaf.h"

/* Nodes of a list that are counted; of a longer one the length stays open. */
#define LIST_MAX 4096u
/* The largest order that the page allocator has had. */
#define ORDER_MAX 10u
/* Slabs of a list that are looked at. */
#define SLABS_MAX 3u

/* What one cache is asked with. */
struct asking {
	struct heap *heap;
	const struct cache *cache;
	struct layout_votes *votes;
	struct arena *arena;
	struct findings scratch; /* whatever does not fit is a vote */
};

typedef unsigned long long u64_text;

/* Read a word; *ret_ok false when it cannot be read. */
static struct dill_error *try_word(const struct asking *asking, dill_virt address, uint64_t *ret,
				   bool *ret_ok)
{
	struct dill_error *error = kernel_read_u64(asking->heap->kernel, address, ret);

	*ret_ok = !error;
	if (error && error_is_fatal(error))
		return error;
	if (error)
		*ret = 0;
	dill_error_free(error);
	return NULL;
}

/* A member of 8 bytes or less of the struct at @address. */
static struct dill_error *try_member(const struct asking *asking, dill_virt address,
				     struct member member, uint64_t *ret, bool *ret_ok)
{
	uint8_t buffer[sizeof(uint64_t)] = {0};
	size_t size = member.size < sizeof(buffer) ? member.size : sizeof(buffer);
	struct dill_error *error =
		kernel_read(asking->heap->kernel, address + member.offset, buffer, size);

	member.offset = 0;
	*ret_ok = !error;
	*ret = error ? 0 : member_get(member, (struct span){buffer, sizeof(buffer)});
	if (error && error_is_fatal(error))
		return error;
	dill_error_free(error);
	return NULL;
}

/* In the direct map, where all that is allocated is, and at a word. */
static bool is_heap_pointer(const struct asking *asking, dill_virt address)
{
	return address % 8 == 0 && kernel_is_direct(asking->heap->kernel, address);
}

/* --- a slab --- */

static struct dill_error *vote_freelist(struct asking *asking, struct slab *slab)
{
	const struct cache *cache = asking->cache;
	const struct reading all =
		reading_start(asking->heap, CONTENTS_FREELISTS, asking->arena, &asking->scratch);
	const struct reading reading = reading_of(&all, cache);
	struct freelist_head head = slab_freelist_head(asking->heap, slab);
	struct freelist list;
	uint32_t index;
	bool begins =
		!slab->freelist ||
		slab_object_index(cache, slab, heap_untag(asking->heap, slab->freelist), &index);

	layout_vote(asking->votes, RULE_FREELIST, begins,
		    "0x%" PRIx64 " in a slab of %s at 0x%" PRIx64, slab->freelist, cache->name,
		    slab->base);
	if (!begins)
		return NULL;
	TRY(freelist_walk(&reading, slab, &head, &list));
	if (list.count)
		layout_vote(asking->votes, RULE_OFFSET, !list.broken,
			    "%u with a list that breaks after %u objects in %s, or "
			    "kmem_cache.random at %u is wrong",
			    cache->offset, list.count, cache->name,
			    asking->heap->layout.cache_random.offset);
	if (!list.broken)
		layout_vote(asking->votes, RULE_SLAB_INUSE,
			    slab->inuse + list.count == slab->objects,
			    "%u with %u free of %u in a slab of %s", slab->inuse, list.count,
			    slab->objects, cache->name);
	return NULL;
}

/* Whether a slab of some order can have as many. */
static bool fills_an_order(const struct cache *cache, uint32_t objects)
{
	for (unsigned order = 0; order <= ORDER_MAX; order++)
		if (objects && cache_order_bytes(cache, order) / cache->size == objects)
			return true;
	return false;
}

/* @rule  about the pointer that leads there */
static struct dill_error *vote_slab(struct asking *asking, dill_virt address, enum layout_rule rule,
				    bool frozen, struct slab *ret, bool *ret_ok)
{
	const struct cache *cache = asking->cache;
	bool by_type = asking->heap->layout.slab_mark != SLAB_MARK_FLAG;
	enum layout_rule mark = by_type ? RULE_MARK_TYPE : RULE_MARK_FLAG;
	dill_virt owner = 0;
	bool marked = false;
	struct dill_error *error = slab_peek(asking->heap, address, ret, &marked, &owner);

	*ret_ok = !error;
	layout_vote(asking->votes, rule, !error, "0x%" PRIx64 " in %s, where no struct page is",
		    address, cache->name);
	if (error && error_is_fatal(error))
		return error;
	dill_error_free(error);
	if (!*ret_ok)
		return NULL;
	layout_vote(asking->votes, RULE_SLAB_CACHE, owner == cache->address,
		    "0x%" PRIx64 " in a slab of %s at 0x%" PRIx64, owner, cache->name,
		    cache->address);
	layout_vote(asking->votes, mark, marked, "another in a slab of %s", cache->name);
	*ret_ok = owner == cache->address;
	if (!*ret_ok)
		return NULL;
	layout_vote(asking->votes, RULE_OBJECTS,
		    ret->objects == cache->objects_per_slab ||
			    ret->objects == cache->min_objects_per_slab,
		    "%u in a slab of %s, which has %u", ret->objects, cache->name,
		    cache->objects_per_slab);
	if (fills_an_order(cache, ret->objects))
		layout_vote(asking->votes, RULE_OO_SLABS,
			    ret->objects == cache->objects_per_slab ||
				    ret->objects == cache->min_objects_per_slab,
			    "%u in %s, of which a slab has %u", cache->objects_per_slab,
			    cache->name, ret->objects);
	layout_vote(asking->votes, RULE_FROZEN, ret->frozen == frozen, "%s in a slab of %s",
		    ret->frozen ? "set" : "clear", cache->name);
	*ret_ok = ret->objects && ret->objects <= cache->objects_per_slab;
	return *ret_ok ? vote_freelist(asking, ret) : NULL;
}

/* --- nodes --- */

/* Whether the list at @head closes, and how many it has. */
static struct dill_error *vote_list(struct asking *asking, enum layout_rule rule, dill_virt head,
				    struct list_walk *walk)
{
	*walk = (struct list_walk){
		.head = head, .place = {.cpu = -1, .node = -1}, .what = "list", .limit = LIST_MAX};
	TRY(lists_collect(asking->heap, walk, 1, &asking->scratch));
	layout_vote(asking->votes, rule, !walk->broken || walk->nodes.count == LIST_MAX,
		    "none at 0x%" PRIx64 " of %s", head, asking->cache->name);
	return NULL;
}

/* The counter of a list, @member of the struct at @address. */
static struct dill_error *vote_length(struct asking *asking, enum layout_rule rule,
				      dill_virt address, struct member member,
				      const struct list_walk *walk)
{
	uint64_t length;
	bool ok;

	if (!member.present || walk->broken)
		return NULL;
	TRY(try_member(asking, address, member, &length, &ok));
	if (ok && !length && !walk->nodes.count) /* as any other zero */
		return NULL;
	layout_vote(asking->votes, rule, ok && length == walk->nodes.count,
		    "%llu with %zu on the list in %s", (u64_text)length, walk->nodes.count,
		    asking->cache->name);
	return NULL;
}

/* CONFIG_SLUB_DEBUG. Counters change apart from each other, so that a running target may be
 * between. */
static struct dill_error *vote_counters(struct asking *asking, dill_virt node, size_t partial)
{
	const struct layout *l = &asking->heap->layout;
	const struct cache *cache = asking->cache;
	uint64_t slabs, objects;
	bool ok, ok_too, fits;

	if (!l->node_nr_slabs.present || !l->node_total_objects.present)
		return NULL;
	TRY(try_member(asking, node, l->node_nr_slabs, &slabs, &ok));
	TRY(try_member(asking, node, l->node_total_objects, &objects, &ok_too));
	fits = slabs >> 32 == 0 && objects <= slabs * cache->objects_per_slab &&
	       objects >= slabs * cache->min_objects_per_slab;
	layout_vote(asking->votes, RULE_NR_SLABS, ok && slabs >= partial && (fits || !ok_too),
		    "%llu with %zu on the list in %s", (u64_text)slabs, partial, cache->name);
	if (slabs >> 32 == 0)
		layout_vote(asking->votes, RULE_TOTAL_OBJECTS, ok_too && fits,
			    "%llu with %llu slabs of %u in %s", (u64_text)objects, (u64_text)slabs,
			    cache->objects_per_slab, cache->name);
	return NULL;
}

static struct dill_error *vote_full(struct asking *asking, dill_virt node)
{
	const struct layout *l = &asking->heap->layout;
	_cleanup_(list_walk_deinitp)
	struct list_walk full = {0};

	if (!l->node_full.present)
		return NULL;
	return vote_list(asking, RULE_FULL, node + l->node_full.offset, &full);
}

static struct dill_error *vote_node(struct asking *asking, dill_virt node, unsigned number,
				    bool *ret_has_list)
{
	const struct layout *l = &asking->heap->layout;
	_cleanup_(list_walk_deinitp)
	struct list_walk partial = {0};

	TRY(vote_list(asking, RULE_PARTIAL, node + l->node_partial.offset, &partial));
	TRY(vote_length(asking, RULE_NR_PARTIAL, node, l->node_nr_partial, &partial));
	*ret_has_list = !partial.broken || partial.nodes.count == LIST_MAX;
	if (partial.broken)
		return NULL;
	TRY(vote_counters(asking, node, partial.nodes.count));
	TRY(vote_full(asking, node));
	for (size_t i = 0; i < partial.nodes.count && i < SLABS_MAX; i++) {
		dill_virt address = partial.nodes.items[i] - l->slab_list.offset;
		struct slab slab;
		bool ok;

		TRY(vote_slab(asking, address, RULE_SLAB_LIST, false, &slab, &ok));
		if (ok)
			layout_vote(asking->votes, RULE_PAGE_FLAGS, slab.node == number,
				    "of node %u in a slab of %s", slab.node, asking->cache->name);
	}
	return NULL;
}

/* The first sheaf on a barn's list of full ones. */
static struct dill_error *vote_full_sheaf(struct asking *asking, const struct list_walk *full)
{
	const struct layout *l = &asking->heap->layout;
	const struct cache *cache = asking->cache;
	uint64_t owner, size;
	dill_virt sheaf;
	bool ok;

	if (full->broken || !full->nodes.count)
		return NULL;
	sheaf = full->nodes.items[0] - l->sheaf_link.offset;
	TRY(try_member(asking, sheaf, l->sheaf_cache, &owner, &ok));
	layout_vote(asking->votes, RULE_SHEAF_LINK, ok && owner == cache->address,
		    "0x%" PRIx64 " in a sheaf of %s", sheaf, cache->name);
	TRY(try_member(asking, sheaf, l->sheaf_size, &size, &ok));
	layout_vote(asking->votes, RULE_SHEAF_FULL, ok && size == cache->sheaf_capacity,
		    "%llu of %u in %s", (u64_text)size, cache->sheaf_capacity, cache->name);
	return NULL;
}

static struct dill_error *vote_barn(struct asking *asking, dill_virt barn)
{
	const struct layout *l = &asking->heap->layout;
	_cleanup_(list_walk_deinitp)
	struct list_walk full = {0};
	_cleanup_(list_walk_deinitp)
	struct list_walk empty = {0};

	TRY(vote_list(asking, RULE_BARN_FULL, barn + l->barn_full.offset, &full));
	TRY(vote_length(asking, RULE_BARN_NR_FULL, barn, l->barn_nr_full, &full));
	TRY(vote_full_sheaf(asking, &full));
	TRY(vote_list(asking, RULE_BARN_EMPTY, barn + l->barn_empty.offset, &empty));
	return vote_length(asking, RULE_BARN_NR_EMPTY, barn, l->barn_nr_empty, &empty);
}

static struct dill_error *vote_nodes(struct asking *asking)
{
	const struct layout *l = &asking->heap->layout;
	const struct cache *cache = asking->cache;
	enum layout_rule rule = l->cache_per_node.present ? RULE_PER_NODE : RULE_NODE;
	bool any = false;

	for (uint32_t i = 0; i < cache->node_limit; i++) {
		uint64_t word;
		bool ok;

		if (!cache->nodes[i]) /* a node without memory */
			continue;
		any = true;
		TRY(try_word(asking, cache->nodes[i], &word, &ok));
		ok = ok && is_heap_pointer(asking, cache->nodes[i]);
		if (ok)
			TRY(vote_node(asking, cache->nodes[i], i, &ok));
		layout_vote(asking->votes, rule, ok, "0x%" PRIx64 " in %s", cache->nodes[i],
			    cache->name);
		if (cache->barns[i] && is_heap_pointer(asking, cache->barns[i]))
			TRY(vote_barn(asking, cache->barns[i]));
	}
	if (!any)
		layout_vote(asking->votes, rule, false, "0 in %s", cache->name);
	return NULL;
}

/* --- CPUs' slabs --- */

static bool is_object_of(const struct asking *asking, const struct slab *slab, dill_virt object)
{
	uint32_t index;

	return slab_object_index(asking->cache, slab, heap_untag(asking->heap, object), &index);
}

/* The first of a CPU's partial slabs and the one behind it; frozen or not, as it was until 6.7. */
static struct dill_error *vote_chain(struct asking *asking, dill_virt first)
{
	enum layout_rule rule = RULE_CPU_CHAIN;

	for (unsigned i = 0; first && i < 2; i++, rule = RULE_SLAB_NEXT) {
		struct slab slab;
		dill_virt owner = 0;
		bool marked;
		struct dill_error *error = slab_peek(asking->heap, first, &slab, &marked, &owner);

		layout_vote(asking->votes, rule, !error && owner == asking->cache->address,
			    "0x%" PRIx64 " in %s", first, asking->cache->name);
		if (error && error_is_fatal(error))
			return error;
		first = error || owner != asking->cache->address ? 0 : slab.next;
		dill_error_free(error);
	}
	return NULL;
}

static struct dill_error *vote_cpu_slab(struct asking *asking, dill_virt at)
{
	const struct layout *l = &asking->heap->layout;
	uint64_t freelist, page, chain = 0;
	struct slab slab = {0};
	bool ok, has_slab = false;

	TRY(try_word(asking, at + l->cpu_freelist.offset, &freelist, &ok));
	layout_vote(asking->votes, RULE_CPU_SLAB, ok, "not so in %s", asking->cache->name);
	if (!ok)
		return NULL;
	TRY(try_word(asking, at + l->cpu_slab.offset, &page, &ok));
	if (page)
		TRY(vote_slab(asking, page, RULE_CPU_PAGE, true, &slab, &has_slab));
	else if (freelist)
		layout_vote(asking->votes, RULE_CPU_PAGE, false, "0 with a freelist in %s",
			    asking->cache->name);
	if (freelist)
		layout_vote(asking->votes, RULE_CPU_FREELIST,
			    has_slab && is_object_of(asking, &slab, freelist),
			    "0x%" PRIx64 " in %s", freelist, asking->cache->name);
	if (!l->cpu_partial.present)
		return NULL;
	TRY(try_word(asking, at + l->cpu_partial.offset, &chain, &ok));
	if (chain && chain == page) { /* which is on no list */
		layout_vote(asking->votes, RULE_CPU_CHAIN, false, "the CPU's own slab in %s",
			    asking->cache->name);
		return NULL;
	}
	return vote_chain(asking, chain);
}

/* --- sheaves --- */

static struct dill_error *vote_sheaf_objects(struct asking *asking, dill_virt sheaf, uint64_t size)
{
	dill_virt first = sheaf + asking->heap->layout.sheaf_objects.offset;

	for (uint64_t i = 0; i < size && i < SLABS_MAX; i++) {
		uint64_t object;
		bool ok;

		TRY(try_word(asking, first + i * sizeof(object), &object, &ok));
		layout_vote(asking->votes, RULE_SHEAF_OBJECTS,
			    ok && is_heap_pointer(asking, heap_untag(asking->heap, object)),
			    "0x%" PRIx64 " in %s", object, asking->cache->name);
	}
	return NULL;
}

static struct dill_error *vote_sheaf(struct asking *asking, dill_virt sheaf)
{
	const struct layout *l = &asking->heap->layout;
	const struct cache *cache = asking->cache;
	uint64_t owner, size;
	bool ok;

	TRY(try_member(asking, sheaf, l->sheaf_cache, &owner, &ok));
	layout_vote(asking->votes, RULE_SHEAF_CACHE, ok && owner == cache->address,
		    "0x%" PRIx64 " in a sheaf of %s", owner, cache->name);
	TRY(try_member(asking, sheaf, l->sheaf_size, &size, &ok));
	layout_vote(asking->votes, RULE_SHEAF_SIZE, ok && size <= cache->sheaf_capacity,
		    "%llu of %u in %s", (u64_text)size, cache->sheaf_capacity, cache->name);
	return ok && size <= cache->sheaf_capacity ? vote_sheaf_objects(asking, sheaf, size) : NULL;
}

/* A sheaf is an object of kmalloc(), of which less than half is left over. */
static struct dill_error *vote_capacity(struct asking *asking, dill_virt sheaf)
{
	const struct layout *l = &asking->heap->layout;
	uint64_t bytes = l->sheaf_objects.offset + UINT64_C(8) * asking->cache->sheaf_capacity;
	dill_virt owner = 0;
	uint64_t size;
	struct dill_error *error = slab_owner(asking->heap, sheaf, &owner);
	bool ok;

	if (error && error_is_fatal(error))
		return error;
	dill_error_free(error);
	if (error || !is_heap_pointer(asking, owner))
		return NULL;
	TRY(try_member(asking, owner, l->cache_object_size, &size, &ok));
	if (ok && size)
		layout_vote(asking->votes, RULE_SHEAF_CAPACITY, bytes <= size && 2 * bytes > size,
			    "%u in %s, with sheaves of %llu bytes and slab_sheaf.objects at %u",
			    asking->cache->sheaf_capacity, asking->cache->name, (u64_text)size,
			    l->sheaf_objects.offset);
	return NULL;
}

/* A sheaf that a CPU may have besides its main one. */
static struct dill_error *vote_other_sheaf(struct asking *asking, enum layout_rule rule,
					   dill_virt sheaf, dill_virt main)
{
	bool fits = is_heap_pointer(asking, sheaf) && sheaf != main;

	layout_vote(asking->votes, rule, !sheaf || fits, "0x%" PRIx64 " in %s", sheaf,
		    asking->cache->name);
	return sheaf && fits ? vote_sheaf(asking, sheaf) : NULL;
}

static struct dill_error *vote_cpu_sheaves(struct asking *asking, dill_virt at)
{
	const struct layout *l = &asking->heap->layout;
	const struct cache *cache = asking->cache;
	uint64_t main, spare, rcu_free;
	bool ok;

	TRY(try_word(asking, at + l->pcs_main.offset, &main, &ok));
	layout_vote(asking->votes, RULE_CPU_SHEAVES, ok, "not so in %s", cache->name);
	if (!ok || !cache->sheaf_capacity) /* then they are not used */
		return NULL;
	layout_vote(asking->votes, RULE_PCS_MAIN, is_heap_pointer(asking, main),
		    "0x%" PRIx64 " in %s", main, cache->name);
	if (is_heap_pointer(asking, main)) {
		TRY(vote_sheaf(asking, main));
		TRY(vote_capacity(asking, main));
	}
	TRY(try_word(asking, at + l->pcs_spare.offset, &spare, &ok));
	TRY(vote_other_sheaf(asking, RULE_PCS_SPARE, spare, main));
	TRY(try_word(asking, at + l->pcs_rcu_free.offset, &rcu_free, &ok));
	TRY(vote_other_sheaf(asking, RULE_PCS_RCU_FREE, rcu_free, main));
	if (spare) /* then either is not where it should be */
		layout_vote(asking->votes, RULE_PCS_SPARE, spare != rcu_free,
			    "that of rcu_free in %s, 0x%" PRIx64, cache->name, spare);
	if (rcu_free)
		layout_vote(asking->votes, RULE_PCS_RCU_FREE, spare != rcu_free,
			    "that of spare in %s, 0x%" PRIx64, cache->name, spare);
	return NULL;
}

/* --- CPUs --- */

static struct dill_error *vote_cpus(struct asking *asking)
{
	struct kernel *kernel = asking->heap->kernel;
	const struct cache *cache = asking->cache;
	bool debug = cache_is_debug(asking->heap, cache);

	for (unsigned cpu = 0; cpu < kernel_cpu_limit(kernel); cpu++) {
		if (!kernel_cpu_possible(kernel, cpu))
			continue;
		if (cache->cpu_slab && !debug)
			TRY(vote_cpu_slab(asking,
					  kernel_percpu_address(kernel, cache->cpu_slab, cpu)));
		if (cache->cpu_sheaves)
			TRY(vote_cpu_sheaves(
				asking, kernel_percpu_address(kernel, cache->cpu_sheaves, cpu)));
	}
	return NULL;
}

struct dill_error *layout_check_slabs(struct heap *heap, const struct cache *cache,
				      struct layout_votes *votes)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;

	TRY(arena_new(&arena));

	struct asking asking = {heap, cache, votes, arena, {.arena = arena}};

	TRY(vote_nodes(&asking));
	return vote_cpus(&asking);
}
