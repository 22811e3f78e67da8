/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "base/array.h"
#include "target/recording_file.h"
#include "target/recording_wire.h"

static struct dill_error *take(const struct recording_source *source, void *buffer, size_t size)
{
	size_t got = 0;

	TRY(source->read(source->context, buffer, size, &got));
	if (got < size)
		return dill_error_new(DILL_ERROR_BAD_DATA, "it ends too early");
	return NULL;
}

static struct dill_error *take_u64(const struct recording_source *source, uint64_t *ret)
{
	uint8_t bytes[8];

	TRY(take(source, bytes, sizeof(bytes)));
	*ret = span_u64((struct span){bytes, sizeof(bytes)}, 0);
	return NULL;
}

static struct dill_error *parse_head(const struct recording_source *source,
				     struct recording *recording, uint32_t *ret_cpus)
{
	const unsigned all = DILL_SPACE_PHYSICAL | DILL_SPACE_VIRTUAL;
	uint8_t bytes[12], text[RECORDING_TEXT_MAX];
	struct span head = {bytes, sizeof(bytes)};
	uint32_t length;

	TRY(take(source, bytes, sizeof(bytes)));
	recording->moved = span_u32(head, 0) & RECORDING_MOVED;
	recording->spaces = span_u32(head, 0) & ~(unsigned)RECORDING_MOVED;
	*ret_cpus = span_u32(head, 4);
	length = span_u32(head, 8);
	if (!recording->spaces || recording->spaces & ~all)
		return dill_error_new(DILL_ERROR_BAD_DATA, "its kinds of memory are %#x",
				      recording->spaces);
	if (*ret_cpus > RECORDING_CPUS_MAX)
		return dill_error_new(DILL_ERROR_BAD_DATA, "it counts %u CPUs", *ret_cpus);
	if (length > RECORDING_TEXT_MAX)
		return dill_error_new(DILL_ERROR_BAD_DATA, "its description has %u bytes", length);
	TRY(take(source, text, length));
	return recording_describe(recording, (const char *)text, length);
}

static struct dill_error *parse_cpu(const struct recording_source *source, struct recorded_cpu *cpu)
{
	uint8_t bytes[RECORDING_CPU_WORDS * 8];
	struct span words = {bytes, sizeof(bytes)};
	uint64_t *fields[RECORDING_REGISTERS];

	TRY(take(source, bytes, sizeof(bytes)));
	recording_registers(&cpu->registers, fields);
	cpu->known = span_u64(words, 0) & RECORDING_CPU_KNOWN;
	cpu->registers.has_control = span_u64(words, 0) & RECORDING_CPU_CONTROL;
	for (size_t i = 0; i < RECORDING_REGISTERS; i++)
		*fields[i] = span_u64(words, (i + 1) * 8);
	return NULL;
}

/* The CPUs one by one, so that no count makes memory that the file does not fill. */
static struct dill_error *parse_cpus(const struct recording_source *source, uint32_t count,
				     struct recording *recording)
{
	ARRAY(struct recorded_cpu) cpus = {0};
	struct dill_error *error = NULL;

	for (uint32_t i = 0; i < count && !error; i++) {
		struct recorded_cpu cpu;

		error = parse_cpu(source, &cpu);
		if (!error)
			error = array_push(&cpus, cpu);
	}
	if (error) {
		array_free(&cpus);
		return error;
	}
	recording->cpus = cpus.items;
	recording->cpu_count = count;
	return NULL;
}

static struct dill_error *parse_page(const struct recording_source *source, uint64_t key,
				     struct recording *recording)
{
	static const uint8_t zeros[DILL_PAGE_SIZE];
	uint8_t bytes[DILL_PAGE_SIZE];
	uint64_t space = key & RECORDING_PAGE_SPACE, kind = key & RECORDING_PAGE_KIND;
	uint64_t page = key & ~(uint64_t)(DILL_PAGE_SIZE - 1);
	const uint8_t *data = bytes;

	if (key - page != (space | kind) || !(space & recording->spaces) ||
	    (space != DILL_SPACE_PHYSICAL && space != DILL_SPACE_VIRTUAL) ||
	    kind == RECORDING_PAGE_KIND)
		return dill_error_new(DILL_ERROR_BAD_DATA, "it holds a page of an unknown kind");
	if (kind == RECORDING_PAGE_UNREADABLE)
		data = NULL;
	else if (kind == RECORDING_PAGE_ZEROS)
		data = zeros;
	else
		TRY(take(source, bytes, sizeof(bytes)));
	return recording_keep_page(recording, (enum dill_space)space, page, data);
}

static struct dill_error *parse_pages(const struct recording_source *source,
				      struct recording *recording)
{
	uint64_t key, before = 0, count;

	for (;;) {
		uint64_t place;

		TRY(take_u64(source, &key));
		if (key == RECORDING_END)
			break;
		place = key & ~(uint64_t)RECORDING_PAGE_KIND;
		if (place <= before)
			return dill_error_new(DILL_ERROR_BAD_DATA,
					      "its pages are not in order at 0x%" PRIx64, place);
		before = place;
		TRY(parse_page(source, key, recording));
	}
	TRY(take_u64(source, &count));
	if (count != page_cache_count(recording->pages))
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "it counts %" PRIu64 " pages and holds %u", count,
				      page_cache_count(recording->pages));
	return NULL;
}

struct dill_error *recording_parse(const struct recording_source *source, struct recording *ret)
{
	uint32_t cpus;

	TRY(parse_head(source, ret, &cpus));
	TRY(parse_cpus(source, cpus, ret));
	return parse_pages(source, ret);
}
