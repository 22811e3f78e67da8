/* SPDX-License-Identifier: MIT */
#include "render/time_text.h"

#include <time.h>

void time_append(struct strbuf *text, uint64_t time_ns)
{
	static const struct {
		uint64_t ns;
		const char *name;
	} units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "us"}};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		uint64_t whole = time_ns / units[i].ns;
		uint64_t thousandths = time_ns % units[i].ns / (units[i].ns / 1000);

		if (!whole)
			continue;
		if (whole >= 100)
			strbuf_append_format(text, "%lu", (unsigned long)whole);
		else if (whole >= 10)
			strbuf_append_format(text, "%lu.%lu", (unsigned long)whole,
					     (unsigned long)thousandths / 100);
		else
			strbuf_append_format(text, "%lu.%02lu", (unsigned long)whole,
					     (unsigned long)thousandths / 10);
		strbuf_append_format(text, " %s", units[i].name);
		return;
	}
	strbuf_append_format(text, "%lu ns", (unsigned long)time_ns);
}

void date_append(struct strbuf *text, uint64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm parts;
	char date[64];

	if (gmtime_r(&time, &parts) && strftime(date, sizeof(date), "%F %T UTC", &parts))
		strbuf_append(text, date);
	else
		strbuf_append_format(text, "%lu", (unsigned long)seconds);
}
