/* SPDX-License-Identifier: MIT */
#include "command/fill_object.h"
#include "graph/cache_type.h"

/* Texts of the arena; NULL for an empty one. */
static struct dill_error *keep(struct arena *arena, struct strbuf *text, const char **ret)
{
	TRY(strbuf_error(text));
	*ret = text->length ? arena_copy_text(arena, text->data, text->length) : NULL;
	strbuf_clear(text);
	return text->length && !*ret ? error_no_memory() : NULL;
}

static struct dill_error *member_at(const struct typing *typing, type_id id, int64_t offset,
				    struct strbuf *text)
{
	struct type type;

	if (!id || offset <= 0)
		return NULL;
	TRY(types_get(typing->types, id, &type));
	return type.size ? types_path_at(typing->types, id, (uint64_t)offset % type.size, text)
			 : NULL;
}

static struct dill_error *fill(struct inquiry *inquiry, graph_index object, int64_t offset,
			       struct dill_record *record, struct strbuf *text)
{
	const struct typing *typing = inquiry->typing;
	const struct typed *typed = &typing->objects[object];
	const char *kept;

	TRY(typing_name(typing, object, text));
	TRY(keep(inquiry->arena, text, &kept));
	record_set_text(record, OBJECT_COLUMN_TYPE, kept);
	record_set_enum(record, OBJECT_COLUMN_TYPE_SOURCE, typed->source);
	record_set_enum(record, OBJECT_COLUMN_TYPE_TRUST, typed->trust);
	TRY(typing_explain(typing, object, text));
	TRY(keep(inquiry->arena, text, &kept));
	record_set_text(record, OBJECT_COLUMN_TYPE_TEXT, kept);
	TRY(error_forgive(member_at(typing, typed->type, offset, text)));
	TRY(keep(inquiry->arena, text, &kept));
	record_set_text(record, OBJECT_COLUMN_TYPE_MEMBER, kept);
	TRY(typing_contradict(typing, object, text));
	TRY(keep(inquiry->arena, text, &kept));
	record_set_text(record, OBJECT_COLUMN_TYPE_AGAINST, kept);
	return NULL;
}

/* What the cache's name tells. */
static struct dill_error *fill_by_cache(struct inquiry *inquiry, const struct located *located,
					struct dill_record *record, struct strbuf *text)
{
	struct object_type found;
	const char *kept;

	object_type_find(inquiry->heap, located->cache, &found);
	if (!found.types)
		return NULL;
	TRY(error_forgive(types_declare(found.types, found.type, "", text)));
	TRY(keep(inquiry->arena, text, &kept));
	record_set_text(record, OBJECT_COLUMN_TYPE, kept);
	record_set_enum(record, OBJECT_COLUMN_TYPE_SOURCE, TYPE_FROM_CACHE);
	record_set_enum(record, OBJECT_COLUMN_TYPE_TRUST, TYPE_CERTAIN);
	record_set_text(record, OBJECT_COLUMN_TYPE_TEXT, TYPE_FROM_CACHE_TEXT);
	if (located->offset > 0)
		TRY(object_type_member(&found, (uint64_t)located->offset, text));
	TRY(keep(inquiry->arena, text, &kept));
	record_set_text(record, OBJECT_COLUMN_TYPE_MEMBER, kept);
	return NULL;
}

struct dill_error *set_type(struct inquiry *inquiry, const struct located *located,
			    struct dill_record *record)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	uint32_t delta;
	graph_index index;

	if (!inquiry->typing)
		return fill_by_cache(inquiry, located, record, &text);
	index = graph_find(inquiry->typing->graph, located->object, &delta);
	if (index == GRAPH_NONE || !inquiry->typing->objects[index].trust)
		return NULL;
	return fill(inquiry, index, located->offset, record, &text);
}
