/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "answer/gap_record.h"
#include "command/fill_finding.h"
#include "command/fill_slab.h"
#include "command/registry.h"
#include "slub/gone_cache.h"

/* An address in the array of struct pages stands for the memory of its page: *ret_is_page then. */
static dill_virt memory_of(struct kernel *kernel, dill_virt address, bool *ret_is_page)
{
	const struct memory_map *map = kernel_memory_map(kernel);
	dill_virt page;

	*ret_is_page = false;
	if (!map->page_struct_size || address < map->vmemmap)
		return address;
	page = address - (address - map->vmemmap) % map->page_struct_size;
	*ret_is_page = kernel_is_page_struct(kernel, page);
	return *ret_is_page ? kernel_page_to_virt(kernel, page) : address;
}

static struct dill_error *no_cache(struct survey *survey, dill_virt address,
				   const struct located *located)
{
	const char *what;

	TRY(gone_cache_text(survey->heap, &survey->all, located->cache_address, &what));
	return dill_error_new(DILL_ERROR_BAD_DATA,
			      "0x%" PRIx64 " is in the slab 0x%" PRIx64 ", which names 0x%" PRIx64
			      " as its cache: that %s; by the "
			      "slab's counters %u of its %u objects are in use",
			      address, located->slab.address, located->cache_address, what,
			      located->slab.inuse, located->slab.objects);
}

static struct dill_error *locate(struct survey *survey, dill_virt address, struct located *ret)
{
	bool is_page;
	dill_virt memory = memory_of(survey->heap->kernel, address, &is_page);

	TRY(heap_locate(survey->heap, &survey->all, memory, survey->findings, ret));
	if (ret->kfence)
		return dill_error_new(
			DILL_ERROR_NOT_FOUND,
			"0x%" PRIx64 " is in KFENCE's pool, where no object is in a slab: ask kobj",
			address);
	if (!ret->in_slab)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "0x%" PRIx64 " is in no slab", address);
	if (!ret->cache)
		return no_cache(survey, address, ret);
	if (is_page) /* the whole slab is meant */
		ret->in_slot = false;
	return NULL;
}

static struct dill_error *run(struct command_call *call)
{
	struct findings findings = findings_new(call);
	_cleanup_(survey_deinitp)
	struct survey survey = {0};
	struct slab_map map = {0};
	struct located located;
	struct dill_record *record;
	struct heap *heap;
	dill_virt address;

	TRY(session_heap(call->session, &heap));
	TRY(session_address(call->session, call->arguments[0], &address));
	TRY(survey_init(heap, call->arena, &findings, &survey));
	TRY(locate(&survey, address, &located));
	if (heap->layout.cache_cpu_sheaves.present) /* for sheaves that no list leads to */
		TRY(survey_scan(&survey, &survey.all));
	if (located.slab.usable)
		TRY(slab_map_make(&survey, located.cache, &located.slab, call->arena, &map));
	TRY(slab_detail_record(&map, &located, address, call->arena, &record));
	TRY(call->sink->emit(call->sink, record));
	return survey_emit(call, &survey, &findings);
}

static const struct dill_record_kind *const kinds[] = {&slab_detail_kind, &gap_kind,
						       &finding_record_kind, NULL};

const struct command kslab_command = {
	.name = "kslab",
	.summary = "Show the slab that an address lies in, a character for each object",
	.help = "ADDRESS may be an object, anything inside of one or of its slab, or the slab's\n"
		"struct slab or struct page.\n"
		"\n"
		"Every object of the slab is one character, in order of address; ^ marks the one\n"
		"that ADDRESS is in. Only these occur:\n"
		"  #  live: allocated\n"
		"  c  on a CPU's freelist      m  in a CPU's main sheaf    s  in its spare sheaf\n"
		"  b  in a node's barn         l  in a sheaf that someone has taken for itself\n"
		"  .  free, on the freelist of this slab\n"
		"  r  in a CPU's sheaf of kfree_rcu()    g  in a sheaf in a grace period\n"
		"  k  in a batch of kfree_rcu()          d  in a deferred free\n"
		"  q  in KASAN's quarantine              t  kept for a grace period "
		"(SLUB_RCU_DEBUG)\n"
		"  x  its whole slab is given back after a grace period\n"
		"  ?  unknown: on no list, but a list that could hold it is broken or unreadable\n"
		"With --json `map` has the same characters and `states` one record per object.\n"
		"\n"
		"Examples:\n"
		"  kslab 0xffff8d88c22a4240\n"
		"  kslab 0xffff8d88c22a4240 --json\n",
	.arguments = {{"ADDRESS", ARGUMENT_ADDRESS}},
	.needs_target = true,
	.kinds = kinds,
	.run = run,
};
