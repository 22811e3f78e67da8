/* SPDX-License-Identifier: MIT */
#ifndef BASE_PLURAL_H
#define BASE_PLURAL_H

#include <stdint.h>

/** What stands behind the noun of @p count things: "" for one, else "s". */
static inline const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

#endif
