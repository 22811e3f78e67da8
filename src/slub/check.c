/* SPDX-License-Identifier: MIT */
#include "slub/check.h"

#include "base/plural.h"

/* A slab on a list of @p node: the node's own, not frozen, and full only on the list of full ones.
 */
static void check_listed(const struct heap *heap, const struct slab *slab,
			 const struct node_contents *node, bool full, struct findings *findings,
			 struct finding_place place)
{
	const char *what = full ? "list of full slabs" : "partial list";
	dill_virt counters = slab->address + heap->layout.slab_inuse.offset;

	if (!slab->usable)
		return; /* reading the list has said why */
	place.slab = slab->address;
	if (slab->has_node && slab->node != node->node)
		findings_add_values(findings, FINDING_SLAB_STATE, &place,
				    slab->address + heap->layout.page_flags.offset, node->node,
				    slab->node, "slab of node %u is on the %s of node %u",
				    slab->node, what, node->node);
	if (slab->frozen)
		findings_add_values(findings, FINDING_SLAB_STATE, &place, counters, 0, 1,
				    "slab on the %s is frozen", what);
	if (full && slab->inuse < slab->objects)
		findings_add_values(findings, FINDING_SLAB_COUNTERS, &place, counters,
				    slab->objects, slab->inuse,
				    "slab on the %s counts %u of %u object%s in use", what,
				    slab->inuse, slab->objects, plural(slab->objects));
	/* A freelist says otherwise: then the counter is what reading the list has found wrong. */
	if (!full && slab->inuse == slab->objects && !slab->freelist)
		findings_add_values(findings, FINDING_SLAB_COUNTERS, &place, counters,
				    slab->objects - 1, slab->inuse,
				    "slab on the %s has no free object", what);
}

static void check_node(const struct heap *heap, const struct contents *contents,
		       const struct node_contents *node, struct findings *findings)
{
	const struct finding_place place = {
		.cache = contents->cache->name,
		.cpu = -1,
		.node = (int)node->node,
		.moving = node->moving,
	};

	for (size_t i = 0; i < node->partial.count; i++)
		check_listed(heap, &node->partial.items[i].slab, node, false, findings, place);
	for (size_t i = 0; i < node->full.count; i++)
		check_listed(heap, &node->full.items[i].slab, node, true, findings, place);
}

/* The first slab of a CPU's partial list counts it (mm/slub.c put_cpu_partial()). */
static void check_cpu(const struct heap *heap, const struct contents *contents,
		      const struct cpu_contents *cpu, struct findings *findings)
{
	const struct slab_list *list = &cpu->partial;
	const struct finding_place place = {
		.cache = contents->cache->name,
		.cpu = (int)cpu->cpu,
		.node = -1,
		.slab = list->count ? list->items[0].slab.address : 0,
		.moving = cpu->moving,
	};

	if (!heap->layout.slab_partial_count.present || !list->count || list->broken ||
	    list->items[0].slab.partial_count == list->count)
		return;
	findings_add_values(findings, FINDING_LIST_COUNT, &place,
			    list->items[0].slab.address + heap->layout.slab_partial_count.offset,
			    list->count, list->items[0].slab.partial_count,
			    "CPU partial list holds %zu slab%s, its first one counts %u",
			    list->count, plural(list->count), list->items[0].slab.partial_count);
}

/* A CPU always has a main sheaf; only its other two may be missing. */
static void check_sheaves(const struct heap *heap, const struct contents *contents,
			  const struct cpu_contents *cpu, struct findings *findings)
{
	const struct cpu_sheaves *sheaves = &cpu->sheaves;
	const struct finding_place place = {
		.cache = contents->cache->name,
		.cpu = (int)cpu->cpu,
		.node = -1,
		.moving = sheaves->moving,
	};

	if (sheaves->address && !sheaves->broken && !sheaves->main.address)
		findings_add(findings, FINDING_SHEAF, &place,
			     sheaves->address + heap->layout.pcs_main.offset,
			     "CPU has no main sheaf");
}

void lists_check(const struct heap *heap, const struct contents *contents,
		 struct findings *findings)
{
	for (size_t n = 0; n < contents->node_count; n++)
		check_node(heap, contents, &contents->nodes[n], findings);
	for (size_t c = 0; c < contents->cpu_count; c++) {
		check_cpu(heap, contents, &contents->cpus[c], findings);
		check_sheaves(heap, contents, &contents->cpus[c], findings);
	}
}
