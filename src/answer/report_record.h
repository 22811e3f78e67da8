/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_REPORT_RECORD_H
#define ANSWER_REPORT_RECORD_H

#include "answer/record.h"

/** A page that was written; a line. */
enum report_page_column {
	REPORT_PAGE_FILE,
	REPORT_PAGE_BYTES,
	REPORT_PAGE_OBJECTS,
	REPORT_PAGE_LEFT_OUT
};
extern const struct dill_record_kind report_page_kind;

/** Folded stacks that were written; a line. */
enum report_folded_column { REPORT_FOLDED_FILE, REPORT_FOLDED_STACKS, REPORT_FOLDED_BYTES };
extern const struct dill_record_kind report_folded_kind;

/** What was asked for on standard output. */
enum report_text_column { REPORT_TEXT };
extern const struct dill_record_kind report_folded_text_kind, report_page_text_kind;

#endif
