/* SPDX-License-Identifier: MIT */
#include "slub/sheaf.h"

#include <inttypes.h>
#include <string.h>

#include "base/plural.h"
#include "slub/claim.h"

/* Every entry must be an object of the cache; what is none becomes a finding. */
static struct dill_error *check_objects(const struct reading *reading, const char *what,
					struct sheaf *sheaf)
{
	struct heap *heap = reading->heap;

	for (uint32_t i = 0; i < sheaf->size; i++) {
		dill_virt slot =
			sheaf->address + heap->layout.sheaf_objects.offset + i * UINT64_C(8);
		enum object_claim claim;

		TRY(object_check(heap, reading->cache, sheaf->objects[i], &claim));
		if (claim == CLAIM_TRUE)
			continue;
		finding_set_pointer(findings_add_seen(
			reading->findings,
			claim == CLAIM_UNREADABLE ? FINDING_UNREADABLE : FINDING_SHEAF_OBJECT,
			&reading->where, slot, sheaf->objects[i],
			"%s 0x%" PRIx64 ", entry %u: 0x%" PRIx64 " %s", what, sheaf->address, i,
			sheaf->objects[i], object_claim_text(claim)));
		sheaf->broken = true;
	}
	return NULL;
}

static struct dill_error *read_objects(const struct reading *reading, const char *what,
				       struct sheaf *sheaf)
{
	struct heap *heap = reading->heap;
	dill_virt *objects = arena_alloc_array(reading->arena, sheaf->size + 1, sizeof(*objects));
	struct dill_error *error;

	if (!objects)
		return error_no_memory();
	error = kernel_read(heap->kernel, sheaf->address + heap->layout.sheaf_objects.offset,
			    objects, sheaf->size * sizeof(*objects));
	if (error) {
		sheaf->size = 0;
		sheaf->broken = true;
		return findings_absorb(reading->findings, &reading->where,
				       dill_error_add_context(error, "%s", what));
	}
	for (uint32_t i = 0; i < sheaf->size; i++)
		objects[i] = heap_untag(heap, objects[i]);
	sheaf->objects = objects;
	return check_objects(reading, what, sheaf);
}

/*
 * What is at @p sheaf names another cache. It is a sheaf of this one all the same when its first
 * entry is one of its objects: the kernel leaves entries in place when it hands them out.
 */
static struct dill_error *report_stranger(const struct reading *reading, dill_virt sheaf,
					  dill_virt owner, dill_virt slot, const char *what)
{
	struct heap *heap = reading->heap;
	const struct cache *cache = reading->cache;
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
		finding_set_pointer(findings_add_seen(
			reading->findings, FINDING_SHEAF, &reading->where, slot, sheaf,
			"%s 0x%" PRIx64 " is no sheaf of the cache", what, sheaf));
	else
		finding_set_pointer(findings_add_values(
			reading->findings, FINDING_SHEAF, &reading->where,
			sheaf + l->sheaf_cache.offset, cache->address, owner,
			"%s 0x%" PRIx64 " belongs to another cache", what, sheaf));
	return NULL;
}

struct dill_error *sheaf_read(const struct reading *reading, dill_virt address, dill_virt slot,
			      uint32_t limit, const char *what, struct sheaf *ret)
{
	const struct layout *l = &reading->heap->layout;
	const struct cache *cache = reading->cache;
	uint8_t buffer[SHEAF_STRUCT_MAX];
	struct span bytes = {buffer, sheaf_bytes_bounded(l->sheaf_objects.offset)};
	struct dill_error *error;

	*ret = (struct sheaf){.address = address, .broken = true};
	error = kernel_read(reading->heap->kernel, address, buffer, bytes.size);
	if (error)
		return findings_absorb_at(reading->findings, &reading->where, slot, address,
					  dill_error_add_context(error, "%s", what));

	uint64_t size = member_get(l->sheaf_size, bytes);
	dill_virt owner = member_get(l->sheaf_cache, bytes);

	if (owner != cache->address)
		return report_stranger(reading, address, owner, slot, what);
	if (size > limit) {
		findings_add_values(reading->findings, FINDING_SHEAF, &reading->where,
				    address + l->sheaf_size.offset, limit, size,
				    "%s 0x%" PRIx64 " counts %lu object%s, it has room for %u",
				    what, address, (unsigned long)size, plural(size), limit);
		return NULL;
	}
	ret->size = (uint32_t)size;
	ret->broken = !cache->usable; /* nothing tells then what is an object of it */
	return reading->detail == CONTENTS_FREELISTS && size && cache->usable
		       ? read_objects(reading, what, ret)
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
