/* SPDX-License-Identifier: MIT */
#include "target/target.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "base/checked.h"
#include "base/machine.h"
#include "target/target_private.h"

/* 48 MiB: holds a whole kernel image and what a walk over a large heap looks at twice. */
#define CACHE_PAGES 12288u

struct dill_error *target_new(const struct dill_target_ops *ops, void *context,
			      const struct dill_host *host, struct target **ret)
{
	struct page_cache *cache = NULL;

	TRY(page_cache_new(CACHE_PAGES, &cache));
	struct target *target = calloc(1, sizeof(*target));

	if (!target) {
		page_cache_free(cache);
		return error_no_memory();
	}
	target->ops = ops;
	target->context = context;
	target->cache = cache;
	if (host)
		target->host = *host;
	*ret = target;
	return NULL;
}

void target_free(struct target *target)
{
	if (!target)
		return;
	assert(!target->begun);
	target->ops->close(target->context);
	page_cache_free(target->cache);
	free(target);
}

struct dill_error *target_begin(struct target *target)
{
	assert(!target->begun);
	TRY(target->ops->begin(target->context));
	target->begun = true;
	target->lacks_told = false;

	uint64_t generation = target->ops->generation(target->context);

	if (!target->epoch || generation != target->generation) {
		page_cache_clear(target->cache);
		target->generation = generation;
		target->epoch++;
	}
	return NULL;
}

struct dill_error *target_end(struct target *target)
{
	const char *lacks = target_take_lacks(target);

	if (lacks)
		target_log(target, "%s", lacks);
	target->begun = false;
	return target->ops->end(target->context);
}

const char *target_take_lacks(struct target *target)
{
	bool told = target->lacks_told;

	assert(target->begun);
	target->lacks_told = true;
	return told || !target->ops->lacks ? NULL : target->ops->lacks(target->context);
}

struct dill_error *target_runner(struct target *target, struct dill_runner *ret)
{
	assert(target->begun);
	if (!target->ops->run || !target->ops->run(target->context, ret))
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "%s cannot be made to run by dill",
				      target_describe(target));
	return NULL;
}

void target_invalidate(struct target *target)
{
	page_cache_clear(target->cache);
	target->generation = target->ops->generation(target->context);
	target->epoch++;
}

bool target_moves(const struct target *target)
{
	assert(target->begun);
	return target->ops->moves && target->ops->moves(target->context);
}

bool target_has_space(struct target *target, enum dill_space space)
{
	assert(target->begun);
	return target->ops->spaces(target->context) & (unsigned)space;
}

struct dill_error *target_check_interrupt(const struct target *target)
{
	if (target->host.interrupted && target->host.interrupted(target->host.context))
		return error_interrupted();
	return NULL;
}

void target_accept_interrupt(const struct target *target)
{
	if (target->host.accept_interrupt)
		target->host.accept_interrupt(target->host.context);
}

struct dill_error *target_fault(enum dill_space space, uint64_t address)
{
	return dill_error_new_fault(address, "cannot read %s address 0x%" PRIx64,
				    space == DILL_SPACE_PHYSICAL ? "physical" : "virtual", address);
}

struct dill_error *target_check_range(enum dill_space space, uint64_t address, size_t length)
{
	uint64_t last;

	if (length && checked_add(address, length - 1, &last))
		return target_fault(space, address);
	return NULL;
}

const uint8_t *target_in_place(const struct target *target, enum dill_space space, uint64_t address,
			       size_t length)
{
	if (!target->ops->map)
		return NULL;
	assert(target->begun);
	return target->ops->map(target->context, space, address, length);
}

const void *target_map_phys(const struct target *target, dill_phys address, size_t length)
{
	return target_in_place(target, DILL_SPACE_PHYSICAL, address, length);
}

struct dill_error *target_read_batch(struct target *target, enum dill_space space)
{
	size_t count = target->wanted;

	target->wanted = 0;
	if (!count)
		return NULL;
	assert(target->begun);
	TRY(target_check_interrupt(target));
	return target->ops->read_pages(target->context, space, target->requests, count);
}

/* Read the wanted pages of the cache. After a failure nobody knows which of them arrived. */
static struct dill_error *fill_cache(struct target *target, enum dill_space space)
{
	size_t count = target->wanted;
	struct dill_error *error = target_read_batch(target, space);

	if (error) {
		page_cache_clear(target->cache);
		return error;
	}
	for (size_t i = 0; i < count; i++)
		target->cached[i]->state =
			target->requests[i].done ? PAGE_READABLE : PAGE_UNREADABLE;
	return NULL;
}

/* Drop the wanted pages again when the batch cannot be completed. */
static struct dill_error *abandon(struct target *target, struct dill_error *error)
{
	target->wanted = 0;
	page_cache_clear(target->cache);
	return error;
}

/* Put a page into the batch unless the cache knows it; a full batch is read. */
static struct dill_error *want(struct target *target, enum dill_space space, uint64_t page)
{
	struct cached_page *cached = NULL;

	if (page_cache_find(target->cache, space, page) ||
	    target_in_place(target, space, page, DILL_PAGE_SIZE))
		return NULL;
	if (target->wanted == BATCH_PAGES)
		TRY(fill_cache(target, space));

	struct dill_error *error = page_cache_add(target->cache, space, page, &cached);

	if (error)
		return abandon(target, error);
	target->cached[target->wanted] = cached;
	target->requests[target->wanted++] =
		(struct dill_page_request){.address = page, .buffer = cached->data};
	return NULL;
}

struct dill_error *target_prefetch(struct target *target, enum dill_space space,
				   const uint64_t *addresses, size_t count)
{
	if (target_is_slow(target))
		return NULL;
	for (size_t i = 0; i < count; i++)
		TRY(want(target, space, page_of(addresses[i])));
	return fill_cache(target, space);
}

/* The cached page around @p address, read when needed; FAULT names @p address. */
static struct dill_error *find_page(struct target *target, enum dill_space space, uint64_t address,
				    const uint8_t **ret)
{
	uint64_t page = page_of(address);
	const uint8_t *mapped = target_in_place(target, space, page, DILL_PAGE_SIZE);
	const struct cached_page *cached;

	if (mapped) {
		*ret = mapped;
		return NULL;
	}
	cached = page_cache_find(target->cache, space, page);
	if (!cached) {
		TRY(want(target, space, page));
		TRY(fill_cache(target, space));
		cached = page_cache_find(target->cache, space, page);
	}
	if (cached->state != PAGE_READABLE)
		return target_fault(space, address);
	*ret = cached->data;
	return NULL;
}

struct dill_error *target_page(struct target *target, enum dill_space space, uint64_t page,
			       const uint8_t **ret)
{
	assert(page == page_of(page));
	if (target_is_slow(target)) {
		uint8_t copy[DILL_PAGE_SIZE];

		TRY(target_read_pieces(target, space, page, copy, sizeof(copy)));
		*ret = page_cache_find(target->cache, space, page)->data;
		return NULL;
	}
	return find_page(target, space, page, ret);
}

/* Copy a range whose pages were prefetched; those that were pushed out meanwhile are read again. */
static struct dill_error *copy_cached(struct target *target, enum dill_space space,
				      uint64_t address, uint8_t *buffer, size_t length)
{
	while (length) {
		size_t part = part_of_page(address, length);
		const uint8_t *page = NULL;

		TRY(find_page(target, space, address, &page));
		memcpy(buffer, page + (address - page_of(address)), part);
		buffer += part;
		address += part;
		length -= part;
	}
	return NULL;
}

static struct dill_error *want_range(struct target *target, enum dill_space space, uint64_t address,
				     size_t length)
{
	uint64_t last = page_of(address + (length - 1));

	for (uint64_t page = page_of(address);; page += DILL_PAGE_SIZE) {
		TRY(want(target, space, page));
		if (page == last)
			return fill_cache(target, space);
	}
}

struct dill_error *target_read(struct target *target, enum dill_space space, uint64_t address,
			       void *buffer, size_t length)
{
	uint8_t *out = buffer;
	const uint8_t *mapped = target_in_place(target, space, address, length);

	if (mapped) {
		memcpy(buffer, mapped, length);
		return NULL;
	}
	TRY(target_check_range(space, address, length));
	if (target_is_slow(target))
		return target_read_pieces(target, space, address, buffer, length);
	while (length) {
		size_t part = part_of_batch(address, length);

		if (part > part_of_page(address, length))
			TRY(want_range(target, space, address, part));
		TRY(copy_cached(target, space, address, out, part));
		out += part;
		address += part;
		length -= part;
	}
	return NULL;
}

void target_trim(const struct target *target)
{
	if (target->ops->trim)
		target->ops->trim(target->context);
}

bool target_next_range(const struct target *target, dill_phys from, dill_phys *ret_first,
		       uint64_t *ret_size)
{
	assert(target->begun);
	return target->ops->next_range &&
	       target->ops->next_range(target->context, from, ret_first, ret_size);
}

struct span target_vmcoreinfo(const struct target *target)
{
	size_t size = 0;
	const char *text =
		target->ops->vmcoreinfo ? target->ops->vmcoreinfo(target->context, &size) : NULL;

	return (struct span){(const uint8_t *)text, text ? size : 0};
}

struct dill_error *target_registers(struct target *target, unsigned cpu, struct dill_registers *ret)
{
	assert(target->begun);
	return target->ops->registers(target->context, cpu, ret);
}

struct dill_error *target_arch(struct target *target, const struct arch **ret)
{
	uint16_t machine = arch_x86_64.elf_machine;

	assert(target->begun);
	if (target->ops->machine)
		TRY(target->ops->machine(target->context, &machine));
	*ret = arch_of_elf(machine);
	return *ret ? NULL
		    : dill_error_new(DILL_ERROR_UNSUPPORTED,
				     "the target's machine is %s: dill knows " ARCH_KNOWN " only",
				     machine_of_elf(machine, true, false));
}

struct dill_error *target_cpu_count(struct target *target, unsigned *ret)
{
	assert(target->begun);
	return target->ops->cpu_count(target->context, ret);
}

void target_stats(struct target *target, struct dill_target_stats *ret)
{
	*ret = (struct dill_target_stats){0};
	if (target->ops->stats)
		target->ops->stats(target->context, ret);
}

void target_append_stats(struct target *target, struct strbuf *text)
{
	struct dill_target_stats stats;

	target_stats(target, &stats);
	strbuf_append_format(text,
			     "%" PRIu64 " packets with %" PRIu64 " bytes of memory, %" PRIu64
			     " direct reads with %" PRIu64 " bytes",
			     stats.packets, stats.bytes, stats.direct_calls, stats.direct_bytes);
}

const char *target_describe(struct target *target)
{
	if (!target->ops->describe)
		return target->ops->name;
	return target->ops->describe(target->context);
}

uint64_t target_epoch(const struct target *target)
{
	return target->epoch;
}

void target_log(const struct target *target, const char *format, ...)
{
	char text[512];
	va_list arguments;

	if (!target->host.log)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	target->host.log(target->host.context, text);
}
