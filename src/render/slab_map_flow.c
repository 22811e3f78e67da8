/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "answer/slab_map_record.h"
#include "render/map_symbols.h"
#include "render/number_text.h"
#include "render/slab_map_view.h"
#include "render/views.h"
#include "slub/cache_map.h"

#define INDENT 2u
/* An address and the blank behind it. */
#define LABEL (ADDRESS_TEXT_LENGTH + 1u)

/* What slabs stand together, told by the heading above them; never 0. */
static uint64_t group_of(const char *heading)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (; *heading; heading++)
		hash = (hash ^ (unsigned char)*heading) * UINT64_C(0x100000001b3);
	return hash | 1;
}

static void end_line(struct painter *painter)
{
	if (painter->flow.column)
		paint_newline(painter);
	painter->flow.column = 0;
}

/* Slabs of the same owner stand together under a heading; the CPUs' own ones, of which each has
 * one, share theirs. */
static void begin_group(struct painter *painter, const struct dill_record *slab)
{
	char heading[64];

	switch ((enum slab_where)record_number(slab, SLAB_MAP_WHERE)) {
	case SLAB_OF_CPU:
		strcpy(heading, "CPUs' own slabs");
		break;
	case SLAB_UNLISTED:
		strcpy(heading, "slabs on no list");
		break;
	default:
		slab_map_owner(slab, heading, sizeof(heading));
		break;
	}
	if (painter->flow.group == group_of(heading))
		return;
	end_line(painter);
	paint(painter, STYLE_HEADING, heading);
	paint_newline(painter);
	painter->flow.group = group_of(heading);
}

static void paint_blanks(struct painter *painter, unsigned count)
{
	strbuf_append_repeated(&painter->text, ' ', count);
}

/* A slab too long for a line: its address, and beside it as many lines as it takes. */
static void draw_block(struct painter *painter, const struct dill_record *slab, const char *map,
		       size_t length)
{
	size_t room = (map_width(painter) - INDENT - LABEL) / 8 * (size_t)8;

	end_line(painter);
	for (size_t at = 0; at < length; at += room) {
		paint_blanks(painter, INDENT);
		if (at)
			paint_blanks(painter, LABEL - 1);
		else
			paint_address(painter, record_number(slab, SLAB_MAP_BASE));
		paint_blanks(painter, 1);
		paint_map(painter, map + at, length - at < room ? length - at : room);
		paint_newline(painter);
	}
}

/* A slab on the open line, or on a new one. */
static void draw_cell(struct painter *painter, const struct dill_record *slab, const char *map,
		      size_t length)
{
	unsigned width = map_width(painter);

	if (painter->flow.column + 1 + length > width)
		end_line(painter);
	if (painter->flow.column) {
		paint_blanks(painter, 1);
		painter->flow.column++;
	} else {
		paint_blanks(painter, INDENT);
		painter->flow.column = INDENT;
		/* The address of a line's first slab, unless it would push the slab off the line.
		 */
		if (INDENT + LABEL + length <= width) {
			paint_address(painter, record_number(slab, SLAB_MAP_BASE));
			paint_blanks(painter, 1);
			painter->flow.column += LABEL;
		}
	}
	paint_map(painter, map, length);
	painter->flow.column += (unsigned)length;
}

static struct dill_error *draw_flow(struct painter *painter, const struct dill_record *slab)
{
	const char *map = record_text(slab, SLAB_MAP_MAP);
	size_t length = strlen(map);

	begin_group(painter, slab);
	if (INDENT + length > map_width(painter))
		draw_block(painter, slab, map, length);
	else
		draw_cell(painter, slab, map, length);
	return NULL;
}

const struct record_view slab_flow_view = {draw_flow};

static struct dill_error *draw_line(struct painter *painter, const struct dill_record *slab)
{
	const char *map = record_text(slab, SLAB_MAP_MAP);
	size_t length = strlen(map), room = map_width(painter) - INDENT - LABEL;
	char owner[64];

	slab_map_owner(slab, owner, sizeof(owner));
	paint_blanks(painter, INDENT);
	paint_address(painter, record_number(slab, SLAB_MAP_BASE));
	paint(painter, STYLE_DIM, " slab ");
	paint_address(painter, record_number(slab, SLAB_MAP_SLAB));
	paint_format(painter, STYLE_DIM, " node %lu, %s",
		     (unsigned long)record_number(slab, SLAB_MAP_NODE), owner);
	draw_states(painter, slab, SLAB_MAP_LIVE);
	if (slab->fields[SLAB_MAP_BROKEN].present && slab->fields[SLAB_MAP_BROKEN].flag)
		paint(painter, STYLE_BAD, "  ! broken, see below");
	paint_newline(painter);
	for (size_t at = 0; at < length; at += room) {
		paint_blanks(painter, INDENT + LABEL);
		paint_map(painter, map + at, length - at < room ? length - at : room);
		paint_newline(painter);
	}
	return NULL;
}

const struct record_view slab_line_view = {draw_line};
