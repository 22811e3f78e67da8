/* SPDX-License-Identifier: MIT */
#include "target/qemu_local.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

/* Blocks that are learnt, largest machines included; RAM beyond is left to the stub. */
#define BLOCKS_LIMIT 64u
/* Pages per system call; Linux takes 1024 vectors (UIO_MAXIOV). */
#define VECTORS 512u
/* Places of a block where a page with something in it is looked for. */
#define PROBES 16u

/* A run of RAM that is one run in the process, too. */
struct block {
	dill_phys start, last;
	uint64_t host; /* address of `start` in the process */
};

struct qemu_local {
	pid_t pid;
	struct dill_target_stats *stats;
	size_t count;
	struct block blocks[BLOCKS_LIMIT];
};

static struct dill_error *unusable(const char *why)
{
	return dill_error_new(DILL_ERROR_UNSUPPORTED, "QEMU's memory cannot be read directly: %s",
			      why);
}

static struct dill_error *host_address(struct rsp_stub *stub, dill_phys address, uint64_t *ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	char command[64];

	snprintf(command, sizeof(command), "gpa2hva 0x%" PRIx64, address);
	TRY(rsp_stub_monitor(stub, command, &text));
	if (!qemu_host_address_parse((struct span){(const uint8_t *)strbuf_get(&text), text.length},
				     ret))
		return unusable("its monitor does not say where it is");
	return NULL;
}

static dill_phys page_of(dill_phys address)
{
	return address & ~(dill_phys)(DILL_PAGE_SIZE - 1);
}

/* Ask for both ends: a range that is one block must be one run in the process. */
static struct dill_error *learn_block(struct rsp_stub *stub, struct qemu_range range,
				      struct block *ret)
{
	uint64_t first, last;

	TRY(host_address(stub, range.start, &first));
	TRY(host_address(stub, page_of(range.last), &last));
	if (last - first != page_of(range.last) - range.start)
		return unusable("a block of it is not in one piece");
	*ret = (struct block){.start = range.start, .last = range.last, .host = first};
	return NULL;
}

static struct dill_error *learn_blocks(struct rsp_stub *stub, const struct qemu_map *map,
				       struct qemu_local *local)
{
	for (size_t i = 0; i < map->ranges.count && local->count < BLOCKS_LIMIT; i++) {
		struct qemu_range range = map->ranges.items[i];

		if (!range.is_ram || range.start != page_of(range.start) ||
		    range.last - range.start < DILL_PAGE_SIZE - 1)
			continue;
		TRY(learn_block(stub, range, &local->blocks[local->count]));
		local->count++;
	}
	return local->count ? NULL : unusable("the machine has no RAM");
}

/* --- comparing --- */

/* A page of QEMU's memory, as process_vm_readv() wants it. */
static struct iovec page_there(uint64_t host)
{
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): it points into another process */
	return (struct iovec){(void *)(uintptr_t)host, DILL_PAGE_SIZE};
}

/* The one system call of direct reads; as process_vm_readv(). */
static ssize_t read_process(const struct qemu_local *local, const struct iovec *here,
			    const struct iovec *there, size_t count)
{
	ssize_t bytes = process_vm_readv(local->pid, here, count, there, count, 0);

	local->stats->direct_calls++;
	if (bytes > 0)
		local->stats->direct_bytes += (size_t)bytes;
	return bytes;
}

static bool read_one(const struct qemu_local *local, uint64_t host, uint8_t *page)
{
	struct iovec here = {page, DILL_PAGE_SIZE}, there = page_there(host);

	return read_process(local, &here, &there, 1) == (ssize_t)DILL_PAGE_SIZE;
}

static bool is_zero(const uint8_t *page)
{
	return !page[0] && !memcmp(page, page + 1, DILL_PAGE_SIZE - 1);
}

/* Compare one page of a block, preferably one that is not empty: empty pages are all alike. */
static struct dill_error *compare_block(const struct qemu_local *local, struct rsp_stub *stub,
					const struct block *block, bool *ret_telling)
{
	uint8_t direct[DILL_PAGE_SIZE], through_stub[DILL_PAGE_SIZE];
	struct dill_page_request request = {.buffer = through_stub};
	uint64_t step = (block->last - block->start) / PROBES, offset = 0;

	for (unsigned i = 0; i < PROBES; i++) {
		offset = page_of(i * step);
		if (!read_one(local, block->host + offset, direct))
			return unusable("the system does not permit it");
		if (!is_zero(direct))
			break;
	}
	request.address = block->start + offset;
	TRY(rsp_stub_read_pages(stub, DILL_SPACE_PHYSICAL, &request, 1));
	if (!request.done || memcmp(direct, through_stub, DILL_PAGE_SIZE) != 0)
		return unusable("it differs from what the gdbstub says");
	*ret_telling |= !is_zero(direct);
	return NULL;
}

static struct dill_error *compare(const struct qemu_local *local, struct rsp_stub *stub)
{
	bool telling = false;

	for (size_t i = 0; i < local->count; i++)
		TRY(compare_block(local, stub, &local->blocks[i], &telling));
	return telling ? NULL : unusable("all of it is empty, so that nothing can be compared");
}

struct dill_error *qemu_local_new(struct rsp_stub *stub, pid_t pid, const struct qemu_map *map,
				  struct dill_target_stats *stats, struct qemu_local **ret)
{
	_cleanup_(qemu_local_freep)
	struct qemu_local *local = calloc(1, sizeof(*local));

	if (!local)
		return error_no_memory();
	local->pid = pid;
	local->stats = stats;
	TRY(learn_blocks(stub, map, local));
	TRY(compare(local, stub));
	*ret = steal(local);
	return NULL;
}

void qemu_local_free(struct qemu_local *local)
{
	free(local);
}

/* --- reading --- */

static const struct block *find_block(const struct qemu_local *local, dill_phys page)
{
	for (size_t i = 0; i < local->count; i++) {
		const struct block *block = &local->blocks[i];

		if (page >= block->start && page <= block->last &&
		    block->last - page >= DILL_PAGE_SIZE - 1)
			return block;
	}
	return NULL;
}

/* Pages of one system call. */
struct transfer {
	struct iovec here[VECTORS], there[VECTORS];
	struct dill_page_request *requests[VECTORS];
	size_t count;
};

static bool run_transfer(const struct qemu_local *local, struct transfer *transfer)
{
	size_t count = transfer->count;

	transfer->count = 0;
	if (!count)
		return true;

	ssize_t bytes = read_process(local, transfer->here, transfer->there, count);

	if (bytes < 0)
		return false;
	for (size_t i = 0; i < count && i < (size_t)bytes / DILL_PAGE_SIZE; i++)
		transfer->requests[i]->done = true;
	return (size_t)bytes == count * DILL_PAGE_SIZE;
}

static void add_transfer(struct transfer *transfer, struct dill_page_request *request,
			 uint64_t host)
{
	size_t at = transfer->count++;

	transfer->here[at] = (struct iovec){request->buffer, DILL_PAGE_SIZE};
	transfer->there[at] = page_there(host);
	transfer->requests[at] = request;
}

bool qemu_local_read_pages(const struct qemu_local *local, struct dill_page_request *requests,
			   size_t count)
{
	struct transfer transfer;

	transfer.count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct block *block = find_block(local, requests[i].address);

		if (requests[i].done || !block)
			continue;
		add_transfer(&transfer, &requests[i],
			     block->host + (requests[i].address - block->start));
		if (transfer.count == VECTORS && !run_transfer(local, &transfer))
			return false;
	}
	return run_transfer(local, &transfer);
}

bool qemu_local_read(const struct qemu_local *local, dill_phys address, void *buffer, size_t length)
{
	const struct block *block = find_block(local, page_of(address));
	struct iovec here = {buffer, length}, there;

	if (!block || length > DILL_PAGE_SIZE || block->last - address < length - 1)
		return false;
	there = page_there(block->host + (address - block->start));
	there.iov_len = length;
	return read_process(local, &here, &there, 1) == (ssize_t)length;
}
