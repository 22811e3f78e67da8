/* SPDX-License-Identifier: MIT */
#ifndef RENDER_JSON_H
#define RENDER_JSON_H

#include "answer/record.h"
#include "base/strbuf.h"

/**
 * Append @p record as one JSON object without a newline: "record" (the kind's name) first, then the
 * present fields in the order of the columns. Records inside of records have no "record": the
 * column says what they are.
 *
 * Addresses are strings, "0x" and 16 digits, because many readers of JSON keep 53 bits of a number
 * only. Counts are exact numbers up to UINT64_MAX.
 *
 * @return NULL; NO_MEMORY; LIMIT when records are nested deeper than any sensible answer
 */
DILL_MUST_CHECK struct dill_error *json_append_record(struct strbuf *text,
						      const struct dill_record *record);

#endif
