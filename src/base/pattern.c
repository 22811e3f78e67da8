/* SPDX-License-Identifier: MIT */
#include "base/pattern.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct dill_error *wrong(const char *text)
{
	return dill_error_new(
		DILL_ERROR_INVALID_ARGUMENT,
		"\"%s\" is no pattern: write bytes as two hexadecimal digits each, ?? "
		"for any byte, or a value as u8:N, u16:N, u32:N, u64:N",
		text);
}

static struct dill_error *append(struct pattern *pattern, uint8_t byte, bool fixed)
{
	if (pattern->length == PATTERN_MAX)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "a pattern has at most %u bytes",
				      PATTERN_MAX);
	pattern->bytes[pattern->length] = byte;
	pattern->fixed[pattern->length++] = fixed;
	return NULL;
}

static const struct {
	const char *prefix;
	size_t size;
} values[] = {{"u8:", 1}, {"u16:", 2}, {"u32:", 4}, {"u64:", 8}};

/* Bytes of a value, by its prefix; 0 = it has none. */
static size_t value_size(const char *word, const char **ret_number)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (!strncmp(word, values[i].prefix, strlen(values[i].prefix))) {
			*ret_number = word + strlen(values[i].prefix);
			return values[i].size;
		}
	return 0;
}

/* Decimal, or hexadecimal with 0x; a leading 0 is no octal. */
static bool parse_number(const char *text, size_t length, size_t size, uint64_t *ret)
{
	bool hexadecimal = length > 2 && text[0] == '0' && (text[1] | 0x20) == 'x';
	const char *digits = hexadecimal ? text + 2 : text;
	char *end;

	if (!isxdigit((unsigned char)*digits))
		return false;
	errno = 0;
	*ret = strtoull(digits, &end, hexadecimal ? 16 : 10);
	return !errno && end == text + length && (size == 8 || *ret >> (8 * size) == 0);
}

static struct dill_error *add_value(struct pattern *pattern, const char *text, const char *number,
				    size_t length, size_t size)
{
	uint64_t value;

	if (!parse_number(number, length, size, &value))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "\"%s\": behind u%zu: stands a number that fits into %zu "
				      "byte%s",
				      text, size * 8, size, size == 1 ? "" : "s");
	if (!pattern->length)
		pattern->align = size;
	for (size_t i = 0; i < size; i++)
		TRY(append(pattern, (uint8_t)(value >> (8 * i)), true));
	return NULL;
}

static unsigned digit(char c)
{
	return isdigit((unsigned char)c) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a') + 10;
}

static struct dill_error *add_bytes(struct pattern *pattern, const char *text, const char *word,
				    size_t length)
{
	if (length % 2)
		return wrong(text);
	for (size_t i = 0; i < length; i += 2) {
		bool any = word[i] == '?' && word[i + 1] == '?';

		if (!any &&
		    (!isxdigit((unsigned char)word[i]) || !isxdigit((unsigned char)word[i + 1])))
			return wrong(text);
		TRY(append(pattern, any ? 0 : (uint8_t)(digit(word[i]) << 4 | digit(word[i + 1])),
			   !any));
	}
	return NULL;
}

/* Remember the longest run of fixed bytes; false when there is none. */
static bool find_anchor(struct pattern *pattern)
{
	size_t run = 0;

	for (size_t i = 0; i < pattern->length; i++) {
		run = pattern->fixed[i] ? run + 1 : 0;
		if (run > pattern->anchor_length) {
			pattern->anchor_length = run;
			pattern->anchor = i + 1 - run;
		}
	}
	return pattern->anchor_length;
}

struct dill_error *pattern_parse(const char *text, struct pattern *ret)
{
	const char *word = text;

	*ret = (struct pattern){.align = 1};
	for (;;) {
		size_t length, size;
		const char *number;

		word += strspn(word, " ");
		length = strcspn(word, " ");
		if (!length)
			break;
		size = value_size(word, &number);
		if (size)
			TRY(add_value(ret, text, number, (size_t)(word + length - number), size));
		else
			TRY(add_bytes(ret, text, word, length));
		word += length;
	}
	if (!find_anchor(ret))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "\"%s\" would be found everywhere: it needs at least one "
				      "byte that is not ??",
				      text);
	return NULL;
}

struct dill_error *pattern_of_bytes(const void *bytes, size_t length, struct pattern *ret)
{
	*ret = (struct pattern){.align = 1};
	for (size_t i = 0; i < length; i++)
		TRY(append(ret, ((const uint8_t *)bytes)[i], true));
	return find_anchor(ret) ? NULL
				: dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
						 "an empty text would be found everywhere");
}

static bool fits(const struct pattern *pattern, const uint8_t *bytes)
{
	for (size_t i = 0; i < pattern->length; i++)
		if (pattern->fixed[i] && pattern->bytes[i] != bytes[i])
			return false;
	return true;
}

/* What begins with a value of 4 or 8 bytes: word by word, which is several times faster than
 * looking for four bytes anywhere. */
static bool find_aligned(const struct pattern *pattern, struct span span, size_t from, size_t base,
			 size_t *ret)
{
	size_t align = pattern->align;
	uint64_t value = 0;

	memcpy(&value, pattern->bytes, align);
	from += (align - (base + from) % align) % align;
	for (; from < span.size && pattern->length <= span.size - from; from += align) {
		uint64_t word = align == 8 ? span_u64(span, from) : span_u32(span, from);

		if (word == value && fits(pattern, span.data + from)) {
			*ret = from;
			return true;
		}
	}
	return false;
}

bool pattern_find(const struct pattern *pattern, struct span span, size_t from, size_t base,
		  size_t *ret)
{
	if (pattern->align >= 4)
		return find_aligned(pattern, span, from, base, ret);
	while (from < span.size && pattern->length <= span.size - from) {
		/* Where the anchor may begin, with room for what stands behind it. */
		const uint8_t *start = span.data + from + pattern->anchor;
		size_t room = span.size - from - pattern->length + pattern->anchor_length;
		const uint8_t *hit = memmem(start, room, pattern->bytes + pattern->anchor,
					    pattern->anchor_length);

		if (!hit)
			return false;
		from += (size_t)(hit - start);
		if ((base + from) % pattern->align == 0 && fits(pattern, span.data + from)) {
			*ret = from;
			return true;
		}
		from++;
	}
	return false;
}

bool word_find(struct span span, size_t from, uint64_t low, uint64_t size, size_t *ret)
{
	for (size_t at = (from + 7) / 8 * 8; span.size >= 8 && at <= span.size - 8; at += 8) {
		if (span_u64(span, at) - low < size) {
			*ret = at;
			return true;
		}
	}
	return false;
}
