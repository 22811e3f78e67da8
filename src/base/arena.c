/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)64 * 1024)

struct block {
	struct block *next;
	size_t size, used; /* of data[] */
	alignas(max_align_t) unsigned char data[];
};

struct arena {
	struct block *blocks;
};

struct dill_error *arena_new(struct arena **ret)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (!arena)
		return error_no_memory();
	*ret = arena;
	return NULL;
}

void arena_reset(struct arena *arena)
{
	while (arena->blocks) {
		struct block *next = arena->blocks->next;

		free(arena->blocks);
		arena->blocks = next;
	}
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	arena_reset(arena);
	free(arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);

	if (size > SIZE_MAX / 2)
		return NULL;
	size = size ? (size + align - 1) / align * align
		    : align; /* blocks have distinct addresses */

	struct block *block = arena->blocks;

	if (!block || block->size - block->used < size) {
		size_t data = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		block = malloc(sizeof(*block) + data);
		if (!block)
			return NULL;
		*block = (struct block){.next = arena->blocks, .size = data};
		arena->blocks = block;
	}
	void *result = block->data + block->used;

	block->used += size;
	return memset(result, 0, size);
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t item_size)
{
	size_t size;

	if (__builtin_mul_overflow(count, item_size, &size))
		return NULL;
	return arena_alloc(arena, size);
}

char *arena_copy_text(struct arena *arena, const char *text, size_t length)
{
	if (length == SIZE_MAX)
		return NULL;

	char *copy = arena_alloc(arena, length + 1);

	if (copy)
		memcpy(copy, text, length);
	return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		return NULL;

	char *copy = arena_copy_text(arena, text, (size_t)length);

	free(text);
	return copy;
}
