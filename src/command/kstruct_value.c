/* SPDX-License-Identifier: MIT */
#include "command/kstruct_value.h"

#include <inttypes.h>
#include <string.h>

/* Of an array: bytes that are read, elements and runs of equal elements that are written. */
#define ARRAY_BYTES_MAX 4096
#define ARRAY_RUNS_MAX	64
/* Equal neighbours from this many on are written as one. */
#define REPEATS_MIN 4
/* Arrays of arrays. */
#define ARRAY_DEPTH_MAX 8
#define STRING_MAX	64

struct formatter {
	const struct value_reader *reader;
	struct types *types;
};

void value_text_clear(struct value_text *text)
{
	strbuf_clear(&text->value);
	strbuf_clear(&text->string);
	strbuf_clear(&text->symbol);
	text->is_string = false;
}

void value_text_deinit(struct value_text *text)
{
	strbuf_deinit(&text->value);
	strbuf_deinit(&text->string);
	strbuf_deinit(&text->symbol);
}

static uint64_t sign_extended(uint64_t raw, unsigned bits)
{
	uint64_t sign = 1ull << (bits - 1);

	return bits < 64 ? (raw ^ sign) - sign : raw;
}

static void append_integer(struct strbuf *text, const struct type *type, uint64_t raw,
			   unsigned bits)
{
	if (type->encoding == INT_BOOL && raw <= 1)
		strbuf_append(text, raw ? "true" : "false");
	else if (type->encoding == INT_SIGNED || type->encoding == INT_CHAR)
		strbuf_append_format(text, "%" PRId64, (int64_t)sign_extended(raw, bits));
	else
		strbuf_append_format(text, "%" PRIu64, raw);
}

static struct dill_error *append_enumerator(struct formatter *formatter, struct strbuf *text,
					    const struct type *type, uint64_t raw, unsigned bits)
{
	uint64_t value = type->encoding == INT_SIGNED ? sign_extended(raw, bits) : raw;

	for (uint32_t index = 0; index < type->count; index++) {
		struct type_enumerator item;

		TRY(types_enumerator(formatter->types, type->id, index, &item));
		if ((uint64_t)item.value == value) {
			strbuf_append_escaped(text, item.name, strlen(item.name));
			return NULL;
		}
	}
	append_integer(text, type, raw, bits);
	return NULL;
}

static void append_float(struct strbuf *text, struct span bytes)
{
	if (bytes.size == sizeof(float)) {
		float value;

		memcpy(&value, bytes.data, sizeof(value));
		strbuf_append_format(text, "%g", (double)value);
	} else if (bytes.size == sizeof(double)) {
		double value;

		memcpy(&value, bytes.data, sizeof(value));
		strbuf_append_format(text, "%g", value);
	} else {
		strbuf_append(text, "?");
	}
}

/* Whole numbers of more than 8 bytes: as in hexadecimal C, most significant byte first. */
static void append_wide(struct strbuf *text, struct span bytes)
{
	strbuf_append(text, "0x");
	for (size_t i = bytes.size; i-- > 0;)
		strbuf_append_format(text, "%02x", bytes.data[i]);
}

static uint64_t load(struct span bytes)
{
	uint64_t value = 0;

	memcpy(&value, bytes.data, bytes.size < 8 ? bytes.size : 8);
	return value;
}

static struct dill_error *append_array(struct formatter *formatter, struct strbuf *text,
				       const struct type *array, struct span bytes, unsigned depth);

/* One value whose bytes are at hand: all of them, except of an array that is cut. */
static struct dill_error *append_value(struct formatter *formatter, struct strbuf *text,
				       const struct type *type, struct span bytes, unsigned depth)
{
	if (type->kind == TYPE_ARRAY)
		return append_array(formatter, text, type, bytes, depth);
	if (type->kind == TYPE_FLOAT) {
		append_float(text, bytes);
	} else if (bytes.size > 8) {
		append_wide(text, bytes);
	} else if (type->kind == TYPE_POINTER) {
		strbuf_append_format(text, "0x%016" PRIx64, load(bytes));
	} else if (type->kind == TYPE_INT) {
		append_integer(text, type, load(bytes), (unsigned)bytes.size * 8);
	} else if (type->kind == TYPE_ENUM) {
		return append_enumerator(formatter, text, type, load(bytes),
					 (unsigned)bytes.size * 8);
	}
	return NULL;
}

/* Elements from the first of bytes on that are equal to it. */
static uint32_t count_equal(struct span bytes, size_t size, uint32_t most)
{
	uint32_t count = 1;

	while (count < most && span_holds(bytes, count * size, size) &&
	       memcmp(bytes.data, bytes.data + count * size, size) == 0)
		count++;
	return count;
}

/* Plain char: text up to its NUL, as C has it. */
static void append_characters(struct strbuf *text, struct span bytes)
{
	strbuf_append_escaped(text, (const char *)bytes.data,
			      strnlen((const char *)bytes.data, bytes.size));
}

static struct dill_error *append_array(struct formatter *formatter, struct strbuf *text,
				       const struct type *array, struct span bytes, unsigned depth)
{
	struct type element;
	uint32_t index = 0;

	TRY(types_strip(formatter->types, array->target, &element));
	if (element.kind == TYPE_INT && element.encoding == INT_CHAR) {
		strbuf_append_char(text, '"');
		append_characters(text, bytes);
		strbuf_append_char(text, '"');
		return NULL;
	}
	if (element.size == 0 || depth == ARRAY_DEPTH_MAX) {
		strbuf_append(text, array->count ? "{...}" : "{}");
		return NULL;
	}
	strbuf_append_char(text, '{');
	for (unsigned runs = 0; index < array->count && runs < ARRAY_RUNS_MAX && bytes.size;
	     runs++) {
		struct span first = span_cut(bytes, 0, element.size);
		uint32_t equal = count_equal(bytes, element.size, array->count - index);

		/* Cut off in the middle of a value: that one was not read. */
		if (first.size < element.size && element.kind != TYPE_ARRAY)
			break;
		if (equal < REPEATS_MIN)
			equal = 1;
		if (index)
			strbuf_append(text, ", ");
		TRY(append_value(formatter, text, &element, first, depth + 1));
		if (equal > 1)
			strbuf_append_format(text, " <%u times>", equal);
		index += equal;
		bytes = span_cut(bytes, equal * element.size, bytes.size);
	}
	if (index < array->count)
		strbuf_append_format(text, "%s<%u more>", index ? ", " : "", array->count - index);
	strbuf_append_char(text, '}');
	return NULL;
}

static struct dill_error *read_array(struct formatter *formatter, const struct type *type,
				     uint64_t address, struct value_text *ret)
{
	uint8_t buffer[ARRAY_BYTES_MAX];
	size_t size = type->size < sizeof(buffer) ? (size_t)type->size : sizeof(buffer);
	struct span bytes = {buffer, size};
	struct type element;

	TRY(types_strip(formatter->types, type->target, &element));
	if (element.kind == TYPE_STRUCT || element.kind == TYPE_UNION)
		return NULL;
	TRY(formatter->reader->read(formatter->reader->context, address, buffer, size));
	if (element.kind == TYPE_INT && element.encoding == INT_CHAR) {
		ret->is_string = true;
		append_characters(&ret->string, bytes);
		return NULL;
	}
	return append_array(formatter, &ret->value, type, bytes, 0);
}

/*
 * The text that a char pointer points to. None when it cannot be read: the pointer itself is the
 * value, and may well lead nowhere. Read in two steps, since the end of the mapping may lie between
 * the end of the text and that of the buffer.
 */
static struct dill_error *read_string(struct formatter *formatter, uint64_t address,
				      struct value_text *ret)
{
	const struct value_reader *reader = formatter->reader;
	char buffer[STRING_MAX];
	size_t to_page_end = 4096 - address % 4096;
	size_t size = to_page_end < sizeof(buffer) ? to_page_end : sizeof(buffer);
	struct dill_error *error = reader->read(reader->context, address, buffer, size);
	size_t length = error ? 0 : strnlen(buffer, size);

	if (!error && length == size && size < sizeof(buffer)) {
		error = reader->read(reader->context, address + size, buffer + size,
				     sizeof(buffer) - size);
		length = error ? size : strnlen(buffer, sizeof(buffer));
	}
	TRY(error_forgive(error));
	if (error && length == 0)
		return NULL;
	ret->is_string = true;
	strbuf_append_escaped(&ret->string, buffer, length);
	if (error || length == sizeof(buffer))
		strbuf_append(&ret->string, "...");
	return NULL;
}

/* What a byte pointer points to may be a string literal; the symbol before has nothing to do with
 * it. */
static enum symbol_reach reach_of(const struct type *target)
{
	if (target->kind == TYPE_INT && target->encoding == INT_CHAR)
		return SYMBOL_EXACT;
	if (target->kind == TYPE_VOID || (target->kind == TYPE_INT && target->size == 1))
		return SYMBOL_NO_LITERAL;
	return SYMBOL_INSIDE;
}

static struct dill_error *read_pointer(struct formatter *formatter, const struct type *type,
				       uint64_t address, struct value_text *ret)
{
	struct type target;
	uint64_t pointer;

	TRY(formatter->reader->read(formatter->reader->context, address, &pointer,
				    sizeof(pointer)));
	strbuf_append_format(&ret->value, "0x%016" PRIx64, pointer);
	if (pointer == 0)
		return NULL;
	TRY(types_strip(formatter->types, type->target, &target));
	TRY(formatter->reader->symbol(formatter->reader->context, pointer, reach_of(&target),
				      &ret->symbol));
	if (target.kind == TYPE_INT && target.encoding == INT_CHAR)
		return read_string(formatter, pointer, ret);
	return NULL;
}

static struct dill_error *read_bits(struct formatter *formatter, const struct type *type,
				    uint64_t address, unsigned bit_offset, uint32_t bit_size,
				    struct value_text *ret)
{
	uint8_t buffer[16] = {0};
	unsigned __int128 value;

	if (bit_size > 64)
		return dill_error_new(DILL_ERROR_BAD_DATA, "bit-field of %u bits", bit_size);
	TRY(formatter->reader->read(formatter->reader->context, address, buffer,
				    (bit_offset + bit_size + 7) / 8));
	memcpy(&value, buffer, sizeof(value));

	uint64_t raw = (uint64_t)(value >> bit_offset);

	if (bit_size < 64)
		raw &= (1ull << bit_size) - 1;
	if (type->kind == TYPE_ENUM)
		return append_enumerator(formatter, &ret->value, type, raw, bit_size);
	append_integer(&ret->value, type, raw, bit_size);
	return NULL;
}

struct dill_error *value_read(const struct value_reader *reader, struct types *types,
			      const struct type *type, uint64_t address, unsigned bit_offset,
			      uint32_t bit_size, struct value_text *ret)
{
	struct formatter formatter = {reader, types};
	uint8_t buffer[16];

	if (bit_size)
		return read_bits(&formatter, type, address, bit_offset, bit_size, ret);
	switch (type->kind) {
	case TYPE_ARRAY:
		return read_array(&formatter, type, address, ret);
	case TYPE_POINTER:
		return read_pointer(&formatter, type, address, ret);
	case TYPE_INT:
	case TYPE_ENUM:
	case TYPE_FLOAT:
		break;
	default:
		return NULL;
	}
	if (type->size == 0 || type->size > sizeof(buffer))
		return dill_error_new(DILL_ERROR_BAD_DATA, "value of %" PRIu64 " bytes",
				      type->size);
	TRY(reader->read(reader->context, address, buffer, (size_t)type->size));
	return append_value(&formatter, &ret->value, type, (struct span){buffer, type->size}, 0);
}
