/* SPDX-License-Identifier: MIT */
#include "fields.h"

#include <stddef.h>
#include <string.h>

#include "slub/survey.h"

/* Most structs of a kind that are noted: of slabs and objects a sample will do. */
#define GROUP_MAX 20000u

/* Names in layout.def start with the kind of struct; the others are chosen by hand. */
static const char *const prefixes[FIELD_GROUPS] = {
	[FIELD_CACHE] = "cache_",	 [FIELD_CPU] = "cpu_",
	[FIELD_SHEAVES] = "pcs_",	 [FIELD_SHEAF] = "sheaf_",
	[FIELD_BARN] = "barn_",		 [FIELD_NODE] = "node_",
	[FIELD_SLAB] = "slab_",		 [FIELD_PAGE] = "page_",
	[FIELD_LIST] = "list_",		 [FIELD_KFREE_RCU] = "krc_",
	[FIELD_KFREE_RCU_WORK] = "krw_", [FIELD_BULK] = "bulk_",
	[FIELD_DEFERRED] = "defer_",	 [FIELD_RCU] = "rcu_",
};

static const struct {
	const char *name;
	size_t at; /* of its struct member in struct layout */
} members[] = {
#define MEMBER(id, structs, paths, need, note) {#id, offsetof(struct layout, id)},
#include "slub/layout.def"
#undef MEMBER
};

#define MEMBERS (sizeof(members) / sizeof(*members))

/* What every answer rests on. */
static const char *const variables[] = {
	"nr_cpu_ids",	       "nr_node_ids",	   "__per_cpu_offset", "__cpu_online_mask",
	"__cpu_possible_mask", "page_offset_base", "vmemmap_base",     "max_pfn",
	"slab_caches",	       "init_task",	   "phys_base",	       "linux_banner",
};

static struct dill_error *note(struct fields *fields, enum field_group group, dill_virt address)
{
	if (!address || fields->groups[group].count == GROUP_MAX)
		return NULL;
	return array_push(&fields->groups[group], address);
}

static struct dill_error *note_objects(struct fields *fields, const struct cache *cache,
				       const struct freelist *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (fields->groups[FIELD_FREE_POINTER].count == GROUP_MAX)
			return NULL;
		TRY(note(fields, FIELD_FREE_POINTER, list->objects[i] + cache->offset));
		TRY(array_push(&fields->keys, cache->random));
	}
	return NULL;
}

static struct dill_error *note_slabs(struct fields *fields, const struct cache *cache,
				     const struct slab_list *list)
{
	const struct layout *l = &fields->heap->layout;

	for (size_t i = 0; i < list->count; i++) {
		TRY(note(fields, FIELD_SLAB, list->items[i].slab.address));
		TRY(note(fields, FIELD_PAGE, list->items[i].slab.address));
		TRY(note(fields, FIELD_LIST, list->items[i].slab.address + l->slab_list.offset));
		TRY(note_objects(fields, cache, &list->items[i].freelist));
	}
	return NULL;
}

static struct dill_error *note_sheaf(struct fields *fields, const struct sheaf *sheaf)
{
	const struct layout *l = &fields->heap->layout;

	TRY(note(fields, FIELD_SHEAF, sheaf->address));
	if (sheaf->address)
		TRY(note(fields, FIELD_RCU, sheaf->address + l->sheaf_rcu.offset));
	for (uint32_t i = 0; i < sheaf->size; i++)
		TRY(note(fields, FIELD_SHEAF_SLOT,
			 sheaf->address + l->sheaf_objects.offset + i * 8u));
	return NULL;
}

static struct dill_error *note_cpu(struct fields *fields, const struct cache *cache,
				   const struct cpu_contents *cpu)
{
	TRY(note(fields, FIELD_CPU, cpu->address));
	TRY(note(fields, FIELD_SHEAVES, cpu->sheaves.address));
	TRY(note_sheaf(fields, &cpu->sheaves.main));
	TRY(note_sheaf(fields, &cpu->sheaves.spare));
	TRY(note_sheaf(fields, &cpu->sheaves.rcu_free));
	if (cpu->has_slab)
		TRY(note(fields, FIELD_SLAB, cpu->slab.address));
	TRY(note_objects(fields, cache, &cpu->lockless));
	TRY(note_objects(fields, cache, &cpu->remote));
	return note_slabs(fields, cache, &cpu->partial);
}

static struct dill_error *note_node(struct fields *fields, const struct cache *cache,
				    const struct node_contents *node)
{
	const struct layout *l = &fields->heap->layout;

	TRY(note(fields, FIELD_NODE, node->address));
	if (node->address)
		TRY(note(fields, FIELD_LIST, node->address + l->node_partial.offset));
	TRY(note_slabs(fields, cache, &node->partial));
	TRY(note_slabs(fields, cache, &node->full));
	if (!node->barn.address)
		return NULL;
	TRY(note(fields, FIELD_BARN, node->barn.address));
	TRY(note(fields, FIELD_LIST, node->barn.address + l->barn_full.offset));
	for (size_t i = 0; i < node->barn.full.count; i++)
		TRY(note_sheaf(fields, &node->barn.full.items[i]));
	for (size_t i = 0; i < node->barn.empty.count; i++)
		TRY(note_sheaf(fields, &node->barn.empty.items[i]));
	return NULL;
}

static struct dill_error *note_cache(struct fields *fields, const struct survey *survey,
				     const struct cache *cache)
{
	const struct reading reading =
		reading_start(fields->heap, CONTENTS_FREELISTS, survey->arena, survey->findings);
	struct contents contents;

	TRY(note(fields, FIELD_CACHE, cache->address));
	TRY(note(fields, FIELD_LIST, cache->address + fields->heap->layout.cache_list.offset));
	TRY(contents_read(&reading, cache, 1, &contents));
	for (size_t i = 0; i < contents.cpu_count; i++)
		TRY(note_cpu(fields, cache, &contents.cpus[i]));
	for (size_t i = 0; i < contents.node_count; i++)
		TRY(note_node(fields, cache, &contents.nodes[i]));
	return NULL;
}

/* A per-CPU variable of every CPU. */
static struct dill_error *note_percpu(struct fields *fields, enum field_group group,
				      const char *symbol)
{
	struct kernel *kernel = fields->heap->kernel;
	dill_virt address;

	if (!kernel_has_symbol(kernel, symbol, &address))
		return NULL;
	for (unsigned cpu = 0; cpu < kernel_cpu_limit(kernel); cpu++)
		if (kernel_cpu_possible(kernel, cpu))
			TRY(note(fields, group, kernel_percpu_address(kernel, address, cpu)));
	return NULL;
}

static struct dill_error *note_waiting(struct fields *fields, const struct waiting *waiting)
{
	const struct layout *l = &fields->heap->layout;
	uint64_t works = l->krw_struct_size ? l->krc_works.size / l->krw_struct_size : 0;

	TRY(note_percpu(fields, FIELD_KFREE_RCU, "krc"));
	for (size_t i = 0; i < fields->groups[FIELD_KFREE_RCU].count; i++)
		for (uint64_t work = 0; work < works; work++)
			TRY(note(fields, FIELD_KFREE_RCU_WORK,
				 fields->groups[FIELD_KFREE_RCU].items[i] + l->krc_works.offset +
					 work * l->krw_struct_size));
	TRY(note_percpu(fields, FIELD_DEFERRED, "defer_free_objects"));
	TRY(note_percpu(fields, FIELD_DEFERRED, "deferred_percpu_work"));
	TRY(note_percpu(fields, FIELD_RCU, "rcu_data"));
	for (size_t i = 0; i < waiting->count; i++)
		TRY(note(fields,
			 waiting->items[i].kind == PLACE_KFREE_RCU ? FIELD_BULK : FIELD_SHEAF,
			 waiting->items[i].container));
	return NULL;
}

static struct dill_error *note_variables(struct fields *fields)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		dill_virt address;

		if (kernel_has_symbol(fields->heap->kernel, variables[i], &address))
			TRY(note(fields, FIELD_VARIABLE, address));
	}
	return NULL;
}

/* Slabs that are on no list, found by their struct pages. */
static struct dill_error *note_scanned(struct fields *fields, struct survey *survey)
{
	TRY(survey_scan(survey, &survey->all));
	for (size_t i = 0; i < survey->scan.count; i++) {
		TRY(note(fields, FIELD_SLAB, survey->scan.items[i].slab.address));
		TRY(note(fields, FIELD_PAGE, survey->scan.items[i].slab.address));
	}
	return NULL;
}

static struct dill_error *collect(struct fields *fields, struct survey *survey)
{
	TRY(note_variables(fields));
	for (size_t i = 0; i < survey->all.count; i++)
		TRY(note_cache(fields, survey, &survey->all.items[i]));
	TRY(note_waiting(fields, &survey->waiting));
	return note_scanned(fields, survey);
}

struct dill_error *fields_collect(struct heap *heap, struct fields *ret)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	_cleanup_(survey_deinitp)
	struct survey survey = {0};

	*ret = (struct fields){.heap = heap};
	TRY(arena_new(&arena));

	struct findings findings = {.arena = arena};

	TRY(survey_init(heap, arena, &findings, &survey));
	return collect(ret, &survey);
}

void fields_deinit(struct fields *fields)
{
	for (size_t i = 0; i < FIELD_GROUPS; i++)
		array_free(&fields->groups[i]);
	array_free(&fields->keys);
}

/* A member of a struct of this kind that this kernel has; false when it has none. */
static bool choose_member(const struct fields *fields, const char *prefix, struct dice *dice,
			  struct member *ret)
{
	size_t start = dice_pick(dice, MEMBERS);

	for (size_t i = 0; i < MEMBERS; i++) {
		size_t at = (start + i) % MEMBERS;

		memcpy(ret, (const char *)&fields->heap->layout + members[at].at, sizeof(*ret));
		if (ret->present && !strncmp(members[at].name, prefix, strlen(prefix)))
			return true;
	}
	return false;
}

struct forged_field fields_choose(const struct fields *fields, struct dice *dice)
{
	for (;;) {
		enum field_group group = dice_pick(dice, FIELD_GROUPS);
		struct member member = {.size = 8};
		size_t index;

		if (!fields->groups[group].count)
			continue;
		index = dice_pick(dice, fields->groups[group].count);
		if (prefixes[group] && !choose_member(fields, prefixes[group], dice, &member))
			continue;

		struct forged_field field = {group,
					     fields->groups[group].items[index] + member.offset,
					     member.size < 8 ? member.size : 8};

		/* Of arrays and large members any word. */
		if (member.size > 8)
			field.address += dice_pick(dice, member.size / 8) * 8;
		if (group == FIELD_VARIABLE)
			field.address += dice_pick(dice, 2) * dice_pick(dice, 16) * 8;
		if (group == FIELD_FREE_POINTER)
			field.key = fields->keys.items[index];
		if (field.size)
			return field;
	}
}

dill_virt fields_address_of(const struct fields *fields, enum field_group group, struct dice *dice)
{
	size_t count = fields->groups[group].count;

	return count ? fields->groups[group].items[dice_pick(dice, count)] : 0;
}

dill_virt fields_address(const struct fields *fields, struct dice *dice)
{
	dill_virt address = 0;

	while (!address)
		address = fields_address_of(fields, dice_pick(dice, FIELD_GROUPS), dice);
	return address;
}
