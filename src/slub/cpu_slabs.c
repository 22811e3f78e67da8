/* SPDX-License-Identifier: MIT */
#include "slub/cpu_slabs.h"

#include <inttypes.h>
#include <string.h>

#include "base/plural.h"
#include "slub/claim.h"
#include "slub/lock.h"

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

/* A copy of a struct kmem_cache_cpu. */
struct cpu_copy {
	uint8_t buffer[512];
	struct span bytes;
};

static struct dill_error *copy_cpu(struct heap *heap, dill_virt address, struct cpu_copy *ret)
{
	uint64_t size = heap->layout.cpu_struct_size;

	ret->bytes =
		(struct span){ret->buffer, size < sizeof(ret->buffer) ? size : sizeof(ret->buffer)};
	return kernel_read(heap->kernel, address, ret->buffer, ret->bytes.size);
}

static struct dill_error *read_fields(struct heap *heap, dill_virt address, struct cpu_fields *ret)
{
	const struct layout *l = &heap->layout;
	struct cpu_copy copy;

	TRY(copy_cpu(heap, address, &copy));

	struct span bytes = copy.bytes;

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

/* Follow a CPU's chain of partial slabs from @p first, which was read at @p slot. */
static struct dill_error *read_partial(const struct reading *reading, dill_virt first,
				       dill_virt slot, struct slab_list *ret)
{
	ARRAY(struct listed_slab) found = {0};
	struct dill_error *error = NULL;
	dill_virt address = first;

	*ret = (struct slab_list){0};
	while (address && !error) {
		struct slab_pointer from = {.slot = slot};
		struct listed_slab item = {.slot = slot};

		if (found.count == CPU_PARTIAL_MAX || already_listed(ret, address)) {
			finding_set_pointer(findings_add_seen(
				reading->findings, FINDING_LIST_CYCLE, &reading->where, slot,
				address, "CPU partial list comes back to slab 0x%" PRIx64,
				address));
			ret->broken = true;
			break;
		}
		error = slab_read(reading, address, &from, &item.slab);
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
		slot = address + reading->heap->layout.slab_next.offset;
		address = item.slab.usable ? item.slab.next : 0;
	}
	ret->items = NULL;
	if (!error && found.count) {
		ret->items = arena_alloc_array(reading->arena, found.count, sizeof(*ret->items));
		if (ret->items)
			memcpy(ret->items, found.items, found.count * sizeof(*ret->items));
		else
			error = error_no_memory();
	}
	array_free(&found);
	return error;
}

/* The CPU's own slab: the freelist that the CPU has taken, and the slab's own, which other CPUs
 * have freed to. */
static struct dill_error *walk_own(const struct reading *reading, const struct cpu_fields *fields,
				   struct cpu_contents *cpu)
{
	struct heap *heap = reading->heap;
	const struct slab *own = &cpu->slab;
	const struct freelist_head remote = slab_freelist_head(heap, own);
	const struct reading here = reading_of_slab(reading, own->address);
	const struct freelist_head head = {
		fields->freelist, cpu->address + heap->layout.cpu_freelist.offset, "CPU freelist"};

	if (reading->detail == CONTENTS_FREELISTS)
		TRY(slabs_prefetch(heap, reading->cache, &own, 1));
	TRY(freelist_walk(&here, own, &head, &cpu->lockless));
	if (reading->detail == CONTENTS_FREELISTS) {
		TRY(freelist_walk(&here, own, &remote, &cpu->remote));
		freelist_check_count(&here, own, "freelist of the CPU's slab", &cpu->remote);
	}
	/* What the CPU has taken counts as in use, so its freelist cannot be longer than that. */
	if (!cpu->lockless.broken && cpu->lockless.count > cpu->slab.inuse)
		findings_add_values(
			here.findings, FINDING_FREELIST_COUNT, &here.where,
			cpu->slab.address + heap->layout.slab_inuse.offset, cpu->slab.inuse,
			cpu->lockless.count,
			"CPU freelist holds %u object%s, of which the slab counts only %u as taken",
			cpu->lockless.count, plural(cpu->lockless.count), cpu->slab.inuse);
	return NULL;
}

/*
 * The freelists of the CPUs' slabs lead through their memory in random order, page by page: with
 * many caches that is fetched in one request, the first page of the freelist of each.
 */
static struct dill_error *prefetch_own_slabs(struct heap *heap, const struct contents *contents,
					     size_t count)
{
	ARRAY(dill_virt) addresses = {0};
	struct dill_error *error = NULL;

	for (size_t i = 0; i < count && !error; i++) {
		for (size_t c = 0; c < contents[i].cpu_count && !error; c++) {
			dill_virt at = contents[i].cpus[c].address;
			struct cpu_fields fields = {0};

			if (!at)
				continue;
			error = read_fields(heap, at, &fields);
			if (error && !error_is_fatal(error)) {
				dill_error_free(error); /* said again when it is shown */
				error = NULL;
			}
			if (!error && fields.freelist)
				error = array_push(&addresses, fields.freelist);
			if (!error && fields.slab)
				error = array_push(&addresses, fields.slab);
			if (!error && fields.partial)
				error = array_push(&addresses, fields.partial);
		}
	}
	if (!error)
		error = kernel_prefetch(heap->kernel, addresses.items, addresses.count);
	array_free(&addresses);
	return error;
}

/*
 * The slab that a CPU's freelist lies in, by its first object: the CPU's pointer to the slab must
 * say the same. 0 when the freelist is no witness.
 */
static struct dill_error *slab_of_freelist(struct heap *heap, const struct cache *cache,
					   dill_virt freelist, dill_virt *ret)
{
	enum object_claim claim;
	dill_virt page;

	*ret = 0;
	if (!freelist)
		return NULL;
	TRY(object_check(heap, cache, freelist, &claim));
	if (claim != CLAIM_TRUE)
		return NULL;
	TRY(kernel_virt_to_page(heap->kernel, freelist, &page));
	return kernel_page_head(heap->kernel, page, ret);
}

/* Whether the page's memory begins where the CPU's freelist lies, though it names another cache. */
static bool holds_freelist(struct heap *heap, const struct cache *cache,
			   const struct cpu_fields *fields)
{
	dill_virt base = kernel_is_page_struct(heap->kernel, fields->slab)
				 ? kernel_page_to_virt(heap->kernel, fields->slab)
				 : 0;

	return base && fields->freelist >= base &&
	       fields->freelist - base < (uint64_t)cache->objects_per_slab * cache->size;
}

/* The CPU has a freelist but no slab: the one that is wrong is the pointer, if the freelist is. */
static void report_lone_freelist(const struct reading *reading, const struct cpu_fields *fields,
				 dill_virt expected, dill_virt cpu)
{
	const struct layout *l = &reading->heap->layout;

	if (expected)
		finding_set_pointer(findings_add_values(
			reading->findings, FINDING_POINTER, &reading->where,
			cpu + l->cpu_slab.offset, expected, 0, "CPU has a freelist but no slab"));
	else
		finding_set_pointer(
			findings_add_values(reading->findings, FINDING_POINTER, &reading->where,
					    cpu + l->cpu_freelist.offset, 0, fields->freelist,
					    "CPU has a freelist but no slab"));
}

static struct dill_error *read_own(const struct reading *reading, const struct cpu_fields *fields,
				   struct cpu_contents *cpu)
{
	struct heap *heap = reading->heap;
	struct slab_pointer from = {.slot = cpu->address + heap->layout.cpu_slab.offset};

	TRY(slab_of_freelist(heap, reading->cache, fields->freelist, &from.expected));
	if (!fields->slab) {
		if (fields->freelist)
			report_lone_freelist(reading, fields, from.expected, cpu->address);
		return NULL;
	}
	from.sure = holds_freelist(heap, reading->cache, fields);
	TRY(slab_read(reading, fields->slab, &from, &cpu->slab));
	cpu->has_slab = true;
	/* A CPU's slab is frozen; where its freelist lies in another slab, one of both is not its.
	 */
	if (cpu->slab.usable && !cpu->slab.frozen && from.expected &&
	    from.expected != fields->slab) {
		finding_set_pointer(findings_add_values(
			reading->findings, FINDING_POINTER, &reading->where, from.slot,
			from.expected, fields->slab,
			"the CPU's freelist lies in another slab than the CPU has"));
		cpu->slab.usable = false;
	}
	cpu->broken = !cpu->slab.usable;
	return cpu->slab.usable ? walk_own(reading, fields, cpu) : NULL;
}

static struct dill_error *read_lists(const struct reading *reading, struct cpu_contents *cpu)
{
	struct heap *heap = reading->heap;
	struct cpu_fields fields;
	struct dill_error *error = read_fields(heap, cpu->address, &fields);

	cpu->broken = error;
	if (error)
		return findings_absorb_at(reading->findings, &reading->where,
					  reading->cache->address +
						  heap->layout.cache_cpu_slab.offset,
					  reading->cache->cpu_slab,
					  dill_error_add_context(error, "struct kmem_cache_cpu"));
	TRY(read_own(reading, &fields, cpu));
	TRY(read_partial(reading, fields.partial, cpu->address + heap->layout.cpu_partial.offset,
			 &cpu->partial));
	if (reading->detail == CONTENTS_FREELISTS)
		TRY(slab_list_walk(reading, &cpu->partial));
	return NULL;
}

/* Whether the CPU was stopped in what changes a struct kmem_cache_cpu. */
static struct dill_error *is_inside(struct heap *heap, unsigned cpu, bool *ret)
{
	/*
	 * What changes more of a struct kmem_cache_cpu or of its slab than one atomic exchange
	 * does, with interrupts off. 5.10's deactivate_slab() returns the CPU's free objects one by
	 * one, and clears the pointers to them and to the slab when that may be gone already.
	 */
	static const char *const functions[] = {
		"___slab_alloc",
		"__slab_alloc",
		"deactivate_slab",
		"flush_cpu_slab",
		"put_cpu_partial",
		"unfreeze_partials",
		"__unfreeze_partials",
		"put_partials",
		"kmem_cache_alloc_bulk",
		"__kmem_cache_alloc_bulk",
		"kmem_cache_alloc_bulk_noprof",
		NULL,
	};

	return kernel_cpu_inside(heap->kernel, cpu, functions, ret);
}

/* Whether the struct has a lock that is held: where threads can be preempted with it (PREEMPT_RT)
 * the CPU may be anywhere. */
static struct dill_error *is_locked(struct heap *heap, const struct cache *cache, unsigned cpu,
				    bool *ret)
{
	const struct lock *lock = &heap->layout.cpu_lock;
	struct cpu_copy copy;
	struct dill_error *error;

	if (!cache || !lock_tells(lock))
		return NULL;
	error = copy_cpu(heap, kernel_percpu_address(heap->kernel, cache->cpu_slab, cpu), &copy);
	if (!error)
		*ret = lock_is_held(lock, copy.bytes);
	else if (error_is_fatal(error))
		return error;
	dill_error_free(error);
	return NULL;
}

struct dill_error *cpu_slab_moves(struct heap *heap, const struct cache *cache, unsigned cpu,
				  const char **ret)
{
	bool locked = false, inside = false;

	*ret = NULL;
	TRY(is_locked(heap, cache, cpu, &locked));
	if (!locked)
		TRY(is_inside(heap, cpu, &inside));
	if (locked)
		*ret = "the CPU's slab is locked";
	else if (inside)
		*ret = "the CPU was stopped inside the allocator";
	return NULL;
}

static struct dill_error *read_cpu(const struct reading *all, const struct cache *cache,
				   struct cpu_contents *cpu)
{
	const struct reading reading = reading_of_cpu(all, cache, cpu->cpu, NULL);
	struct findings_mark mark = findings_mark(all->findings);

	TRY(read_lists(&reading, cpu));
	if (!findings_since(all->findings, mark))
		return NULL;
	TRY(cpu_slab_moves(all->heap, cache, cpu->cpu, &cpu->moving));
	if (cpu->moving)
		findings_excuse(all->findings, mark, cpu->moving);
	return NULL;
}

/* Where each CPU's struct is, and reading all of them in one request. */
static struct dill_error *prefetch_cpus(struct heap *heap, struct contents *contents, size_t count)
{
	ARRAY(dill_virt) addresses = {0};
	struct dill_error *error = NULL;

	for (size_t i = 0; i < count && !error; i++) {
		dill_virt pointer = contents[i].cache->cpu_slab;

		for (size_t c = 0; pointer && c < contents[i].cpu_count && !error; c++) {
			struct cpu_contents *cpu = &contents[i].cpus[c];

			cpu->address = kernel_percpu_address(heap->kernel, pointer, cpu->cpu);
			error = array_push(&addresses, cpu->address);
		}
	}
	if (!error)
		error = kernel_prefetch(heap->kernel, addresses.items, addresses.count);
	array_free(&addresses);
	return error;
}

struct dill_error *cpu_slabs_read(const struct reading *reading, struct contents *contents,
				  size_t count)
{
	struct heap *heap = reading->heap;

	if (!heap->layout.cache_cpu_slab.present)
		return NULL;
	TRY(prefetch_cpus(heap, contents, count));
	TRY(prefetch_own_slabs(heap, contents, count));
	for (size_t i = 0; i < count; i++) {
		TRY(target_check_interrupt(kernel_target(heap->kernel)));
		for (size_t c = 0; c < contents[i].cpu_count; c++)
			if (contents[i].cpus[c].address)
				TRY(read_cpu(reading, contents[i].cache, &contents[i].cpus[c]));
	}
	return NULL;
}
