/* SPDX-License-Identifier: MIT */
#include "slub/ahead.h"

/*
 * The order of use: main sheaf from its top, spare sheaf from its top, then the barn; a CPU's
 * freelist, the rest of its slab, its partial slabs in their order, then the node's.
 * Source: mm/slub.c slab_alloc_node(), alloc_from_pcs(), ___slab_alloc()
 */

static const struct cpu_contents *find_cpu(const struct contents *contents, int cpu)
{
	for (size_t i = 0; i < contents->cpu_count; i++)
		if (contents->cpus[i].cpu == (unsigned)cpu)
			return &contents->cpus[i];
	return NULL;
}

static uint64_t in_sheaves(const struct cpu_contents *cpu)
{
	return (uint64_t)cpu->sheaves.main.size + cpu->sheaves.spare.size;
}

/* In the CPU's slabs, up to partial slab number @p partial. */
static uint64_t in_slabs(const struct cpu_contents *cpu, size_t partial)
{
	uint64_t count = cpu->lockless.count;

	if (!cpu->slab.reserved)
		count += cpu->remote.count;
	for (size_t i = 0; i < partial && i < cpu->partial.count; i++)
		if (!cpu->partial.items[i].slab.reserved)
			count += cpu->partial.items[i].freelist.count;
	return count;
}

/* Objects in slot order are handed out from the top. */
static uint64_t above(const struct sheaf *sheaf, uint32_t slot)
{
	return sheaf->size > slot ? sheaf->size - 1 - slot : 0;
}

static bool count_own(const struct cpu_contents *cpu, const struct place *place, uint64_t *ret)
{
	switch (place->kind) {
	case PLACE_MAIN_SHEAF:
		*ret = above(&cpu->sheaves.main, place->position);
		return true;
	case PLACE_SPARE_SHEAF:
		*ret = cpu->sheaves.main.size + above(&cpu->sheaves.spare, place->position);
		return true;
	case PLACE_CPU_FREELIST:
		*ret = in_sheaves(cpu) + place->position;
		return true;
	case PLACE_CPU_SLAB:
		*ret = in_sheaves(cpu) + cpu->lockless.count + place->position;
		return true;
	case PLACE_CPU_PARTIAL:
		*ret = in_sheaves(cpu) + in_slabs(cpu, place->list) + place->position;
		return true;
	default:
		return false;
	}
}

/* Whether the object's slab serves only emergencies, so that nobody else's turn comes to it. */
static bool is_reserved(const struct contents *contents, const struct place *place)
{
	const struct cpu_contents *cpu = find_cpu(contents, place->cpu);

	if (cpu && place->kind == PLACE_CPU_SLAB)
		return cpu->slab.reserved;
	if (cpu && place->kind == PLACE_CPU_PARTIAL && place->list < cpu->partial.count)
		return cpu->partial.items[place->list].slab.reserved;
	if (place->kind != PLACE_NODE_PARTIAL)
		return false;
	for (size_t n = 0; n < contents->node_count; n++) {
		const struct slab_list *partial = &contents->nodes[n].partial;

		if ((int)contents->nodes[n].node == place->node && place->list < partial->count)
			return partial->items[place->list].slab.reserved;
	}
	return false;
}

/* In full sheaves of the barn that are used before this one, and above its slot. */
static uint64_t in_barn(const struct contents *contents, const struct place *place)
{
	uint64_t count = 0;

	for (size_t n = 0; n < contents->node_count; n++) {
		const struct sheaf_list *full = &contents->nodes[n].barn.full;

		if ((int)contents->nodes[n].node != place->node)
			continue;
		for (size_t i = 0; i < full->count && i < place->list; i++)
			count += full->items[i].size;
		if (place->list < full->count)
			count += above(&full->items[place->list], place->position);
	}
	return count;
}

/* Whoever runs out of its own objects first comes for those of the node. */
static void count_shared(const struct contents *contents, uint64_t before, const char *how,
			 struct ahead *ret)
{
	*ret = (struct ahead){.known = contents->cpu_count, .cpu = -1, .how = how};
	for (size_t i = 0; i < contents->cpu_count; i++) {
		const struct cpu_contents *cpu = &contents->cpus[i];
		uint64_t own = in_sheaves(cpu) + in_slabs(cpu, cpu->partial.count);

		if (!cpu->online || (ret->cpu >= 0 && own + before >= ret->count))
			continue;
		ret->cpu = (int)cpu->cpu;
		ret->count = own + before;
	}
	ret->known = ret->cpu >= 0;
}

static void count_on_cpu(const struct contents *contents, const struct place *place,
			 struct ahead *ret)
{
	const struct cpu_contents *cpu = find_cpu(contents, place->cpu);

	*ret = (struct ahead){.cpu = place->cpu, .how = "nobody holds it"};
	if (!cpu || !count_own(cpu, place, &ret->count))
		return;
	ret->known = cpu->online;
	ret->exact = ret->known;
	ret->how = cpu->online ? NULL : "its CPU is offline";
	if (!cpu->sheaves.address || place->kind == PLACE_MAIN_SHEAF ||
	    place->kind == PLACE_SPARE_SHEAF || !ret->known)
		return;
	/* A cache with both engines fills whole sheaves from its slabs, and uses the barn first. */
	ret->exact = false;
	ret->how = "sheaves of the barn are used before slabs";
}

void ahead_count(const struct contents *contents, const struct place *place, struct ahead *ret)
{
	if (is_reserved(contents, place)) {
		*ret = (struct ahead){
			.cpu = -1,
			.how = "its slab is of the emergency reserves and serves only "
			       "allocations that may use these"};
		return;
	}
	switch (place->kind) {
	case PLACE_BARN:
		count_shared(contents, in_barn(contents, place),
			     "which CPU takes a sheaf from the barn next is not determined", ret);
		return;
	case PLACE_NODE_PARTIAL:
		count_shared(contents, 0,
			     "which CPU takes the slab from the node's list, and when, is not "
			     "determined",
			     ret);
		return;
	case PLACE_RCU_SHEAF:
	case PLACE_CALL_RCU:
	case PLACE_KFREE_RCU:
	case PLACE_RCU_DELAYED:
	case PLACE_DYING_SLAB:
		*ret = (struct ahead){.cpu = -1, .how = "a grace period of RCU has to end first"};
		return;
	case PLACE_DEFERRED:
		*ret = (struct ahead){.cpu = -1, .how = "its CPU has to finish freeing it first"};
		return;
	case PLACE_QUARANTINE:
		*ret = (struct ahead){.cpu = -1, .how = "it has to leave KASAN's quarantine first"};
		return;
	case PLACE_LOOSE_SHEAF:
		*ret = (struct ahead){.cpu = -1, .how = "the sheaf is kept for one user"};
		return;
	case PLACE_NODE_FULL:
	case PLACE_UNLISTED_SLAB:
		*ret = (struct ahead){.cpu = -1, .how = "its slab is on no list of free objects"};
		return;
	default:
		count_on_cpu(contents, place, ret);
	}
}
