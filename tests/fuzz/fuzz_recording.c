/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary bytes as what a recording unfolds to. What is taken must stay within its bounds and be
 * found again.
 */
#include <stdlib.h>
#include <string.h>

#include "target/recording_file.h"

#define PAGES_MAX 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dill_error *read_some(void *context, void *buffer, size_t size, size_t *ret_got)
{
	struct span *rest = context;

	*ret_got = size < rest->size ? size : rest->size;
	if (*ret_got)
		memcpy(buffer, rest->data, *ret_got);
	*rest = span_cut(*rest, *ret_got, rest->size);
	return NULL;
}

static void check(const struct recording *recording)
{
	uint32_t count = page_cache_count(recording->pages);

	if (count > PAGES_MAX || recording->cpu_count > RECORDING_CPUS_MAX ||
	    strlen(recording->description) > 4 * RECORDING_TEXT_MAX)
		abort();
	for (uint32_t i = 0; i < count; i++) {
		const struct cached_page *page = page_cache_item(recording->pages, i);
		enum dill_space space = page->key % DILL_PAGE_SIZE;

		if (page->state == PAGE_WANTED ||
		    page_cache_find(recording->pages, space, page->key - space) != page)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = {data, size};
	struct recording_source source = {read_some, &rest};
	struct recording recording;

	if (recording_init(PAGES_MAX, &recording))
		abort();

	struct dill_error *error = recording_parse(&source, &recording);

	if (!error || dill_error_code(error) == DILL_ERROR_BAD_DATA ||
	    dill_error_code(error) == DILL_ERROR_LIMIT)
		check(&recording);
	else
		abort();
	dill_error_free(error);
	recording_deinit(&recording);
	return 0;
}
