/* SPDX-License-Identifier: MIT */
#include "render/bytes_text.h"

void bytes_append(struct strbuf *text, uint64_t bytes)
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	size_t unit = 0;
	uint64_t scale = 1;

	while (unit + 1 < sizeof(names) / sizeof(names[0]) && bytes / scale >= 1024) {
		scale *= 1024;
		unit++;
	}

	uint64_t whole = bytes / scale, rest = bytes % scale;
	/* Without an overflow: the scale has at least ten bits to spare, or there is no rest. */
	unsigned long hundredths = scale > 1024
					   ? (unsigned long)(rest / (scale / 1024) * 100 / 1024)
					   : (unsigned long)(rest * 100 / scale);

	if (!rest || whole >= 100)
		strbuf_append_format(text, "%lu %s", (unsigned long)whole, names[unit]);
	else if (whole >= 10)
		strbuf_append_format(text, "%lu.%lu %s", (unsigned long)whole, hundredths / 10,
				     names[unit]);
	else
		strbuf_append_format(text, "%lu.%02lu %s", (unsigned long)whole, hundredths,
				     names[unit]);
}
