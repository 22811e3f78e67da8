/* SPDX-License-Identifier: MIT */
#include "solve/kmalloc_name.h"

#include <stdlib.h>
#include <string.h>

/* More than any of them has. */
#define BYTES_MAX (UINT64_C(1) << 20)

uint64_t kmalloc_name_bytes(const char *name)
{
	const char *last = strrchr(name, '-');
	uint64_t number;
	char *end;

	if (strncmp(name, "kmalloc-", 8) != 0)
		return 0;
	number = strtoul(last + 1, &end, 10);
	if (end == last + 1 || number > BYTES_MAX)
		return 0;
	if (!strcmp(end, "k"))
		return number * 1024;
	return *end ? 0 : number;
}
