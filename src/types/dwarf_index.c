/* SPDX-License-Identifier: MIT */
#include "types/dwarf_index.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "types/dwarf_die.h"
#include "types/name_hash.h"

#define FIRST_BUCKETS 1024u

static uint32_t hash_die(const void *address, uint32_t dimension)
{
	uint64_t key = (uintptr_t)address * 31 + dimension;

	return (uint32_t)((key * 0x9e3779b97f4a7c15ull) >> 32);
}

/* Double the buckets when there are more entries than buckets; true when the chains must be made
 * anew. */
static struct dill_error *grow(struct dwarf_buckets *buckets, size_t count, bool *ret_rehash)
{
	uint32_t wanted = buckets->heads ? buckets->mask + 1 : FIRST_BUCKETS;

	*ret_rehash = false;
	if (buckets->heads && count <= wanted)
		return NULL;
	while (wanted < count)
		wanted *= 2;

	uint32_t *heads = calloc(wanted, sizeof(*heads));

	if (!heads)
		return error_no_memory();
	free(buckets->heads);
	buckets->heads = heads;
	buckets->mask = wanted - 1;
	*ret_rehash = true;
	return NULL;
}

static void chain_item(struct dwarf_index *index, type_id id)
{
	struct dwarf_item *item = &index->items.items[id];
	uint32_t *head = &index->item_buckets.heads[hash_die(item->die.addr, item->dimension) &
						    index->item_buckets.mask];

	item->next = *head;
	*head = id;
}

static void chain_name(struct dwarf_index *index, uint32_t at)
{
	struct dwarf_name *name = &index->names.items[at];
	uint32_t *head =
		&index->name_buckets.heads[name_hash(name->name) & index->name_buckets.mask];

	name->next = *head;
	*head = at;
}

struct dill_error *dwarf_index_init(struct dwarf_index *index, Dwarf *dwarf)
{
	bool unused;

	*index = (struct dwarf_index){.dwarf = dwarf, .source = dwarf};
	TRY(array_push(&index->items, (struct dwarf_item){0}));
	TRY(array_push(&index->names, (struct dwarf_name){0}));
	TRY(grow(&index->item_buckets, 1, &unused));
	return grow(&index->name_buckets, 1, &unused);
}

void dwarf_index_deinit(struct dwarf_index *index)
{
	array_free(&index->items);
	array_free(&index->names);
	free(index->item_buckets.heads);
	free(index->name_buckets.heads);
}

struct dill_error *dwarf_index_intern(struct dwarf_index *index, const Dwarf_Die *die,
				      uint32_t dimension, type_id *ret)
{
	uint32_t hash = hash_die(die->addr, dimension);
	type_id id = index->item_buckets.heads[hash & index->item_buckets.mask];
	bool rehash;

	for (; id; id = index->items.items[id].next) {
		const struct dwarf_item *item = &index->items.items[id];

		if (item->die.addr == die->addr && item->dimension == dimension) {
			*ret = id;
			return NULL;
		}
	}
	if (index->items.count >= TYPE_ID_LIMIT)
		return dill_error_new(DILL_ERROR_LIMIT, "too many types");

	struct dwarf_item item = {.die = *die, .dimension = dimension};

	TRY(array_push(&index->items, item));
	id = (type_id)index->items.count - 1;
	TRY(grow(&index->item_buckets, index->items.count, &rehash));
	if (rehash)
		for (type_id each = 1; each < id; each++)
			chain_item(index, each);
	chain_item(index, id);
	*ret = id;
	return NULL;
}

static const struct dwarf_name *look_up(struct dwarf_index *index, const char *name, unsigned kinds)
{
	uint32_t at = index->name_buckets.heads[name_hash(name) & index->name_buckets.mask];
	const struct dwarf_name *found = NULL;

	for (; at; at = index->names.items[at].next) {
		const struct dwarf_name *each = &index->names.items[at];

		/* The one that was seen first, which is the last of its chain. */
		if (each->kinds & kinds && strcmp(each->name, name) == 0)
			found = each;
	}
	return found;
}

/* Headers put the same type into every unit: the first one counts. */
static struct dill_error *add_name(struct dwarf_index *index, struct dwarf_name name,
				   const Dwarf_Die *die)
{
	bool rehash;

	if (look_up(index, name.name, name.kinds))
		return NULL;
	if (die)
		TRY(dwarf_index_intern(index, die, 0, &name.id));
	TRY(array_push(&index->names, name));

	uint32_t at = (uint32_t)index->names.count - 1;

	TRY(grow(&index->name_buckets, index->names.count, &rehash));
	if (rehash)
		for (uint32_t each = 1; each < at; each++)
			chain_name(index, each);
	chain_name(index, at);
	return NULL;
}

static struct dill_error *add_enumerators(struct dwarf_index *index, const Dwarf_Die *type)
{
	Dwarf_Die child;
	bool first = true;

	for (; dwarf_next_child(type, first, &child); first = false) {
		struct dwarf_name item = {.kinds = 1u << TYPE_OTHER};

		if (dwarf_tag(&child) != DW_TAG_enumerator)
			continue;
		item.name = dwarf_name(&child);
		if (!item.name || !item.name[0] || !dwarf_enumerator_value(&child, &item.value))
			continue;
		/* An enum without a name comes with every unit: known by its first one. */
		if (first && look_up(index, item.name, item.kinds))
			return NULL;
		TRY(add_name(index, item, NULL));
	}
	return NULL;
}

static struct dill_error *add_die(struct dwarf_index *index, Dwarf_Die *die)
{
	enum type_kind kind = dwarf_kind(die);

	switch (kind) {
	case TYPE_INT:
	case TYPE_FLOAT:
	case TYPE_STRUCT:
	case TYPE_UNION:
	case TYPE_ENUM:
	case TYPE_FORWARD:
	case TYPE_TYPEDEF:
	case TYPE_FUNCTION:
		break;
	default:
		return NULL;
	}

	struct dwarf_name name = {.kinds = 1u << kind};

	name.name = kind == TYPE_FUNCTION ? dwarf_function_name(die) : dwarf_name(die);
	if (kind == TYPE_ENUM)
		TRY(add_enumerators(index, die));
	return name.name && name.name[0] ? add_name(index, name, die) : NULL;
}

static struct dill_error *read_unit(struct dwarf_index *index, Dwarf_Die *unit)
{
	Dwarf_Die die;

	/* Kernels with Rust: other names, other rules. */
	if (dwarf_srclang(unit) == DW_LANG_Rust)
		return NULL;
	for (bool first = true; dwarf_next_child(unit, first, &die); first = false)
		TRY(add_die(index, &die));
	return NULL;
}

/* Read the next unit of .debug_info or .debug_types; a skeleton leads to its split unit when that
 * is there. Sets complete after the last one. */
static struct dill_error *read_next(struct dwarf_index *index)
{
	Dwarf_Die die, inner;
	uint8_t kind;

	/* inner: of a skeleton its split unit; of a type unit the type, which has neighbours. */
	if (dwarf_get_units(index->source, index->unit, &index->unit, NULL, &kind, &die, &inner) ==
	    0)
		return read_unit(index, kind == DW_UT_skeleton && inner.addr ? &inner : &die);

	/* What dwz moved into a file of its own. */
	Dwarf *alternate = index->source == index->dwarf ? dwarf_getalt(index->dwarf) : NULL;

	index->complete = !alternate;
	index->source = alternate;
	index->unit = NULL;
	return NULL;
}

struct dill_error *dwarf_index_complete(struct dwarf_index *index)
{
	while (!index->complete)
		TRY(read_next(index));
	return NULL;
}

const struct dwarf_name *dwarf_index_find(struct dwarf_index *index, const char *name,
					  unsigned kinds, struct dill_error **error)
{
	const struct dwarf_name *found = look_up(index, name, kinds);

	*error = NULL;
	while (!found && !index->complete) {
		*error = read_next(index);
		if (*error)
			return NULL;
		found = look_up(index, name, kinds);
	}
	return found;
}
