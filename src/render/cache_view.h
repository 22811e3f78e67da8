/* SPDX-License-Identifier: MIT */
#ifndef RENDER_CACHE_VIEW_H
#define RENDER_CACHE_VIEW_H

#include "render/view.h"

/** A cache; as a row of a table, or with all it holds as a picture. */
enum cache_column {
	CACHE_NAME,
	CACHE_ACTIVE,
	CACHE_OBJECTS,
	CACHE_OBJECT_SIZE,
	CACHE_SIZE,
	CACHE_OBJECTS_PER_SLAB,
	CACHE_ORDER,
	CACHE_SLABS,
	CACHE_PARTIAL_SLABS,
	CACHE_ADDRESS,
	CACHE_FLAGS,
	/* from here on only in the detailed kind */
	CACHE_FLAGS_VALUE,
	CACHE_ALIGN,
	CACHE_INUSE,
	CACHE_FREELIST_OFFSET,
	CACHE_FREELIST_ENCODING,
	CACHE_FREELIST_KEY,
	CACHE_RED_LEFT_PAD,
	CACHE_MIN_ORDER,
	CACHE_MIN_OBJECTS_PER_SLAB,
	CACHE_REFCOUNT,
	CACHE_CTOR,
	CACHE_CTOR_NAME,
	CACHE_USEROFFSET,
	CACHE_USERSIZE,
	CACHE_MIN_PARTIAL,
	CACHE_CPU_PARTIAL,
	CACHE_CPU_PARTIAL_SLABS,
	CACHE_CPU_SLABS,
	CACHE_CPUS,
	CACHE_NODES,
	CACHE_COLUMNS,
};
/** A row of the table of caches. */
extern const struct record_kind cache_row_kind;
/** The same columns, drawn as a picture. JSON of both has "record": "cache". */
extern const struct record_kind cache_detail_kind;

/** What one CPU holds in the per-CPU slab engine. */
enum cache_cpu_column {
	CPU_COLUMN_NUMBER,
	CPU_COLUMN_ONLINE,
	CPU_COLUMN_ADDRESS,
	CPU_COLUMN_FREELIST_COUNT,
	CPU_COLUMN_FREELIST,
	CPU_COLUMN_FREELIST_BROKEN,
	CPU_COLUMN_SLAB,
	CPU_COLUMN_PARTIAL_SLABS,
	CPU_COLUMN_PARTIAL_FREE,
	CPU_COLUMN_PARTIAL,
	CPU_COLUMN_PARTIAL_BROKEN,
};
extern const struct record_kind cache_cpu_kind;

/** What one node holds. */
enum cache_node_column {
	NODE_COLUMN_NUMBER,
	NODE_COLUMN_ADDRESS,
	NODE_COLUMN_NR_PARTIAL,
	NODE_COLUMN_NR_SLABS,
	NODE_COLUMN_TOTAL_OBJECTS,
	NODE_COLUMN_IN_MOTION,
	NODE_COLUMN_PARTIAL_SLABS,
	NODE_COLUMN_PARTIAL_FREE,
	NODE_COLUMN_PARTIAL,
	NODE_COLUMN_PARTIAL_BROKEN,
	NODE_COLUMN_FULL_SLABS,
	NODE_COLUMN_FULL,
};
extern const struct record_kind cache_node_kind;

/** A slab on one of these lists. */
enum cache_slab_column {
	SLAB_COLUMN_ADDRESS,
	SLAB_COLUMN_BASE,
	SLAB_COLUMN_OBJECTS,
	SLAB_COLUMN_INUSE,
	SLAB_COLUMN_FROZEN,
	SLAB_COLUMN_NODE,
	SLAB_COLUMN_FREELIST_COUNT,
	SLAB_COLUMN_FREELIST,
	SLAB_COLUMN_FREELIST_BROKEN,
	SLAB_COLUMN_USABLE,
};
extern const struct record_kind cache_slab_kind;

#endif
