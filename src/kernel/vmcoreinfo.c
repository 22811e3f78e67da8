/* SPDX-License-Identifier: MIT */
#include "kernel/vmcoreinfo.h"

#include <string.h>

/**
 * Find the line "KEY=NUMBER".
 * @param key  with its "=", and the minus of a negative number
 */
static bool find_number(struct span text, const char *key, unsigned base, uint64_t *ret)
{
	size_t length = strlen(key);
	const uint8_t *end = text.data + text.size;
	const uint8_t *line = text.data;

	while (line && line < end) {
		const uint8_t *next = memchr(line, '\n', (size_t)(end - line));

		if (next && (size_t)(next - line) > length && !memcmp(line, key, length)) {
			uint64_t value = 0;

			for (const uint8_t *at = line + length; at < next; at++) {
				const char *digits = "0123456789abcdef";
				const char *digit = *at ? strchr(digits, *at) : NULL;

				if (!digit || digit - digits >= base)
					return false;
				if (__builtin_mul_overflow(value, base, &value) ||
				    __builtin_add_overflow(value, digit - digits, &value))
					return false;
			}
			*ret = value;
			return true;
		}
		line = next ? next + 1 : NULL;
	}
	return false;
}

void vmcoreinfo_parse(struct span text, struct vmcoreinfo *ret)
{
	uint64_t levels;

	*ret = (struct vmcoreinfo){0};
	ret->has_kernel_offset = find_number(text, "KERNELOFFSET=", 16, &ret->kernel_offset);
	ret->has_tables = find_number(text, "SYMBOL(swapper_pg_dir)=", 16, &ret->tables);
	if (find_number(text, "NUMBER(phys_base)=-", 10, &ret->phys_base))
		ret->phys_base = -ret->phys_base;
	else if (!find_number(text, "NUMBER(phys_base)=", 10, &ret->phys_base))
		ret->has_tables = false;
	ret->five_levels = find_number(text, "NUMBER(pgtable_l5_enabled)=", 10, &levels) && levels;
	ret->has_page_size = find_number(text, "SIZE(page)=", 10, &ret->page_struct_size);
}
