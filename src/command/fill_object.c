/* SPDX-License-Identifier: MIT */
#include "command/fill_object.h"

#include <stdio.h>

#include "command/fill_role.h"
#include "command/fill_track.h"
#include "kernel/region.h"
#include "slub/alloc_tag.h"
#include "slub/gone_cache.h"
#include "slub/kasan.h"
#include "slub/kfence.h"
#include "slub/place_text.h"

/* --- slabs --- */

static struct dill_error *set_tracks(struct inquiry *inquiry, const struct track *alloc,
				     const struct track *free, struct dill_record *record)
{
	struct record_list list = {0};

	TRY(track_append(inquiry->kernel, inquiry->arena, EVENT_ALLOC, alloc, &list));
	TRY(track_append(inquiry->kernel, inquiry->arena, EVENT_FREE, free, &list));
	if (list.count)
		record_set_records(record, OBJECT_COLUMN_TRACKS, list);
	return NULL;
}

static void set_cache(const struct cache *cache, dill_virt address, struct dill_record *record)
{
	record_set_number(record, OBJECT_COLUMN_CACHE_ADDRESS, address);
	if (!cache)
		return;
	record_set_text(record, OBJECT_COLUMN_CACHE, cache->name);
	record_set_number(record, OBJECT_COLUMN_OBJECT_SIZE, cache->object_size);
	record_set_number(record, OBJECT_COLUMN_SIZE, cache->size);
}

static void set_slab(const struct slab *slab, struct dill_record *record)
{
	record_set_number(record, OBJECT_COLUMN_SLAB, slab->address);
	record_set_number(record, OBJECT_COLUMN_SLAB_BASE, slab->base);
	record_set_number(record, OBJECT_COLUMN_SLAB_OBJECTS, slab->objects);
	record_set_number(record, OBJECT_COLUMN_SLAB_INUSE, slab->inuse);
	if (slab->has_node)
		record_set_number(record, OBJECT_COLUMN_SLAB_NODE, slab->node);
}

static void set_place(struct inquiry *inquiry, const struct place *place,
		      struct dill_record *record)
{
	record_set_enum(record, OBJECT_COLUMN_PLACE, place->kind);
	if (place->cpu >= 0)
		record_set_number(record, OBJECT_COLUMN_PLACE_CPU, (uint64_t)place->cpu);
	if (place->node >= 0)
		record_set_number(record, OBJECT_COLUMN_PLACE_NODE, (uint64_t)place->node);
	record_set_number(record, OBJECT_COLUMN_PLACE_LIST, place->list);
	record_set_number(record, OBJECT_COLUMN_PLACE_POSITION, place->position);
	if (place->container)
		record_set_number(record, OBJECT_COLUMN_PLACE_CONTAINER, place->container);
	record_set_text(record, OBJECT_COLUMN_PLACE_TEXT, place_text(place, inquiry->arena));
}

static void set_ahead(const struct ahead *ahead, struct dill_record *record)
{
	if (ahead->known) {
		record_set_number(record, OBJECT_COLUMN_AHEAD, ahead->count);
		record_set_number(record, OBJECT_COLUMN_AHEAD_CPU, (uint64_t)ahead->cpu);
		record_set_bool(record, OBJECT_COLUMN_AHEAD_EXACT, ahead->exact);
	}
	record_set_text(record, OBJECT_COLUMN_AHEAD_WHY, ahead->how);
}

static void set_state(struct inquiry *inquiry, const struct object_answer *answer,
		      struct dill_record *record)
{
	record_set_enum(record, OBJECT_COLUMN_STATE, answer->state);
	record_set_text(record, OBJECT_COLUMN_WHY, answer->why);
	if (answer->in_motion)
		record_set_bool(record, OBJECT_COLUMN_IN_MOTION, true);
	if (answer->slab.kinds)
		record_set_enum(record, OBJECT_COLUMN_SLAB_WHERE, answer->slab.where);
	if (answer->slab.cpu >= 0)
		record_set_number(record, OBJECT_COLUMN_SLAB_CPU, (uint64_t)answer->slab.cpu);
	if (answer->place.kind == PLACE_NONE)
		return;
	set_place(inquiry, &answer->place, record);
	set_ahead(&answer->ahead, record);
	if (answer->another.kind != PLACE_NONE)
		record_set_text(record, OBJECT_COLUMN_SECOND_PLACE_TEXT,
				place_text(&answer->another, inquiry->arena));
}

/* What KASAN's shadow says, in words. */
static const char *shadow_text(const struct cache *cache, const struct kasan_shadow *shadow,
			       struct arena *arena)
{
	if (shadow->accessible && shadow->usable >= cache->object_size)
		return arena_format(arena, "in use, all %u bytes", cache->object_size);
	if (shadow->accessible)
		return arena_format(arena,
				    "in use, %u of its %u bytes; what is behind them is a red zone",
				    shadow->usable, cache->object_size);
	switch (shadow->first) {
	case KASAN_FREE_TRACK:
		return "freed, and who did it is recorded (0xfa)";
	case KASAN_FREE:
		return "freed (0xfb)";
	case KASAN_REDZONE:
		return "never handed out: all of it is a red zone (0xfc)";
	default:
		return arena_format(arena, "not to be used (0x%02x)", shadow->first);
	}
}

static struct dill_error *set_shadow(struct inquiry *inquiry, const struct located *located,
				     struct dill_record *record)
{
	const struct cache *cache = located->cache;
	struct kasan_shadow shadow;
	char *digits;

	TRY(kasan_object_shadow(inquiry->heap, cache, located->object, inquiry->arena, &shadow));
	if (!shadow.known)
		return NULL;
	digits = arena_alloc(inquiry->arena, 2 * shadow.slot_count + 1);
	if (!digits)
		return error_no_memory();
	for (size_t i = 0; i < shadow.slot_count; i++)
		snprintf(digits + 2 * i, 3, "%02x", shadow.slot[i]);
	record_set_text(record, OBJECT_COLUMN_SHADOW, digits);
	record_set_text(record, OBJECT_COLUMN_SHADOW_TEXT,
			shadow_text(cache, &shadow, inquiry->arena));
	record_set_number(record, OBJECT_COLUMN_SHADOW_USABLE, shadow.usable);
	return NULL;
}

/* What the kernel has recorded about the object's users. */
static struct dill_error *set_users(struct inquiry *inquiry, const struct located *located,
				    struct dill_record *record)
{
	const struct cache *cache = located->cache;
	struct reading reading =
		reading_start(inquiry->heap, CONTENTS_COUNTS, inquiry->arena, inquiry->findings);
	struct track alloc, free;
	struct alloc_tag tag;
	const char *doubt;
	uint32_t size;
	bool known;

	reading = reading_of(&reading, cache);
	reading.where.slab = located->slab.address;
	TRY(tracks_read(&reading, located->object, &alloc, &free));
	TRY(set_tracks(inquiry, &alloc, &free, record));
	TRY(requested_size_read(inquiry->heap, cache, located->object, &size, &known));
	if (known)
		record_set_number(record, OBJECT_COLUMN_REQUESTED_SIZE, size);
	TRY(alloc_tag_read(inquiry->heap, cache, &located->slab, located->index, inquiry->arena,
			   &tag));
	if (!tag.known)
		return NULL;
	record_set_text(
		record, OBJECT_COLUMN_ALLOC_TAG,
		arena_format(inquiry->arena, "%s:%u %s()", tag.file, tag.line, tag.function));
	TRY(alloc_tag_doubt(inquiry->heap, &doubt));
	record_set_text(record, OBJECT_COLUMN_ALLOC_TAG_DOUBT, doubt);
	return NULL;
}

static struct dill_error *slot_answer(struct inquiry *inquiry, const struct located *located,
				      struct dill_record *record)
{
	const struct layout *l = &inquiry->heap->layout;
	const struct cache *cache = located->cache;
	struct object_answer answer;
	dill_virt slot = located->object - cache->red_left_pad;

	record_set_enum(record, OBJECT_COLUMN_KIND, OBJECT_IS_SLAB_OBJECT);
	record_set_number(record, OBJECT_COLUMN_INDEX, located->index);
	record_set_number(record, OBJECT_COLUMN_OBJECT, located->object);
	record_set_signed(record, OBJECT_COLUMN_OFFSET, located->offset);
	if (located->offset < cache->object_size || !layout_lacks(l, l->cache_inuse))
		record_set_enum(record, OBJECT_COLUMN_PART, object_part(cache, located->offset));
	TRY(object_find(&inquiry->objects, located, inquiry->findings, &answer));
	TRY(set_type(inquiry, located, record));
	set_state(inquiry, &answer, record);
	TRY(set_shadow(inquiry, located, record));
	TRY(set_users(inquiry, located, record));
	if (inquiry->whole_dump)
		return set_bytes(inquiry, slot, cache->size, record);
	return set_bytes(inquiry, located->object, cache->object_size, record);
}

/* A slab as a whole: asked for by its descriptor, or behind its last object. */
static struct dill_error *slab_answer(struct inquiry *inquiry, const struct located *located,
				      struct dill_record *record)
{
	struct finding_place place = {.cpu = -1, .node = -1, .slab = located->slab.address};

	const char *what;

	record_set_enum(record, OBJECT_COLUMN_KIND, OBJECT_IS_SLAB);
	if (located->cache)
		return NULL;
	TRY(gone_cache_text(inquiry->heap, &inquiry->survey->all, located->cache_address, &what));
	findings_add_seen(inquiry->findings, FINDING_SLAB_CACHE, &place,
			  located->slab.address + inquiry->heap->layout.slab_cache.offset,
			  located->cache_address, "slab names as its cache what %s", what);
	return NULL;
}

/* --- KFENCE --- */

static enum object_state kfence_state(const struct kfence_object *object)
{
	switch (object->state) {
	case KFENCE_ALLOCATED:
		return OBJECT_LIVE;
	case KFENCE_RCU_FREEING:
		return OBJECT_WAITING;
	case KFENCE_FREED:
	case KFENCE_UNUSED:
		return OBJECT_FREE;
	case KFENCE_NOT_KNOWN:
	case KFENCE_BROKEN:
		break;
	}
	return OBJECT_UNKNOWN;
}

/* Freed with kfree_rcu(), KFENCE hears of it only after the grace period. */
static const struct waiting_object *find_waiting(const struct waiting *waiting, dill_virt page,
						 uint32_t page_size)
{
	for (size_t i = 0; i < waiting->count; i++)
		if (waiting->items[i].object >= page && waiting->items[i].object - page < page_size)
			return &waiting->items[i];
	return NULL;
}

static void set_kfence_state(struct inquiry *inquiry, const struct kfence_object *object,
			     struct dill_record *record)
{
	const struct waiting_object *waiting =
		object->state == KFENCE_ALLOCATED
			? find_waiting(&inquiry->survey->waiting, object->page,
				       kernel_page_size(inquiry->kernel))
			: NULL;

	record_set_enum(record, OBJECT_COLUMN_STATE,
			waiting ? OBJECT_WAITING : kfence_state(object));
	if (object->state == KFENCE_BROKEN)
		record_set_text(record, OBJECT_COLUMN_WHY, "KFENCE's metadata makes no sense");
	if (object->state == KFENCE_NOT_KNOWN)
		record_set_text(record, OBJECT_COLUMN_WHY,
				"no type says what its state in KFENCE's metadata means");
	if (waiting) {
		struct place place = {.kind = waiting->kind,
				      .cpu = waiting->cpu,
				      .node = -1,
				      .position = waiting->position,
				      .container = waiting->container};

		set_place(inquiry, &place, record);
	}
}

static enum object_part_word kfence_part(const struct kfence_object *object, int64_t offset)
{
	if (object->guard)
		return OBJECT_IN_GUARD_PAGE;
	return offset >= 0 && (uint64_t)offset < object->size ? OBJECT_IN_OBJECT : OBJECT_IN_UNUSED;
}

static struct dill_error *kfence_answer(struct inquiry *inquiry, dill_virt address,
					struct dill_record *record)
{
	struct kfence_object object;
	int64_t offset;

	TRY(kfence_find(inquiry->heap, inquiry->heap->kfence_base, address, inquiry->arena,
			inquiry->findings, &object));
	record_set_enum(record, OBJECT_COLUMN_KIND, OBJECT_IS_KFENCE);
	if (!object.has_index) {
		record_set_enum(record, OBJECT_COLUMN_PART, OBJECT_IN_GUARD_PAGE);
		return NULL;
	}
	record_set_number(record, OBJECT_COLUMN_KFENCE_INDEX, object.index);
	set_kfence_state(inquiry, &object, record);
	if (object.state == KFENCE_UNUSED || object.state == KFENCE_BROKEN ||
	    layout_lacks(&inquiry->heap->layout, inquiry->heap->layout.kfence_size))
		return NULL;
	offset = (int64_t)(address - object.object);
	set_cache(cache_at(&inquiry->survey->all, object.cache), object.cache, record);
	record_set_number(record, OBJECT_COLUMN_OBJECT, object.object);
	record_set_number(record, OBJECT_COLUMN_OBJECT_SIZE, object.size);
	record_set_number(record, OBJECT_COLUMN_REQUESTED_SIZE, object.size);
	record_set_signed(record, OBJECT_COLUMN_OFFSET, offset);
	record_set_enum(record, OBJECT_COLUMN_PART, kfence_part(&object, offset));
	TRY(set_tracks(inquiry, &object.alloc, &object.free, record));
	return set_bytes(inquiry, object.object, object.size, record);
}

struct dill_error *heap_answer(struct inquiry *inquiry, dill_virt address, bool descriptor,
			       struct dill_record *record, bool *ret_known)
{
	struct located located;

	TRY(heap_locate(inquiry->heap, &inquiry->survey->all, address, inquiry->findings,
			&located));
	*ret_known = located.kfence || located.in_slab;
	if (located.kfence)
		return kfence_answer(inquiry, address, record);
	if (!located.in_slab)
		return NULL;
	set_cache(located.cache, located.cache_address, record);
	set_slab(&located.slab, record);
	if (descriptor || !located.in_slot)
		return slab_answer(inquiry, &located, record);
	return slot_answer(inquiry, &located, record);
}

/* --- all kinds of addresses --- */

static struct dill_error *memory_answer(struct inquiry *inquiry, dill_virt address, bool descriptor,
					struct dill_record *record)
{
	bool known;

	TRY(heap_answer(inquiry, address, descriptor, record, &known));
	if (!known)
		TRY(percpu_answer(inquiry, address, record, &known));
	return known ? NULL : page_answer(inquiry, address, record);
}

/* A struct page or struct slab, or a member of it: the answer is about the memory it describes. */
static struct dill_error *descriptor_answer(struct inquiry *inquiry, dill_virt address,
					    struct dill_record *record)
{
	const struct memory_map *map = kernel_memory_map(inquiry->kernel);
	dill_virt page = address - (address - map->vmemmap) % map->page_struct_size;
	dill_virt memory = kernel_page_to_virt(inquiry->kernel, page);

	record_set_number(record, OBJECT_COLUMN_DESCRIBES, memory);
	return memory_answer(inquiry, memory, true, record);
}

/* Regions of which nothing more is known than whether they are mapped. */
static struct dill_error *other_answer(struct inquiry *inquiry, dill_virt address,
				       struct dill_record *record)
{
	struct mapping mapping;
	struct dill_error *error = kernel_translate(inquiry->kernel, address, &mapping);

	if (error && error_is_fatal(error))
		return error;
	record_set_enum(record, OBJECT_COLUMN_KIND,
			error && dill_error_code(error) == DILL_ERROR_FAULT ? OBJECT_IS_UNMAPPED
									    : OBJECT_IS_OTHER);
	dill_error_free(error);
	return NULL;
}

/* To 6.14 the symbol of a per-CPU variable is an offset, which looks like one of these. */
static void user_answer(struct inquiry *inquiry, dill_virt address, struct dill_record *record)
{
	const char *variable = kernel_percpu_offset_name(inquiry->kernel, address);

	record_set_enum(record, OBJECT_COLUMN_KIND, OBJECT_IS_USER);
	if (variable)
		record_set_text(record, OBJECT_COLUMN_MEANING,
				arena_format(inquiry->arena,
					     "an offset into per-CPU data too, that of %s",
					     variable));
}

static struct dill_error *answer(struct inquiry *inquiry, dill_virt address,
				 enum region_kind region, struct dill_record *record)
{
	switch (region) {
	case REGION_USER:
		user_answer(inquiry, address, record);
		return NULL;
	case REGION_NON_CANONICAL:
		record_set_enum(record, OBJECT_COLUMN_KIND, OBJECT_IS_NON_CANONICAL);
		return NULL;
	case REGION_DIRECT_MAP:
		return memory_answer(inquiry, address, false, record);
	case REGION_MEMORY_MAP:
		return descriptor_answer(inquiry, address, record);
	case REGION_VMALLOC:
		return vmalloc_answer(inquiry, address, record);
	case REGION_IMAGE:
		return image_answer(inquiry, address, record);
	case REGION_MODULES:
		return module_answer(inquiry, address, record);
	default:
		return other_answer(inquiry, address, record);
	}
}

struct dill_error *inquire(struct inquiry *inquiry, dill_virt address, struct dill_record **ret,
			   dill_virt *ret_start)
{
	struct dill_record *record = record_new(inquiry->arena, &object_kind);
	enum region_kind region = kernel_region(inquiry->kernel, address);
	struct dill_error *error;

	if (!record)
		return error_no_memory();
	*ret = record;
	record_set_number(record, OBJECT_COLUMN_ADDRESS, address);
	record_set_text(record, OBJECT_COLUMN_REGION, region_kind_name(region));
	record_set_text(record, OBJECT_COLUMN_MEANING,
			kernel_special_value(address, inquiry->arena));
	error = answer(inquiry, address, region, record);
	if (error && dill_error_code(error) == DILL_ERROR_FAULT) {
		/* A hole in physical memory: its struct page is not there. */
		dill_error_free(error);
		record_set_enum(record, OBJECT_COLUMN_KIND, OBJECT_IS_UNMAPPED);
		error = NULL;
	}
	if (!error && region == REGION_DIRECT_MAP)
		error = role_answer(inquiry->heap, &inquiry->survey->all, address, inquiry->arena,
				    record);
	*ret_start = record->fields[OBJECT_COLUMN_OBJECT].present
			     ? record_number(record, OBJECT_COLUMN_OBJECT)
			     : address;
	return error;
}
