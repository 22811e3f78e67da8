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

			if (base == 16 && next - line - (ptrdiff_t)length > 2 &&
			    !memcmp(line + length, "0x", 2))
				length += 2;
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

/* Of two numbers, the second one past the end or the last address. */
static void find_range(struct span text, const char *first, const char *end,
		       struct vmcoreinfo_range *ret)
{
	if (!find_number(text, first, 16, &ret->first) || !find_number(text, end, 16, &ret->end))
		*ret = (struct vmcoreinfo_range){0};
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
	ret->has_phys_offset = find_number(text, "NUMBER(PHYS_OFFSET)=", 16, &ret->phys_offset);
	if (!find_number(text, "NUMBER(VA_BITS)=", 10, &ret->address_bits))
		ret->address_bits = 0;
	ret->has_memory_map = find_number(text, "SYMBOL(vmemmap)=", 16, &ret->memory_map);
	find_range(text, "NUMBER(MODULES_VADDR)=", "NUMBER(MODULES_END)=", &ret->modules);
	find_range(text, "NUMBER(VMALLOC_START)=", "NUMBER(VMALLOC_END)=", &ret->vmalloc);
	ret->has_page_size = find_number(text, "SIZE(page)=", 10, &ret->page_struct_size);
}
