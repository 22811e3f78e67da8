/* SPDX-License-Identifier: MIT */
/* The system that runs here, through /proc/kcore. Source: fs/proc/kcore.c */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/checked.h"
#include "target/core.h"
#include "target/elf_segments.h"
#include "target/open.h"

#define LIVE_PATH "/proc/kcore"

/* The kernel's file has a header for each range of memory, and some pages of notes. */
#define HEADERS_MAX (UINT64_C(8) << 20)
#define NOTES_MAX   (UINT64_C(1) << 20)
/* Segments without a physical address, such as vmalloc's, have this one. Since 4.10. */
#define NO_PHYSICAL UINT64_MAX

struct running_system {
	int file;
	struct extents ram; /* physical memory in the file */
	struct core notes;  /* nothing but VMCOREINFO: the registers are those of whoever reads */
	struct dill_host host;
	uint64_t generation;   /* counts begin(): the system has run since */
	uint64_t calls, pages; /* of read_pages() */
};

/* --- parsing --- */

static struct dill_error *read_at(const struct running_system *running, uint64_t offset,
				  size_t size, uint8_t **ret)
{
	_cleanup_(freep)
	uint8_t *bytes = malloc(size);

	if (!bytes)
		return error_no_memory();
	for (size_t have = 0; have < size;) {
		ssize_t got =
			pread(running->file, bytes + have, size - have, (off_t)(offset + have));

		if (got <= 0)
			return dill_error_new_os(got ? errno : EIO, "cannot read " LIVE_PATH);
		have += (size_t)got;
	}
	*ret = steal(bytes);
	return NULL;
}

static struct dill_error *add_notes(struct running_system *running, const GElf_Phdr *segment)
{
	uint64_t size = segment->p_filesz < NOTES_MAX ? segment->p_filesz : NOTES_MAX;
	_cleanup_(freep)
	uint8_t *bytes = NULL;

	if (!size)
		return NULL;
	TRY(read_at(running, segment->p_offset, size, &bytes));
	return core_add_notes(&running->notes, (struct span){bytes, size});
}

static struct dill_error *add_segment(void *context, const GElf_Phdr *segment)
{
	struct running_system *running = context;

	if (segment->p_type == PT_NOTE)
		return add_notes(running, segment);
	if (segment->p_type == PT_LOAD && segment->p_paddr != NO_PHYSICAL)
		return extents_add(&running->ram, segment->p_paddr, segment->p_filesz,
				   segment->p_offset);
	return NULL;
}

/* The headers alone are given to libelf: the file is as large as the address space. */
static struct dill_error *parse(struct running_system *running)
{
	_cleanup_(freep)
	uint8_t *first = NULL, *head = NULL;
	Elf64_Ehdr header;
	uint64_t size;

	TRY(read_at(running, 0, sizeof(header), &first));
	memcpy(&header, first, sizeof(header));
	if (checked_add(header.e_phoff, (uint64_t)header.e_phnum * sizeof(Elf64_Phdr), &size) ||
	    size < sizeof(header) || size > HEADERS_MAX)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      LIVE_PATH " has no program headers where it says");
	TRY(read_at(running, 0, size, &head));
	TRY(dill_error_add_context(
		elf_segments_visit((struct span){head, size}, add_segment, running), LIVE_PATH));
	TRY(extents_settle(&running->ram, EXTENTS_FIRST_COUNTS));
	if (!running->ram.list.count)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      LIVE_PATH " tells no physical addresses");
	return NULL;
}

/* --- the target --- */

static struct dill_error *begin(void *context)
{
	struct running_system *running = context;

	if (!running->generation++ && running->host.log)
		running->host.log(running->host.context,
				  "this system runs while it is read: its heap moves");
	return NULL;
}

static struct dill_error *end(void *context)
{
	(void)context;
	return NULL;
}

static bool moves(void *context)
{
	(void)context;
	return true;
}

static unsigned spaces(void *context)
{
	(void)context;
	return DILL_SPACE_PHYSICAL;
}

/* Where a page lies in the file; false when it does not lie there whole. */
static bool find(const struct running_system *running, dill_phys page, uint64_t *ret_offset)
{
	const struct extent *extent = extents_holder(&running->ram, page);

	if (!extent || extent->size - (page - extent->start) < DILL_PAGE_SIZE)
		return false;
	*ret_offset = extent->source + (page - extent->start);
	return true;
}

/* Read pages that follow each other in the file with one call, else each by itself. */
static void read_run(struct running_system *running, struct dill_page_request *requests,
		     size_t count, uint64_t offset)
{
	struct iovec parts[64];
	ssize_t got;

	for (size_t i = 0; i < count; i++)
		parts[i] = (struct iovec){requests[i].buffer, DILL_PAGE_SIZE};
	got = preadv(running->file, parts, (int)count, (off_t)offset);
	running->calls++;
	if (got == (ssize_t)(count * DILL_PAGE_SIZE)) {
		running->pages += count;
		for (size_t i = 0; i < count; i++)
			requests[i].done = true;
	} else if (count > 1) {
		for (size_t i = 0; i < count; i++)
			read_run(running, &requests[i], 1, offset + i * DILL_PAGE_SIZE);
	}
}

static struct dill_error *read_pages(void *context, enum dill_space space,
				     struct dill_page_request *requests, size_t count)
{
	struct running_system *running = context;
	uint64_t first, offset;

	if (space != DILL_SPACE_PHYSICAL)
		return NULL;
	for (size_t i = 0, run; i < count; i += run) {
		run = 1;
		if (!find(running, requests[i].address, &first))
			continue;
		while (run < 64 && i + run < count &&
		       find(running, requests[i + run].address, &offset) &&
		       offset == first + run * DILL_PAGE_SIZE)
			run++;
		read_run(running, &requests[i], run, first);
	}
	return NULL;
}

static bool next_range(void *context, dill_phys from, dill_phys *ret_first, uint64_t *ret_size)
{
	const struct running_system *running = context;

	return extents_next(&running->ram, from, ret_first, ret_size);
}

static const char *vmcoreinfo(void *context, size_t *ret_size)
{
	const struct running_system *running = context;

	*ret_size = running->notes.vmcoreinfo_size;
	return (const char *)running->notes.vmcoreinfo;
}

static struct dill_error *registers(void *context, unsigned cpu, struct dill_registers *ret)
{
	(void)context;
	(void)ret;
	return dill_error_new(DILL_ERROR_NOT_FOUND,
			      "CPU %u runs: a live system has no registers to show", cpu);
}

static struct dill_error *cpu_count(void *context, unsigned *ret)
{
	(void)context;
	*ret = 0;
	return NULL;
}

static uint64_t generation(void *context)
{
	const struct running_system *running = context;

	return running->generation;
}

static void stats(void *context, struct dill_target_stats *ret)
{
	const struct running_system *running = context;

	*ret = (struct dill_target_stats){
		.direct_calls = running->calls,
		.direct_bytes = running->pages * DILL_PAGE_SIZE,
	};
}

static const char *describe(void *context)
{
	(void)context;
	return "the running system, " LIVE_PATH;
}

static void close_target(void *context)
{
	struct running_system *running = context;

	if (running->file >= 0)
		close(running->file);
	extents_deinit(&running->ram);
	core_deinit(&running->notes);
	free(running);
}

static const struct dill_target_ops running_system_ops = {
	.name = "live",
	.begin = begin,
	.end = end,
	.moves = moves,
	.spaces = spaces,
	.read_pages = read_pages,
	.next_range = next_range,
	.vmcoreinfo = vmcoreinfo,
	.registers = registers,
	.cpu_count = cpu_count,
	.generation = generation,
	.stats = stats,
	.describe = describe,
	.close = close_target,
};

static struct dill_error *open_kcore(int *ret)
{
	*ret = open(LIVE_PATH, O_RDONLY | O_CLOEXEC);
	if (*ret >= 0)
		return NULL;
	switch (errno) {
	case EACCES:
		return dill_error_new(DILL_ERROR_OS, "only root may read " LIVE_PATH);
	case EPERM:
		return dill_error_new(DILL_ERROR_OS,
				      "the kernel does not let " LIVE_PATH
				      " be read: it needs CAP_SYS_RAWIO, and no lockdown for "
				      "confidentiality (see /sys/kernel/security/lockdown)");
	case ENOENT:
		return dill_error_new(DILL_ERROR_OS, "there is no " LIVE_PATH
						     ": /proc is not mounted, or the kernel has no "
						     "CONFIG_PROC_KCORE");
	default:
		return dill_error_new_os(errno, "cannot open " LIVE_PATH);
	}
}

struct dill_error *running_system_open(const struct target_options *options,
				       const struct dill_target_ops **ret_ops, void **ret_context)
{
	struct running_system *running = calloc(1, sizeof(*running));
	struct dill_error *error;

	if (!running)
		return error_no_memory();
	running->host = options->host;
	error = open_kcore(&running->file);
	if (!error)
		error = parse(running);
	if (error) {
		close_target(running);
		return error;
	}
	*ret_ops = &running_system_ops;
	*ret_context = running;
	return NULL;
}
