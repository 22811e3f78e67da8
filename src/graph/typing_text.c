/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "graph/typing_private.h"

struct dill_error *typing_name(const struct typing *typing, graph_index object, struct strbuf *text)
{
	const struct typed *typed = &typing->objects[object];
	const struct size_range sizes = typing_sizes(typing->graph, object);
	struct types *types = typing->types;
	const struct type_shape *shape = shapes_known(&typing->shapes, typed->type);
	struct type type;

	if (!typed->trust)
		return NULL;
	if (!typed->type) {
		strbuf_append(text, "text");
		return NULL;
	}
	TRY(types_get(types, typed->type, &type));
	TRY(types_declare(types, typed->type, "", text));
	/* One of them, as far as the sizes tell, or several. */
	if (!shape || !shape->is_struct ||
	    (sizes.low == sizes.high && shape->size && typed->trust != TYPE_BEGINS &&
	     !shape->is_open && sizes.high >= 2 * shape->size && sizes.high % shape->size == 0))
		strbuf_append(text, "[]");
	return NULL;
}

/* "workqueue_struct.unbound_attrs": a member that holds a pointer. */
static struct dill_error *append_member(const struct typing *typing, type_id id, uint64_t offset,
					struct strbuf *text)
{
	struct strbuf path = {0};
	struct type type;
	struct dill_error *error = types_get(typing->types, id, &type);

	if (!error && type.size)
		error = types_path_at(typing->types, id, offset % type.size, &path);
	if (!error) {
		strbuf_append_escaped(text, type.name, strlen(type.name));
		if (path.length)
			strbuf_append_format(text, ".%s", path.data);
		else if (type.kind == TYPE_POINTER)
			strbuf_append_format(text, "[%" PRIu64 "]", offset / TYPE_POINTER_SIZE);
	}
	strbuf_deinit(&path);
	return error_forgive(error);
}

static struct dill_error *append_root(const struct typing *typing, uint32_t number,
				      struct strbuf *text)
{
	const struct root_pointer *pointer = &typing->pointers.items[number];
	const struct graph_root *root = &typing->roots.items[pointer->root];
	struct strbuf path = {0};
	struct dill_error *error = NULL;

	strbuf_append_escaped(text, root->symbol, strlen(root->symbol));
	if (root->offset)
		strbuf_append_format(text, "+0x%" PRIx32, root->offset);
	if (root->type)
		error = types_path_at(typing->types, root->type, pointer->offset, &path);
	if (path.length)
		strbuf_append_format(text, "%s%s", path.data[0] == '[' ? "" : ".", path.data);
	if (root->cpu >= 0)
		strbuf_append_format(text, " of CPU %d", root->cpu);
	strbuf_deinit(&path);
	return error_forgive(error);
}

static struct dill_error *append_holder(const struct typing *typing, graph_index from,
					uint32_t word, struct strbuf *text)
{
	if (from == GRAPH_NONE)
		return append_root(typing, word, text);
	TRY(append_member(typing, typing->objects[from].type, (uint64_t)word * 8, text));
	strbuf_append_format(text, " of 0x%" PRIx64, graph_address(typing->graph, from));
	return NULL;
}

struct dill_error *typing_explain(const struct typing *typing, graph_index object,
				  struct strbuf *text)
{
	const struct typed *typed = &typing->objects[object];

	switch ((enum type_source)typed->source) {
	case TYPE_FROM_CACHE:
		strbuf_append(text, TYPE_FROM_CACHE_TEXT);
		return NULL;
	case TYPE_FROM_SYMBOL:
	case TYPE_FROM_POINTER:
		strbuf_append(text, "from ");
		return append_holder(typing, typed->from, typed->word, text);
	case TYPE_FROM_LIST:
		strbuf_append(text, "on a list with ");
		return append_holder(typing, typed->from, typed->word, text);
	case TYPE_FROM_PART:
		strbuf_append(text, "the one type that fits into the object and has what ");
		TRY(append_holder(typing, typed->from, typed->word, text));
		strbuf_append(text, " points to");
		return NULL;
	case TYPE_FROM_HABIT:
		strbuf_append(text, "what others' ");
		TRY(append_holder(typing, typed->from, typed->word, text));
		strbuf_append(text, " leads to");
		return NULL;
	case TYPE_FROM_SITE:
		strbuf_append_format(text, "allocated by the same code as 0x%" PRIx64,
				     graph_address(typing->graph, typed->from));
		return NULL;
	case TYPE_FROM_TEXT:
		if (typed->trust == TYPE_BEGINS) {
			strbuf_append(text, "it begins with text");
			return NULL;
		}
		strbuf_append(text, "from ");
		return append_holder(typing, typed->from, typed->word, text);
	default:
		return NULL;
	}
}

struct dill_error *typing_contradict(const struct typing *typing, graph_index object,
				     struct strbuf *text)
{
	const struct typed *typed = &typing->objects[object];

	return typed->against ? append_holder(typing, typed->other, typed->other_word, text) : NULL;
}
