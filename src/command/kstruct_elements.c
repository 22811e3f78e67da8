/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "answer/layout_record.h"
#include "command/kstruct_line.h"

/* Elements of an array of structs whose values are shown; equal neighbours count as one. */
#define ELEMENTS_SHOWN_MAX 16
/* Elements looked at to find equal ones, and the largest that are compared. */
#define ELEMENTS_READ_MAX 4096
#define ELEMENT_BYTES_MAX 4096

/* Element number index of an array; its members come one level deeper. */
static struct dill_error *walk_element(struct kstruct_walk *walk, const struct type *array,
				       const struct spot *spot, uint32_t index)
{
	struct type element;
	size_t length = walk->path.length;
	char name[16];
	struct spot inner = *spot;

	snprintf(name, sizeof(name), "[%u]", index);
	TRY(types_get(walk->types, array->target, &element));
	inner.name = name;
	inner.type = array->target;
	inner.bit_offset += element.size * 8 * index;
	inner.bit_size = 0;
	inner.depth = spot->depth + 1;
	inner.problem = NULL;
	strbuf_append(&walk->path, name);

	struct dill_error *error = layout_spot(walk, &inner);

	truncate_text(&walk->path, length);
	return error;
}

/* True when element number index holds the same bytes as the one before it. */
static bool is_same_element(struct kstruct_walk *walk, uint64_t address, uint64_t size,
			    uint32_t index, struct dill_error **error)
{
	const struct value_reader *reader = walk->request->reader;
	uint8_t bytes[2][ELEMENT_BYTES_MAX];

	if (index == 0 || size > ELEMENT_BYTES_MAX)
		return false;
	*error =
		reader->read(reader->context, address + size * (index - 1), bytes[0], (size_t)size);
	if (!*error)
		*error = reader->read(reader->context, address + size * index, bytes[1],
				      (size_t)size);
	if (!*error)
		return memcmp(bytes[0], bytes[1], (size_t)size) == 0;
	/* What cannot be read is said in the element's own lines. */
	if (!error_is_fatal(*error)) {
		dill_error_free(*error);
		*error = NULL;
	}
	return false;
}

static struct dill_error *emit_folded(struct kstruct_walk *walk, enum layout_word kind,
				      unsigned depth, const char *text)
{
	struct dill_record *record;

	TRY(line_new_note(walk, kind, depth, &record));
	record_set_text(record, LAYOUT_DECLARATION, text);
	return line_emit(walk, record);
}

/* Elements [first, end), which are equal to the one before them. */
static struct dill_error *emit_same(struct kstruct_walk *walk, unsigned depth, uint32_t first,
				    uint32_t end)
{
	char text[80];

	if (first == end)
		return NULL;
	if (first + 1 == end)
		snprintf(text, sizeof(text), "[%u] as [%u]", first, first - 1);
	else
		snprintf(text, sizeof(text), "[%u] to [%u] as [%u]", first, end - 1, first - 1);
	return emit_folded(walk, LAYOUT_IS_SAME, depth, text);
}

struct dill_error *layout_elements(struct kstruct_walk *walk, const struct type *array,
				   const struct spot *spot)
{
	uint64_t address = walk->request->address + spot->bit_offset / 8;
	struct dill_error *error = NULL;
	struct type element;
	uint32_t index = 0, shown = 0, next = 0; /* next: first that has no line yet */

	TRY(types_get(walk->types, array->target, &element));
	for (; index < array->count && index < ELEMENTS_READ_MAX; index++) {
		bool same = is_same_element(walk, address, element.size, index, &error);

		if (error)
			return error;
		if (same)
			continue;
		TRY(emit_same(walk, spot->depth + 1, next, index));
		next = index;
		if (shown++ == ELEMENTS_SHOWN_MAX)
			break;
		TRY(walk_element(walk, array, spot, index));
		next = index + 1;
	}
	if (shown <= ELEMENTS_SHOWN_MAX) {
		TRY(emit_same(walk, spot->depth + 1, next, index));
		next = index;
	}
	if (next == array->count)
		return NULL;

	char text[48];

	snprintf(text, sizeof(text), "... %u more", array->count - next);
	return emit_folded(walk, LAYOUT_IS_MORE, spot->depth + 1, text);
}
