/* SPDX-License-Identifier: MIT */
#include "graph/type_words.h"

const char *type_source_name(enum type_source source)
{
	static const char *const names[TYPE_SOURCES] = {
		[TYPE_FROM_NOTHING] = "unknown", [TYPE_FROM_CACHE] = "cache",
		[TYPE_FROM_SYMBOL] = "symbol",	 [TYPE_FROM_POINTER] = "pointer",
		[TYPE_FROM_LIST] = "list",	 [TYPE_FROM_PART] = "part",
		[TYPE_FROM_HABIT] = "habit",	 [TYPE_FROM_SITE] = "site",
		[TYPE_FROM_TEXT] = "text",
	};

	return names[source];
}

const char *type_trust_name(enum type_trust trust)
{
	static const char *const names[TYPE_TRUSTS] = {
		[TYPE_UNKNOWN] = "unknown",
		[TYPE_BEGINS] = "begins",
		[TYPE_LIKELY] = "likely",
		[TYPE_CERTAIN] = "certain",
	};

	return names[trust];
}
