/* SPDX-License-Identifier: MIT */
#include "render/page_json.h"

#include <string.h>

#include "render/number_text.h"

void page_append_text(struct strbuf *text, const char *value)
{
	strbuf_append_char(text, '"');
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c < 0x20 || c == 0x7f || strchr("<>&\"\\'", c))
			strbuf_append_format(text, "\\u%04x", c);
		else
			strbuf_append_char(text, *value);
	}
	strbuf_append_char(text, '"');
}

void page_append_number(struct strbuf *text, int64_t value)
{
	char digits[DECIMAL_TEXT_LENGTH];
	size_t length = decimal_text(value < 0 ? 0 - (uint64_t)value : (uint64_t)value, digits);

	if (value < 0)
		strbuf_append_char(text, '-');
	strbuf_append_bytes(text, digits + sizeof(digits) - length, length);
}

void page_append_digits(struct strbuf *text, uint64_t address)
{
	char digits[ADDRESS_TEXT_LENGTH];

	address_text(address, digits);
	strbuf_append_bytes(text, digits + 2, sizeof(digits) - 2);
}
