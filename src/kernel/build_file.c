/* SPDX-License-Identifier: MIT */
#include "kernel/build_file.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/image.h"

/* Farther from its base no part of an image is. */
#define SPAN_MAX ((UINT64_C(1) << 30) - 1)

/* The last character counts the changes of the format; of another one nothing is read. */
static const char magic[8] = "dillbld1";

/* Symbols that move with the image; the others are per-CPU offsets and absolute values. */
#define MOVES (UINT32_C(1) << 8)

/* All of a file is in the byte order of the machine, which is one of x86-64. */
struct head {
	char magic[sizeof(magic)];
	uint64_t checksum; /* of all that follows this word */
	uint64_t symbols, names_size, btf_size;
	struct build_facts facts;
};

struct kept_symbol {
	uint64_t value;
	uint32_t name;
	uint32_t kind; /* and MOVES */
};

_Static_assert(sizeof(struct head) <= BUILD_HEAD_SIZE, "the head has its place");

/* Where the parts lie. */
struct places {
	size_t symbols, names, btf, end;
};

static struct dill_error *bad(const char *what)
{
	return dill_error_new(DILL_ERROR_BAD_DATA, "%s", what);
}

/* FNV-1a over words: it is damage that has to be noticed. Sizes are multiples of 8. */
static uint64_t checksum(const uint8_t *bytes, size_t size)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t at = 0; at + sizeof(uint64_t) <= size; at += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, bytes + at, sizeof(word));
		sum = (sum ^ word) * UINT64_C(0x100000001b3);
		sum ^= sum >> 29;
	}
	return sum;
}

static uint64_t padded(uint64_t size)
{
	return (size + 7) & ~UINT64_C(7);
}

static bool find_places(const struct head *head, struct places *ret)
{
	if (head->symbols > BUILD_FILE_MAX || head->names_size > BUILD_FILE_MAX ||
	    head->btf_size > BUILD_FILE_MAX)
		return false;
	ret->symbols = BUILD_HEAD_SIZE;
	ret->names = ret->symbols + head->symbols * sizeof(struct kept_symbol);
	ret->btf = ret->names + padded(head->names_size);
	ret->end = ret->btf + padded(head->btf_size);
	return ret->end <= BUILD_FILE_MAX;
}

static struct dill_error *read_head(struct span bytes, struct head *ret)
{
	if (bytes.size < BUILD_HEAD_SIZE)
		return bad("it is too short");
	memcpy(ret, bytes.data, sizeof(*ret));
	if (memcmp(ret->magic, magic, sizeof(magic)) != 0)
		return bad("it is of another kind or version");
	if (ret->facts.note_size < 16 || ret->facts.note_size > BUILD_NOTE_MAX ||
	    ret->facts.note_offset > SPAN_MAX)
		return bad("its build id is damaged");
	for (size_t i = 0; i < BUILD_PROBES; i++)
		if (ret->facts.probes[i].size > BUILD_PROBE_MAX ||
		    ret->facts.probes[i].offset > SPAN_MAX)
			return bad("what it knows of the kernel's memory is damaged");
	return NULL;
}

struct dill_error *build_file_head(struct span head, struct build_facts *ret)
{
	struct head read;

	TRY(read_head(head, &read));
	*ret = read.facts;
	return NULL;
}

/* Length of a name that is one, 0 for all else. */
static size_t name_length(struct span names, uint32_t at)
{
	size_t length =
		at < names.size ? strnlen((const char *)names.data + at, names.size - at) : 0;

	for (size_t i = 0; i < length; i++)
		if (names.data[at + i] <= ' ' || names.data[at + i] >= 0x7f)
			return 0;
	return length <= SYMBOL_NAME_MAX && at + length < names.size ? length : 0;
}

static struct dill_error *take_symbols(const uint8_t *kept, size_t count, struct span names,
				       uint64_t base, struct symbol_table *ret)
{
	TRY(array_reserve(&ret->entries, count));
	for (size_t i = 0; i < count; i++) {
		struct kept_symbol symbol;
		size_t length;

		memcpy(&symbol, kept + i * sizeof(symbol), sizeof(symbol));
		length = name_length(names, symbol.name);
		if (!length || (symbol.kind & MOVES && symbol.value > SPAN_MAX))
			return bad("a symbol in it is damaged");
		TRY(symbol_table_add(ret, symbol.value + (symbol.kind & MOVES ? base : 0),
				     (char)(symbol.kind & 0x7f),
				     (const char *)names.data + symbol.name, length));
	}
	return symbol_table_index(ret);
}

struct dill_error *build_file_read(struct span file, uint64_t base,
				   struct symbol_table *ret_symbols, struct span *ret_btf)
{
	const size_t summed = offsetof(struct head, symbols);
	struct symbol_table symbols = {0};
	struct dill_error *error;
	struct places places;
	struct head head;

	TRY(read_head(file, &head));
	if (!find_places(&head, &places) || places.end != file.size)
		return bad("its length is not what it says");
	if (checksum(file.data + summed, file.size - summed) != head.checksum)
		return bad("it is damaged");
	error = take_symbols(file.data + places.symbols, head.symbols,
			     span_cut(file, places.names, head.names_size), base, &symbols);
	if (error) {
		symbol_table_deinit(&symbols);
		return error;
	}
	*ret_symbols = symbols;
	*ret_btf = span_cut(file, places.btf, head.btf_size);
	return NULL;
}

struct dill_error *build_file_make(const struct build_facts *facts, uint64_t base,
				   const struct symbol_table *symbols, struct span btf,
				   uint8_t **ret, size_t *ret_size)
{
	struct head head = {
		.symbols = symbols->entries.count,
		.names_size = symbols->names.count,
		.btf_size = btf.size,
		.facts = *facts,
	};
	const size_t summed = offsetof(struct head, symbols);
	struct places places;
	uint8_t *bytes;

	memcpy(head.magic, magic, sizeof(magic));
	if (!find_places(&head, &places))
		return dill_error_new(DILL_ERROR_LIMIT, "too much to keep");
	bytes = calloc(1, places.end);
	if (!bytes)
		return error_no_memory();
	for (size_t i = 0; i < symbols->entries.count; i++) {
		const struct symbol_entry *entry = &symbols->entries.items[i];
		bool moves = entry->value >= base && entry->value - base <= SPAN_MAX;
		const struct kept_symbol kept = {
			.value = moves ? entry->value - base : entry->value,
			.name = entry->name,
			.kind = (uint32_t)(uint8_t)entry->kind | (moves ? MOVES : 0),
		};

		memcpy(bytes + places.symbols + i * sizeof(kept), &kept, sizeof(kept));
	}
	if (symbols->names.count)
		memcpy(bytes + places.names, symbols->names.items, symbols->names.count);
	if (btf.size)
		memcpy(bytes + places.btf, btf.data, btf.size);
	memcpy(bytes, &head, sizeof(head));
	head.checksum = checksum(bytes + summed, places.end - summed);
	memcpy(bytes, &head, sizeof(head));
	*ret = bytes;
	*ret_size = places.end;
	return NULL;
}
