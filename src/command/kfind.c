/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "answer/find_record.h"
#include "answer/gap_record.h"
#include "base/pattern.h"
#include "command/choose.h"
#include "command/fill_finding.h"
#include "command/registry.h"
#include "graph/cache_type.h"
#include "slub/census.h"
#include "slub/locate.h"
#include "slub/page_use.h"

enum { OPTION_PTR, OPTION_STRING, OPTION_ALL, OPTION_ROWS };

/* A byte or two stand at millions of places. */
#define ROWS 1000u

/* --- records --- */

/* --- searching --- */

struct finder {
	struct command_call *call;
	struct heap *heap;
	struct arena *arena; /* of one match */
	struct pattern pattern;
	bool by_pointer;
	dill_virt low; /* with by_pointer: [low, low + size) is pointed into */
	uint64_t size;
	bool all; /* free objects, too */
	uint64_t rows;
	struct object_type type; /* of the current cache */
	uint64_t matches, objects, searched, blocks, unreadable;
	dill_virt last; /* object of the match before */
};

static bool find(const struct finder *finder, struct span object, size_t from, size_t *ret)
{
	return finder->by_pointer ? word_find(object, from, finder->low, finder->size, ret)
				  : pattern_find(&finder->pattern, object, from, 0, ret);
}

static struct dill_error *set_member(const struct finder *finder, size_t offset,
				     struct dill_record *record)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	TRY(object_type_member(&finder->type, offset, &text));
	if (text.length)
		record_set_text(record, FIND_MATCH_MEMBER,
				arena_copy_text(finder->arena, text.data, text.length));
	return NULL;
}

/* What is searched: an object, or a block of large kmalloc(). */
struct searched {
	dill_virt object;
	const char *cache;
	enum object_state state;
	dill_virt slab;
	uint64_t size;
};

static struct dill_error *emit_match(struct finder *finder, const struct searched *place,
				     struct span bytes, size_t offset)
{
	dill_virt object = place->object;
	struct dill_record *record;

	finder->objects += object != finder->last;
	finder->last = object;
	if (finder->matches++ >= finder->rows)
		return NULL;
	arena_reset(finder->arena);
	record = record_new(finder->arena, &find_match_kind);
	if (!record)
		return error_no_memory();
	record_set_number(record, FIND_MATCH_OBJECT, object);
	record_set_text(record, FIND_MATCH_CACHE, place->cache);
	record_set_enum(record, FIND_MATCH_STATE, place->state);
	record_set_number(record, FIND_MATCH_OFFSET, offset);
	TRY(set_member(finder, offset, record));
	if (finder->by_pointer) {
		dill_virt value = span_u64(bytes, offset);

		record_set_number(record, FIND_MATCH_VALUE, value);
		record_set_number(record, FIND_MATCH_POINTS_TO, value - finder->low);
		record_set_bool(record, FIND_MATCH_SELF, object == finder->low);
	}
	record_set_number(record, FIND_MATCH_ADDRESS, object + offset);
	record_set_number(record, FIND_MATCH_SLAB, place->slab);
	record_set_number(record, FIND_MATCH_OBJECT_SIZE, place->size);
	return finder->call->sink->emit(finder->call->sink, record);
}

static struct dill_error *search_object(struct finder *finder, const struct searched *place,
					struct span object)
{
	size_t at = 0;

	for (; find(finder, object, at, &at); at++)
		TRY(emit_match(finder, place, object, at));
	return NULL;
}

static struct dill_error *search_slab(void *context, const struct cache_map *map,
				      const struct mapped_slab *slab, struct span bytes)
{
	const struct cache *cache = map->cache;
	struct finder *finder = context;

	if (!bytes.size) {
		finder->unreadable++;
		return NULL;
	}
	for (uint32_t i = 0; i < slab->slab.objects; i++) {
		uint64_t start = (uint64_t)i * cache->size + cache->red_left_pad;
		struct span object = span_cut(bytes, start, cache->object_size);

		enum object_state state = cache_map_state(map, slab, i);
		struct searched place = {
			.object = cache_object(cache, slab->slab.base, i),
			.cache = cache->name,
			.state = state,
			.slab = slab->slab.address,
			.size = cache->object_size,
		};

		if (!finder->all && !state_in_use(state))
			continue;
		finder->searched++;
		TRY(search_object(finder, &place, object));
	}
	return NULL;
}

static struct dill_error *search_block(struct finder *finder, const struct large_block *block,
				       uint8_t *buffer)
{
	struct searched place = {
		.object = block->base,
		.cache = LARGE_BLOCK_NAME,
		.state = OBJECT_LIVE,
		.slab = block->page,
		.size = large_block_bytes(block),
	};
	struct span bytes = {buffer, (size_t)place.size};
	struct dill_error *error =
		kernel_read_uncached(finder->heap->kernel, block->base, buffer, bytes.size);

	finder->blocks += !error;
	if (!error)
		return search_object(finder, &place, bytes);
	if (error_is_fatal(error))
		return error;
	dill_error_free(error);
	finder->unreadable++;
	return NULL;
}

static struct dill_error *search_blocks(struct finder *finder, const struct slab_scan *scan)
{
	_cleanup_(freep)
	uint8_t *buffer = NULL;
	uint64_t largest = 0;

	finder->type = (struct object_type){0};
	for (size_t i = 0; i < scan->large_count; i++)
		if (large_block_bytes(&scan->large[i]) > largest)
			largest = large_block_bytes(&scan->large[i]);
	buffer = malloc((size_t)largest + 1);
	if (!buffer)
		return error_no_memory();
	for (size_t i = 0; i < scan->large_count; i++) {
		TRY(target_check_interrupt(kernel_target(finder->heap->kernel)));
		TRY(search_block(finder, &scan->large[i], buffer));
	}
	return NULL;
}

static bool begin_cache(void *context, const struct cache *cache)
{
	struct finder *finder = context;

	object_type_find(finder->heap, cache, &finder->type);
	return true;
}

/* --- what is looked for --- */

static struct dill_error *emit_target(struct finder *finder, dill_virt address, const char *cache)
{
	struct dill_record *record = record_new(finder->call->arena, &find_target_kind);

	if (!record)
		return error_no_memory();
	record_set_number(record, FIND_TARGET_OBJECT, finder->low);
	if (cache)
		record_set_text(record, FIND_TARGET_CACHE, cache);
	record_set_number(record, FIND_TARGET_SIZE, finder->size);
	record_set_number(record, FIND_TARGET_ADDRESS, address);
	return finder->call->sink->emit(finder->call->sink, record);
}

/* Whether it lies in a block of large kmalloc(). */
static struct dill_error *find_block(struct finder *finder, dill_virt address, bool *ret)
{
	struct page_facts facts;
	dill_virt page;
	struct dill_error *error = kernel_virt_to_page(finder->heap->kernel, address, &page);

	*ret = false;
	if (!error)
		error = page_describe(finder->heap, page, &facts);
	if (error && error_is_fatal(error))
		return error;
	*ret = !error && (facts.use == PAGE_LARGE_KMALLOC || facts.use == PAGE_COMPOUND);
	dill_error_free(error);
	if (!*ret)
		return NULL;
	finder->low = facts.base;
	finder->size = (uint64_t)kernel_page_size(finder->heap->kernel) << facts.order;
	return NULL;
}

/* The object that the address lies in, as a whole; or the address alone. */
static struct dill_error *set_pointer(struct finder *finder, struct survey *survey)
{
	dill_virt address = finder->call->options[OPTION_PTR].number;
	struct findings untold = FINDINGS_MUTED;
	struct located located;
	bool block;
	struct dill_error *error =
		heap_locate(finder->heap, &survey->all, address, &untold, &located);

	TRY(error_forgive(error));
	if (error)
		located = (struct located){0};
	finder->by_pointer = true;
	if (!located.in_slot) {
		TRY(find_block(finder, address, &block));
		if (block)
			return emit_target(finder, address, LARGE_BLOCK_NAME);
	}
	finder->low = located.in_slot ? located.object : address;
	finder->size = located.in_slot ? located.cache->object_size : 1;
	return emit_target(finder, address, located.in_slot ? located.cache->name : NULL);
}

/* Words of the call: the pattern, unless an option says what to look for, then the cache. */
static struct dill_error *choose(struct finder *finder, const char **ret_caches)
{
	const struct command_call *call = finder->call;
	bool pointer = call->options[OPTION_PTR].given, text = call->options[OPTION_STRING].given;
	size_t words = pointer || text ? 1 : 2;

	if (pointer && text)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "--ptr and --string: look for one at a time");
	if (words == 2 && !call->arguments[0])
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "what shall be found? kfind PATTERN, kfind --ptr ADDRESS or "
				      "kfind --string TEXT");
	if (call->argument_count > words)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "\"%s\": with --ptr or --string there is no PATTERN, only a "
				      "CACHE",
				      call->arguments[words]);
	*ret_caches = call->arguments[words - 1];
	if (text) {
		const char *bytes = call->options[OPTION_STRING].text;

		return pattern_of_bytes(bytes, strlen(bytes), &finder->pattern);
	}
	return pointer ? NULL : pattern_parse(call->arguments[0], &finder->pattern);
}

static struct dill_error *emit_total(const struct finder *finder)
{
	struct dill_record *record = record_new(finder->call->arena, &find_total_kind);

	if (!record)
		return error_no_memory();
	record_set_number(record, FIND_TOTAL_MATCHES, finder->matches);
	record_set_number(record, FIND_TOTAL_OBJECTS, finder->objects);
	record_set_number(record, FIND_TOTAL_SEARCHED, finder->searched);
	record_set_number(record, FIND_TOTAL_BLOCKS, finder->blocks);
	record_set_number(record, FIND_TOTAL_UNREADABLE, finder->unreadable);
	return finder->call->sink->emit(finder->call->sink, record);
}

static struct dill_error *run(struct command_call *call)
{
	struct findings findings = findings_new(call);
	_cleanup_(survey_deinitp)
	struct survey survey = {0};
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct finder finder = {
		.call = call,
		.all = call->options[OPTION_ALL].given,
		.rows = ROWS,
	};
	const struct census_visitor visitor = {search_slab, NULL, &finder, begin_cache};
	struct cache_list chosen = {0};
	const char *caches = NULL;
	bool blocks;

	TRY(choose(&finder, &caches));
	if (call->options[OPTION_ROWS].given)
		finder.rows = call->options[OPTION_ROWS].number ? call->options[OPTION_ROWS].number
								: UINT64_MAX;
	TRY(session_heap(call->session, &finder.heap));
	TRY(arena_new(&arena));
	finder.arena = arena;
	TRY(survey_init(finder.heap, call->arena, &findings, &survey));
	blocks = !caches || !strcmp(caches, LARGE_BLOCK_NAME);
	if (!blocks)
		TRY(survey_choose(&survey, caches, CHOOSE_ALL, call->arena, &chosen));
	if (call->options[OPTION_PTR].given)
		TRY(set_pointer(&finder, &survey));
	TRY(census_walk(&survey, caches ? &chosen : &survey.all, &visitor));
	if (blocks)
		TRY(search_blocks(&finder, &survey.scan));
	TRY(emit_total(&finder));
	return survey_emit(call, &survey, &findings);
}

static const struct dill_record_kind *const kinds[] = {&find_target_kind,    &find_match_kind,
						       &find_total_kind,     &gap_kind,
						       &finding_record_kind, NULL};

const struct command kfind_command = {
	.name = "kfind",
	.summary = "Find the objects that contain bytes, a value or text, or point into an object",
	.help = "Looks into every object in use of the caches that CACHE names, a name or a glob, "
		"or "
		"of all caches.\n"
		"\n"
		"PATTERN is a word of bytes with two hexadecimal digits each, ?? for any byte; or "
		"a value u8:N, u16:N,\n"
		"u32:N, u64:N, N as decimal or 0x, which is found at multiples of its size. "
		"Several words in quotes\n"
		"follow each other. --string looks for text. --ptr looks for pointers: to any byte "
		"of the object that\n"
		"ADDRESS lies in, or, outside of objects, to the very address.\n"
		"\n"
		"Blocks of large kmalloc() are searched as objects of \"large_kmalloc\", which "
		"CACHE may be, too.\n"
		"A match lies whole within one object. What other pages, KFENCE and vmalloc hold "
		"is not searched.\n"
		"\n"
		"Examples:\n"
		"  kfind --ptr 0xffff888003c41a40\n"
		"  kfind --string secret 'kmalloc-*' --all\n"
		"  kfind 'u32:4711 ?? ?? 00 ff' task_struct\n"
		"  kfind deadbeef??00\n",
	.arguments = {{"PATTERN", ARGUMENT_TEXT, .optional = true},
		      {"CACHE", ARGUMENT_CACHE, .optional = true}},
	.options =
		{
			[OPTION_PTR] = {"ptr", 'p', ARGUMENT_ADDRESS, "ADDRESS",
					"find pointers into the object at ADDRESS, instead of a "
					"PATTERN"},
			[OPTION_STRING] = {"string", 's', ARGUMENT_TEXT, "TEXT",
					   "find TEXT instead of a PATTERN"},
			[OPTION_ALL] = {"all", 'a', ARGUMENT_NONE, NULL,
					"look into free objects, too"},
			[OPTION_ROWS] =
				{"rows", 'r', ARGUMENT_NUMBER, "N",
				 "show the first N matches (1000 without this); 0 shows all"},
		},
	.needs_target = true,
	.kinds = kinds,
	.run = run,
};
