/* SPDX-License-Identifier: MIT */
#include "target/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "base/checked.h"
#include "base/machine.h"
#include "target/memory_private.h"

/* 48 MiB: holds a whole kernel image and what a walk over a large heap looks at twice. */
#define CACHE_PAGES 12288u

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
	memory->lacks_told = false;

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
	const char *lacks = memory_take_lacks(memory);

	if (lacks)
		memory_log(memory, "%s", lacks);
	memory->begun = false;
	return memory->ops->end(memory->context);
}

const char *memory_take_lacks(struct memory *memory)
{
	bool told = memory->lacks_told;

	assert(memory->begun);
	memory->lacks_told = true;
	return told || !memory->ops->lacks ? NULL : memory->ops->lacks(memory->context);
}

struct dill_error *memory_runner(struct memory *memory, struct dill_runner *ret)
{
	assert(memory->begun);
	if (!memory->ops->run || !memory->ops->run(memory->context, ret))
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "%s cannot be made to run by dill",
				      memory_describe(memory));
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
	assert(memory->begun);
	return memory->ops->moves && memory->ops->moves(memory->context);
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

struct dill_error *memory_fault(enum dill_space space, uint64_t address)
{
	return dill_error_new_fault(address, "cannot read %s address 0x%" PRIx64,
				    space == DILL_SPACE_PHYSICAL ? "physical" : "virtual", address);
}

struct dill_error *memory_check_range(enum dill_space space, uint64_t address, size_t length)
{
	uint64_t last;

	if (length && checked_add(address, length - 1, &last))
		return memory_fault(space, address);
	return NULL;
}

const uint8_t *memory_in_place(const struct memory *memory, enum dill_space space, uint64_t address,
			       size_t length)
{
	if (!memory->ops->map)
		return NULL;
	assert(memory->begun);
	return memory->ops->map(memory->context, space, address, length);
}

const void *memory_map_phys(const struct memory *memory, dill_phys address, size_t length)
{
	return memory_in_place(memory, DILL_SPACE_PHYSICAL, address, length);
}

struct dill_error *memory_read_batch(struct memory *memory, enum dill_space space)
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
	struct dill_error *error = memory_read_batch(memory, space);

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
	    memory_in_place(memory, space, page, DILL_PAGE_SIZE))
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
	if (memory_is_slow(memory))
		return NULL;
	for (size_t i = 0; i < count; i++)
		TRY(want(memory, space, page_of(addresses[i])));
	return fill_cache(memory, space);
}

/* The cached page around @p address, read when needed; FAULT names @p address. */
static struct dill_error *find_page(struct memory *memory, enum dill_space space, uint64_t address,
				    const uint8_t **ret)
{
	uint64_t page = page_of(address);
	const uint8_t *mapped = memory_in_place(memory, space, page, DILL_PAGE_SIZE);
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
		return memory_fault(space, address);
	*ret = cached->data;
	return NULL;
}

struct dill_error *memory_page(struct memory *memory, enum dill_space space, uint64_t page,
			       const uint8_t **ret)
{
	assert(page == page_of(page));
	if (memory_is_slow(memory)) {
		uint8_t copy[DILL_PAGE_SIZE];

		TRY(memory_read_pieces(memory, space, page, copy, sizeof(copy)));
		*ret = page_cache_find(memory->cache, space, page)->data;
		return NULL;
	}
	return find_page(memory, space, page, ret);
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
	const uint8_t *mapped = memory_in_place(memory, space, address, length);

	if (mapped) {
		memcpy(buffer, mapped, length);
		return NULL;
	}
	TRY(memory_check_range(space, address, length));
	if (memory_is_slow(memory))
		return memory_read_pieces(memory, space, address, buffer, length);
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

struct dill_error *memory_arch(struct memory *memory, const struct arch **ret)
{
	uint16_t machine = arch_x86_64.elf_machine;

	assert(memory->begun);
	if (memory->ops->machine)
		TRY(memory->ops->machine(memory->context, &machine));
	*ret = arch_of_elf(machine);
	return *ret ? NULL
		    : dill_error_new(DILL_ERROR_UNSUPPORTED,
				     "the target's machine is %s: dill knows " ARCH_KNOWN " only",
				     machine_of_elf(machine, true, false));
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
