/* SPDX-License-Identifier: MIT */
#include "slub/places.h"

struct visit {
	place_visitor visit;
	void *context;
};

static struct dill_error *visit_freelist(const struct visit *to, const struct freelist *freelist,
					 struct place place)
{
	for (; place.position < freelist->count; place.position++)
		TRY(to->visit(to->context, freelist->objects[place.position], &place));
	return NULL;
}

static struct dill_error *visit_slabs(const struct visit *to, const struct slab_list *list,
				      struct place place)
{
	for (; place.list < list->count; place.list++) {
		place.container = list->items[place.list].slab.address;
		TRY(visit_freelist(to, &list->items[place.list].freelist, place));
	}
	return NULL;
}

static struct dill_error *visit_sheaf(const struct visit *to, const struct sheaf *sheaf,
				      struct place place)
{
	place.container = sheaf->address;
	for (; sheaf->objects && place.position < sheaf->size; place.position++)
		TRY(to->visit(to->context, sheaf->objects[place.position], &place));
	return NULL;
}

static struct dill_error *visit_sheaves(const struct visit *to, const struct sheaf_list *list,
					struct place place)
{
	for (size_t i = 0; i < list->count; i++, place.list++)
		TRY(visit_sheaf(to, &list->items[i], place));
	return NULL;
}

static struct dill_error *visit_cpu(const struct visit *to, const struct cpu_contents *cpu)
{
	struct place place = {.cpu = (int)cpu->cpu, .node = -1};

	place.moving = cpu->moving;
	place.container = cpu->slab.address;
	place.kind = PLACE_CPU_FREELIST;
	TRY(visit_freelist(to, &cpu->lockless, place));
	place.kind = PLACE_CPU_SLAB;
	TRY(visit_freelist(to, &cpu->remote, place));
	place.kind = PLACE_CPU_PARTIAL;
	TRY(visit_slabs(to, &cpu->partial, place));
	place.moving = cpu->sheaves.moving;
	place.kind = PLACE_MAIN_SHEAF;
	TRY(visit_sheaf(to, &cpu->sheaves.main, place));
	place.kind = PLACE_SPARE_SHEAF;
	TRY(visit_sheaf(to, &cpu->sheaves.spare, place));
	place.kind = PLACE_RCU_SHEAF;
	return visit_sheaf(to, &cpu->sheaves.rcu_free, place);
}

static struct dill_error *visit_node(const struct visit *to, const struct node_contents *node)
{
	struct place place = {.cpu = -1, .node = (int)node->node, .kind = PLACE_BARN};

	place.moving = node->barn.moving;
	TRY(visit_sheaves(to, &node->barn.full, place));
	place.list = (uint32_t)node->barn.full.count;
	TRY(visit_sheaves(to, &node->barn.empty, place));
	place.moving = node->moving;
	place.list = 0;
	place.kind = PLACE_NODE_PARTIAL;
	TRY(visit_slabs(to, &node->partial, place));
	place.kind = PLACE_NODE_FULL;
	return visit_slabs(to, &node->full, place);
}

struct dill_error *places_visit(const struct contents *contents, const struct waiting *waiting,
				place_visitor visit, void *context)
{
	struct visit to = {visit, context};

	for (size_t c = 0; c < contents->cpu_count; c++)
		TRY(visit_cpu(&to, &contents->cpus[c]));
	for (size_t n = 0; n < contents->node_count; n++)
		TRY(visit_node(&to, &contents->nodes[n]));
	for (size_t i = 0; waiting && i < waiting->count; i++) {
		const struct waiting_object *item = &waiting->items[i];
		struct place place = {
			.kind = item->kind,
			.cpu = item->cpu,
			.node = -1,
			.position = item->position,
			.container = item->container,
			.moving = waiting->moving,
		};

		/* Of a sheaf on no list: who has it may be emptying it, and counts that at the end.
		 */
		if (item->cpu < 0 && item->kind != PLACE_QUARANTINE)
			place.moving = "the sheaf is in use, on no list";

		if (item->cache == contents->cache->address)
			TRY(visit(context, item->object, &place));
	}
	return NULL;
}
