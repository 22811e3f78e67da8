/* SPDX-License-Identifier: MIT */
#include "kernel/kallsyms_decode.h"

#include <string.h>

#include "base/cleanup.h"

/** Longest part of a token that is copied without a look at its length. */
#define TOKEN_FAST 16u

/** A token, ready to be copied in one step when it is short. */
struct token {
	const uint8_t *text;
	uint32_t length;
	uint8_t head[TOKEN_FAST];
};

static void load_tokens(struct span bytes, const struct kallsyms_tables *tables,
			struct token *tokens)
{
	for (unsigned i = 0; i < KALLSYMS_TOKENS; i++) {
		uint64_t at = tables->token_table +
			      span_u16(bytes, tables->token_index + i * sizeof(uint16_t));
		struct token *token = &tokens[i];

		token->text = bytes.data + at;
		token->length =
			(uint32_t)strnlen((const char *)token->text, KALLSYMS_NAME_BYTES_MAX);
		memset(token->head, 0, TOKEN_FAST);
		memcpy(token->head, token->text,
		       token->length < TOKEN_FAST ? token->length : TOKEN_FAST);
	}
}

/**
 * Expand one name.
 * @param to  SYMBOL_NAME_MAX + TOKEN_FAST bytes; longer names are cut
 * @return its length
 */
static size_t expand(const struct token *tokens, const uint8_t *codes, uint64_t count, char *to)
{
	size_t length = 0;

	for (uint64_t i = 0; i < count; i++) {
		const struct token *token = &tokens[codes[i]];
		size_t size = token->length;

		if (size > SYMBOL_NAME_MAX - length)
			break;
		if (size <= TOKEN_FAST)
			memcpy(to + length, token->head, TOKEN_FAST);
		else
			memcpy(to + length, token->text, size);
		length += size;
	}
	return length;
}

struct dill_error *kallsyms_decode(struct span bytes, uint64_t address,
				   const struct kallsyms_tables *tables, struct symbol_table *ret)
{
	_cleanup_(freep)
	struct token *tokens = calloc(KALLSYMS_TOKENS, sizeof(*tokens));
	char name[SYMBOL_NAME_MAX + TOKEN_FAST];
	uint64_t at = tables->names;

	if (!tokens)
		return error_no_memory();
	load_tokens(bytes, tables, tokens);
	TRY(array_reserve(&ret->entries, tables->count));
	for (uint32_t i = 0; i < tables->count; i++) {
		uint64_t prefix;
		uint64_t length;
		size_t size;

		if (!kallsyms_name_length(bytes, at, &prefix, &length))
			return dill_error_new(DILL_ERROR_BAD_DATA, "kallsyms: names end early");
		size = expand(tokens, bytes.data + at + prefix, length, name);
		/* The first character is the kind; a name of nothing else is of no use. */
		if (size > 1)
			TRY(symbol_table_add(ret, kallsyms_value(bytes, address, tables, i),
					     name[0], name + 1, size - 1));
		at += prefix + length;
	}
	return NULL;
}
