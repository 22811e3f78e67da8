/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "answer/info_record.h"
#include "render/views.h"
#include "slub/selfcheck.h"

#define LABEL_WIDTH 16

static struct dill_error *draw_info(struct painter *painter, const struct dill_record *record)
{
	for (size_t i = 0; i < INFO_COLUMN_COUNT; i++) {
		if (!record->kind->columns[i].heading) /* another line says it in words */
			continue;
		paint_padded(painter, STYLE_DIM, record->kind->columns[i].heading, LABEL_WIDTH);
		paint_field(painter, record, i);
		paint_newline(painter);
	}
	return NULL;
}

const struct record_view info_view = {draw_info};

static struct dill_error *draw_kernel(struct painter *painter, const struct dill_record *record)
{
	bool shown = record->fields[INFO_KERNEL_SHOWN].flag;

	paint(painter, shown ? STYLE_LIVE : STYLE_DIM, shown ? "  * " : "    ");
	paint_format(painter, STYLE_NUMBER, "--kernel=%-3" PRIu64,
		     record_number(record, INFO_KERNEL_NUMBER));
	paint_address(painter, record_number(record, INFO_KERNEL_BASE));
	paint(painter, STYLE_DIM, "  physical ");
	paint_address(painter, record_number(record, INFO_KERNEL_PHYSICAL));
	paint(painter, STYLE_PLAIN, "  ");
	paint(painter, STYLE_NAME, record_text(record, INFO_KERNEL_RELEASE));
	paint_newline(painter);
	return NULL;
}

const struct record_view info_kernel_view = {draw_kernel};

/* The longest name of one. */
#define MEMBER_WIDTH 24u

/* "  + cache_size            24  187 of 187 caches", or "?" for what was left open. */
static struct dill_error *draw_member(struct painter *painter, const struct dill_record *record)
{
	bool found = record->fields[INFO_MEMBER_FOUND].flag;
	const char *voters = record_text(record, INFO_MEMBER_VOTERS);

	paint(painter, found ? STYLE_LIVE : STYLE_WARN, found ? "  + " : "  ? ");
	paint_padded(painter, found ? STYLE_NAME : STYLE_DIM, record_text(record, INFO_MEMBER_ID),
		     MEMBER_WIDTH);
	if (!*voters) {
		paint(painter, STYLE_DIM, "not looked for");
		paint_newline(painter);
		return NULL;
	}
	if (found)
		paint_format(painter, STYLE_NUMBER, "at %-5" PRIu64,
			     record_number(record, INFO_MEMBER_OFFSET));
	else
		paint_format(painter, STYLE_WARN, "left open, %" PRIu64 " places fit: ",
			     record_number(record, INFO_MEMBER_CANDIDATES));
	paint_format(painter, STYLE_PLAIN, "%" PRIu64 " of %" PRIu64 " ",
		     record_number(record, INFO_MEMBER_VOTES_FOR),
		     record_number(record, INFO_MEMBER_VOTES));
	paint(painter, STYLE_PLAIN, voters);
	paint_newline(painter);
	return NULL;
}

const struct record_view info_member_view = {draw_member};

/* "+ word    sentence", "-" for what is not there, "?" for what is not known. */
static struct dill_error *draw_feature(struct painter *painter, const struct dill_record *record)
{
	bool known = record->fields[INFO_FEATURE_PRESENT].present;
	bool present = record->fields[INFO_FEATURE_PRESENT].flag;

	paint(painter, present ? STYLE_LIVE : STYLE_DIM,
	      present ? "  + "
	      : known ? "  - "
		      : "  ? ");
	paint_padded(painter, present ? STYLE_NAME : STYLE_DIM,
		     record_text(record, INFO_FEATURE_NAME), 20);
	paint(painter, present ? STYLE_PLAIN : STYLE_DIM, record_text(record, INFO_FEATURE_TEXT));
	paint_newline(painter);
	return NULL;
}

const struct record_view info_feature_view = {draw_feature};

static enum style result_style(enum self_check_result result)
{
	switch (result) {
	case SELF_CHECK_PASSED:
		return STYLE_LIVE;
	case SELF_CHECK_FAILED:
		return STYLE_BAD;
	case SELF_CHECK_IMPOSSIBLE:
		break;
	}
	return STYLE_WARN;
}

static struct dill_error *draw_check(struct painter *painter, const struct dill_record *record)
{
	enum self_check_result result =
		(enum self_check_result)record_number(record, SELF_CHECK_COLUMN_RESULT);

	paint(painter, STYLE_PLAIN, "  ");
	paint_padded(painter, result_style(result), record_text(record, SELF_CHECK_COLUMN_RESULT),
		     11);
	paint(painter, STYLE_PLAIN, record_text(record, SELF_CHECK_COLUMN_TEXT));
	paint_newline(painter);
	return NULL;
}

const struct record_view self_check_view = {draw_check};
