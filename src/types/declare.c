/* SPDX-License-Identifier: MIT */
/*
 * Types as C text. A C declaration is written around its name: what stands left of it (base type,
 * stars, opening parentheses) comes from one descent of the type, what stands right of it (array
 * bounds, parameters, closing parentheses) from a second one.
 */
#include <string.h>

#include "types/type.h"

/* Types visited for one declaration. Parameters that are functions again multiply, so a depth alone
 * would not bound a forged type. */
#define VISITS_MAX 256

struct writer {
	struct types *types;
	struct strbuf *text;
	unsigned visits;
	bool space; /* a name or star that comes next is set apart by a blank */
};

static struct dill_error *write_type(struct writer *writer, type_id id, const char *name,
				     unsigned depth);

static void write_name(struct writer *writer, const char *name)
{
	if (writer->space)
		strbuf_append_char(writer->text, ' ');
	strbuf_append_escaped(writer->text, name, strlen(name));
	writer->space = true;
}

static void write_star(struct writer *writer, const char *star)
{
	if (writer->space)
		strbuf_append_char(writer->text, ' ');
	strbuf_append(writer->text, star);
	writer->space = false;
}

static void write_compound(struct writer *writer, const char *keyword, const char *name)
{
	write_name(writer, keyword);
	write_name(writer, name[0] ? name : "{...}");
}

static const char *qualifier(const struct type *type)
{
	switch (type->kind) {
	case TYPE_CONST:
		return "const";
	case TYPE_VOLATILE:
		return "volatile";
	case TYPE_RESTRICT:
		return "restrict";
	default:
		return NULL;
	}
}

/* What a qualifier of @p id qualifies: that of an array, its elements. */
static struct dill_error *find_qualified(struct writer *writer, type_id id, struct type *ret)
{
	TRY(types_get(writer->types, id, ret));
	for (int depth = 0; ret->kind == TYPE_ARRAY && depth < TYPE_DEPTH_MAX; depth++)
		TRY(types_get(writer->types, ret->target, ret));
	return NULL;
}

/* Stars need parentheses before an array or a function. */
static struct dill_error *is_wrapped(struct writer *writer, type_id pointee, bool *ret)
{
	struct type type;

	TRY(types_get(writer->types, pointee, &type));
	*ret = type.kind == TYPE_ARRAY || type.kind == TYPE_FUNCTION;
	return NULL;
}

static bool is_too_long(struct writer *writer, unsigned depth)
{
	return depth > TYPE_DEPTH_MAX || writer->visits++ >= VISITS_MAX;
}

static struct dill_error *write_left(struct writer *writer, type_id id, unsigned depth)
{
	struct type type, target;
	bool wrapped;

	if (is_too_long(writer, depth)) {
		write_name(writer, "...");
		return NULL;
	}
	TRY(types_get(writer->types, id, &type));
	switch (type.kind) {
	case TYPE_POINTER:
		TRY(write_left(writer, type.target, depth + 1));
		TRY(is_wrapped(writer, type.target, &wrapped));
		write_star(writer, wrapped ? "(*" : "*");
		return NULL;
	case TYPE_ARRAY:
	case TYPE_FUNCTION:
		return write_left(writer, type.target, depth + 1);
	case TYPE_CONST:
	case TYPE_VOLATILE:
	case TYPE_RESTRICT:
		/* "const int", but "int *const"; once, where both array and element have it. */
		TRY(find_qualified(writer, type.target, &target));
		if (target.kind != TYPE_POINTER && target.kind != type.kind)
			write_name(writer, qualifier(&type));
		TRY(write_left(writer, type.target, depth + 1));
		if (target.kind == TYPE_POINTER)
			write_name(writer, qualifier(&type));
		return NULL;
	case TYPE_TAG:
		TRY(write_left(writer, type.target, depth + 1));
		/* The kernel's __user is BTF_TYPE_TAG(user): include/linux/compiler_types.h. */
		write_name(writer, "__");
		strbuf_append_escaped(writer->text, type.name, strlen(type.name));
		return NULL;
	case TYPE_STRUCT:
		write_compound(writer, "struct", type.name);
		return NULL;
	case TYPE_UNION:
		write_compound(writer, "union", type.name);
		return NULL;
	case TYPE_ENUM:
		write_compound(writer, "enum", type.name);
		return NULL;
	case TYPE_FORWARD:
		write_compound(writer,
			       type.forward == TYPE_UNION  ? "union"
			       : type.forward == TYPE_ENUM ? "enum"
							   : "struct",
			       type.name);
		return NULL;
	default:
		write_name(writer, type.name[0] ? type.name : "?");
		return NULL;
	}
}

static struct dill_error *write_parameters(struct writer *writer, const struct type *function,
					   unsigned depth)
{
	strbuf_append_char(writer->text, '(');
	for (uint32_t index = 0; index < function->count; index++) {
		struct type_parameter parameter;

		if (index)
			strbuf_append(writer->text, ", ");
		TRY(types_parameter(writer->types, function->id, index, &parameter));
		if (parameter.type == 0 || writer->visits >= VISITS_MAX) {
			strbuf_append(writer->text, "...");
			break;
		}
		TRY(write_type(writer, parameter.type, "", depth + 1));
	}
	strbuf_append(writer->text, function->count ? ")" : "void)");
	writer->space = false;
	return NULL;
}

static struct dill_error *write_right(struct writer *writer, type_id id, unsigned depth)
{
	struct type type;
	bool wrapped;

	if (is_too_long(writer, depth))
		return NULL;
	TRY(types_get(writer->types, id, &type));
	switch (type.kind) {
	case TYPE_POINTER:
		TRY(is_wrapped(writer, type.target, &wrapped));
		if (wrapped)
			strbuf_append_char(writer->text, ')');
		return write_right(writer, type.target, depth + 1);
	case TYPE_ARRAY:
		if (type.count)
			strbuf_append_format(writer->text, "[%u]", type.count);
		else
			strbuf_append(writer->text, "[]");
		return write_right(writer, type.target, depth + 1);
	case TYPE_FUNCTION:
		TRY(write_parameters(writer, &type, depth));
		return write_right(writer, type.target, depth + 1);
	case TYPE_CONST:
	case TYPE_VOLATILE:
	case TYPE_RESTRICT:
	case TYPE_TAG:
		return write_right(writer, type.target, depth + 1);
	default:
		return NULL;
	}
}

static struct dill_error *write_type(struct writer *writer, type_id id, const char *name,
				     unsigned depth)
{
	writer->space = false;
	TRY(write_left(writer, id, depth));
	if (name[0])
		write_name(writer, name);
	return write_right(writer, id, depth);
}

struct dill_error *types_declare(struct types *types, type_id id, const char *name,
				 struct strbuf *text)
{
	struct writer writer = {.types = types, .text = text};

	TRY(write_type(&writer, id, name, 0));
	return strbuf_error(text);
}
