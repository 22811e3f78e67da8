/* SPDX-License-Identifier: MIT */
#include "render/cache_facts.h"

#include <inttypes.h>
#include <string.h>

#include "answer/cache_record.h"
#include "base/plural.h"
#include "render/fields.h"

static void draw_sizes(struct painter *painter, const struct dill_record *cache)
{
	field_label(painter, "objects");
	paint_format(painter, STYLE_PLAIN, "%lu byte%s, %lu with metadata",
		     field_number(cache, CACHE_OBJECT_SIZE),
		     plural(field_number(cache, CACHE_OBJECT_SIZE)),
		     field_number(cache, CACHE_SIZE));
	if (cache->fields[CACHE_ALIGN].present)
		paint_format(painter, STYLE_PLAIN, ", aligned to %lu",
			     field_number(cache, CACHE_ALIGN));
	if (field_number(cache, CACHE_RED_LEFT_PAD))
		paint_format(painter, STYLE_PLAIN, ", red zone of %lu in front",
			     field_number(cache, CACHE_RED_LEFT_PAD));
	paint_newline(painter);
	field_label(painter, "slabs");
	paint_format(painter, STYLE_PLAIN, "order %lu (%lu KiB), %lu object%s each",
		     field_number(cache, CACHE_ORDER),
		     4ul << (field_number(cache, CACHE_ORDER) & 31),
		     field_number(cache, CACHE_OBJECTS_PER_SLAB),
		     plural(field_number(cache, CACHE_OBJECTS_PER_SLAB)));
	if (cache->fields[CACHE_MIN_ORDER].present)
		paint_format(painter, STYLE_PLAIN, "; at least order %lu, %lu object%s",
			     field_number(cache, CACHE_MIN_ORDER),
			     field_number(cache, CACHE_MIN_OBJECTS_PER_SLAB),
			     plural(field_number(cache, CACHE_MIN_OBJECTS_PER_SLAB)));
	paint_newline(painter);
	field_label(painter, "free pointer");
	paint_format(painter, STYLE_PLAIN, "at offset %lu, %s",
		     field_number(cache, CACHE_FREELIST_OFFSET),
		     record_text(cache, CACHE_FREELIST_ENCODING));
	if (cache->fields[CACHE_FREELIST_KEY].present) {
		paint(painter, STYLE_PLAIN, ", key ");
		paint_address(painter, record_number(cache, CACHE_FREELIST_KEY));
	}
	paint_newline(painter);
}

static void draw_flags(struct painter *painter, const struct dill_record *cache)
{
	const struct field *flags = &cache->fields[CACHE_FLAGS];

	if (!cache->fields[CACHE_FLAGS_VALUE].present)
		return;

	field_label(painter, "flags");
	paint_format(painter, STYLE_NUMBER, "0x%" PRIx64, field_number(cache, CACHE_FLAGS_VALUE));
	for (size_t i = 0; flags->present && i < flags->texts.count; i++)
		paint_format(painter, STYLE_PLAIN, "%s%s", i ? " | " : " = ",
			     flags->texts.items[i]);
	paint_newline(painter);
}

/* Names, on as many lines as they take. */
static void draw_names(struct painter *painter, unsigned used, const struct field *names)
{
	for (size_t i = 0; i < names->texts.count; i++) {
		const char *name = names->texts.items[i];
		unsigned wanted = (unsigned)strlen(name) + 2; /* the blank before, the comma */

		if (i && used + wanted > painter->width) {
			paint_newline(painter);
			field_label(painter, "");
			used = FIELD_LABEL_WIDTH + 1;
		}
		paint_format(painter, STYLE_PLAIN, " %s%s", name,
			     i + 1 < names->texts.count ? "," : "");
		used += wanted;
	}
}

static void draw_users(struct painter *painter, const struct dill_record *cache)
{
	const struct field *names = &cache->fields[CACHE_ALIASES];
	long users = (long)cache->fields[CACHE_REFCOUNT].integer;

	if (!cache->fields[CACHE_REFCOUNT].present && !names->present)
		return;

	field_label(painter, "users");
	if (!cache->fields[CACHE_REFCOUNT].present)
		paint(painter, STYLE_PLAIN, "not known");
	else if (users > 1)
		paint_format(painter, STYLE_PLAIN, "%ld, merged", users);
	else
		paint(painter, STYLE_PLAIN, users < 0 ? "boot cache" : "1");
	if (names->present) {
		paint(painter, STYLE_PLAIN, users > 1 ? " with" : ", once merged with");
		draw_names(painter, FIELD_LABEL_WIDTH + 16, names);
	}
	paint_newline(painter);
}

static void draw_limits(struct painter *painter, const struct dill_record *cache)
{
	const struct field *fields = cache->fields;

	field_label(painter, "limits");
	if (fields[CACHE_MIN_PARTIAL].present)
		paint_format(painter, STYLE_PLAIN, "min_partial %lu",
			     field_number(cache, CACHE_MIN_PARTIAL));
	else
		paint(painter, STYLE_PLAIN, "min_partial not known");
	if (fields[CACHE_CPU_PARTIAL].present)
		paint_format(painter, STYLE_PLAIN, ", cpu_partial %lu object%s",
			     field_number(cache, CACHE_CPU_PARTIAL),
			     plural(field_number(cache, CACHE_CPU_PARTIAL)));
	if (fields[CACHE_CPU_PARTIAL_SLABS].present)
		paint_format(painter, STYLE_PLAIN, " (%lu slab%s)",
			     field_number(cache, CACHE_CPU_PARTIAL_SLABS),
			     plural(field_number(cache, CACHE_CPU_PARTIAL_SLABS)));
	if (field_number(cache, CACHE_SHEAF_CAPACITY))
		paint_format(painter, STYLE_PLAIN, ", sheaves of %lu object%s",
			     field_number(cache, CACHE_SHEAF_CAPACITY),
			     plural(field_number(cache, CACHE_SHEAF_CAPACITY)));
	paint_newline(painter);
	if (field_number(cache, CACHE_USERSIZE)) {
		field_label(painter, "usercopy");
		paint_format(painter, STYLE_PLAIN, "bytes %lu to %lu",
			     field_number(cache, CACHE_USEROFFSET),
			     field_number(cache, CACHE_USEROFFSET) +
				     field_number(cache, CACHE_USERSIZE) - 1);
		paint_newline(painter);
	}
	if (field_number(cache, CACHE_CTOR)) {
		field_label(painter, "constructor");
		paint_address(painter, field_number(cache, CACHE_CTOR));
		paint_format(painter, STYLE_NAME, " %s", record_text(cache, CACHE_CTOR_NAME));
		paint_newline(painter);
	}
	draw_users(painter, cache);
}

/* "12 live" when there are any. */
static void draw_state(struct painter *painter, const struct dill_record *cache, size_t column,
		       enum style style, const char *name, const char **separator)
{
	if (!field_number(cache, column))
		return;
	paint(painter, STYLE_PLAIN, *separator);
	paint_format(painter, style, "%lu %s", field_number(cache, column), name);
	*separator = ", ";
}

static void draw_usage(struct painter *painter, const struct dill_record *cache)
{
	const char *separator = "";

	field_label(painter, "usage");
	if (cache->fields[CACHE_OBJECTS].present)
		paint_format(painter, STYLE_PLAIN, "%lu active of %lu object%s in %lu slab%s, ",
			     field_number(cache, CACHE_ACTIVE), field_number(cache, CACHE_OBJECTS),
			     plural(field_number(cache, CACHE_OBJECTS)),
			     field_number(cache, CACHE_SLABS),
			     plural(field_number(cache, CACHE_SLABS)));
	paint_format(painter, STYLE_PLAIN, "%lu partial slab%s on nodes",
		     field_number(cache, CACHE_PARTIAL_SLABS),
		     plural(field_number(cache, CACHE_PARTIAL_SLABS)));
	if (cache->fields[CACHE_CPU_SLABS].present)
		paint_format(painter, STYLE_PLAIN, ", %lu slab%s on CPUs",
			     field_number(cache, CACHE_CPU_SLABS),
			     plural(field_number(cache, CACHE_CPU_SLABS)));
	paint_newline(painter);
	field_label(painter, "objects are");
	draw_state(painter, cache, CACHE_LIVE, STYLE_LIVE, "live", &separator);
	draw_state(painter, cache, CACHE_CACHED, STYLE_FREE, "cached", &separator);
	draw_state(painter, cache, CACHE_FREE, STYLE_FREE, "free", &separator);
	draw_state(painter, cache, CACHE_WAITING, STYLE_WARN, "waiting", &separator);
	draw_state(painter, cache, CACHE_UNKNOWN, STYLE_BAD, "unknown", &separator);
	if (!*separator)
		paint(painter, STYLE_PLAIN,
		      cache->fields[CACHE_OBJECTS].present
			      ? "none: the cache is empty"
			      : "not known: this kernel does not count them");
	if (field_flag(cache, CACHE_IN_MOTION))
		paint(painter, STYLE_WARN, "  (lists in motion: a CPU was stopped changing them)");
	paint_newline(painter);
}

void cache_facts_draw(struct painter *painter, const struct dill_record *cache)
{
	paint(painter, STYLE_NAME, record_text(cache, CACHE_NAME));
	paint(painter, STYLE_DIM, "  kmem_cache ");
	paint_address(painter, field_number(cache, CACHE_ADDRESS));
	paint_newline(painter);
	draw_sizes(painter, cache);
	draw_flags(painter, cache);
	draw_limits(painter, cache);
	draw_usage(painter, cache);
}
