/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "answer/export_record.h"
#include "answer/gap_record.h"
#include "command/census.h"
#include "command/choose.h"
#include "command/fill_finding.h"
#include "command/heap_file.h"
#include "command/registry.h"
#include "slub/alloc_tag.h"

struct exporter {
	struct survey *survey;
	struct heap_writer *writer;
	struct origin_names *names;
	struct census_clock clock;
	struct origin_reader origins; /* of the current cache, as are the next two */
	struct heap_cache cache;
	size_t first_site;
	struct site_table sites;
	struct kernel_census kernel;
};

/* --- one cache --- */

static bool wants_bytes(void *context, const struct cache *cache)
{
	struct exporter *exporter = context;

	origin_reader_init(exporter->survey->heap, cache, &exporter->origins);
	return origin_needs_bytes(&exporter->origins);
}

/* What is recorded of an object, as a row of its own and in the sums. */
static struct dill_error *set_origin(struct exporter *exporter, struct heap_object *object,
				     struct origin *origin, uint64_t *age)
{
	struct heap_cache *cache = &exporter->cache;
	size_t site;

	if (census_age(&exporter->clock, origin, age))
		object->age = age;
	if (origin_is_recorded(&exporter->origins)) {
		TRY(site_table_add(&exporter->sites, exporter->origins.cache, origin, object->age,
				   &site));
		object->site = site + 1;
	}
	if (!origin->has_requested)
		return NULL;
	cache->requested_objects++;
	cache->requested_bytes += origin->requested;
	cache->request_waste += exporter->origins.cache->object_size - origin->requested;
	return NULL;
}

static struct dill_error *write_object(struct exporter *exporter, const struct cache_map *map,
				       const struct mapped_slab *slab, struct span bytes,
				       uint32_t index, enum object_state state)
{
	struct origin origin = {0};
	struct heap_object object = {
		.address = cache_object(map->cache, slab->slab.base, index),
		.state = state,
		.origin = &origin,
	};
	uint64_t age;

	TRY(origin_read(&exporter->origins, &slab->slab, bytes, index, &origin));
	TRY(set_origin(exporter, &object, &origin, &age));
	return heap_writer_object(exporter->writer, &object);
}

static struct dill_error *visit_slab(void *context, const struct cache_map *map,
				     const struct mapped_slab *slab, struct span bytes)
{
	struct exporter *exporter = context;

	census_add_slab(&exporter->cache.sums, map, slab);
	kernel_census_add_slab(&exporter->kernel, map, slab);
	TRY(heap_writer_slab(exporter->writer, map, slab));
	for (uint32_t i = 0; i < slab->slab.objects; i++) {
		enum object_state state = cache_map_state(map, slab, i);

		if (state_in_use(state))
			TRY(write_object(exporter, map, slab, bytes, i, state));
	}
	return NULL;
}

/* --- free objects --- */

struct place_writer {
	struct exporter *exporter;
	const struct cache_map *map;
};

static struct dill_error *write_place(void *context, dill_virt object, const struct place *place)
{
	struct place_writer *writer = context;
	const struct mapped_slab *slab = cache_map_slab(writer->map, object);

	return heap_writer_place(writer->exporter->writer, slab ? slab - writer->map->slabs : -1,
				 object, place);
}

/* Those of slabs on no list, which no list leads to. */
static struct dill_error *write_unlisted(struct place_writer *writer)
{
	const struct cache_map *map = writer->map;

	for (size_t i = 0; i < map->count; i++) {
		const struct mapped_slab *slab = &map->slabs[i];
		struct place place = {.cpu = -1, .node = -1, .container = slab->slab.address};

		if (slab->where != SLAB_UNLISTED && slab->where != SLAB_DYING)
			continue;
		for (uint32_t j = 0; j < slab->slab.objects; j++) {
			dill_virt object = cache_object(map->cache, slab->slab.base, j);

			place.kind = slab->kinds[j];
			if (place.kind == PLACE_UNLISTED_SLAB || place.kind == PLACE_DYING_SLAB)
				TRY(write_place(writer, object, &place));
		}
	}
	return NULL;
}

static struct dill_error *end_cache(void *context, const struct contents *contents,
				    const struct cache_map *map)
{
	struct exporter *exporter = context;
	struct place_writer writer = {exporter, map};
	struct heap_counts counts;

	TRY(places_visit(contents, &exporter->survey->waiting, write_place, &writer));
	TRY(write_unlisted(&writer));
	exporter->cache.contents = contents;
	exporter->cache.map = map;
	exporter->cache.flags_are_known = exporter->survey->heap->layout.cache_flags.present;
	TRY(heap_writer_cache(exporter->writer, &exporter->cache));
	heap_writer_counts(exporter->writer, &counts);
	for (; exporter->first_site < exporter->sites.items.count; exporter->first_site++) {
		const struct site *site = &exporter->sites.items.items[exporter->first_site];
		const char *name;

		TRY(origin_name(exporter->names, site->kind, site->address, &name));
		TRY(heap_writer_site(exporter->writer, exporter->first_site + 1, counts.caches,
				     site, name));
	}
	site_table_end_cache(&exporter->sites);
	exporter->cache = (struct heap_cache){0};
	return NULL;
}

/* --- all of it --- */

/* What is in no cache, when all of them are written. */
static struct dill_error *write_rest(struct exporter *exporter)
{
	const struct slab_scan *scan = &exporter->survey->scan;
	struct node_counters counters;

	for (size_t i = 0; i < scan->large_count; i++)
		TRY(heap_writer_large(exporter->writer, &scan->large[i]));
	TRY(slab_counters_read(exporter->survey->heap, exporter->survey->arena, &counters));
	for (unsigned node = 0; node < counters.count; node++) {
		struct kernel_comparison all;

		kernel_census_compare(&exporter->kernel, scan, &counters, (int)node, &all);

		struct heap_node row = {
			.node = node,
			.slabs = all.slabs_reclaimable + all.slabs_unreclaimable,
			.large = all.large,
			.large_is_known = large_blocks_are_known(exporter->survey->heap),
			.lost = all.lost,
			.counters = counters.why ? NULL : &all.counters,
		};

		TRY(heap_writer_node(exporter->writer, &row));
	}
	return NULL;
}

/* Only tags can be former owners'. */
static struct dill_error *write_doubt(struct exporter *exporter)
{
	const char *doubt;

	TRY(alloc_tag_doubt(exporter->survey->heap, &doubt));
	for (size_t i = 0; i < exporter->sites.items.count; i++)
		if (exporter->sites.items.items[i].kind == ORIGIN_TAG)
			return heap_writer_doubt(exporter->writer, doubt);
	return NULL;
}

static struct dill_error *export(struct exporter *exporter, const struct cache_list *chosen)
{
	const struct census_visitor visitor = {visit_slab, end_cache, exporter, wants_bytes};

	TRY(census_clock_read(exporter->survey->heap->kernel, &exporter->clock));
	TRY(kernel_census_init(exporter->survey->heap, exporter->survey->arena, &exporter->kernel));
	TRY(census_walk(exporter->survey, chosen, &visitor));
	TRY(heap_writer_why(exporter->writer, survey_why(exporter->survey)));
	TRY(write_doubt(exporter));
	if (chosen == &exporter->survey->all)
		TRY(write_rest(exporter));
	return heap_writer_finish(exporter->writer);
}

static struct dill_error *emit(struct command_call *call, const struct heap *heap, const char *path,
			       const struct heap_counts *counts)
{
	struct dill_record *record = record_new(call->arena, &export_kind);

	if (!record)
		return error_no_memory();
	record_set_text(record, EXPORT_COLUMN_FILE, path);
	record_set_number(record, EXPORT_COLUMN_CACHES, counts->caches);
	record_set_number(record, EXPORT_COLUMN_SLABS, counts->slabs);
	record_set_number(record, EXPORT_COLUMN_OBJECTS, counts->objects);
	record_set_number(record, EXPORT_COLUMN_PLACES, counts->places);
	record_set_number(record, EXPORT_COLUMN_SITES, counts->sites);
	if (large_blocks_are_known(heap))
		record_set_number(record, EXPORT_COLUMN_LARGE, counts->large);
	return call->sink->emit(call->sink, record);
}

static struct dill_error *write_file(struct survey *survey, const struct heap_request *request,
				     const struct cache_list *chosen, struct heap_counts *ret)
{
	struct kernel *kernel = survey->heap->kernel;
	const struct heap_about about = {
		.banner = kernel_facts(kernel)->banner,
		.caches = request->pattern,
		.kernel_base = kernel_facts(kernel)->base,
		.direct_map = kernel_memory_map(kernel)->page_offset,
		.time = request->time,
	};
	_cleanup_(heap_writer_freep)
	struct heap_writer *writer = NULL;
	_cleanup_(origin_names_freep)
	struct origin_names *names = NULL;
	struct exporter exporter = {.survey = survey};
	struct dill_error *error;

	TRY(origin_names_new(survey->heap, survey->arena, &names));
	TRY(heap_writer_new(request->path, &about, &writer));
	exporter.writer = writer;
	exporter.names = names;
	error = export(&exporter, chosen);
	site_table_deinit(&exporter.sites);
	heap_writer_counts(writer, ret);
	return error;
}

struct dill_error *heap_export(struct session *session, const struct heap_request *request,
			       struct arena *arena, struct findings *findings,
			       struct heap_counts *ret)
{
	_cleanup_(survey_deinitp)
	struct survey survey = {0};
	struct cache_list chosen;
	struct heap *heap;

	TRY(session_heap(session, &heap));
	TRY(survey_init(heap, arena, findings, &survey));
	chosen = survey.all;
	if (request->pattern)
		TRY(survey_choose(&survey, request->pattern, CHOOSE_ALL, arena, &chosen));
	return write_file(&survey, request, request->pattern ? &chosen : &survey.all, ret);
}

static struct dill_error *run(struct command_call *call)
{
	const struct heap_request request = {
		.path = call->arguments[0],
		.pattern = call->arguments[1],
		.time = (uint64_t)time(NULL),
	};
	struct findings findings = findings_new(call);
	struct heap_counts counts;
	struct heap *heap;

	TRY(heap_export(call->session, &request, call->arena, &findings, &counts));
	TRY(session_heap(call->session, &heap));
	TRY(emit(call, heap, request.path, &counts));
	TRY(gap_emit(call, NULL, counts.why));
	TRY(doubt_emit(call, NULL, counts.doubt));
	return findings_emit(call, NULL, &findings);
}

static const struct dill_record_kind *const kinds[] = {&export_kind, &gap_kind,
						       &finding_record_kind, NULL};

const struct command export_command = {
	.name = "export",
	.summary = "Write the heap to an SQLite file: caches, slabs, objects, free places, sites",
	.help = "Writes what \"kcensus\" counts to FILE, of the caches that CACHE names, a name or "
		"a "
		"glob, or of all:\n"
		"every slab, every object in use with where and when it was allocated, if the "
		"kernel records that,\n"
		"and the place of every free one. SQL answers the rest; \"diff\" compares two such "
		"files.\n"
		"\n"
		"An export that is at FILE already becomes FILE.old; what is none is left "
		"alone.\n"
		"\n"
		"Examples:\n"
		"  export heap.db\n"
		"  export messages.db 'msg_msg*'\n",
	.arguments = {{"FILE", ARGUMENT_FILE}, {"CACHE", ARGUMENT_CACHE, .optional = true}},
	.needs_target = true,
	.kinds = kinds,
	.run = run,
};
