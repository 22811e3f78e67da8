/* SPDX-License-Identifier: MIT */
#ifndef RENDER_BYTES_TEXT_H
#define RENDER_BYTES_TEXT_H

#include <stdint.h>

#include "base/strbuf.h"

/** Append "512 B", "4 KiB", "27.5 MiB": three digits, and none behind the point where it is exact.
 */
void bytes_append(struct strbuf *text, uint64_t bytes);

#endif
