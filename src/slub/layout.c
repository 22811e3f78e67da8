/* SPDX-License-Identifier: MIT */
#include "slub/layout.h"

#include <string.h>

enum need { OPTIONAL, REQUIRED };

static const struct member_row rows[] = {
#define MEMBER(id, structs, paths, need, note) MEMBER_ROW(layout, id, structs, paths, need),
#define LOCK(id, structs, paths, note)
#include "slub/layout.def"
#undef MEMBER
};

/*
 * A structure is read by several members, once another member has led to it: where one of them has
 * another name than is known here, none of the others may be read at its offset 0.
 */
static const struct {
	size_t leader, member; /* fields of struct layout */
	/* REQUIRED: without it lists of free objects would be missed. OPTIONAL: what the leader
	 * leads to is not known then, which is said where it is looked for. */
	enum need need;
} companions[] = {
#define COMPANION(leader, member, need)                                                            \
	{                                                                                          \
		offsetof(struct layout, leader), offsetof(struct layout, member), need             \
	}
	COMPANION(cache_cpu_slab, cpu_freelist, REQUIRED),
	COMPANION(cache_cpu_slab, cpu_slab, REQUIRED),
	COMPANION(cpu_partial, slab_next, REQUIRED),
	COMPANION(cache_cpu_sheaves, cache_sheaf_capacity, REQUIRED),
	COMPANION(cache_cpu_sheaves, pcs_main, REQUIRED),
	COMPANION(cache_cpu_sheaves, pcs_spare, REQUIRED),
	COMPANION(cache_cpu_sheaves, pcs_rcu_free, REQUIRED),
	COMPANION(cache_cpu_sheaves, sheaf_link, REQUIRED),
	COMPANION(cache_cpu_sheaves, sheaf_rcu, REQUIRED),
	COMPANION(cache_cpu_sheaves, sheaf_cache, REQUIRED),
	COMPANION(cache_cpu_sheaves, sheaf_size, REQUIRED),
	COMPANION(cache_cpu_sheaves, sheaf_objects, REQUIRED),
	COMPANION(cache_cpu_sheaves, barn_full, REQUIRED),
	COMPANION(cache_cpu_sheaves, barn_empty, REQUIRED),
	COMPANION(cache_cpu_sheaves, barn_nr_full, REQUIRED),
	COMPANION(cache_cpu_sheaves, barn_nr_empty, REQUIRED),
	COMPANION(rcu_cblist, rcu_next, OPTIONAL),
	COMPANION(rcu_cblist, rcu_func, OPTIONAL),
	COMPANION(krc_head, krc_bulk, OPTIONAL),
	COMPANION(krc_head, krc_works, OPTIONAL),
	COMPANION(krc_head, krw_head, OPTIONAL),
	COMPANION(krc_head, krw_bulk, OPTIONAL),
	COMPANION(krc_head, bulk_records, OPTIONAL),
	COMPANION(defer_sheaves, sheaf_llnode, REQUIRED),
#undef COMPANION
};

static struct member *member_at(struct layout *layout, size_t field)
{
	return (void *)((char *)layout + field);
}

const struct member_row *layout_row(const char *id)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].id, id))
			return &rows[i];
	return NULL;
}

const struct member_row *layout_row_number(size_t number)
{
	return number < sizeof(rows) / sizeof(*rows) ? &rows[number] : NULL;
}

const struct member_row *layout_row_at(size_t field)
{
	const struct member_row *row = rows;

	while (row->field != field)
		row++;
	return row;
}

/* The first companion that is missing and required; leaders of others that miss are absent then. */
static const struct member_row *check_companions(struct layout *layout)
{
	for (size_t i = 0; i < sizeof(companions) / sizeof(*companions); i++) {
		struct member *leader = member_at(layout, companions[i].leader);

		if (!leader->present || member_at(layout, companions[i].member)->present)
			continue;
		if (companions[i].need == REQUIRED)
			return layout_row_at(companions[i].member);
		*leader = (struct member){0};
	}
	/* A block of pointers is on a list or on a chain. */
	if (!layout->bulk_list.present && !layout->bulk_next.present)
		layout->krc_head = (struct member){0};
	return NULL;
}

static const struct member_row lock_rows[] = {
#define MEMBER(id, structs, paths, need, note)
#define LOCK(id, structs, paths, note) MEMBER_ROW(layout, id, structs, paths, OPTIONAL),
#include "slub/layout.def"
#undef MEMBER
};

static void resolve_locks(struct types *types, struct layout *layout)
{
	for (size_t i = 0; i < sizeof(lock_rows) / sizeof(*lock_rows); i++) {
		struct lock lock = {0};
		type_id id;

		if (types_has_struct(types, lock_rows[i].structs, &id))
			lock_resolve(types, id, lock_rows[i].paths, &lock);
		memcpy((char *)layout + lock_rows[i].field, &lock, sizeof(lock));
	}
}

static bool enumerator(struct types *types, const char *name, int64_t *ret)
{
	struct dill_error *error = types_enum_value(types, name, ret);

	if (!error)
		return true;
	dill_error_free(error);
	return false;
}

/*
 * The mark moved from a page flag to the page type: 46df8e73a4a3 ("mm: free up PG_slab") in 6.10;
 * 4ffca5a96678 made the type a byte in 6.12. Which one it is shows in the enumerators.
 */
static struct dill_error *resolve_slab_mark(struct types *types, struct layout *layout)
{
	int64_t value;

	if (layout->page_type.present && enumerator(types, "PGTY_slab", &value)) {
		layout->slab_mark = SLAB_MARK_TYPE_BYTE;
	} else if (enumerator(types, "PG_slab", &value)) {
		/* A flag is a bit number, a page type a mask: no flag word has 64 bits or more. */
		layout->slab_mark = value < 64 ? SLAB_MARK_FLAG : SLAB_MARK_TYPE_MASK;
	} else {
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "this kernel's types name neither PGTY_slab nor PG_slab: "
				      "cannot tell slabs from "
				      "other pages");
	}
	layout->slab_mark_value = (uint32_t)value;
	return NULL;
}

/*
 * A slab that came from the reserves serves only those who may use them (072bb0aa5e06 in 3.6). Its
 * mark is a page flag that has another meaning on other pages; it got a name of its own in 6.18.
 */
static void resolve_reserve_mark(struct types *types, struct layout *layout)
{
	int64_t bit;

	if ((enumerator(types, "SL_pfmemalloc", &bit) || enumerator(types, "PG_active", &bit)) &&
	    bit >= 0 && bit < 64)
		layout->reserve_mask = UINT64_C(1) << bit;
}

/* What tells a block of large kmalloc(): its own page type since 6.15, before that what it has not.
 */
static void resolve_large_mark(struct types *types, struct layout *layout)
{
	int64_t value, end;

	layout->has_large_type = layout->slab_mark == SLAB_MARK_TYPE_BYTE &&
				 enumerator(types, "PGTY_large_kmalloc", &value);
	if (layout->has_large_type)
		layout->large_type = (uint32_t)value;
	if (!enumerator(types, "PG_head", &value) || value < 0 || value >= 64)
		return;
	layout->page_head_mask = UINT64_C(1) << value;
	if (enumerator(types, "__NR_PAGEFLAGS", &end) && end > 0 && end < 64)
		layout->page_other_flags = ((UINT64_C(1) << end) - 1) & ~layout->page_head_mask;
	else
		layout->page_head_mask = 0;
}

/* NR_SLAB_RECLAIMABLE_B since 5.9 (d42f3245c7e2), without _B before. */
static void resolve_counters(struct types *types, struct layout *layout)
{
	int64_t items, one, other;

	if (!enumerator(types, "NR_VM_NODE_STAT_ITEMS", &items) || items <= 0 || items > 1024)
		return;
	if (!enumerator(types, "NR_SLAB_RECLAIMABLE_B", &one) &&
	    !enumerator(types, "NR_SLAB_RECLAIMABLE", &one))
		return;
	if (!enumerator(types, "NR_SLAB_UNRECLAIMABLE_B", &other) &&
	    !enumerator(types, "NR_SLAB_UNRECLAIMABLE", &other))
		return;
	if (one < 0 || one >= items || other < 0 || other >= items)
		return;
	layout->stat_items = (uint32_t)items;
	layout->stat_reclaimable = (uint32_t)one;
	layout->stat_unreclaimable = (uint32_t)other;
}

/*
 * Values of the flags up to 6.8, where they were macros that no type information keeps. From 6.9
 * (cc61eb85c6bf) the bit numbers are enumerators of _slab_flag_bits and depend on the
 * configuration. Source: include/linux/slab.h, mm/slab.h of 5.10 to 6.8.
 */
static const struct cache_flag macro_flags[] = {
	{0x100, "CONSISTENCY_CHECKS"},
	{0x400, "RED_ZONE"},
	{0x800, "POISON"},
	{0x1000, "KMALLOC"},
	{0x2000, "HWCACHE_ALIGN"},
	{0x4000, "CACHE_DMA"},
	{0x8000, "CACHE_DMA32"},
	{0x10000, "STORE_USER"},
	{0x20000, "RECLAIM_ACCOUNT"},
	{0x40000, "PANIC"},
	{0x80000, "TYPESAFE_BY_RCU"},
	{0x200000, "TRACE"},
	{0x400000, "DEBUG_OBJECTS"},
	{0x800000, "NOLEAKTRACE"},
	{0x1000000, "NO_MERGE"},
	{0x2000000, "FAILSLAB"},
	{0x4000000, "ACCOUNT"},
	{0x8000000, "KASAN"},
	{0x10000000, "NO_USER_FLAGS"},
	{0x20000000, "SKIP_KFENCE"},
	{0x40000000, "CMPXCHG_DOUBLE"},
	{0x80000000, "OBJECT_POISON"},
};

/* Source: include/linux/slab.h enum _slab_flag_bits, those in front of the first #ifdef */
void layout_number_flags(struct layout *layout)
{
	static const char *const names[] = {
		"CONSISTENCY_CHECKS",
		"RED_ZONE",
		"POISON",
		"KMALLOC",
		"HWCACHE_ALIGN",
		"CACHE_DMA",
		"CACHE_DMA32",
		"STORE_USER",
		"PANIC",
		"TYPESAFE_BY_RCU",
		"TRACE",
	};

	layout->flag_count = sizeof(names) / sizeof(*names);
	for (size_t i = 0; i < layout->flag_count; i++)
		layout->flags[i] = (struct cache_flag){UINT64_C(1) << i, names[i]};
}

static struct dill_error *add_flag(void *context, const struct type_enumerator *item)
{
	struct layout *layout = context;
	const char *name = item->name;

	if (item->value < 0 || item->value >= 64 || layout->flag_count == CACHE_FLAGS_MAX)
		return NULL; /* the closing enumerator _SLAB_FLAGS_LAST_BIT may be past the word */
	if (strstr(name, "LAST_BIT"))
		return NULL;
	if (strncmp(name, "__", 2) == 0)
		name += 2;
	else if (*name == '_')
		name++;
	if (strncmp(name, "SLAB_", 5) == 0)
		name += 5;
	layout->flags[layout->flag_count++] = (struct cache_flag){UINT64_C(1) << item->value, name};
	return NULL;
}

void layout_macro_flags(struct layout *layout)
{
	memcpy(layout->flags, macro_flags, sizeof(macro_flags));
	layout->flag_count = sizeof(macro_flags) / sizeof(macro_flags[0]);
}

static struct dill_error *resolve_flags(struct types *types, struct layout *layout)
{
	type_id id;
	struct dill_error *error = types_find(types, "enum _slab_flag_bits", &id);

	layout->flags_from_types = !error;
	if (!error)
		return types_enum_each(types, id, add_flag, layout);
	if (error_is_fatal(error))
		return error;
	dill_error_free(error);
	layout_macro_flags(layout);
	return NULL;
}

/* The array of nodes: how many elements are declared, and how far apart they are. */
static struct dill_error *resolve_nodes(struct types *types, struct layout *layout)
{
	struct type_place place, second;
	type_id id;

	if (!types_has_struct(types, "kmem_cache", &id))
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "this kernel has no struct kmem_cache");

	const char *array = layout->cache_per_node.present ? "per_node" : "node";

	if (!types_has_member(types, id, array, &place))
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "struct kmem_cache has neither a member node nor per_node: "
				      "this kernel's slab "
				      "allocator is not SLUB, or newer than dill");
	struct type type;

	TRY(types_strip(types, place.type, &type));
	/* A flexible array (per_node[]) declares no elements: nr_node_ids alone bounds it then. */
	layout->node_slots = type.kind == TYPE_ARRAY ? type.count : 0;
	if (layout->cache_per_node.present && types_has_member(types, id, "per_node[0]", &second))
		layout->per_node_stride = second.size;
	return NULL;
}

void layout_members(struct member_source source, struct layout *ret)
{
	members_resolve(source, rows, sizeof(rows) / sizeof(rows[0]), ret);
}

static struct dill_error *lacks_member(struct kernel *kernel, const struct member_row *row)
{
	const char *file = kernel_types_file(kernel);

	if (file)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "%s has no struct %s with a member %s, which the heap cannot "
				      "do without",
				      file, row->structs, row->paths);
	return dill_error_new(
		DILL_ERROR_UNSUPPORTED,
		"this kernel has no struct %s with a member %s: its slab allocator is "
		"not SLUB, or newer than dill",
		row->structs, row->paths);
}

struct dill_error *layout_resolve(struct kernel *kernel, struct layout *ret)
{
	const struct member_row *missing;
	struct types *types;

	TRY(kernel_types(kernel, &types));
	*ret = (struct layout){0};
	layout_members(members_of_types(types), ret);
	missing = members_missing(rows, sizeof(rows) / sizeof(rows[0]), ret, REQUIRED);
	if (!missing)
		missing = check_companions(ret);
	if (missing)
		return lacks_member(kernel, missing);
	resolve_locks(types, ret);
	ret->cache_struct_size = members_struct_size(types, "kmem_cache");
	ret->cpu_struct_size = members_struct_size(types, "kmem_cache_cpu");
	ret->node_struct_size = members_struct_size(types, "kmem_cache_node");
	ret->slab_struct_size = members_struct_size(types, "slab|page");
	ret->barn_struct_size = members_struct_size(types, "node_barn");
	ret->track_struct_size = members_struct_size(types, "track");
	ret->qlist_struct_size = members_struct_size(types, "qlist_head");
	ret->kasan_track_struct_size = members_struct_size(types, "kasan_track");
	ret->ring_entry_struct_size = members_struct_size(types, "kasan_stack_ring_entry");
	ret->krw_struct_size = members_struct_size(types, "kfree_rcu_cpu_work");
	ret->ext_struct_size = members_struct_size(types, "slabobj_ext");
	ret->kfence_struct_size = members_struct_size(types, "kfence_metadata");
	TRY(resolve_nodes(types, ret));
	TRY(resolve_slab_mark(types, ret));
	resolve_reserve_mark(types, ret);
	resolve_large_mark(types, ret);
	resolve_counters(types, ret);
	return resolve_flags(types, ret);
}

uint64_t layout_flag(const struct layout *layout, const char *name)
{
	for (size_t i = 0; i < layout->flag_count; i++)
		if (strcmp(layout->flags[i].name, name) == 0)
			return layout->flags[i].mask;
	return 0;
}
