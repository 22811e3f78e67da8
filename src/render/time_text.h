/* SPDX-License-Identifier: MIT */
#ifndef RENDER_TIME_TEXT_H
#define RENDER_TIME_TEXT_H

#include <stdint.h>

#include "base/strbuf.h"

/** Append a time of nanoseconds with three digits and a unit: "1.23 ms", "45.6 s", "1234 s". */
void time_append(struct strbuf *text, uint64_t time_ns);

/** Append a point in time, seconds since 1970, as "2026-11-25 05:38:51 UTC". */
void date_append(struct strbuf *text, uint64_t seconds);

#endif
