/* SPDX-License-Identifier: MIT */
#ifndef TYPES_NAME_HASH_H
#define TYPES_NAME_HASH_H

#include <stdint.h>

/** FNV-1a: short, and good enough for identifiers. A target that forges collisions gets one long
 * chain, as slow as having no index. */
static inline uint32_t name_hash(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	return hash ^ hash >> 15;
}

#endif
