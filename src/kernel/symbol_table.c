/* SPDX-License-Identifier: MIT */
#include "kernel/symbol_table.h"

#include <string.h>

#include "base/cleanup.h"

/** Mixes eight bytes at a time: a table of 200,000 names is hashed in a few milliseconds. */
static uint32_t hash_name(const char *name, size_t length)
{
	uint64_t hash = length * UINT64_C(0x9e3779b97f4a7c15);

	while (length) {
		uint64_t word = 0;
		size_t size = length < sizeof(word) ? length : sizeof(word);

		memcpy(&word, name, size);
		hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
		hash ^= hash >> 32;
		name += size;
		length -= size;
	}
	return (uint32_t)(hash ^ hash >> 29);
}

struct dill_error *symbol_table_add(struct symbol_table *table, uint64_t value, char kind,
				    const char *name, size_t length)
{
	const struct symbol_entry entry = {
		.value = value,
		.name = (uint32_t)table->names.count,
		.kind = kind,
	};
	char *to;

	if (length > SYMBOL_NAME_MAX || table->names.count > UINT32_MAX - SYMBOL_NAME_MAX - 1)
		return dill_error_new(DILL_ERROR_LIMIT, "too many or too long symbol names");
	TRY(array_reserve(&table->names, length + 1));
	TRY(array_push(&table->entries, entry));
	to = table->names.items + table->names.count;
	memcpy(to, name, length);
	to[length] = '\0';
	table->names.count += length + 1;
	return NULL;
}

/** Stable sort of @p keys by their upper 32 bits, in three passes of 11 bits. */
static void sort_by_hash(uint64_t *keys, uint64_t *other, size_t count)
{
	for (unsigned shift = 32; shift < 64; shift += 11) {
		uint32_t starts[2048] = {0};
		uint32_t sum = 0;
		uint64_t *swap = keys;

		for (size_t i = 0; i < count; i++)
			starts[keys[i] >> shift & 2047]++;
		for (unsigned digit = 0; digit < 2048; digit++) {
			uint32_t here = starts[digit];

			starts[digit] = sum;
			sum += here;
		}
		for (size_t i = 0; i < count; i++)
			other[starts[keys[i] >> shift & 2047]++] = keys[i];
		keys = other;
		other = swap;
	}
}

/** By value, and in the order of adding (which the names' offsets show) where values are equal. */
static int compare_values(const void *a, const void *b)
{
	const struct symbol_entry *left = a;
	const struct symbol_entry *right = b;

	if (left->value != right->value)
		return left->value < right->value ? -1 : 1;
	return left->name < right->name ? -1 : left->name > right->name;
}

static bool is_sorted(const struct symbol_table *table)
{
	for (size_t i = 1; i < table->entries.count; i++)
		if (table->entries.items[i - 1].value > table->entries.items[i].value)
			return false;
	return true;
}

struct dill_error *symbol_table_index(struct symbol_table *table)
{
	size_t count = table->entries.count;
	_cleanup_(freep)
	uint64_t *keys = calloc(count + 1, sizeof(*keys));
	_cleanup_(freep)
	uint64_t *other = calloc(count + 1, sizeof(*other));

	if (!keys || !other)
		return error_no_memory();
	if (!is_sorted(table))
		qsort(table->entries.items, count, sizeof(*table->entries.items), compare_values);
	for (size_t i = 0; i < count; i++) {
		const char *name = symbol_table_name(table, &table->entries.items[i]);

		keys[i] = (uint64_t)hash_name(name, strlen(name)) << 32 | i;
	}
	sort_by_hash(keys, other, count);
	/* Three passes end in the other array. */
	table->by_name = steal(other);
	return NULL;
}

struct dill_error *symbol_table_keep(struct symbol_table *table, const char *kinds)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->entries.count; i++)
		if (strchr(kinds, table->entries.items[i].kind))
			table->entries.items[kept++] = table->entries.items[i];
	table->entries.count = kept;
	free(table->by_name);
	table->by_name = NULL;
	return symbol_table_index(table);
}

/** Index of the first key that is not below @p key. */
static size_t lower_bound(const uint64_t *keys, size_t count, uint64_t key)
{
	size_t low = 0;

	while (count) {
		size_t half = count / 2;

		if (keys[low + half] < key) {
			low += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return low;
}

const struct symbol_entry *symbol_table_find(const struct symbol_table *table, const char *name)
{
	size_t count = table->entries.count;
	uint64_t key = (uint64_t)hash_name(name, strlen(name)) << 32;

	if (!table->by_name)
		return NULL;
	for (size_t i = lower_bound(table->by_name, count, key);
	     i < count && table->by_name[i] >> 32 == key >> 32; i++) {
		const struct symbol_entry *entry =
			&table->entries.items[(uint32_t)table->by_name[i]];

		if (!strcmp(symbol_table_name(table, entry), name))
			return entry;
	}
	return NULL;
}

const struct symbol_entry *symbol_table_at(const struct symbol_table *table, uint64_t value)
{
	const struct symbol_entry *items = table->entries.items;
	size_t low = 0;
	size_t high = table->entries.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle].value <= value)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	for (low--; low && items[low - 1].value == items[low].value; low--)
		;
	return &items[low];
}

const char *symbol_table_name(const struct symbol_table *table, const struct symbol_entry *entry)
{
	return table->names.items + entry->name;
}

void symbol_table_deinit(struct symbol_table *table)
{
	array_free(&table->entries);
	array_free(&table->names);
	free(table->by_name);
	table->by_name = NULL;
}
