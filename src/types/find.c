/* SPDX-License-Identifier: MIT */
/* Types by the names people write. */
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "types/type.h"

#define KIND(kind) (1u << (kind))
/* The longest "struct NAME" in words, with room for "const long long unsigned int". */
#define WORDS_MAX  8
#define LEVELS_MAX ((1u << (32 - TYPE_ID_POINTER_SHIFT)) - 1)

/* A type's name taken apart. */
struct wanted {
	char words[WORDS_MAX][TYPE_NAME_MAX + 1];
	size_t count;
	unsigned pointers;
};

static struct dill_error *take_word(struct wanted *wanted, const char *word, size_t length)
{
	if (wanted->pointers)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "\"%.*s\" after the \"*\" of a type", (int)length, word);
	/* Qualifiers change nothing about the layout. */
	if ((length == 5 && memcmp(word, "const", 5) == 0) ||
	    (length == 8 && memcmp(word, "volatile", 8) == 0))
		return NULL;
	if (wanted->count == WORDS_MAX || length > TYPE_NAME_MAX)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "too long for a type's name");
	memcpy(wanted->words[wanted->count], word, length);
	wanted->words[wanted->count][length] = '\0';
	wanted->count++;
	return NULL;
}

static struct dill_error *take_apart(struct wanted *wanted, const char *name)
{
	wanted->count = wanted->pointers = 0;
	while (*name) {
		size_t length = strcspn(name, " \t*");

		if (length)
			TRY(take_word(wanted, name, length));
		name += length;
		if (*name == '*' && ++wanted->pointers > LEVELS_MAX)
			return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
					      "more than %u levels of pointers", LEVELS_MAX);
		if (*name)
			name++;
	}
	if (wanted->count == 0)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "a type's name is missing");
	return NULL;
}

/* True, with *ret, when found; *error is set when the source failed. */
static bool try_find(struct types *types, const char *name, unsigned kinds, type_id *ret,
		     struct dill_error **error)
{
	*error = types->ops->find(types, name, kinds, ret);
	if (!*error)
		return true;
	if (dill_error_code(*error) == DILL_ERROR_NOT_FOUND) {
		dill_error_free(*error);
		*error = NULL;
	}
	return false;
}

/*
 * Base types: compilers order the words differently, GCC "long unsigned int" and clang "unsigned
 * long", and people use all of C's spellings. So the words are counted, and both spellings tried.
 */
struct base_words {
	unsigned longs, shorts, ints, chars, int128s;
	bool is_signed, is_unsigned;
};

static bool count_base_words(const struct wanted *wanted, struct base_words *ret)
{
	struct base_words words = {0};

	for (size_t i = 0; i < wanted->count; i++) {
		const char *word = wanted->words[i];

		if (strcmp(word, "long") == 0)
			words.longs++;
		else if (strcmp(word, "short") == 0)
			words.shorts++;
		else if (strcmp(word, "int") == 0)
			words.ints++;
		else if (strcmp(word, "char") == 0)
			words.chars++;
		else if (strcmp(word, "__int128") == 0)
			words.int128s++;
		else if (strcmp(word, "signed") == 0)
			words.is_signed = true;
		else if (strcmp(word, "unsigned") == 0)
			words.is_unsigned = true;
		else
			return false;
	}
	if (words.longs > 2 || words.shorts > 1 || words.ints > 1 || words.chars > 1 ||
	    words.int128s > 1 || (words.is_signed && words.is_unsigned))
		return false;
	*ret = words;
	return true;
}

static bool find_base(struct types *types, const struct base_words *words, type_id *ret,
		      struct dill_error **error)
{
	const char *sign = words->is_unsigned ? "unsigned " : "";
	char gcc[64], clang[64];

	if (words->chars) {
		snprintf(gcc, sizeof(gcc), "%schar", words->is_signed ? "signed " : sign);
		snprintf(clang, sizeof(clang), "%s", gcc);
	} else if (words->int128s) {
		snprintf(gcc, sizeof(gcc), "__int128%s", words->is_unsigned ? " unsigned" : "");
		snprintf(clang, sizeof(clang), "%s__int128", sign);
	} else if (words->longs || words->shorts) {
		const char *size = words->shorts       ? "short"
				   : words->longs == 2 ? "long long"
						       : "long";

		snprintf(gcc, sizeof(gcc), "%s %sint", size, sign);
		snprintf(clang, sizeof(clang), "%s%s", sign, size);
	} else {
		snprintf(gcc, sizeof(gcc), "%sint", sign);
		snprintf(clang, sizeof(clang), "%s", gcc);
	}
	return try_find(types, gcc, KIND(TYPE_INT), ret, error) ||
	       (!*error && try_find(types, clang, KIND(TYPE_INT), ret, error));
}

static bool find_words(struct types *types, const struct wanted *wanted, type_id *ret,
		       struct dill_error **error)
{
	/* Without a keyword, in this order. */
	static const unsigned order[] = {
		KIND(TYPE_STRUCT), KIND(TYPE_UNION), KIND(TYPE_TYPEDEF), KIND(TYPE_ENUM),
		KIND(TYPE_INT),	   KIND(TYPE_FLOAT), KIND(TYPE_FORWARD),
	};
	static const struct {
		const char *word;
		unsigned kinds;
	} keywords[] = {
		{"struct", KIND(TYPE_STRUCT)},
		{"union", KIND(TYPE_UNION)},
		{"enum", KIND(TYPE_ENUM)},
	};
	struct base_words base;

	if (count_base_words(wanted, &base))
		return find_base(types, &base, ret, error);
	if (wanted->count == 1 && strcmp(wanted->words[0], "void") == 0) {
		*ret = 0;
		return true;
	}
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (strcmp(wanted->words[0], keywords[i].word) != 0 || wanted->count != 2)
			continue;
		if (try_find(types, wanted->words[1], keywords[i].kinds, ret, error))
			return true;
		return !*error && try_find(types, wanted->words[1], KIND(TYPE_FORWARD), ret, error);
	}
	for (size_t i = 0; wanted->count == 1 && i < sizeof(order) / sizeof(order[0]); i++) {
		if (try_find(types, wanted->words[0], order[i], ret, error))
			return true;
		if (*error)
			return false;
	}
	/* "bool" is a typedef of _Bool where it is not found itself; "long double" has two words.
	 */
	if (wanted->count == 2 && strcmp(wanted->words[1], "double") == 0)
		return try_find(types, "long double", KIND(TYPE_FLOAT), ret, error);
	return false;
}

static struct dill_error *offer_name(void *context, const char *name)
{
	suggest_offer(context, name);
	return NULL;
}

static struct dill_error *not_found(struct types *types, const char *name,
				    const struct wanted *wanted)
{
	struct suggest suggest;

	suggest_init(&suggest, wanted->words[wanted->count - 1]);
	TRY(types_each_name(types, "", offer_name, &suggest));
	return dill_error_new(DILL_ERROR_NOT_FOUND, "no type \"%s\" in the %s of this kernel%s",
			      name, types->ops->name, suggest_text(&suggest));
}

struct dill_error *types_find(struct types *types, const char *name, type_id *ret)
{
	struct wanted wanted;
	struct dill_error *error = NULL;
	type_id id;

	TRY(dill_error_add_context(take_apart(&wanted, name), "type \"%s\"", name));
	if (!find_words(types, &wanted, &id, &error))
		return error ? error : not_found(types, name, &wanted);
	*ret = id + wanted.pointers * TYPE_ID_LIMIT;
	return NULL;
}
