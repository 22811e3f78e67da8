/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/plural.h"
#include "slub/check.h"
#include "slub/slab_memory.h"
#include "slub/tracks.h"

/* include/linux/poison.h */
#define RED_INACTIVE 0xbbu /* around a free object */
#define RED_ACTIVE   0xccu /* around one in use */
#define POISON_INUSE 0x5au /* what nobody has used yet */
#define POISON_FREE  0x6bu
#define POISON_END   0xa5u /* the last byte of a free object */

struct checker {
	struct heap *heap;
	const struct contents *contents;
	const struct cache_map *map;
	const struct cache *cache;
	struct findings *findings;
	struct check_counts *counts;
	struct byte_checks checks;
	struct object_metadata metadata;
	struct slab_memory memory;
	struct span bytes; /* of the slab that is looked at */
};

/* One object of the slab. */
struct subject {
	struct finding_place place;
	dill_virt object;
	size_t at;	  /* of the object in the slab's memory */
	bool live;	  /* to the allocator: its red zones are those of an object in use */
	const char *name; /* of its state */
};

/* --- what to check --- */

static bool has_flag(const struct heap *heap, const struct cache *cache, const char *name)
{
	return cache->flags & layout_flag(&heap->layout, name);
}

void byte_checks_get(const struct heap *heap, const struct cache *cache, struct byte_checks *ret)
{
	struct object_metadata metadata;
	bool poison = has_flag(heap, cache, "POISON");

	*ret = (struct byte_checks){0};
	object_metadata_get(heap, cache, &metadata);
	ret->unknown = metadata.unknown || (poison && heap->layout.is_solved &&
					    !layout_flag(&heap->layout, "OBJECT_POISON"));
	if (!cache->usable || cache->inuse < cache->object_size ||
	    cache->inuse > cache->size - cache->red_left_pad ||
	    metadata.end > cache->size - cache->red_left_pad)
		return; /* sizes that no kernel computes */
	ret->red_zones = has_flag(heap, cache, "RED_ZONE");
	/* 946fa0dbf2d8 (6.2) brought the zone, and this function along with it. */
	ret->request_zone = ret->red_zones && metadata.orig_size &&
			    kernel_has_symbol(heap->kernel, "skip_orig_size_check", NULL);
	ret->kasan = poison && has_flag(heap, cache, "KASAN");
	/* Not with a constructor or TYPESAFE_BY_RCU, where content outlives the free. */
	ret->poison = poison && !ret->kasan && has_flag(heap, cache, "OBJECT_POISON");
	ret->padding = poison && !ret->kasan && !metadata.unknown;
}

/* --- zones --- */

/* First byte of a zone that is not @p value; @p length when all are. */
static size_t first_other(const uint8_t *bytes, size_t length, uint8_t value)
{
	size_t i = 0;

	while (i < length && bytes[i] == value)
		i++;
	return i;
}

static bool is_all(const uint8_t *bytes, size_t length, uint8_t value)
{
	return first_other(bytes, length, value) == length;
}

/* Bytes from the first wrong one to the last. */
static size_t wrong_length(const uint8_t *bytes, size_t length, size_t first, uint8_t value)
{
	while (length > first && bytes[length - 1] == value)
		length--;
	return length - first;
}

static void keep_bytes(struct finding *finding, const uint8_t *bytes, size_t length, uint8_t value)
{
	unsigned bits = 0;

	for (size_t i = 0; i < length && bits <= 2; i++)
		bits += (unsigned)__builtin_popcount((unsigned)bytes[i] ^ value);
	finding_set_flips(finding, bits);
	finding->seen_byte_count = length < FINDING_BYTES_MAX ? length : FINDING_BYTES_MAX;
	memcpy(finding->seen_bytes, bytes, finding->seen_byte_count);
}

/* Report a zone of the object that is not all @p value. False when it is wrong. */
static bool check_zone(struct checker *checker, const struct subject *subject,
		       enum finding_kind kind, size_t at, size_t length, uint8_t value,
		       const char *what)
{
	const uint8_t *bytes = checker->bytes.data + at;
	size_t first = first_other(bytes, length, value);
	size_t wrong;
	struct finding *finding;

	if (first == length)
		return true;
	wrong = wrong_length(bytes, length, first, value);
	finding =
		findings_add_values(checker->findings, kind, &subject->place,
				    subject->object - subject->at + at + first, value, bytes[first],
				    "%s of the %s object 0x%" PRIx64 " is overwritten, %zu byte%s",
				    what, subject->name, subject->object, wrong, plural(wrong));
	if (finding) {
		finding->object = subject->object;
		keep_bytes(finding, bytes + first, wrong, value);
	}
	return false;
}

/* --- one object --- */

static size_t zone_behind(const struct checker *checker)
{
	return checker->cache->inuse - checker->cache->object_size;
}

/*
 * Red zones that are whole, but those of the other state. An object that is found on no list may
 * have been stopped on its way to one: only the other way round it is a finding.
 */
static bool says_other_state(struct checker *checker, const struct subject *subject)
{
	const struct cache *cache = checker->cache;
	uint8_t other = subject->live ? RED_INACTIVE : RED_ACTIVE;
	struct finding_place place = subject->place;
	struct finding *finding;

	if (!is_all(checker->bytes.data + subject->at - cache->red_left_pad, cache->red_left_pad,
		    other) ||
	    !is_all(checker->bytes.data + subject->at + cache->object_size, zone_behind(checker),
		    other))
		return false;
	if (subject->live && !place.moving)
		place.moving = "it may be on its way to a list";
	finding = findings_add_values(
		checker->findings, FINDING_STATE, &place, subject->object,
		subject->live ? RED_ACTIVE : RED_INACTIVE, other,
		subject->live ? "object 0x%" PRIx64
				" is on no list, but its red zones say it is free"
			      : "object 0x%" PRIx64
				" is on a freelist, but its red zones say it is in use",
		subject->object);
	if (finding)
		finding->object = subject->object;
	return true;
}

/* What lies between the requested size and the object's end; false when it is wrong. */
static bool check_request_zone(struct checker *checker, const struct subject *subject)
{
	const struct cache *cache = checker->cache;
	uint32_t requested;
	struct finding *finding;

	memcpy(&requested, checker->bytes.data + subject->at + checker->metadata.orig_size,
	       sizeof(requested));
	if (requested <= cache->object_size)
		return check_zone(checker, subject, FINDING_RED_ZONE, subject->at + requested,
				  cache->object_size - requested, RED_ACTIVE,
				  "zone behind the requested size");
	finding = findings_add_values(
		checker->findings, FINDING_TRACK, &subject->place,
		subject->object + checker->metadata.orig_size, cache->object_size, requested,
		"requested size of the object 0x%" PRIx64 " is %u, it has room for %u",
		subject->object, requested, cache->object_size);
	if (finding)
		finding->object = subject->object;
	return false;
}

static void check_red_zones(struct checker *checker, const struct subject *subject)
{
	const struct cache *cache = checker->cache;
	uint8_t value = subject->live ? RED_ACTIVE : RED_INACTIVE;

	check_zone(checker, subject, FINDING_RED_ZONE, subject->at - cache->red_left_pad,
		   cache->red_left_pad, value, "left red zone");
	check_zone(checker, subject, FINDING_RED_ZONE, subject->at + cache->object_size,
		   zone_behind(checker), value, "right red zone");
	if (checker->checks.request_zone && subject->live)
		check_request_zone(checker, subject);
}

static void check_poison(struct checker *checker, const struct subject *subject)
{
	const struct cache *cache = checker->cache;

	/* Never so on a real kernel: poison moves the free pointer out of the object. */
	if (cache->offset < cache->object_size)
		return;
	if (check_zone(checker, subject, FINDING_POISON, subject->at, cache->object_size - 1,
		       POISON_FREE, "content"))
		check_zone(checker, subject, FINDING_POISON, subject->at + cache->object_size - 1,
			   1, POISON_END, "last byte");
}

/*
 * Behind the metadata. The requested size has 4 or 8 bytes, in an area of 8: the upper half of it
 * is either zero or padding. Since 7.0 what the kernel keeps per object may lie here too.
 */
static void check_padding(struct checker *checker, const struct subject *subject, size_t exts)
{
	const struct cache *cache = checker->cache;
	size_t from = checker->metadata.end, to = cache->size - cache->red_left_pad;
	size_t half = subject->at + from - 4;

	if (checker->metadata.orig_size && !is_all(checker->bytes.data + half, 4, 0))
		check_zone(checker, subject, FINDING_PADDING, half, 4, POISON_INUSE, "padding");
	if (exts && exts < to)
		to = exts;
	if (from < to)
		check_zone(checker, subject, FINDING_PADDING, subject->at + from, to - from,
			   POISON_INUSE, "padding");
}

static void check_object(struct checker *checker, const struct subject *subject, size_t exts)
{
	const struct cache *cache = checker->cache;
	bool other = checker->checks.red_zones && says_other_state(checker, subject);

	checker->counts->byte_objects++;
	if (checker->checks.red_zones && !other)
		check_red_zones(checker, subject);
	if (!checker->checks.red_zones && checker->checks.padding)
		check_zone(checker, subject, FINDING_PADDING, subject->at + cache->object_size,
			   zone_behind(checker), POISON_INUSE, "padding behind the content");
	if (checker->checks.poison && !subject->live && !other)
		check_poison(checker, subject);
	if (checker->checks.padding)
		check_padding(checker, subject, exts);
}

/* --- one slab --- */

/* Freed by its user, but the allocator has not seen it yet: its bytes are those of a live one. */
static bool counts_as_live(enum place_kind kind)
{
	return kind == PLACE_NONE || kind == PLACE_KFREE_RCU || kind == PLACE_KFREE_CALLBACK ||
	       kind == PLACE_DEFERRED || kind == PLACE_RCU_DELAYED || kind == PLACE_QUARANTINE;
}

/* Where in each slot, counted from the object, the kernel keeps its own data; 0 = nowhere. */
static size_t exts_in_object(const struct cache *cache, const struct slab *slab)
{
	uint64_t distance = slab->exts - slab->base;

	if (!slab->exts || slab->exts < slab->base ||
	    distance >= (uint64_t)slab->objects * cache->size)
		return 0;
	distance %= cache->size;
	return distance > cache->red_left_pad ? (size_t)distance - cache->red_left_pad : 1;
}

/* The rest of a slab, into which no object fits (mm/slub.c slab_pad_check()). */
static void check_tail(struct checker *checker, const struct mapped_slab *mapped,
		       const struct finding_place *place)
{
	const struct slab *slab = &mapped->slab;
	size_t size = slab_bytes(checker->cache, slab);
	size_t from = (size_t)slab->objects * checker->cache->size, first, length;
	struct finding *finding;

	if (slab->exts >= slab->base + from && slab->exts < slab->base + size)
		size = (size_t)(slab->exts - slab->base);
	length = size - from;
	first = first_other(checker->bytes.data + from, length, POISON_INUSE);
	if (first == length)
		return;
	finding = findings_add_values(
		checker->findings, FINDING_PADDING, place, slab->base + from + first, POISON_INUSE,
		checker->bytes.data[from + first], "padding at the end of the slab is overwritten");
	if (finding)
		keep_bytes(finding, checker->bytes.data + from + first,
			   wrong_length(checker->bytes.data + from, length, first, POISON_INUSE),
			   POISON_INUSE);
}

static void check_objects(struct checker *checker, const struct mapped_slab *mapped,
			  const struct finding_place *place)
{
	const struct cache *cache = checker->cache;
	size_t exts = exts_in_object(cache, &mapped->slab);

	for (uint32_t i = 0; i < mapped->slab.objects; i++) {
		enum object_state state = cache_map_state(checker->map, mapped, i);
		struct subject subject = {
			.place = *place,
			.object = cache_object(cache, mapped->slab.base, i),
			.at = (size_t)i * cache->size + cache->red_left_pad,
			.live = counts_as_live(mapped->kinds[i]),
			.name = object_state_name(state),
		};

		if (state == OBJECT_UNKNOWN)
			checker->counts->unknown_objects++;
		else
			check_object(checker, &subject, exts);
	}
}

/* Why the slab may be half changed. */
static const char *moving(const struct checker *checker, const struct mapped_slab *mapped)
{
	const struct contents *contents = checker->contents;

	for (size_t n = 0; n < contents->node_count; n++)
		if (contents->nodes[n].node == mapped->slab.node)
			return contents->nodes[n].moving;
	return NULL;
}

/*
 * Whether the objects of a slab have settled. A debug cache keeps its slabs on lists of the nodes;
 * full ones are on no list without STORE_USER. A CPU has such a slab for the time of one allocation
 * only (to 6.0), and the kernel takes away one that it has found broken: these are frozen.
 */
static bool is_settled(struct checker *checker, const struct mapped_slab *mapped)
{
	const struct slab *slab = &mapped->slab;
	bool full = slab->inuse == slab->objects;

	if (mapped->where == SLAB_NODE_PARTIAL || mapped->where == SLAB_NODE_FULL)
		return true;
	if (mapped->where == SLAB_UNLISTED && full && !slab->frozen)
		return true;
	if (mapped->where == SLAB_UNLISTED && full && !checker->cache->cpu_slab)
		checker->counts->disabled_slabs++;
	else
		checker->counts->moving_slabs++;
	return false;
}

static struct dill_error *check_slab(struct checker *checker, size_t index)
{
	const struct mapped_slab *mapped = &checker->map->slabs[index];
	const struct slab *slab = &mapped->slab;
	struct finding_place place = {
		.cache = checker->cache->name,
		.cpu = -1,
		.node = -1,
		.slab = slab->address,
		.moving = moving(checker, mapped),
	};
	size_t size = slab_bytes(checker->cache, slab);
	struct dill_error *error;

	if ((uint64_t)slab->objects * checker->cache->size > size)
		return NULL; /* counters that are neither of the two orders: said by the walks */
	if (!is_settled(checker, mapped))
		return NULL;
	TRY(target_check_interrupt(kernel_target(checker->heap->kernel)));
	error = slab_memory_read(&checker->memory, index, size, &checker->bytes);
	if (error) {
		checker->counts->unread_slabs++;
		return findings_absorb(checker->findings, &place,
				       dill_error_add_context(error, "memory of a slab"));
	}
	check_objects(checker, mapped, &place);
	if (checker->checks.padding)
		check_tail(checker, mapped, &place);
	return NULL;
}

struct dill_error *bytes_check(struct heap *heap, const struct contents *contents,
			       const struct cache_map *map, struct findings *findings,
			       struct check_counts *counts)
{
	struct checker checker = {
		.heap = heap,
		.contents = contents,
		.map = map,
		.cache = map->cache,
		.findings = findings,
		.counts = counts,
		.memory = {.heap = heap, .map = map},
	};
	_cleanup_(freep)
	uint8_t *buffer = NULL;

	byte_checks_get(heap, map->cache, &checker.checks);
	if (!byte_checks_any(&checker.checks))
		return NULL;
	object_metadata_get(heap, map->cache, &checker.metadata);
	buffer = checker.memory.buffer = malloc(slab_memory_size(map->cache));
	if (!buffer)
		return error_no_memory();
	for (size_t i = 0; i < map->count; i++)
		TRY(check_slab(&checker, i));
	return NULL;
}
