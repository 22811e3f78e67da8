/* SPDX-License-Identifier: MIT */
/* What is the same for every source of types. Names: find.c; paths: path.c; C text: declare.c. */
#include <string.h>

#include "types/type.h"

void types_free(struct types *types)
{
	if (types)
		types->ops->free(types);
}

struct dill_error *types_get(struct types *types, type_id id, struct type *ret)
{
	if (id == 0) {
		*ret = (struct type){.kind = TYPE_VOID, .name = "void"};
		return NULL;
	}
	if (id >= TYPE_ID_LIMIT) {
		*ret = (struct type){
			.id = id,
			.kind = TYPE_POINTER,
			.name = "",
			.size = TYPE_POINTER_SIZE,
			.target = id - TYPE_ID_LIMIT,
		};
		return NULL;
	}
	TRY(types->ops->get(types, id, ret));
	/* "char" is text, "signed char" and "unsigned char" are small numbers (s8, u8). */
	if (ret->kind == TYPE_INT && ret->size == 1 && strcmp(ret->name, "char") == 0)
		ret->encoding = INT_CHAR;
	return NULL;
}

/* Sources know nothing of the ids that types_find() makes; those have no items. */
static struct dill_error *check_has_items(type_id id)
{
	if (id == 0 || id >= TYPE_ID_LIMIT)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "void and pointers have no members");
	return NULL;
}

struct dill_error *types_member(struct types *types, type_id id, uint32_t index,
				struct type_member *ret)
{
	TRY(check_has_items(id));
	return types->ops->member(types, id, index, ret);
}

struct dill_error *types_enumerator(struct types *types, type_id id, uint32_t index,
				    struct type_enumerator *ret)
{
	TRY(check_has_items(id));
	return types->ops->enumerator(types, id, index, ret);
}

struct dill_error *types_parameter(struct types *types, type_id id, uint32_t index,
				   struct type_parameter *ret)
{
	TRY(check_has_items(id));
	return types->ops->parameter(types, id, index, ret);
}

struct dill_error *types_function(struct types *types, const char *name, type_id *ret)
{
	return types->ops->function(types, name, ret);
}

struct dill_error *types_strip(struct types *types, type_id id, struct type *ret)
{
	struct type type;
	type_id at = id;

	for (int depth = 0; depth < TYPE_DEPTH_MAX; depth++) {
		TRY(types_get(types, at, &type));
		switch (type.kind) {
		case TYPE_TYPEDEF:
		case TYPE_CONST:
		case TYPE_VOLATILE:
		case TYPE_RESTRICT:
		case TYPE_TAG:
			at = type.target;
			break;
		default:
			*ret = type;
			return NULL;
		}
	}
	return dill_error_new(DILL_ERROR_BAD_DATA, "%s type %u: endless chain of types",
			      types->ops->name, id);
}

bool types_has_struct(struct types *types, const char *name, type_id *ret)
{
	type_id id;
	_cleanup_(dill_error_freep)
	struct dill_error *error =
		types->ops->find(types, name, 1u << TYPE_STRUCT | 1u << TYPE_UNION, &id);

	if (error)
		return false;
	if (ret)
		*ret = id;
	return true;
}

struct dill_error *types_enum_value(struct types *types, const char *name, int64_t *ret)
{
	return types->ops->enum_value(types, name, ret);
}

struct dill_error *types_enum_each(struct types *types, type_id id,
				   struct dill_error *(*visit)(void *context,
							       const struct type_enumerator *item),
				   void *context)
{
	struct type type;

	TRY(types_strip(types, id, &type));
	if (type.kind != TYPE_ENUM)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "type %u is no enum", id);
	for (uint32_t index = 0; index < type.count; index++) {
		struct type_enumerator item;

		TRY(types_enumerator(types, type.id, index, &item));
		TRY(visit(context, &item));
	}
	return NULL;
}

struct dill_error *types_each_name(struct types *types, const char *prefix,
				   struct dill_error *(*visit)(void *context, const char *name),
				   void *context)
{
	size_t length = strlen(prefix);
	uint32_t limit = types->ops->id_limit(types);

	for (type_id id = 1; id < limit; id++) {
		struct type type;
		struct dill_error *error = types->ops->get(types, id, &type);

		/* A broken type has no name to complete; the others have. */
		TRY(error_forgive(error));
		if (error || type.kind == TYPE_OTHER || type.kind == TYPE_TAG || !type.name[0])
			continue;
		if (strncmp(type.name, prefix, length) == 0)
			TRY(visit(context, type.name));
	}
	return NULL;
}
