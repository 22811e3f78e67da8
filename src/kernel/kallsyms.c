/* SPDX-License-Identifier: MIT */
#include "kernel/kallsyms.h"

#include <string.h>

#define BLOCK	    256u /**< one marker per this many names */
#define INDEX_BYTES (KALLSYMS_TOKENS * sizeof(uint16_t))
/** Units of work (entries looked at) before a search gives up; a real kernel takes some 500,000. */
#define WORK_MAX UINT64_C(100000000)

/** One search. Offsets count from the start of the bytes; alignment is that of addresses. */
struct finder {
	struct span bytes;
	uint64_t address;
	uint64_t work;
	unsigned marker_bytes; /**< 4; 8 before 4.20 */
};

static uint64_t marker_at(const struct finder *finder, uint64_t at)
{
	return finder->marker_bytes == 8 ? span_u64(finder->bytes, at)
					 : span_u32(finder->bytes, at);
}

static uint64_t align_up(const struct finder *finder, uint64_t offset, uint64_t alignment)
{
	uint64_t sum = finder->address + offset;

	return offset + (-sum & (alignment - 1));
}

static bool spend(struct finder *finder, uint64_t work)
{
	finder->work += work;
	return finder->work <= WORK_MAX;
}

static bool is_symbol_char(uint8_t c)
{
	return c > ' ' && c < 0x7f;
}

/** Letters that scripts/kallsyms.c takes over from nm. */
static bool is_kind(uint8_t c)
{
	return c && strchr("aAbBcCdDgGiInNrRsStTuUvVwW-?", c);
}

/**
 * Offset of the end of the token that starts at @p at, its NUL excluded.
 * @return false when it holds what no symbol does, or does not end
 */
static bool token_end(struct span bytes, uint64_t at, uint64_t *ret)
{
	for (uint64_t end = at; end < bytes.size && end - at < KALLSYMS_NAME_BYTES_MAX; end++) {
		if (!bytes.data[end]) {
			*ret = end;
			return true;
		}
		if (!is_symbol_char(bytes.data[end]))
			return false;
	}
	return false;
}

/* --- tokens --- */

/** True when the index at @p index describes the token strings from @p table on, all of them. */
static bool index_fits(const struct finder *finder, uint64_t table, uint64_t index,
		       uint64_t *ret_end)
{
	uint64_t at = table;

	for (unsigned i = 0; i < KALLSYMS_TOKENS; i++) {
		uint64_t end;

		if (span_u16(finder->bytes, index + i * sizeof(uint16_t)) != at - table ||
		    !token_end(finder->bytes, at, &end))
			return false;
		at = end + 1;
	}
	*ret_end = at;
	return true;
}

/**
 * Take the string "0" at @p digit for token 0x30 and look for the index behind the table. The index
 * then tells where the table starts.
 */
static bool tokens_at(struct finder *finder, uint64_t digit, struct kallsyms_tables *tables)
{
	uint64_t at = digit;

	for (unsigned i = '0'; i < KALLSYMS_TOKENS; i++) {
		if (!token_end(finder->bytes, at, &at))
			return false;
		at++;
	}
	for (unsigned alignment = 4; alignment <= 8; alignment += 4) {
		uint64_t index = align_up(finder, at, alignment);
		uint64_t distance;
		uint64_t end;

		if (!span_holds(finder->bytes, index, INDEX_BYTES))
			continue;
		distance = span_u16(finder->bytes, index + '0' * sizeof(uint16_t));
		if (distance > digit || (finder->address + digit - distance) % 4 ||
		    !index_fits(finder, digit - distance, index, &end) || end != at)
			continue;
		tables->token_table = digit - distance;
		tables->token_index = index;
		return true;
	}
	return false;
}

/** The digits are tokens of their own in every table, as some symbol contains each. */
static const uint8_t digit_tokens[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";

bool kallsyms_has_tokens(struct span bytes)
{
	return bytes.size &&
	       memmem(bytes.data, bytes.size, digit_tokens, sizeof(digit_tokens)) != NULL;
}

/** Find the next token table whose digits start at @p from or later; *from moves behind it. */
static bool find_tokens(struct finder *finder, uint64_t *from, struct kallsyms_tables *tables)
{
	while (*from < finder->bytes.size) {
		const uint8_t *hit =
			memmem(finder->bytes.data + *from, finder->bytes.size - (size_t)*from,
			       digit_tokens, sizeof(digit_tokens));
		uint64_t digit;

		if (!hit || !spend(finder, KALLSYMS_TOKENS))
			return false;
		digit = (uint64_t)(hit - finder->bytes.data);
		*from = digit + 1;
		if (tokens_at(finder, digit, tables))
			return true;
	}
	return false;
}

/* --- names and markers --- */

/** First character of the token @p token. */
static uint8_t token_first(struct span bytes, const struct kallsyms_tables *tables, uint8_t token)
{
	uint64_t offset = span_u16(bytes, tables->token_index + token * sizeof(uint16_t));

	return bytes.data[tables->token_table + offset];
}

/** True when count names start at @p names, agree with the markers and end where those begin. */
static bool names_fit(struct finder *finder, const struct kallsyms_tables *tables)
{
	uint64_t at = tables->names;

	for (uint32_t i = 0; i < tables->count; i++) {
		uint64_t prefix;
		uint64_t length;

		if (i % BLOCK == 0 &&
		    marker_at(finder,
			      tables->markers + (uint64_t)(i / BLOCK) * finder->marker_bytes) !=
			    at - tables->names)
			return false;
		if (!spend(finder, 1) || at >= tables->markers ||
		    !kallsyms_name_length(finder->bytes, at, &prefix, &length) ||
		    !is_kind(token_first(finder->bytes, tables, finder->bytes.data[at + prefix])))
			return false;
		at += prefix + length;
	}
	return align_up(finder, at, 4) == tables->markers ||
	       align_up(finder, at, 8) == tables->markers;
}

/**
 * Knowing the markers, look for the count and the names in front of them. The last marker says
 * where the last block of names starts, so the names' start is known but for the size of that
 * block.
 *
 * @param markers    number of markers
 * @param accept     further condition on the count; NULL for none
 */
static bool find_names(struct finder *finder, struct kallsyms_tables *tables, uint32_t markers,
		       bool (*accept)(const struct finder *finder,
				      const struct kallsyms_tables *tables))
{
	const uint64_t block = BLOCK * (uint64_t)KALLSYMS_NAME_BYTES_MAX;
	uint64_t last =
		marker_at(finder, tables->markers + (uint64_t)(markers - 1) * finder->marker_bytes);
	uint64_t high = tables->markers;
	uint64_t low;

	if (last > high || high - last < 4)
		return false;
	high -= last;
	low = high > block ? high - block : 4;
	for (uint64_t at = align_up(finder, low, 4); at < high; at += 4) {
		/* The count is padded to 8 bytes up to 6.19. */
		for (uint64_t back = 4; back <= 8 && back <= at; back += 4) {
			uint32_t count = span_u32(finder->bytes, at - back);

			if (!spend(finder, 1))
				return false;
			if (count < KALLSYMS_COUNT_MIN || count > KALLSYMS_COUNT_MAX ||
			    (count + BLOCK - 1) / BLOCK != markers)
				continue;
			tables->count = count;
			tables->names = at;
			if ((!accept || accept(finder, tables)) && names_fit(finder, tables))
				return true;
		}
	}
	return false;
}

/** Markers that end at the token table: all layouts but one. */
static bool find_markers_before(struct finder *finder, struct kallsyms_tables *tables)
{
	for (uint64_t pad = 0; pad <= 4; pad += 4) {
		uint64_t at = tables->token_table - pad;
		uint64_t next = UINT32_MAX;
		uint32_t markers = 0;

		if (tables->token_table < pad)
			return false;
		/* Ascending from 0: go back until there. */
		while (at >= finder->marker_bytes && next &&
		       marker_at(finder, at - finder->marker_bytes) < next) {
			at -= finder->marker_bytes;
			next = marker_at(finder, at);
			if (++markers > KALLSYMS_COUNT_MAX / BLOCK || !spend(finder, 1))
				return false;
		}
		if (!markers || next)
			continue;
		tables->markers = at;
		if (find_names(finder, tables, markers, NULL))
			return true;
	}
	return false;
}

/** True when markers and 3 bytes per symbol, each table aligned to 8, end at the token table. */
static bool sequence_fits(const struct finder *finder, const struct kallsyms_tables *tables)
{
	uint64_t markers = (tables->count + BLOCK - 1) / BLOCK;
	uint64_t sequence = align_up(finder, tables->markers + markers * 4, 8);

	return align_up(finder, sequence + (uint64_t)tables->count * 3, 8) == tables->token_table;
}

/** True when @p count ascending markers from 0 on start at @p at. */
static bool markers_ascend(struct finder *finder, uint64_t at, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++)
		if (!spend(finder, 1) ||
		    span_u32(finder->bytes, at + i * UINT64_C(4)) <=
			    span_u32(finder->bytes, at + (i - 1) * UINT64_C(4)))
			return false;
	return true;
}

/**
 * Markers followed by kallsyms_seqs_of_names, 3 bytes per symbol: 6.2, 6.3 and stable 6.1. A block
 * of 256 symbols takes 4 + 768 bytes of both, so the distance to the token table tells the number
 * of markers.
 */
static bool find_markers_before_sequence(struct finder *finder, struct kallsyms_tables *tables)
{
	const uint64_t block = 4 + BLOCK * 3;
	uint64_t reach = block * (KALLSYMS_COUNT_MAX / BLOCK) + 16;
	uint64_t end = tables->token_table;
	uint64_t low = end > reach ? end - reach : 0;

	for (uint64_t at = end - (finder->address + end) % 8; at >= low + 8;) {
		uint64_t distance;

		at -= 8;
		distance = end - at;
		if (!spend(finder, 1))
			return false;
		if (span_u32(finder->bytes, at) || distance < KALLSYMS_COUNT_MIN * UINT64_C(3))
			continue;
		/* Up to 14 bytes of padding, and a last block that is not full. */
		for (uint64_t markers = (distance - 14) / block; markers <= distance / block + 1;
		     markers++) {
			if (!markers || !span_holds(finder->bytes, at, markers * 4) ||
			    !markers_ascend(finder, at, (uint32_t)markers))
				continue;
			tables->markers = at;
			if (find_names(finder, tables, (uint32_t)markers, sequence_fits))
				return true;
		}
	}
	return false;
}

/* --- values --- */

/**
 * True when the values ascend and mean addresses of the kernel image, after per-CPU offsets and
 * absolute symbols in the forms that have these. Zeros, which are self-relative values in order,
 * are not accepted: the stored words must differ.
 */
static bool values_fit(struct finder *finder, const struct kallsyms_tables *tables)
{
	bool may_be_small = tables->form == KALLSYMS_PERCPU || tables->form == KALLSYMS_ABSOLUTE;
	uint64_t size = kallsyms_value_size(tables->form);
	const uint8_t *words = finder->bytes.data + tables->values;
	uint64_t previous = 0;
	uint32_t in_image = 0;
	uint32_t different = 0;

	if (!span_holds(finder->bytes, tables->values, tables->count * size))
		return false;
	for (uint32_t i = 0; i < tables->count; i++) {
		uint64_t value = kallsyms_value(finder->bytes, finder->address, tables, i);

		if (!spend(finder, 1) || value < previous)
			return false;
		if (kallsyms_is_near(finder->address, value))
			in_image++;
		else if (!may_be_small || value > INT32_MAX)
			return false;
		different += i && memcmp(words + i * size, words + (i - 1) * size, size) != 0;
		previous = value;
	}
	return in_image > tables->count / 2 && different > tables->count / 4;
}

static bool try_values(struct finder *finder, struct kallsyms_tables *tables, uint64_t values,
		       uint64_t base_at, enum kallsyms_form form)
{
	tables->values = values;
	tables->form = form;
	tables->base = 0;
	if (form == KALLSYMS_RELATIVE || form == KALLSYMS_PERCPU) {
		if (!span_holds(finder->bytes, base_at, 8))
			return false;
		tables->base = span_u64(finder->bytes, base_at);
		if (!kallsyms_is_near(finder->address, tables->base))
			return false;
	}
	return values_fit(finder, tables);
}

/** Both forms with a base word. */
static bool try_based(struct finder *finder, struct kallsyms_tables *tables, uint64_t values,
		      uint64_t base_at)
{
	return try_values(finder, tables, values, base_at, KALLSYMS_PERCPU) ||
	       try_values(finder, tables, values, base_at, KALLSYMS_RELATIVE);
}

/** Values behind the token index: 6.4 on, kernel commit 320e7c9d4494. */
static bool find_values_behind(struct finder *finder, struct kallsyms_tables *tables)
{
	uint64_t end = tables->token_index + INDEX_BYTES;
	uint64_t aligned = align_up(finder, end, 8);
	uint64_t base_at = align_up(finder, aligned + (uint64_t)tables->count * 4, 8);

	return try_based(finder, tables, aligned, base_at) ||
	       try_values(finder, tables, aligned, 0, KALLSYMS_ABSOLUTE) ||
	       try_values(finder, tables, align_up(finder, end, 4), 0, KALLSYMS_SELF_RELATIVE);
}

/** Values in front of the count: to 6.3. The count, the base and the values are aligned to 8. */
static bool find_values_before(struct finder *finder, struct kallsyms_tables *tables)
{
	uint64_t count_at = tables->names - 8;
	uint64_t size = ((uint64_t)tables->count * 4 + 7) & ~UINT64_C(7);

	if (tables->names < 16 + size)
		return false;
	if (try_based(finder, tables, count_at - 8 - size, count_at - 8))
		return true;
	size = (uint64_t)tables->count * 8;
	return tables->names >= 8 + size &&
	       try_values(finder, tables, count_at - size, 0, KALLSYMS_ABSOLUTE);
}

/** Markers of either size. */
static bool find_markers(struct finder *finder, struct kallsyms_tables *tables)
{
	finder->marker_bytes = 4;
	if (find_markers_before(finder, tables) || find_markers_before_sequence(finder, tables))
		return true;
	finder->marker_bytes = 8;
	return find_markers_before(finder, tables);
}

struct dill_error *kallsyms_find(struct span bytes, uint64_t address, struct kallsyms_tables *ret)
{
	struct finder finder = {.bytes = bytes, .address = address};
	struct kallsyms_tables tables;
	uint64_t from = 0;

	while (find_tokens(&finder, &from, &tables)) {
		if (!find_markers(&finder, &tables))
			continue;
		if (find_values_behind(&finder, &tables) || find_values_before(&finder, &tables)) {
			*ret = tables;
			return NULL;
		}
	}
	if (finder.work > WORK_MAX)
		return dill_error_new(DILL_ERROR_LIMIT,
				      "no symbol table found with reasonable effort");
	return dill_error_new(DILL_ERROR_NOT_FOUND, "no symbol table (kallsyms) found");
}
