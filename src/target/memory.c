/* SPDX-License-Identifier: MIT */
#include "target/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "target/page_cache.h"

/* 48 MiB: holds a whole kernel image and what a walk over a large heap looks at twice. */
#define CACHE_PAGES 12288u
/* Pages per call of a backend: 4 MiB, long enough to pipeline, short enough to interrupt. */
#define BATCH_PAGES 1024u

struct memory {
	const struct dill_target_ops *ops;
	void *context;
	struct dill_host host;
	struct page_cache *cache;
	bool begun;
	uint64_t generation, epoch;
	/* Pages of the batch that is being put together; `cached` only for those that stay. */
	struct dill_page_request requests[BATCH_PAGES];
	struct cached_page *cached[BATCH_PAGES];
	size_t wanted;
};

struct dill_error *memory_new(const struct dill_target_ops *ops, void *context,
			      const struct dill_host *host, struct memory **ret)
{
	struct page_cache *cache = NULL;

	TRY(page_cache_new(CACHE_PAGES, &cache));
	struct memory *memory = calloc(1, sizeof(*memory));

	if (!memory) {
		page_cache_free(cache);
		return error_no_memory();
	}
	memory->ops = ops;
	memory->context = context;
	memory->cache = cache;
	if (host)
		memory->host = *host;
	*ret = memory;
	return NULL;
}

void memory_free(struct memory *memory)
{
	if (!memory)
		return;
	assert(!memory->begun);
	memory->ops->close(memory->context);
	page_cache_free(memory->cache);
	free(memory);
}

struct dill_error *memory_begin(struct memory *memory)
{
	assert(!memory->begun);
	TRY(memory->ops->begin(memory->context));
	memory->begun = true;

	uint64_t generation = memory->ops->generation(memory->context);

	if (!memory->epoch || generation != memory->generation) {
		page_cache_clear(memory->cache);
		memory->generation = generation;
		memory->epoch++;
	}
	return NULL;
}

struct dill_error *memory_end(struct memory *memory)
{
	assert(memory->begun);
	memory->begun = false;
	return memory->ops->end(memory->context);
}

struct dill_error *memory_runner(struct memory *memory, struct memory_runner *ret)
{
	assert(memory->begun);
	if (!memory->ops->run)
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "%s cannot be made to run by dill",
				      memory_describe(memory));
	*ret = (struct memory_runner){.ops = memory->ops->run, .context = memory->context};
	return NULL;
}

void memory_invalidate(struct memory *memory)
{
	page_cache_clear(memory->cache);
	memory->generation = memory->ops->generation(memory->context);
	memory->epoch++;
}

bool memory_moves(const struct memory *memory)
{
	return memory->ops->moves;
}

bool memory_has_space(struct memory *memory, enum dill_space space)
{
	assert(memory->begun);
	return memory->ops->spaces(memory->context) & (unsigned)space;
}

struct dill_error *memory_check_interrupt(const struct memory *memory)
{
	if (memory->host.interrupted && memory->host.interrupted(memory->host.context))
		return error_interrupted();
	return NULL;
}

void memory_accept_interrupt(const struct memory *memory)
{
	if (memory->host.accept_interrupt)
		memory->host.accept_interrupt(memory->host.context);
}

static struct dill_error *fault(enum dill_space space, uint64_t address)
{
	return dill_error_new_fault(address, "cannot read %s address 0x%" PRIx64,
				    space == DILL_SPACE_PHYSICAL ? "physical" : "virtual", address);
}

static uint64_t page_of(uint64_t address)
{
	return address & ~(uint64_t)(DILL_PAGE_SIZE - 1);
}

static struct dill_error *check_range(enum dill_space space, uint64_t address, size_t length)
{
	uint64_t last;

	if (length && checked_add(address, length - 1, &last))
		return fault(space, address);
	return NULL;
}

/* The bytes at @p address where the target has them, or NULL. */
static const uint8_t *in_place(const struct memory *memory, enum dill_space space, uint64_t address,
			       size_t length)
{
	if (!memory->ops->map)
		return NULL;
	assert(memory->begun);
	return memory->ops->map(memory->context, space, address, length);
}

const void *memory_map_phys(const struct memory *memory, dill_phys address, size_t length)
{
	return in_place(memory, DILL_SPACE_PHYSICAL, address, length);
}

/* Ask the backend for the pages of the batch, none of which may be asked twice. */
static struct dill_error *read_batch(struct memory *memory, enum dill_space space)
{
	size_t count = memory->wanted;

	memory->wanted = 0;
	if (!count)
		return NULL;
	assert(memory->begun);
	TRY(memory_check_interrupt(memory));
	return memory->ops->read_pages(memory->context, space, memory->requests, count);
}

/* Read the wanted pages of the cache. After a failure nobody knows which of them arrived. */
static struct dill_error *fill_cache(struct memory *memory, enum dill_space space)
{
	size_t count = memory->wanted;
	struct dill_error *error = read_batch(memory, space);

	if (error) {
		page_cache_clear(memory->cache);
		return error;
	}
	for (size_t i = 0; i < count; i++)
		memory->cached[i]->state =
			memory->requests[i].done ? PAGE_READABLE : PAGE_UNREADABLE;
	return NULL;
}

/* Drop the wanted pages again when the batch cannot be completed. */
static struct dill_error *abandon(struct memory *memory, struct dill_error *error)
{
	memory->wanted = 0;
	page_cache_clear(memory->cache);
	return error;
}

/* Put a page into the batch unless the cache knows it; a full batch is read. */
static struct dill_error *want(struct memory *memory, enum dill_space space, uint64_t page)
{
	struct cached_page *cached = NULL;

	if (page_cache_find(memory->cache, space, page) ||
	    in_place(memory, space, page, DILL_PAGE_SIZE))
		return NULL;
	if (memory->wanted == BATCH_PAGES)
		TRY(fill_cache(memory, space));

	struct dill_error *error = page_cache_add(memory->cache, space, page, &cached);

	if (error)
		return abandon(memory, error);
	memory->cached[memory->wanted] = cached;
	memory->requests[memory->wanted++] =
		(struct dill_page_request){.address = page, .buffer = cached->data};
	return NULL;
}

struct dill_error *memory_prefetch(struct memory *memory, enum dill_space space,
				   const uint64_t *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++)
		TRY(want(memory, space, page_of(addresses[i])));
	return fill_cache(memory, space);
}

/* The cached page around @p address, read when needed; FAULT names @p address. */
static struct dill_error *find_page(struct memory *memory, enum dill_space space, uint64_t address,
				    const uint8_t **ret)
{
	uint64_t page = page_of(address);
	const uint8_t *mapped = in_place(memory, space, page, DILL_PAGE_SIZE);
	const struct cached_page *cached;

	if (mapped) {
		*ret = mapped;
		return NULL;
	}
	cached = page_cache_find(memory->cache, space, page);
	if (!cached) {
		TRY(want(memory, space, page));
		TRY(fill_cache(memory, space));
		cached = page_cache_find(memory->cache, space, page);
	}
	if (cached->state != PAGE_READABLE)
		return fault(space, address);
	*ret = cached->data;
	return NULL;
}

struct dill_error *memory_page(struct memory *memory, enum dill_space space, uint64_t page,
			       const uint8_t **ret)
{
	assert(page == page_of(page));
	return find_page(memory, space, page, ret);
}

/* Bytes from @p address to the end of its page, at most @p length. */
static size_t part_of_page(uint64_t address, size_t length)
{
	size_t rest = DILL_PAGE_SIZE - (size_t)(address - page_of(address));

	return length < rest ? length : rest;
}

/* Copy a range whose pages were prefetched; those that were pushed out meanwhile are read again. */
static struct dill_error *copy_cached(struct memory *memory, enum dill_space space,
				      uint64_t address, uint8_t *buffer, size_t length)
{
	while (length) {
		size_t part = part_of_page(address, length);
		const uint8_t *page = NULL;

		TRY(find_page(memory, space, address, &page));
		memcpy(buffer, page + (address - page_of(address)), part);
		buffer += part;
		address += part;
		length -= part;
	}
	return NULL;
}

/* The longest start of a range that one batch can hold. */
static size_t part_of_batch(uint64_t address, size_t length)
{
	size_t most = (size_t)BATCH_PAGES * DILL_PAGE_SIZE - (size_t)(address - page_of(address));

	return length < most ? length : most;
}

static struct dill_error *want_range(struct memory *memory, enum dill_space space, uint64_t address,
				     size_t length)
{
	uint64_t last = page_of(address + (length - 1));

	for (uint64_t page = page_of(address);; page += DILL_PAGE_SIZE) {
		TRY(want(memory, space, page));
		if (page == last)
			return fill_cache(memory, space);
	}
}

struct dill_error *memory_read(struct memory *memory, enum dill_space space, uint64_t address,
			       void *buffer, size_t length)
{
	uint8_t *out = buffer;
	const uint8_t *mapped = in_place(memory, space, address, length);

	if (mapped) {
		memcpy(buffer, mapped, length);
		return NULL;
	}
	TRY(check_range(space, address, length));
	while (length) {
		size_t part = part_of_batch(address, length);

		if (part > part_of_page(address, length))
			TRY(want_range(memory, space, address, part));
		TRY(copy_cached(memory, space, address, out, part));
		out += part;
		address += part;
		length -= part;
	}
	return NULL;
}

/* A page of an uncached read that is wanted in part only: it arrives beside the caller's buffer. */
struct partial_page {
	uint8_t bytes[DILL_PAGE_SIZE];
	uint8_t *destination;
	size_t offset, length;
};

struct uncached_read {
	enum dill_space space;
	struct partial_page partial[2]; /* the first and the last page */
	size_t partial_count;
};

static void want_uncached(struct memory *memory, struct uncached_read *read, uint64_t address,
			  uint8_t *destination, size_t length)
{
	uint8_t *buffer = destination;

	if (length < DILL_PAGE_SIZE) {
		struct partial_page *partial = &read->partial[read->partial_count++];

		partial->destination = destination;
		partial->offset = (size_t)(address - page_of(address));
		partial->length = length;
		buffer = partial->bytes;
	}
	memory->requests[memory->wanted++] =
		(struct dill_page_request){.address = page_of(address), .buffer = buffer};
}

static struct dill_error *fetch_uncached(struct memory *memory, struct uncached_read *read,
					 uint64_t address)
{
	size_t count = memory->wanted;

	TRY(read_batch(memory, read->space));
	for (size_t i = 0; i < count; i++) {
		uint64_t page = memory->requests[i].address;

		if (!memory->requests[i].done)
			return fault(read->space, page < address ? address : page);
	}
	for (size_t i = 0; i < read->partial_count; i++) {
		struct partial_page *partial = &read->partial[i];

		memcpy(partial->destination, partial->bytes + partial->offset, partial->length);
	}
	read->partial_count = 0;
	return NULL;
}

/* One batch of memory_read_uncached(): pages the cache knows are taken from it. */
static struct dill_error *read_uncached_batch(struct memory *memory, struct uncached_read *read,
					      uint64_t address, uint8_t *buffer, size_t length)
{
	uint64_t start = address;

	while (length) {
		size_t part = part_of_page(address, length);
		const uint8_t *mapped = in_place(memory, read->space, address, part);
		const struct cached_page *cached =
			page_cache_find(memory->cache, read->space, page_of(address));

		if (mapped) {
			memcpy(buffer, mapped, part);
		} else if (!cached) {
			want_uncached(memory, read, address, buffer, part);
		} else if (cached->state == PAGE_READABLE) {
			memcpy(buffer, cached->data + (address - page_of(address)), part);
		} else {
			/* An unreadable page before this one is the first one: look there too. */
			TRY(fetch_uncached(memory, read, start));
			return fault(read->space, address);
		}
		buffer += part;
		address += part;
		length -= part;
	}
	return fetch_uncached(memory, read, start);
}

struct dill_error *memory_read_uncached(struct memory *memory, enum dill_space space,
					uint64_t address, void *buffer, size_t length)
{
	struct uncached_read read = {.space = space};
	uint8_t *out = buffer;

	TRY(check_range(space, address, length));
	while (length) {
		size_t part = part_of_batch(address, length);

		TRY(read_uncached_batch(memory, &read, address, out, part));
		out += part;
		address += part;
		length -= part;
	}
	return NULL;
}

void memory_trim(const struct memory *memory)
{
	if (memory->ops->trim)
		memory->ops->trim(memory->context);
}

bool memory_next_range(const struct memory *memory, dill_phys from, dill_phys *ret_first,
		       uint64_t *ret_size)
{
	assert(memory->begun);
	return memory->ops->next_range &&
	       memory->ops->next_range(memory->context, from, ret_first, ret_size);
}

struct span memory_vmcoreinfo(const struct memory *memory)
{
	size_t size = 0;
	const char *text =
		memory->ops->vmcoreinfo ? memory->ops->vmcoreinfo(memory->context, &size) : NULL;

	return (struct span){(const uint8_t *)text, text ? size : 0};
}

struct dill_error *memory_registers(struct memory *memory, unsigned cpu, struct dill_registers *ret)
{
	assert(memory->begun);
	return memory->ops->registers(memory->context, cpu, ret);
}

struct dill_error *memory_cpu_count(struct memory *memory, unsigned *ret)
{
	assert(memory->begun);
	return memory->ops->cpu_count(memory->context, ret);
}

void memory_stats(struct memory *memory, struct dill_target_stats *ret)
{
	*ret = (struct dill_target_stats){0};
	if (memory->ops->stats)
		memory->ops->stats(memory->context, ret);
}

void memory_append_stats(struct memory *memory, struct strbuf *text)
{
	struct dill_target_stats stats;

	memory_stats(memory, &stats);
	strbuf_append_format(text,
			     "%" PRIu64 " packets with %" PRIu64 " bytes of memory, %" PRIu64
			     " direct reads with %" PRIu64 " bytes",
			     stats.packets, stats.bytes, stats.direct_calls, stats.direct_bytes);
}

const char *memory_describe(struct memory *memory)
{
	if (!memory->ops->describe)
		return memory->ops->name;
	return memory->ops->describe(memory->context);
}

uint64_t memory_epoch(const struct memory *memory)
{
	return memory->epoch;
}

void memory_log(const struct memory *memory, const char *format, ...)
{
	char text[512];
	va_list arguments;

	if (!memory->host.log)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	memory->host.log(memory->host.context, text);
}
