/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "slub/contents.h"

/*
 * The per-CPU slab engine, from the first SLUB to 6.19 (mm/slub.c struct kmem_cache_cpu): each CPU
 * owns a slab, whose freelist it has taken for itself, and with SLUB_CPU_PARTIAL a chain of partial
 * slabs.
 */

/* Longest chain of a CPU that is followed; the kernel keeps a few dozen (cpu_partial_slabs). */
#define CPU_PARTIAL_MAX 4096

struct cpu_fields {
	dill_virt freelist, slab, partial;
};

static struct dill_error *read_fields(struct heap *heap, dill_virt address, struct cpu_fields *ret)
{
	const struct layout *l = &heap->layout;
	uint8_t buffer[512];
	struct span bytes = {buffer, l->cpu_struct_size < sizeof(buffer) ? l->cpu_struct_size
									 : sizeof(buffer)};

	TRY(kernel_read(heap->kernel, address, buffer, bytes.size));
	ret->freelist = member_get(l->cpu_freelist, bytes);
	ret->slab = member_get(l->cpu_slab, bytes);
	ret->partial = member_get(l->cpu_partial, bytes);
	return NULL;
}

static bool already_listed(const struct slab_list *list, dill_virt address)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].slab.address == address)
			return true;
	return false;
}

/* Follow a CPU's chain of partial slabs from @p first. */
static struct dill_error *read_partial(struct heap *heap, const struct cache *cache,
				       dill_virt first, const struct finding_place *place,
				       struct arena *arena, struct findings *findings,
				       struct slab_list *ret)
{
	ARRAY(struct listed_slab) found = {0};
	struct dill_error *error = NULL;
	dill_virt address = first;

	*ret = (struct slab_list){0};
	while (address && !error) {
		struct listed_slab item = {0};

		if (found.count == CPU_PARTIAL_MAX || already_listed(ret, address)) {
			findings_add_values(findings, FINDING_LIST_CYCLE, place, address, 0,
					    address, "CPU partial list comes back to slab %#lx",
					    (unsigned long)address);
			ret->broken = true;
			break;
		}
		error = slab_read(heap, cache, address, place, findings, &item.slab);
		if (error)
			break;
		if (!item.slab.base) { /* no descriptor there: slab_read() has said so */
			ret->broken = true;
			break;
		}
		error = array_push(&found, item);
		ret->items = found.items;
		ret->count = found.count;
		/* A page that is no slab of this cache has something else where the link would be.
		 */
		ret->broken = !item.slab.usable;
		address = item.slab.usable ? item.slab.next : 0;
	}
	ret->items = NULL;
	if (!error && found.count) {
		ret->items = arena_alloc_array(arena, found.count, sizeof(*ret->items));
		if (ret->items)
			memcpy(ret->items, found.items, found.count * sizeof(*ret->items));
		else
			error = error_no_memory();
	}
	array_free(&found);
	return error;
}

/* The CPU's own slab with its two freelists. */
static struct dill_error *walk_own(struct heap *heap, const struct cache *cache,
				   const struct cpu_fields *fields,
				   const struct finding_place *place, struct arena *arena,
				   struct findings *findings, struct cpu_contents *cpu)
{
	struct finding_place here = *place;

	here.slab = cpu->slab.address;
	TRY(slabs_prefetch(heap, cache, &cpu->slab, 1));
	TRY(freelist_walk(heap, cache, &cpu->slab, fields->freelist, "CPU freelist", &here, arena,
			  findings, &cpu->lockless));
	TRY(freelist_walk(heap, cache, &cpu->slab, cpu->slab.freelist, "slab freelist", &here,
			  arena, findings, &cpu->remote));

	uint32_t expected = cpu->slab.objects - cpu->slab.inuse;

	if (!cpu->remote.broken && cpu->remote.count != expected)
		findings_add_values(
			findings, FINDING_FREELIST_COUNT, &here,
			cpu->slab.address + heap->layout.slab_inuse.offset, expected,
			cpu->remote.count,
			"freelist of the CPU's slab holds %u objects, the slab's counters say %u",
			cpu->remote.count, expected);
	/* What the CPU has taken counts as in use, so its freelist cannot be longer than that. */
	if (!cpu->lockless.broken && cpu->lockless.count > cpu->slab.inuse)
		findings_add_values(
			findings, FINDING_FREELIST_COUNT, &here,
			cpu->slab.address + heap->layout.slab_inuse.offset, cpu->slab.inuse,
			cpu->lockless.count,
			"CPU freelist holds %u objects, of which the slab counts only %u as taken",
			cpu->lockless.count, cpu->slab.inuse);
	return NULL;
}

static struct dill_error *read_cpu(struct heap *heap, const struct cache *cache,
				   enum contents_detail detail, struct arena *arena,
				   struct findings *findings, struct cpu_contents *cpu)
{
	struct finding_place place = {.cache = cache->name, .cpu = (int)cpu->cpu, .node = -1};
	struct cpu_fields fields;
	struct dill_error *error = read_fields(heap, cpu->address, &fields);

	if (error)
		return findings_absorb(findings, &place,
				       dill_error_add_context(error, "struct kmem_cache_cpu"));
	if (fields.slab) {
		TRY(slab_read(heap, cache, fields.slab, &place, findings, &cpu->slab));
		cpu->has_slab = true;
		if (cpu->slab.usable && detail == CONTENTS_FREELISTS)
			TRY(walk_own(heap, cache, &fields, &place, arena, findings, cpu));
	} else if (fields.freelist) {
		findings_add_values(findings, FINDING_POINTER, &place,
				    cpu->address + heap->layout.cpu_freelist.offset, 0,
				    fields.freelist, "CPU has a freelist but no slab");
	}
	TRY(read_partial(heap, cache, fields.partial, &place, arena, findings, &cpu->partial));
	if (detail == CONTENTS_FREELISTS)
		TRY(slab_list_walk(heap, cache, &cpu->partial, &place, arena, findings));
	return NULL;
}

static struct dill_error *list_cpus(struct heap *heap, struct contents *contents,
				    const struct contents_filter *filter, struct arena *arena)
{
	unsigned limit = kernel_cpu_limit(heap->kernel);

	contents->cpus = arena_alloc_array(arena, limit + 1, sizeof(*contents->cpus));
	if (!contents->cpus)
		return error_no_memory();
	for (unsigned cpu = 0; cpu < limit; cpu++) {
		if (!kernel_cpu_possible(heap->kernel, cpu) ||
		    (filter->cpu >= 0 && (unsigned)filter->cpu != cpu))
			continue;
		contents->cpus[contents->cpu_count++] = (struct cpu_contents){
			.cpu = cpu,
			.online = kernel_cpu_online(heap->kernel, cpu),
			.address =
				kernel_percpu_address(heap->kernel, contents->cache->cpu_slab, cpu),
		};
	}
	return NULL;
}

struct dill_error *cpu_slabs_read(struct heap *heap, struct contents *contents, size_t count,
				  enum contents_detail detail, const struct contents_filter *filter,
				  struct arena *arena, struct findings *findings)
{
	ARRAY(dill_virt) addresses = {0};
	struct dill_error *error = NULL;

	if (!heap->layout.cache_cpu_slab.present)
		return NULL;
	for (size_t i = 0; i < count && !error; i++) {
		if (!contents[i].cache->cpu_slab)
			continue;
		error = list_cpus(heap, &contents[i], filter, arena);
		for (size_t c = 0; c < contents[i].cpu_count && !error; c++)
			error = array_push(&addresses, contents[i].cpus[c].address);
	}
	if (!error)
		error = kernel_prefetch(heap->kernel, addresses.items, addresses.count);
	array_free(&addresses);
	for (size_t i = 0; i < count && !error; i++) {
		for (size_t c = 0; c < contents[i].cpu_count && !error; c++)
			error = read_cpu(heap, contents[i].cache, detail, arena, findings,
					 &contents[i].cpus[c]);
	}
	return error;
}
