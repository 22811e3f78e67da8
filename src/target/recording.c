/* SPDX-License-Identifier: MIT */
#include "target/recording.h"

#include <string.h>

#include "base/strbuf.h"

struct dill_error *recording_init(uint32_t pages_max, struct recording *ret)
{
	*ret = (struct recording){.pages_max = pages_max};
	TRY(page_cache_new(pages_max, &ret->pages));
	return recording_describe(ret, "", 0);
}

void recording_deinit(struct recording *recording)
{
	page_cache_free(recording->pages);
	free(recording->cpus);
	free(recording->description);
	*recording = (struct recording){0};
}

struct dill_error *recording_keep_page(struct recording *recording, enum dill_space space,
				       uint64_t page, const uint8_t *data)
{
	struct cached_page *kept = page_cache_find(recording->pages, space, page);

	if (!kept && page_cache_count(recording->pages) == recording->pages_max)
		return dill_error_new(DILL_ERROR_LIMIT, "more than %u pages in a recording",
				      recording->pages_max);
	if (!kept)
		TRY(page_cache_add(recording->pages, space, page, &kept));
	kept->state = data ? PAGE_READABLE : PAGE_UNREADABLE;
	if (data)
		memcpy(kept->data, data, DILL_PAGE_SIZE);
	return NULL;
}

struct dill_error *recording_set_cpu_count(struct recording *recording, unsigned count)
{
	struct recorded_cpu *cpus;

	if (count > RECORDING_CPUS_MAX)
		return dill_error_new(DILL_ERROR_LIMIT, "%u CPUs in a recording", count);
	cpus = calloc(count + 1, sizeof(*cpus));
	if (!cpus)
		return error_no_memory();
	for (unsigned cpu = 0; cpu < count && cpu < recording->cpu_count; cpu++)
		cpus[cpu] = recording->cpus[cpu];
	free(recording->cpus);
	recording->cpus = cpus;
	recording->cpu_count = count;
	return NULL;
}

struct dill_error *recording_describe(struct recording *recording, const char *text, size_t length)
{
	struct strbuf escaped = {0};

	strbuf_append(&escaped, "");
	strbuf_append_escaped(&escaped, text,
			      length < RECORDING_TEXT_MAX ? length : RECORDING_TEXT_MAX);

	struct dill_error *error = strbuf_error(&escaped);

	if (error) {
		strbuf_deinit(&escaped);
		return error;
	}
	free(recording->description);
	recording->description = escaped.data;
	return NULL;
}
