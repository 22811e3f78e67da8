/* SPDX-License-Identifier: MIT */
#include "slub/sheaf.h"

#include <string.h>

#include "base/plural.h"
#include "slub/claim.h"

/* Every entry must be an object of the cache; what is none becomes a finding. */
static struct dill_error *check_objects(struct heap *heap, const struct cache *cache,
					const char *what, const struct finding_place *place,
					struct findings *findings, struct sheaf *sheaf)
{
	for (uint32_t i = 0; i < sheaf->size; i++) {
		dill_virt slot =
			sheaf->address + heap->layout.sheaf_objects.offset + i * UINT64_C(8);
		enum object_claim claim;

		TRY(object_check(heap, cache, sheaf->objects[i], &claim));
		if (claim == CLAIM_TRUE)
			continue;
		finding_set_pointer(findings_add_seen(
			findings,
			claim == CLAIM_UNREADABLE ? FINDING_UNREADABLE : FINDING_SHEAF_OBJECT,
			place, slot, sheaf->objects[i], "%s 0x%lx, entry %u: 0x%lx %s", what,
			(unsigned long)sheaf->address, i, (unsigned long)sheaf->objects[i],
			object_claim_text(claim)));
		sheaf->broken = true;
	}
	return NULL;
}

static struct dill_error *read_objects(struct heap *heap, const struct cache *cache,
				       const char *what, const struct finding_place *place,
				       struct arena *arena, struct findings *findings,
				       struct sheaf *sheaf)
{
	dill_virt *objects = arena_alloc_array(arena, sheaf->size + 1, sizeof(*objects));
	struct dill_error *error;

	if (!objects)
		return error_no_memory();
	error = kernel_read(heap->kernel, sheaf->address + heap->layout.sheaf_objects.offset,
			    objects, sheaf->size * sizeof(*objects));
	if (error) {
		sheaf->size = 0;
		sheaf->broken = true;
		return findings_absorb(findings, place, dill_error_add_context(error, "%s", what));
	}
	for (uint32_t i = 0; i < sheaf->size; i++)
		objects[i] = heap_untag(heap, objects[i]);
	sheaf->objects = objects;
	return check_objects(heap, cache, what, place, findings, sheaf);
}

/*
 * What is at @p sheaf names another cache. It is a sheaf of this one all the same when its first
 * entry is one of its objects: the kernel leaves entries in place when it hands them out.
 */
static struct dill_error *report_stranger(struct heap *heap, const struct cache *cache,
					  dill_virt sheaf, dill_virt owner, dill_virt slot,
					  const char *what, const struct finding_place *place,
					  struct findings *findings)
{
	const struct layout *l = &heap->layout;
	enum object_claim claim = CLAIM_UNREADABLE;
	struct dill_error *error = NULL;
	dill_virt first;

	if (slot)
		error = kernel_read_u64(heap->kernel, sheaf + l->sheaf_objects.offset, &first);
	if (slot && !error)
		TRY(object_check(heap, cache, first, &claim));
	TRY(error_forgive(error));
	if (slot && claim != CLAIM_TRUE)
		finding_set_pointer(findings_add_seen(findings, FINDING_SHEAF, place, slot, sheaf,
						      "%s 0x%lx is no sheaf of the cache", what,
						      (unsigned long)sheaf));
	else
		finding_set_pointer(findings_add_values(
			findings, FINDING_SHEAF, place, sheaf + l->sheaf_cache.offset,
			cache->address, owner, "%s 0x%lx belongs to another cache", what,
			(unsigned long)sheaf));
	return NULL;
}

struct dill_error *sheaf_read(struct heap *heap, const struct cache *cache, dill_virt address,
			      dill_virt slot, uint32_t limit, enum sheaf_detail detail,
			      const char *what, const struct finding_place *place,
			      struct arena *arena, struct findings *findings, struct sheaf *ret)
{
	const struct layout *l = &heap->layout;
	uint8_t buffer[SHEAF_STRUCT_MAX];
	struct span bytes = {buffer, sheaf_bytes_bounded(l->sheaf_objects.offset)};
	struct dill_error *error;

	*ret = (struct sheaf){.address = address, .broken = true};
	error = kernel_read(heap->kernel, address, buffer, bytes.size);
	if (error)
		return findings_absorb_at(findings, place, slot, address,
					  dill_error_add_context(error, "%s", what));

	uint64_t size = member_get(l->sheaf_size, bytes);
	dill_virt owner = member_get(l->sheaf_cache, bytes);

	if (owner != cache->address)
		return report_stranger(heap, cache, address, owner, slot, what, place, findings);
	if (size > limit) {
		findings_add_values(findings, FINDING_SHEAF, place, address + l->sheaf_size.offset,
				    limit, size, "%s 0x%lx counts %lu object%s, it has room for %u",
				    what, (unsigned long)address, (unsigned long)size, plural(size),
				    limit);
		return NULL;
	}
	ret->size = (uint32_t)size;
	ret->broken = !cache->usable; /* nothing tells then what is an object of it */
	return detail == SHEAF_OBJECTS && size && cache->usable
		       ? read_objects(heap, cache, what, place, arena, findings, ret)
		       : NULL;
}

size_t cpu_sheaves_bytes(const struct layout *layout)
{
	const struct member members[] = {layout->pcs_lock.word, layout->pcs_main, layout->pcs_spare,
					 layout->pcs_rcu_free};
	uint64_t end = 0;

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (members[i].present && members[i].offset + (uint64_t)members[i].size > end)
			end = members[i].offset + (uint64_t)members[i].size;
	return sheaf_bytes_bounded(end);
}
