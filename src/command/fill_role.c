/* SPDX-License-Identifier: MIT */
#include "command/fill_role.h"

#include "answer/object_record.h"
#include "base/strbuf.h"

const char *role_text(const struct role *role, const char *member, struct arena *arena)
{
	const char *where = "";

	if (!role->type)
		return NULL;
	if (role->cpu >= 0)
		where = arena_format(arena, ", CPU %d", role->cpu);
	else if (role->node >= 0)
		where = arena_format(arena, ", node %d", role->node);
	return where ? arena_format(arena, "%s%s%s of %s%s%s%s", role->type, member ? "." : "",
				    member ? member : "", role->cache->name, where,
				    role->what ? ", " : "", role->what ? role->what : "")
		     : NULL;
}

struct dill_error *role_member(struct heap *heap, const struct role *role, dill_virt address,
			       struct arena *arena, const char **ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	struct dill_error *error;
	struct types *types;
	type_id type;

	*ret = NULL;
	if (!role->type)
		return NULL;
	error = kernel_types(heap->kernel, &types);
	if (!error)
		error = types_find(types, role->type, &type);
	if (!error)
		error = types_path_at(types, type, address - role->base, &text);
	if (error && error_is_fatal(error))
		return error;
	if (!error && text.length)
		*ret = arena_copy_text(arena, text.data, text.length);
	dill_error_free(error); /* the struct is known all the same */
	return NULL;
}

struct dill_error *role_answer(struct heap *heap, struct cache_list *caches, dill_virt address,
			       struct arena *arena, struct dill_record *record)
{
	const char *member;
	struct role role = {0};

	TRY(role_find(heap, caches, address, &role));
	if (!role.type)
		return NULL;
	TRY(role_member(heap, &role, address, arena, &member));
	record_set_text(record, OBJECT_COLUMN_ROLE, role.type);
	record_set_text(record, OBJECT_COLUMN_ROLE_MEMBER, member);
	record_set_text(record, OBJECT_COLUMN_ROLE_CACHE, role.cache->name);
	if (role.cpu >= 0)
		record_set_number(record, OBJECT_COLUMN_ROLE_CPU, (uint64_t)role.cpu);
	if (role.node >= 0)
		record_set_number(record, OBJECT_COLUMN_ROLE_NODE, (uint64_t)role.node);
	record_set_text(record, OBJECT_COLUMN_ROLE_TEXT, role_text(&role, member, arena));
	return NULL;
}
