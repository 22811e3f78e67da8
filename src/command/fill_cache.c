/* SPDX-License-Identifier: MIT */
#include "command/fill_cache.h"

#include "command/row_order.h"
#include "command/symbol_text.h"

static const char *encoding_name(enum freelist_encoding encoding)
{
	switch (encoding) {
	case FREELIST_PLAIN:
		return "plain";
	case FREELIST_XOR:
		return "xor";
	case FREELIST_XOR_SWAPPED:
		return "xor_swapped";
	case FREELIST_UNDECIDED:
		break;
	}
	return "undecided";
}

static struct dill_record *slab_record(const struct slab *slab, const struct freelist *freelist,
				       enum cache_record_detail detail, struct arena *arena)
{
	struct dill_record *record = record_new(arena, &cache_slab_kind);

	if (!record)
		return NULL;
	record_set_number(record, SLAB_COLUMN_ADDRESS, slab->address);
	record_set_bool(record, SLAB_COLUMN_USABLE, slab->usable);
	if (!slab->base)
		return record;
	record_set_number(record, SLAB_COLUMN_BASE, slab->base);
	record_set_number(record, SLAB_COLUMN_OBJECTS, slab->objects);
	record_set_number(record, SLAB_COLUMN_INUSE, slab->inuse);
	record_set_bool(record, SLAB_COLUMN_FROZEN, slab->frozen);
	if (slab->has_node)
		record_set_number(record, SLAB_COLUMN_NODE, slab->node);
	if (slab->usable) {
		record_set_number(record, SLAB_COLUMN_FREELIST_COUNT, freelist->count);
		if (detail == CACHE_RECORD_OBJECTS)
			record_set_addresses(record, SLAB_COLUMN_FREELIST, freelist->objects,
					     freelist->count);
		record_set_bool(record, SLAB_COLUMN_FREELIST_BROKEN, freelist->broken);
	}
	return record;
}

static struct dill_error *slab_records(const struct slab_list *list,
				       enum cache_record_detail detail, struct arena *arena,
				       struct record_list *ret)
{
	for (size_t i = 0; i < list->count; i++) {
		struct dill_record *record =
			slab_record(&list->items[i].slab, &list->items[i].freelist, detail, arena);

		if (!record)
			return error_no_memory();
		record_list_append(ret, record);
	}
	return NULL;
}

static struct dill_record *sheaf_record(const struct sheaf *sheaf, enum cache_record_detail detail,
					struct arena *arena)
{
	struct dill_record *record = record_new(arena, &cache_sheaf_kind);
	dill_virt *objects;

	if (!record)
		return NULL;
	record_set_number(record, SHEAF_COLUMN_ADDRESS, sheaf->address);
	record_set_number(record, SHEAF_COLUMN_SIZE, sheaf->size);
	record_set_bool(record, SHEAF_COLUMN_BROKEN, sheaf->broken);
	if (detail != CACHE_RECORD_OBJECTS || (sheaf->size && !sheaf->objects))
		return record;
	objects = arena_alloc_array(arena, sheaf->size + 1, sizeof(*objects));
	if (!objects)
		return NULL;
	/* Handed out from the top of the array. */
	for (uint32_t i = 0; i < sheaf->size; i++)
		objects[i] = sheaf->objects[sheaf->size - 1 - i];
	record_set_addresses(record, SHEAF_COLUMN_OBJECTS, objects, sheaf->size);
	return record;
}

/* A list with the sheaf, or an empty one when there is none. */
static struct dill_error *set_sheaf(struct dill_record *record, size_t column,
				    const struct sheaf *sheaf, enum cache_record_detail detail,
				    struct arena *arena)
{
	struct record_list list = {0};

	if (sheaf->address) {
		struct dill_record *item = sheaf_record(sheaf, detail, arena);

		if (!item)
			return error_no_memory();
		record_list_append(&list, item);
	}
	record_set_records(record, column, list);
	return NULL;
}

static struct dill_error *set_sheaves(struct dill_record *record, size_t column,
				      const struct sheaf_list *sheaves,
				      enum cache_record_detail detail, struct arena *arena)
{
	struct record_list list = {0};

	for (size_t i = 0; i < sheaves->count; i++) {
		struct dill_record *item = sheaf_record(&sheaves->items[i], detail, arena);

		if (!item)
			return error_no_memory();
		record_list_append(&list, item);
	}
	record_set_records(record, column, list);
	return NULL;
}

static uint64_t free_objects(const struct slab_list *list)
{
	uint64_t free = 0;

	for (size_t i = 0; i < list->count; i++)
		free += list->items[i].freelist.count;
	return free;
}

/* The part of the per-CPU slab engine. */
static struct dill_error *fill_cpu_slab(const struct cpu_contents *cpu,
					enum cache_record_detail detail, struct arena *arena,
					struct dill_record *record)
{
	struct record_list own = {0}, partial = {0};

	record_set_number(record, CPU_COLUMN_ADDRESS, cpu->address);
	record_set_number(record, CPU_COLUMN_FREELIST_COUNT, cpu->lockless.count);
	if (detail == CACHE_RECORD_OBJECTS)
		record_set_addresses(record, CPU_COLUMN_FREELIST, cpu->lockless.objects,
				     cpu->lockless.count);
	record_set_bool(record, CPU_COLUMN_FREELIST_BROKEN, cpu->lockless.broken);
	if (cpu->has_slab) {
		struct dill_record *slab = slab_record(&cpu->slab, &cpu->remote, detail, arena);

		if (!slab)
			return error_no_memory();
		record_list_append(&own, slab);
	}
	record_set_records(record, CPU_COLUMN_SLAB, own);
	record_set_number(record, CPU_COLUMN_PARTIAL_SLABS, cpu->partial.count);
	record_set_number(record, CPU_COLUMN_PARTIAL_FREE, free_objects(&cpu->partial));
	record_set_bool(record, CPU_COLUMN_PARTIAL_BROKEN, cpu->partial.broken);
	if (detail == CACHE_RECORD_OBJECTS) {
		TRY(slab_records(&cpu->partial, detail, arena, &partial));
		record_set_records(record, CPU_COLUMN_PARTIAL, partial);
	}
	return NULL;
}

static struct dill_error *fill_cpu_sheaves(const struct cpu_sheaves *sheaves,
					   enum cache_record_detail detail, struct arena *arena,
					   struct dill_record *record)
{
	record_set_number(record, CPU_COLUMN_SHEAVES, sheaves->address);
	record_set_bool(record, CPU_COLUMN_IN_MOTION, sheaves->moving);
	TRY(set_sheaf(record, CPU_COLUMN_MAIN, &sheaves->main, detail, arena));
	TRY(set_sheaf(record, CPU_COLUMN_SPARE, &sheaves->spare, detail, arena));
	return set_sheaf(record, CPU_COLUMN_RCU_FREE, &sheaves->rcu_free, detail, arena);
}

static struct dill_error *cpu_record(const struct cpu_contents *cpu,
				     enum cache_record_detail detail, struct arena *arena,
				     struct record_list *ret)
{
	struct dill_record *record = record_new(arena, &cache_cpu_kind);

	if (!record)
		return error_no_memory();
	record_set_number(record, CPU_COLUMN_NUMBER, cpu->cpu);
	record_set_bool(record, CPU_COLUMN_ONLINE, cpu->online);
	if (cpu->address)
		TRY(fill_cpu_slab(cpu, detail, arena, record));
	if (cpu->sheaves.address)
		TRY(fill_cpu_sheaves(&cpu->sheaves, detail, arena, record));
	record_list_append(ret, record);
	return NULL;
}

static struct dill_error *fill_barn(const struct barn *barn, enum cache_record_detail detail,
				    struct arena *arena, struct dill_record *record)
{
	uint64_t objects = 0;

	for (size_t i = 0; i < barn->full.count; i++)
		objects += barn->full.items[i].size;
	for (size_t i = 0; i < barn->empty.count; i++)
		objects += barn->empty.items[i].size;
	record_set_number(record, NODE_COLUMN_BARN, barn->address);
	record_set_number(record, NODE_COLUMN_FULL_SHEAVES, barn->full.count);
	record_set_number(record, NODE_COLUMN_EMPTY_SHEAVES, barn->empty.count);
	record_set_number(record, NODE_COLUMN_BARN_OBJECTS, objects);
	record_set_bool(record, NODE_COLUMN_BARN_BROKEN,
			barn->broken || barn->full.broken || barn->empty.broken);
	if (detail != CACHE_RECORD_OBJECTS)
		return NULL;
	TRY(set_sheaves(record, NODE_COLUMN_BARN_FULL, &barn->full, detail, arena));
	return set_sheaves(record, NODE_COLUMN_BARN_EMPTY, &barn->empty, detail, arena);
}

static struct dill_error *node_record(const struct node_contents *node,
				      enum cache_record_detail detail, struct arena *arena,
				      struct record_list *ret)
{
	struct dill_record *record = record_new(arena, &cache_node_kind);
	struct record_list partial = {0}, full = {0};

	if (!record)
		return error_no_memory();
	record_set_number(record, NODE_COLUMN_NUMBER, node->node);
	if (node->barn.address)
		TRY(fill_barn(&node->barn, detail, arena, record));
	record_list_append(ret, record);
	if (!node->address)
		return NULL;
	record_set_number(record, NODE_COLUMN_ADDRESS, node->address);
	record_set_number(record, NODE_COLUMN_NR_PARTIAL, node->nr_partial);
	if (node->has_totals) {
		record_set_number(record, NODE_COLUMN_NR_SLABS, node->nr_slabs);
		record_set_number(record, NODE_COLUMN_TOTAL_OBJECTS, node->total_objects);
	}
	record_set_bool(record, NODE_COLUMN_IN_MOTION, node->moving);
	record_set_number(record, NODE_COLUMN_PARTIAL_SLABS, node->partial.count);
	record_set_number(record, NODE_COLUMN_PARTIAL_FREE, free_objects(&node->partial));
	record_set_bool(record, NODE_COLUMN_PARTIAL_BROKEN, node->partial.broken);
	if (node->lists_full)
		record_set_number(record, NODE_COLUMN_FULL_SLABS, node->full.count);
	if (detail == CACHE_RECORD_OBJECTS) {
		TRY(slab_records(&node->partial, detail, arena, &partial));
		record_set_records(record, NODE_COLUMN_PARTIAL, partial);
		if (node->lists_full) {
			TRY(slab_records(&node->full, detail, arena, &full));
			record_set_records(record, NODE_COLUMN_FULL, full);
		}
	}
	return NULL;
}

/* The columns that a row and a picture share. */
static struct dill_error *fill_row(const struct heap *heap, const struct contents *contents,
				   const struct state_counts *states, struct arena *arena,
				   struct dill_record *record)
{
	const struct cache *cache = contents->cache;
	const char *const *flags;
	size_t flag_count;

	TRY(cache_flag_names(heap, cache, arena, &flags, &flag_count));
	record_set_text(record, CACHE_NAME, cache->name);
	record_set_number(record, CACHE_ADDRESS, cache->address);
	record_set_number(record, CACHE_OBJECT_SIZE, cache->object_size);
	record_set_number(record, CACHE_SIZE, cache->size);
	record_set_number(record, CACHE_OBJECTS_PER_SLAB, cache->objects_per_slab);
	record_set_number(record, CACHE_ORDER, cache->order);
	if (contents->has_totals) {
		record_set_number(record, CACHE_SLABS, contents->slabs);
		record_set_number(record, CACHE_OBJECTS, contents->objects);
		record_set_number(record, CACHE_ACTIVE, contents->active);
		record_set_number(record, CACHE_LIVE, states->counts[OBJECT_LIVE]);
		record_set_number(record, CACHE_UNKNOWN, states->counts[OBJECT_UNKNOWN]);
	}
	record_set_number(record, CACHE_CACHED, states->counts[OBJECT_CACHED]);
	record_set_number(record, CACHE_FREE, states->counts[OBJECT_FREE]);
	record_set_number(record, CACHE_WAITING, states->counts[OBJECT_WAITING]);
	record_set_number(record, CACHE_PARTIAL_SLABS, contents->partial_slabs);
	if (heap->layout.cache_flags.present)
		record_set_texts(record, CACHE_FLAGS, flags, flag_count);
	record_set_text(record, CACHE_STANDING, cache_standing_name(cache->standing));
	return NULL;
}

static struct dill_error *fill_identity(const struct heap *heap, const struct cache *cache,
					struct arena *arena, struct dill_record *record)
{
	const struct layout *l = &heap->layout;

	if (l->cache_flags.present)
		record_set_number(record, CACHE_FLAGS_VALUE, cache->flags);
	if (l->cache_align.present)
		record_set_number(record, CACHE_ALIGN, cache->align);
	if (l->cache_inuse.present)
		record_set_number(record, CACHE_INUSE, cache->inuse);
	record_set_number(record, CACHE_FREELIST_OFFSET, cache->offset);
	record_set_text(record, CACHE_FREELIST_ENCODING, encoding_name(heap->encoding));
	if (l->cache_random.present)
		record_set_number(record, CACHE_FREELIST_KEY, cache->random);
	if (!layout_lacks(l, l->cache_red_left_pad) || l->no_red_zones)
		record_set_number(record, CACHE_RED_LEFT_PAD, cache->red_left_pad);
	if (l->cache_min.present) {
		record_set_number(record, CACHE_MIN_ORDER, cache->min_order);
		record_set_number(record, CACHE_MIN_OBJECTS_PER_SLAB, cache->min_objects_per_slab);
	}
	if (l->cache_refcount.present)
		record_set_signed(record, CACHE_REFCOUNT, cache->refcount);
	if (l->cache_ctor.present)
		record_set_number(record, CACHE_CTOR, cache->ctor);
	if (cache->ctor) {
		_cleanup_(strbuf_deinitp)
		struct strbuf name = {0};

		TRY(symbol_append(heap->kernel, cache->ctor, SYMBOL_INSIDE, &name));
		TRY(strbuf_error(&name));
		if (name.length)
			record_set_text(record, CACHE_CTOR_NAME,
					arena_copy_text(arena, name.data, name.length));
	}
	if (l->cache_usersize.present && !layout_lacks(l, l->cache_useroffset)) {
		record_set_number(record, CACHE_USEROFFSET, cache->useroffset);
		record_set_number(record, CACHE_USERSIZE, cache->usersize);
	}
	if (l->cache_min_partial.present)
		record_set_number(record, CACHE_MIN_PARTIAL, cache->min_partial);
	if (l->cache_cpu_partial.present)
		record_set_number(record, CACHE_CPU_PARTIAL, cache->cpu_partial);
	if (l->cache_cpu_partial_slabs.present)
		record_set_number(record, CACHE_CPU_PARTIAL_SLABS, cache->cpu_partial_slabs);
	return NULL;
}

uint64_t cache_memory(const struct contents *contents)
{
	uint64_t bytes = cache_order_bytes(contents->cache, contents->cache->order & 31), memory;

	if (!contents->has_totals || __builtin_mul_overflow(bytes, contents->slabs, &memory))
		return 0; /* forged counters */
	return memory;
}

struct dill_error *cache_row_record(const struct heap *heap, const struct contents *contents,
				    const struct state_counts *states, uint64_t total,
				    struct arena *arena, struct dill_record **ret)
{
	struct dill_record *record = record_new(arena, &cache_row_kind);
	uint64_t memory = cache_memory(contents);

	if (!record)
		return error_no_memory();
	if (contents->has_totals) {
		record_set_number(record, CACHE_MEMORY, memory);
		record_set_number(record, CACHE_SHARE, permille(memory, total));
	}
	*ret = record;
	return fill_row(heap, contents, states, arena, record);
}

struct dill_error *cache_detail_record(const struct heap *heap, const struct contents *contents,
				       const struct state_counts *states,
				       const struct cache_filter *filter,
				       enum cache_record_detail detail, struct arena *arena,
				       struct dill_record **ret)
{
	struct dill_record *record = record_new(arena, &cache_detail_kind);
	struct record_list cpus = {0}, nodes = {0};

	if (!record)
		return error_no_memory();
	TRY(fill_row(heap, contents, states, arena, record));
	TRY(fill_identity(heap, contents->cache, arena, record));
	if (contents->cache->cpu_slab)
		record_set_number(record, CACHE_CPU_SLABS, contents->cpu_slabs);
	if (heap->layout.cache_sheaf_capacity.present)
		record_set_number(record, CACHE_SHEAF_CAPACITY, contents->cache->sheaf_capacity);
	record_set_bool(record, CACHE_IN_MOTION, contents->in_motion);
	for (size_t i = 0; i < contents->cpu_count; i++)
		if (filter->cpu < 0 || (unsigned)filter->cpu == contents->cpus[i].cpu)
			TRY(cpu_record(&contents->cpus[i], detail, arena, &cpus));
	for (size_t i = 0; i < contents->node_count; i++)
		if (filter->node < 0 || (unsigned)filter->node == contents->nodes[i].node)
			TRY(node_record(&contents->nodes[i], detail, arena, &nodes));
	record_set_records(record, CACHE_CPUS, cpus);
	record_set_records(record, CACHE_NODES, nodes);
	*ret = record;
	return NULL;
}
