/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_TYPE_WORDS_H
#define GRAPH_TYPE_WORDS_H

/** How the type of an object is known. */
enum type_source {
	TYPE_FROM_NOTHING, /**< it is not */
	TYPE_FROM_CACHE,   /**< its cache serves one struct only */
	TYPE_FROM_SYMBOL,  /**< a variable of the kernel, whose type is known, points to it */
	TYPE_FROM_POINTER, /**< a member of an object whose type is known points to its start */
	TYPE_FROM_LIST,	   /**< it is on a list with an object of the same type */
	TYPE_FROM_PART,	 /**< a member points to a struct within it, which one type only can hold */
	TYPE_FROM_HABIT, /**< members of this kind lead to such objects in all other cases */
	TYPE_FROM_SITE,	 /**< other objects that the same code has allocated are of it */
	TYPE_FROM_TEXT,	 /**< it begins with text */
	TYPE_SOURCES,
};

/** TYPE_FROM_CACHE in words. */
#define TYPE_FROM_CACHE_TEXT "its cache serves this struct only"

/** "cache", "symbol", ...: stable, as in JSON. */
const char *type_source_name(enum type_source source);

/** How sure a type is. */
enum type_trust {
	TYPE_UNKNOWN,
	TYPE_BEGINS,  /**< it begins with this struct, and is larger: what holds it is not known */
	TYPE_LIKELY,  /**< nothing is against it */
	TYPE_CERTAIN, /**< the kernel's types leave nothing else, unless memory is corrupt */
	TYPE_TRUSTS,
};

/** "unknown", "begins", "likely", "certain": stable, as in JSON. */
const char *type_trust_name(enum type_trust trust);

#endif
