/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary bytes as a BTF blob: opened, and all of it read. Each call must end soon, and memory
 * must stay in proportion to the blob (run with -rss_limit_mb and -timeout).
 *
 * A good start is a folder with the BTF of a small file and of a kernel.
 */
#include <stdlib.h>
#include <string.h>

#include "command/kstruct_layout.h"
#include "types/type.h"

/* Searches and layouts have large bounds of their own: some are enough. */
#define SEARCHES 64
#define LAYOUTS	 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_type(struct types *types, const struct type *type)
{
	if (type->target >= types->ops->id_limit(types) || strlen(type->name) > TYPE_NAME_MAX)
		abort();
}

static struct dill_error *read_item(struct types *types, const struct type *type, uint32_t index)
{
	struct type_member member;
	struct type_enumerator enumerator;
	struct type_parameter parameter;

	switch (type->kind) {
	case TYPE_STRUCT:
	case TYPE_UNION:
		TRY(types_member(types, type->id, index, &member));
		if (member.type >= types->ops->id_limit(types))
			abort();
		return NULL;
	case TYPE_ENUM:
		return types_enumerator(types, type->id, index, &enumerator);
	case TYPE_FUNCTION:
		return types_parameter(types, type->id, index, &parameter);
	default:
		return NULL;
	}
}

static void read_type(struct types *types, type_id id)
{
	struct strbuf text = {0};
	struct type type, stripped;
	type_id found;

	dill_error_free(types_declare(types, id, "name", &text));
	strbuf_deinit(&text);
	dill_error_free(types_strip(types, id, &stripped));

	struct dill_error *error = types_get(types, id, &type);

	if (error) {
		dill_error_free(error);
		return;
	}
	check_type(types, &type);
	for (uint32_t index = 0; type.kind != TYPE_ARRAY && index < type.count; index++)
		dill_error_free(read_item(types, &type, index));
	dill_error_free(types->ops->find(types, type.name, ~0u, &found));
	dill_error_free(types_function(types, type.name, &found));
}

static void search(struct types *types, type_id id)
{
	struct type_member member;
	struct type_place place;
	struct dill_error *error = types_member(types, id, 0, &member);

	if (!error)
		dill_error_free(types_place(types, id, member.name, &place));
	dill_error_free(error);
	dill_error_free(types_place(types, id, "a[1].b->c", &place));
	types_has_member(types, id, "list.next", NULL);
}

static struct dill_error *ignore(struct dill_sink *sink, const struct dill_record *record)
{
	(void)sink;
	(void)record;
	return NULL;
}

static struct dill_error *read_pattern(void *context, uint64_t address, void *buffer, size_t length)
{
	(void)context;
	if (address % 8192 >= 4096)
		return dill_error_new_fault(address, "not there");
	memset(buffer, (int)(address >> 4), length);
	return NULL;
}

static struct dill_error *no_symbol(void *context, uint64_t address, enum symbol_reach reach,
				    struct strbuf *text)
{
	(void)context;
	(void)address;
	(void)reach;
	(void)text;
	return NULL;
}

static void lay_out(struct types *types, type_id id)
{
	struct value_reader reader = {read_pattern, no_symbol, NULL};
	struct dill_sink sink = {ignore};
	struct layout_request request = {.types = types, .type = id, .depth = 6};

	dill_error_free(layout_emit(&request, &sink));
	request.reader = &reader;
	request.address = 0xffff888000000000;
	request.depth = 3;
	dill_error_free(layout_emit(&request, &sink));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *blob = malloc(size + 1);
	struct types *types;
	type_id id;

	if (!blob)
		return 0;
	memcpy(blob, data, size);

	struct dill_error *error = btf_types_new(blob, size, &types);

	if (error) {
		dill_error_free(error);
		return 0;
	}
	for (id = 0; id < types->ops->id_limit(types); id++)
		read_type(types, id);
	for (id = 1; id <= SEARCHES; id++)
		search(types, id);
	for (id = 1; id <= LAYOUTS; id++)
		lay_out(types, id);
	dill_error_free(types_find(types, "struct list_haed *", &id));
	types_free(types);
	return 0;
}
