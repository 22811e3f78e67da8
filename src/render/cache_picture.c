/* SPDX-License-Identifier: MIT */
#include "answer/cache_record.h"
#include "base/plural.h"
#include "render/cache_facts.h"
#include "render/fields.h"
#include "render/views.h"

/* "0x" and 16 digits, and the blank before them. */
#define ADDRESS_WIDTH 19
#define INDEX_WIDTH   5

/* Addresses in lines that fit the terminal, each line with the index of its first one in front. */
static void draw_addresses(struct painter *painter, unsigned indent, const uint64_t *items,
			   size_t count)
{
	unsigned room = painter->width > 160 ? 160 : painter->width;
	unsigned used = indent + INDEX_WIDTH;
	unsigned per_line = room > used + ADDRESS_WIDTH ? (room - used) / ADDRESS_WIDTH : 1;

	for (size_t i = 0; i < count; i++) {
		if (i % per_line == 0) {
			if (i)
				paint_newline(painter);
			paint_format(painter, STYLE_DIM, "%*s%*zu", (int)indent, "", INDEX_WIDTH,
				     i);
		}
		paint(painter, STYLE_PLAIN, " ");
		paint_address(painter, items[i]);
	}
	if (count)
		paint_newline(painter);
}

/* A freelist; without its objects when only counts were asked for. */
static void draw_freelist(struct painter *painter, unsigned indent, const char *name,
			  const struct dill_record *owner, size_t count_column,
			  size_t broken_column)
{
	/* The kinds keep the list's columns together: count, objects, broken. */
	const struct field *list = &owner->fields[count_column + 1];
	unsigned long count = field_number(owner, count_column);

	paint_format(painter, STYLE_DIM, "%*s", (int)indent, "");
	paint(painter, STYLE_PLAIN, name);
	if (count)
		paint_format(painter, STYLE_FREE, ": %lu free", count);
	else
		paint(painter, STYLE_DIM, ": empty");
	if (field_flag(owner, broken_column))
		paint(painter, STYLE_BAD, "  ! broken behind these, see below");
	paint_newline(painter);
	if (list->present && count)
		draw_addresses(painter, indent, list->addresses.items, list->addresses.count);
}

static void draw_slab_line(struct painter *painter, const struct dill_record *slab)
{
	paint(painter, STYLE_PLAIN, "slab ");
	paint_address(painter, field_number(slab, SLAB_COLUMN_ADDRESS));
	if (!slab->fields[SLAB_COLUMN_BASE].present) {
		paint(painter, STYLE_BAD, "  ! no slab there, see below");
		return;
	}
	paint(painter, STYLE_DIM, "  memory ");
	paint_address(painter, field_number(slab, SLAB_COLUMN_BASE));
	paint_format(painter, STYLE_PLAIN, "  %lu/%lu in use",
		     field_number(slab, SLAB_COLUMN_INUSE),
		     field_number(slab, SLAB_COLUMN_OBJECTS));
	if (field_flag(slab, SLAB_COLUMN_FROZEN))
		paint(painter, STYLE_DIM, "  frozen");
	paint_format(painter, STYLE_DIM, "  node %lu", field_number(slab, SLAB_COLUMN_NODE));
	if (!field_flag(slab, SLAB_COLUMN_USABLE))
		paint(painter, STYLE_BAD, "  ! broken, see below");
}

/* A list of slabs: how many, then each with its freelist unless only counts were asked for. */
static void draw_slabs(struct painter *painter, const char *name, unsigned long count,
		       unsigned long free, const struct field *list, bool broken)
{
	size_t index = 0;

	paint_format(painter, STYLE_PLAIN, "  %s: ", name);
	if (count)
		paint_format(painter, STYLE_NUMBER, "%lu", count);
	else
		paint(painter, STYLE_DIM, "none");
	if (free)
		paint_format(painter, STYLE_FREE, ", %lu free", free);
	if (broken)
		paint(painter, STYLE_BAD, "  ! list is broken, there may be more, see below");
	paint_newline(painter);
	for (const struct dill_record *slab = list->records.first; slab; slab = slab->next) {
		paint_format(painter, STYLE_DIM, "  %3zu ", index++);
		draw_slab_line(painter, slab);
		paint_newline(painter);
		if (field_flag(slab, SLAB_COLUMN_USABLE) &&
		    (field_number(slab, SLAB_COLUMN_FREELIST_COUNT) ||
		     field_flag(slab, SLAB_COLUMN_FREELIST_BROKEN)))
			draw_freelist(painter, 6, "freelist", slab, SLAB_COLUMN_FREELIST_COUNT,
				      SLAB_COLUMN_FREELIST_BROKEN);
	}
}

/* A sheaf; without its objects when only counts were asked for. */
static void draw_sheaf(struct painter *painter, unsigned indent, const char *name,
		       const struct dill_record *sheaf, enum style style)
{
	const struct field *list = &sheaf->fields[SHEAF_COLUMN_OBJECTS];
	unsigned long size = field_number(sheaf, SHEAF_COLUMN_SIZE);

	paint_format(painter, STYLE_PLAIN, "%*s%s ", (int)indent, "", name);
	paint_address(painter, field_number(sheaf, SHEAF_COLUMN_ADDRESS));
	if (size)
		paint_format(painter, style, ": %lu object%s", size, plural(size));
	else
		paint(painter, STYLE_DIM, ": empty");
	if (field_flag(sheaf, SHEAF_COLUMN_BROKEN))
		paint(painter, STYLE_BAD, "  ! broken, see below");
	paint_newline(painter);
	if (list->present && size)
		draw_addresses(painter, indent, list->addresses.items, list->addresses.count);
}

static void draw_named_sheaf(struct painter *painter, const char *name, const struct field *field,
			     enum style style)
{
	if (field->records.first) {
		draw_sheaf(painter, 2, name, field->records.first, style);
		return;
	}
	paint_format(painter, STYLE_PLAIN, "  %s: ", name);
	paint(painter, STYLE_DIM, "none");
	paint_newline(painter);
}

static void draw_cpu_sheaves(struct painter *painter, const struct dill_record *cpu)
{
	draw_named_sheaf(painter, "main sheaf (handed out first)", &cpu->fields[CPU_COLUMN_MAIN],
			 STYLE_FREE);
	draw_named_sheaf(painter, "spare sheaf (handed out next)", &cpu->fields[CPU_COLUMN_SPARE],
			 STYLE_FREE);
	draw_named_sheaf(painter, "waiting for RCU", &cpu->fields[CPU_COLUMN_RCU_FREE], STYLE_WARN);
}

static void draw_cpu_slab(struct painter *painter, const struct dill_record *cpu)
{
	const struct dill_record *slab = cpu->fields[CPU_COLUMN_SLAB].records.first;

	paint(painter, STYLE_PLAIN, "  ");
	if (slab) {
		draw_slab_line(painter, slab);
		paint_newline(painter);
		if (field_flag(slab, SLAB_COLUMN_USABLE)) {
			draw_freelist(painter, 4, "CPU freelist (lockless, handed out first)", cpu,
				      CPU_COLUMN_FREELIST_COUNT, CPU_COLUMN_FREELIST_BROKEN);
			draw_freelist(painter, 4,
				      "slab freelist (freed by other CPUs, handed out next)", slab,
				      SLAB_COLUMN_FREELIST_COUNT, SLAB_COLUMN_FREELIST_BROKEN);
		}
	} else {
		paint(painter, STYLE_DIM, "no slab");
		paint_newline(painter);
	}
	draw_slabs(painter, "partial slabs", field_number(cpu, CPU_COLUMN_PARTIAL_SLABS),
		   field_number(cpu, CPU_COLUMN_PARTIAL_FREE), &cpu->fields[CPU_COLUMN_PARTIAL],
		   field_flag(cpu, CPU_COLUMN_PARTIAL_BROKEN));
}

/* "  name 0xADDRESS" when the record has it. */
static void draw_struct(struct painter *painter, const char *name, const struct dill_record *record,
			size_t column)
{
	if (!record->fields[column].present)
		return;
	paint_format(painter, STYLE_DIM, "  %s ", name);
	paint_address(painter, field_number(record, column));
}

static void draw_cpu(struct painter *painter, const struct dill_record *cpu)
{
	bool sheaves = cpu->fields[CPU_COLUMN_SHEAVES].present;
	bool slab = cpu->fields[CPU_COLUMN_ADDRESS].present;

	if (!sheaves && !slab)
		return;
	paint_format(painter, STYLE_HEADING, "CPU %lu", field_number(cpu, CPU_COLUMN_NUMBER));
	if (!field_flag(cpu, CPU_COLUMN_ONLINE))
		paint(painter, STYLE_WARN, " (offline)");
	draw_struct(painter, "slub_percpu_sheaves", cpu, CPU_COLUMN_SHEAVES);
	draw_struct(painter, "kmem_cache_cpu", cpu, CPU_COLUMN_ADDRESS);
	if (field_flag(cpu, CPU_COLUMN_IN_MOTION))
		paint(painter, STYLE_WARN, "  locked: stopped while these sheaves change");
	paint_newline(painter);
	if (sheaves)
		draw_cpu_sheaves(painter, cpu);
	if (slab)
		draw_cpu_slab(painter, cpu);
}

static void draw_barn(struct painter *painter, const struct dill_record *node)
{
	const struct field *full = &node->fields[NODE_COLUMN_BARN_FULL];
	const struct field *empty = &node->fields[NODE_COLUMN_BARN_EMPTY];
	unsigned long empty_sheaves = field_number(node, NODE_COLUMN_EMPTY_SHEAVES);

	paint_format(painter, STYLE_PLAIN, "  barn: %lu full and %lu empty %s",
		     field_number(node, NODE_COLUMN_FULL_SHEAVES), empty_sheaves,
		     empty_sheaves == 1 ? "sheaf" : "sheaves");
	if (field_number(node, NODE_COLUMN_BARN_OBJECTS))
		paint_format(painter, STYLE_FREE, ", %lu object%s",
			     field_number(node, NODE_COLUMN_BARN_OBJECTS),
			     plural(field_number(node, NODE_COLUMN_BARN_OBJECTS)));
	if (field_flag(node, NODE_COLUMN_BARN_BROKEN))
		paint(painter, STYLE_BAD, "  ! broken, there may be more, see below");
	paint_newline(painter);
	for (const struct dill_record *sheaf = full->records.first; sheaf; sheaf = sheaf->next)
		draw_sheaf(painter, 4, "full sheaf", sheaf, STYLE_FREE);
	for (const struct dill_record *sheaf = empty->records.first; sheaf; sheaf = sheaf->next)
		draw_sheaf(painter, 4, "empty sheaf", sheaf, STYLE_FREE);
}

static void draw_node_slabs(struct painter *painter, const struct dill_record *node)
{
	draw_slabs(painter, "partial slabs", field_number(node, NODE_COLUMN_PARTIAL_SLABS),
		   field_number(node, NODE_COLUMN_PARTIAL_FREE), &node->fields[NODE_COLUMN_PARTIAL],
		   field_flag(node, NODE_COLUMN_PARTIAL_BROKEN));
	if (node->fields[NODE_COLUMN_FULL_SLABS].present) {
		draw_slabs(painter, "full slabs", field_number(node, NODE_COLUMN_FULL_SLABS), 0,
			   &node->fields[NODE_COLUMN_FULL], false);
	} else {
		paint(painter, STYLE_DIM,
		      "  full slabs: the kernel keeps no list of them for this cache");
		paint_newline(painter);
	}
}

static void draw_node(struct painter *painter, const struct dill_record *node)
{
	bool memory = node->fields[NODE_COLUMN_ADDRESS].present;

	paint_format(painter, STYLE_HEADING, "Node %lu", field_number(node, NODE_COLUMN_NUMBER));
	draw_struct(painter, "node_barn", node, NODE_COLUMN_BARN);
	draw_struct(painter, "kmem_cache_node", node, NODE_COLUMN_ADDRESS);
	if (node->fields[NODE_COLUMN_NR_SLABS].present)
		paint_format(painter, STYLE_PLAIN, "  %lu slab%s, %lu object%s",
			     field_number(node, NODE_COLUMN_NR_SLABS),
			     plural(field_number(node, NODE_COLUMN_NR_SLABS)),
			     field_number(node, NODE_COLUMN_TOTAL_OBJECTS),
			     plural(field_number(node, NODE_COLUMN_TOTAL_OBJECTS)));
	if (field_flag(node, NODE_COLUMN_IN_MOTION))
		paint(painter, STYLE_WARN, "  locked: stopped while these lists change");
	paint_newline(painter);
	if (node->fields[NODE_COLUMN_BARN].present)
		draw_barn(painter, node);
	if (memory)
		draw_node_slabs(painter, node);
}

static struct dill_error *draw(struct painter *painter, const struct dill_record *cache)
{
	cache_facts_draw(painter, cache);
	for (const struct dill_record *cpu = cache->fields[CACHE_CPUS].records.first; cpu;
	     cpu = cpu->next)
		draw_cpu(painter, cpu);
	for (const struct dill_record *node = cache->fields[CACHE_NODES].records.first; node;
	     node = node->next)
		draw_node(painter, node);
	paint_newline(painter);
	return NULL;
}

const struct record_view cache_view = {draw};
