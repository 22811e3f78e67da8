/* SPDX-License-Identifier: MIT */
#include "command/aliases.h"

#include "answer/aliases_record.h"

static struct dill_error *emit(struct command_call *call, const struct cache_aliases *item,
			       bool refcount_is_known)
{
	struct dill_record *record = record_new(call->arena, &aliases_kind);

	if (!record)
		return error_no_memory();
	record_set_text(record, ALIASES_COLUMN_NAME, item->cache->name);
	if (refcount_is_known)
		record_set_signed(record, ALIASES_COLUMN_USERS, item->cache->refcount);
	record_set_text(record, ALIASES_COLUMN_FOLDER, item->folder);
	record_set_texts(record, ALIASES_COLUMN_ALIASES, item->names, item->count);
	record_set_number(record, ALIASES_COLUMN_ADDRESS, item->cache->address);
	return call->sink->emit(call->sink, record);
}

struct dill_error *aliases_emit(struct command_call *call, const struct survey *survey,
				const struct cache_list *chosen)
{
	bool users = survey->heap->layout.cache_refcount.present;
	struct alias_list list;

	TRY(aliases_read(survey->heap, &survey->all, survey->arena, survey->findings, &list));
	for (size_t i = 0; !chosen && i < list.count; i++)
		if (list.items[i].count)
			TRY(emit(call, &list.items[i], users));
	for (size_t i = 0; chosen && i < chosen->count; i++)
		TRY(emit(call, aliases_of(&list, &chosen->items[i]), users));
	return NULL;
}

struct dill_error *aliases_prepare(const struct survey *survey, const struct cache_list *chosen,
				   struct alias_list *ret)
{
	const struct finding_place nowhere = {.cpu = -1, .node = -1};
	struct dill_error *error;
	bool merged = false;

	*ret = (struct alias_list){0};
	for (size_t i = 0; i < chosen->count; i++)
		merged |= chosen->items[i].refcount > 1;
	if (!merged)
		return NULL;
	error = aliases_read(survey->heap, &survey->all, survey->arena, survey->findings, ret);
	if (!error)
		return NULL;
	ret->count = 0;
	if (dill_error_code(error) != DILL_ERROR_UNSUPPORTED)
		return findings_absorb(survey->findings, &nowhere, error);
	dill_error_free(error);
	return NULL;
}

void aliases_fill(const struct alias_list *aliases, const struct cache *cache,
		  struct dill_record *record, size_t column)
{
	const struct cache_aliases *item = aliases_of(aliases, cache);

	if (item && item->count)
		record_set_texts(record, column, item->names, item->count);
}
