/* SPDX-License-Identifier: MIT */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

#define SUGGEST_COUNT	 3
#define SUGGEST_NAME_MAX 63

/**
 * Near matches of a name that was not found, for the error's text. Candidates are copied, nothing
 * is allocated; offering a hundred thousand takes milliseconds, so do it only when the lookup has
 * failed.
 *
 *     suggest_init(&suggest, "kmalloc-46");
 *     for (...)
 *             suggest_offer(&suggest, name);
 *     dill_error_new(DILL_ERROR_NOT_FOUND, "no cache %s%s", wanted, suggest_text(&suggest));
 */
struct suggest {
	char wanted[SUGGEST_NAME_MAX + 1]; /* lower case; "" when too long to compare */
	size_t wanted_length;
	struct {
		char name[SUGGEST_NAME_MAX + 1];
		unsigned rank; /* smaller is nearer */
	} best[SUGGEST_COUNT];
	size_t count;
	char text[(SUGGEST_NAME_MAX + 5) * SUGGEST_COUNT + 32];
};

void suggest_init(struct suggest *suggest, const char *wanted);

/**
 * Consider @p candidate: near are names that differ by few typing errors (a letter more, less,
 * wrong or swapped; case does not count) and names that begin with or contain what was wanted.
 * Longer ones than SUGGEST_NAME_MAX bytes are passed over.
 */
void suggest_offer(struct suggest *suggest, const char *candidate);

/** " (did you mean a, b or c?)", nearest first, "" without a near match; borrowed from @p suggest.
 * May hold control characters of the target; error texts replace them. */
const char *suggest_text(struct suggest *suggest);

#endif
