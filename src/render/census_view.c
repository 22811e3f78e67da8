/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "answer/census_record.h"
#include "base/plural.h"
#include "render/time_text.h"
#include "render/views.h"

static struct dill_error *draw_stack(struct painter *painter, const struct dill_record *record)
{
	const struct field *stack = &record->fields[CENSUS_STACK_STACK];
	const struct field *oldest = &record->fields[CENSUS_GROUP_OLDEST];
	uint64_t objects = record_number(record, CENSUS_GROUP_OBJECTS);
	uint64_t memory = record_number(record, CENSUS_GROUP_MEMORY);
	struct strbuf ages = {0};

	paint_format(painter, STYLE_NUMBER, "%" PRIu64 " object%s, %" PRIu64 " byte%s of ", objects,
		     plural(objects), memory, plural(memory));
	paint(painter, STYLE_NAME, record_text(record, CENSUS_GROUP_NAME));
	if (oldest->present) {
		strbuf_append(&ages, ", ages ");
		time_append(&ages, record_number(record, CENSUS_GROUP_YOUNGEST));
		strbuf_append(&ages, " to ");
		time_append(&ages, oldest->number);
		paint(painter, STYLE_DIM, strbuf_get(&ages));
	}
	strbuf_deinit(&ages);
	paint_newline(painter);
	if (!stack->present || !stack->texts.count) {
		paint(painter, STYLE_DIM, "    no stack is recorded");
		paint_newline(painter);
	}
	for (size_t i = 0; stack->present && i < stack->texts.count; i++) {
		paint_format(painter, STYLE_PLAIN, "    %s", stack->texts.items[i]);
		paint_newline(painter);
	}
	return NULL;
}

const struct record_view census_stack_view = {.draw = draw_stack, .apart = true};
