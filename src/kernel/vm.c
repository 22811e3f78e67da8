/* SPDX-License-Identifier: MIT */
#include "kernel/vm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/state.h"

#define PAGE_MASK  (~(uint64_t)(DILL_PAGE_SIZE - 1))
#define LARGE_SIZE (UINT64_C(2) << 20)
/** Bytes of a text that are read at a time where each costs: most are shorter. */
#define STRING_PIECE 64u
/** Addresses that one round of a prefetch handles: bounds its memory, and stays below the page
 * cache's size. */
#define PREFETCH_CHUNK 1024u

static struct dill_error *read_table(void *context, dill_phys table, const uint8_t **ret)
{
	return target_page(context, DILL_SPACE_PHYSICAL, table, ret);
}

static struct dill_error *prefetch_tables(void *context, const uint64_t *tables, size_t count)
{
	return target_prefetch(context, DILL_SPACE_PHYSICAL, tables, count);
}

void vm_init(struct kernel *kernel, dill_phys root, struct paging paging)
{
	kernel->vm.paged = true;
	kernel->vm.tables = (struct pagetable){
		.root = root,
		.paging = paging,
		.read = read_table,
		.prefetch = prefetch_tables,
		.context = kernel->target,
	};
	vm_forget(kernel);
}

void vm_forget(struct kernel *kernel)
{
	memset(kernel->vm.small, 0, sizeof(kernel->vm.small));
	memset(kernel->vm.large, 0, sizeof(kernel->vm.large));
}

struct target *kernel_target(struct kernel *kernel)
{
	return kernel->target;
}

const struct image *kernel_image(struct kernel *kernel)
{
	return &kernel->image;
}

void kernel_forget(struct kernel *kernel)
{
	target_invalidate(kernel->target);
	vm_forget(kernel);
}

static struct tlb_slot *small_slot(struct vm *vm, dill_virt address)
{
	return &vm->small[address / DILL_PAGE_SIZE % TLB_SIZE];
}

static struct tlb_slot *large_slot(struct vm *vm, dill_virt address)
{
	return &vm->large[address / LARGE_SIZE % TLB_SIZE];
}

/** The remembered translation of @p address, or NULL. */
static const struct tlb_slot *tlb_find(struct vm *vm, dill_virt address)
{
	const struct tlb_slot *slot = large_slot(vm, address);

	if (slot->first == (address & ~(LARGE_SIZE - 1)) && slot->first)
		return slot;
	slot = small_slot(vm, address);
	return slot->first == (address & PAGE_MASK) && slot->first ? slot : NULL;
}

/** Remember a translation, pages of 1 GiB in parts of 2 MiB. */
static const struct tlb_slot *tlb_fill(struct vm *vm, dill_virt address,
				       const struct mapping *mapping)
{
	uint64_t size = mapping->size < LARGE_SIZE ? DILL_PAGE_SIZE : LARGE_SIZE;
	struct tlb_slot *slot =
		size == LARGE_SIZE ? large_slot(vm, address) : small_slot(vm, address);

	*slot = (struct tlb_slot){
		.first = address & ~(size - 1),
		.phys = mapping->phys & ~(size - 1),
		.writable = mapping->writable,
		.executable = mapping->executable,
		.user = mapping->user,
		.page_size = mapping->size,
	};
	return slot;
}

/**
 * Translate @p address.
 * @param ret_left  bytes from @p address on that follow it physically
 */
static struct dill_error *translate(struct kernel *kernel, dill_virt address, dill_phys *ret,
				    uint64_t *ret_left)
{
	const struct tlb_slot *slot = tlb_find(&kernel->vm, address);
	uint64_t size;

	if (!slot) {
		struct mapping mapping;

		TRY(pagetable_walk(&kernel->vm.tables, address, &mapping));
		slot = tlb_fill(&kernel->vm, address, &mapping);
	}
	size = slot->page_size < LARGE_SIZE ? DILL_PAGE_SIZE : LARGE_SIZE;
	*ret = slot->phys + (address - slot->first);
	*ret_left = size - (address - slot->first);
	return NULL;
}

bool kernel_page_tables(struct kernel *kernel, struct pagetable *ret)
{
	*ret = kernel->vm.tables;
	return kernel->vm.paged;
}

struct dill_error *kernel_translate(struct kernel *kernel, dill_virt address, struct mapping *ret)
{
	const struct tlb_slot *slot;

	if (!kernel->vm.paged)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "%s serves no physical memory, so nothing can be translated",
				      target_describe(kernel->target));
	slot = tlb_find(&kernel->vm, address);
	if (!slot) {
		TRY(pagetable_walk(&kernel->vm.tables, address, ret));
		tlb_fill(&kernel->vm, address, ret);
		return NULL;
	}
	*ret = (struct mapping){
		.phys = slot->phys + (address - slot->first),
		.size = slot->page_size,
		.writable = slot->writable,
		.executable = slot->executable,
		.user = slot->user,
	};
	return NULL;
}

struct dill_error *kernel_mapped_runs(struct kernel *kernel, dill_virt first, dill_virt last,
				      struct dill_error *(*visit)(void *context,
								  const struct mapping_run *run),
				      void *context)
{
	if (!kernel->vm.paged)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "%s serves no physical memory, so that its page tables "
				      "cannot be read",
				      target_describe(kernel->target));
	return pagetable_runs(&kernel->vm.tables, first, last, visit, context);
}

typedef struct dill_error *(*memory_reader)(struct target *target, enum dill_space space,
					    uint64_t address, void *buffer, size_t length);

/** Turn a physical FAULT inside a run into one of the virtual address that was asked for. */
static struct dill_error *physical_fault(struct dill_error *error, dill_virt address,
					 dill_phys phys)
{
	uint64_t bad = dill_error_address(error);

	if (dill_error_code(error) != DILL_ERROR_FAULT)
		return error;
	dill_error_free(error);
	address += bad - phys;
	return dill_error_new_fault(
		address, "0x%" PRIx64 ": its physical address 0x%" PRIx64 " cannot be read",
		address, bad);
}

/** Bytes from @p address on, at most @p length, whose physical addresses follow each other. */
static struct dill_error *find_run(struct kernel *kernel, dill_virt address, size_t length,
				   dill_phys *ret_phys, size_t *ret_size)
{
	uint64_t left;
	uint64_t size;

	TRY(translate(kernel, address, ret_phys, &left));
	for (size = left; size < length; size += left) {
		dill_phys next;
		struct dill_error *error = translate(kernel, address + size, &next, &left);

		if (error && error_is_fatal(error))
			return error;
		/* The hole is reported when it is reached, with everything before it read. */
		if (error || next != *ret_phys + size) {
			dill_error_free(error);
			break;
		}
	}
	*ret_size = size < length ? (size_t)size : length;
	return NULL;
}

static struct dill_error *read_with(struct kernel *kernel, memory_reader reader, dill_virt address,
				    void *buffer, size_t length)
{
	uint8_t *to = buffer;

	if (!kernel->vm.paged)
		return reader(kernel->target, DILL_SPACE_VIRTUAL, address, buffer, length);
	while (length) {
		dill_phys phys;
		size_t size;
		struct dill_error *error;

		TRY(find_run(kernel, address, length, &phys, &size));
		error = reader(kernel->target, DILL_SPACE_PHYSICAL, phys, to, size);
		if (error)
			return physical_fault(error, address, phys);
		address += size;
		to += size;
		length -= size;
	}
	return NULL;
}

struct dill_error *kernel_read(struct kernel *kernel, dill_virt address, void *buffer,
			       size_t length)
{
	return read_with(kernel, target_read, address, buffer, length);
}

struct dill_error *kernel_read_uncached(struct kernel *kernel, dill_virt address, void *buffer,
					size_t length)
{
	return read_with(kernel, target_read_uncached, address, buffer, length);
}

const void *kernel_map(struct kernel *kernel, dill_virt address, size_t length)
{
	dill_phys phys;
	size_t size = 0;
	struct dill_error *error;

	if (!kernel->vm.paged)
		return NULL;
	error = find_run(kernel, address, length, &phys, &size);
	if (error) { /* a read will say what is wrong */
		dill_error_free(error);
		return NULL;
	}
	return size == length ? target_map_phys(kernel->target, phys, length) : NULL;
}

struct dill_error *kernel_read_u8(struct kernel *kernel, dill_virt address, uint8_t *ret)
{
	return kernel_read(kernel, address, ret, sizeof(*ret));
}

struct dill_error *kernel_read_u32(struct kernel *kernel, dill_virt address, uint32_t *ret)
{
	uint32_t value;

	TRY(kernel_read(kernel, address, &value, sizeof(value)));
	*ret = value;
	return NULL;
}

struct dill_error *kernel_read_u64(struct kernel *kernel, dill_virt address, uint64_t *ret)
{
	uint64_t value;

	TRY(kernel_read(kernel, address, &value, sizeof(value)));
	*ret = value;
	return NULL;
}

/** Bytes from @p address to the end of its page. */
static size_t page_rest(dill_virt address)
{
	return (size_t)(DILL_PAGE_SIZE - address % DILL_PAGE_SIZE);
}

struct dill_error *kernel_read_string(struct kernel *kernel, dill_virt address, size_t limit,
				      char **ret)
{
	struct strbuf text = {0};
	struct dill_error *error = NULL;
	char *copy;

	while (limit) {
		char part[256];
		size_t size = page_rest(address);
		size_t length;

		if (size > sizeof(part))
			size = sizeof(part);
		if (size > limit)
			size = limit;
		if (size > STRING_PIECE && target_is_slow(kernel->target))
			size = STRING_PIECE - address % STRING_PIECE;
		error = kernel_read(kernel, address, part, size);
		if (error)
			break;
		length = strnlen(part, size);
		strbuf_append_bytes(&text, part, length);
		if (length < size)
			break;
		address += size;
		limit -= size;
	}
	if (!error)
		error = strbuf_error(&text);
	if (!error) {
		copy = strndup(strbuf_get(&text), text.length);
		if (copy)
			*ret = copy;
		else
			error = error_no_memory();
	}
	strbuf_deinit(&text);
	return error;
}

/** Read page by page, with zeros for what cannot be read. */
static struct dill_error *read_pages(struct kernel *kernel, dill_virt address, uint8_t *to,
				     size_t length)
{
	for (size_t done = 0; done < length;) {
		size_t size = page_rest(address + done);
		struct dill_error *error;

		if (size > length - done)
			size = length - done;
		error = kernel_read_uncached(kernel, address + done, to + done, size);
		if (error && error_is_fatal(error))
			return error;
		if (error)
			memset(to + done, 0, size);
		dill_error_free(error);
		done += size;
	}
	return NULL;
}

struct dill_error *vm_read_lenient(struct kernel *kernel, dill_virt address, void *buffer,
				   size_t length)
{
	struct dill_error *error = kernel_read_uncached(kernel, address, buffer, length);

	if (!error || error_is_fatal(error))
		return error;
	dill_error_free(error);
	/* There is a hole somewhere: only the 2 MiB around it are worth single pages. */
	for (size_t done = 0; done < length;) {
		size_t size = (size_t)(LARGE_SIZE - (address + done) % LARGE_SIZE);
		uint8_t *to = (uint8_t *)buffer + done;

		if (size > length - done)
			size = length - done;
		error = kernel_read_uncached(kernel, address + done, to, size);
		if (error && error_is_fatal(error))
			return error;
		if (error) {
			dill_error_free(error);
			TRY(read_pages(kernel, address + done, to, size));
		}
		TRY(target_check_interrupt(kernel->target));
		done += size;
	}
	return NULL;
}

/** One address on its way through the levels of the page tables. */
struct wanted {
	dill_virt address;
	dill_phys phys; /**< next table; at the end the page */
	struct mapping path;
	enum entry_kind
		kind; /**< TABLE: still on the way; LEAF: `phys` is known; ABSENT: dropped */
};

static struct dill_error *prefetch_phys(struct kernel *kernel, const struct wanted *wanted,
					size_t count, enum entry_kind kind)
{
	uint64_t addresses[PREFETCH_CHUNK];
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		if (wanted[i].kind == kind && (!used || addresses[used - 1] != wanted[i].phys))
			addresses[used++] = wanted[i].phys;
	return used ? target_prefetch(kernel->target, DILL_SPACE_PHYSICAL, addresses, used) : NULL;
}

/** Go to the part of the table that has the address's entry. */
static void enter_table(struct wanted *wanted, const struct paging *paging, unsigned level)
{
	wanted->phys = pagetable_part(wanted->phys, paging_index(paging, wanted->address, level));
}

/** Take one address one level down, the part of its table being in the page cache. */
static struct dill_error *descend(struct kernel *kernel, struct wanted *wanted, unsigned level)
{
	const struct paging *paging = &kernel->vm.tables.paging;
	const uint8_t *part;
	struct paging_entry entry;
	struct dill_error *error =
		target_page(kernel->target, DILL_SPACE_PHYSICAL, wanted->phys, &part);

	if (error) {
		wanted->kind = ENTRY_ABSENT;
		if (error_is_fatal(error))
			return error;
		dill_error_free(error);
		return NULL;
	}
	entry = pagetable_entry(paging, part, paging_index(paging, wanted->address, level), level);
	wanted->kind = entry.kind;
	wanted->phys = entry.mapping.phys;
	wanted->path.writable &= entry.mapping.writable;
	wanted->path.executable &= entry.mapping.executable;
	wanted->path.user &= entry.mapping.user;
	if (entry.kind == ENTRY_LEAF) {
		wanted->path.size = entry.mapping.size;
		wanted->phys |= wanted->address & (entry.mapping.size - 1);
		wanted->path.phys = wanted->phys;
		tlb_fill(&kernel->vm, wanted->address, &wanted->path);
	}
	return NULL;
}

/** Where an address starts: known, impossible, or at the top table. */
static struct wanted wanted_start(struct kernel *kernel, dill_virt address)
{
	const struct tlb_slot *slot = tlb_find(&kernel->vm, address);
	struct wanted wanted = {
		.address = address,
		.phys = kernel->vm.tables.root,
		.path = {.writable = true, .executable = true, .user = true},
		.kind = ENTRY_TABLE,
	};

	if (slot) {
		wanted.kind = ENTRY_LEAF;
		wanted.phys = slot->phys + (address - slot->first);
	} else if (!paging_translates(&kernel->vm.tables.paging, address)) {
		wanted.kind = ENTRY_ABSENT;
	}
	return wanted;
}

/** All addresses go down level by level together, so that each level costs one round trip. */
static struct dill_error *prefetch_chunk(struct kernel *kernel, const dill_virt *addresses,
					 size_t count)
{
	const struct paging *paging = &kernel->vm.tables.paging;
	_cleanup_(freep)
	struct wanted *wanted = calloc(count, sizeof(*wanted));

	if (!wanted)
		return error_no_memory();
	for (size_t i = 0; i < count; i++)
		wanted[i] = wanted_start(kernel, addresses[i]);
	for (unsigned level = paging->levels; level; level--) {
		for (size_t i = 0; i < count; i++)
			if (wanted[i].kind == ENTRY_TABLE)
				enter_table(&wanted[i], paging, level);
		TRY(prefetch_phys(kernel, wanted, count, ENTRY_TABLE));
		for (size_t i = 0; i < count; i++)
			if (wanted[i].kind == ENTRY_TABLE)
				TRY(descend(kernel, &wanted[i], level));
	}
	return prefetch_phys(kernel, wanted, count, ENTRY_LEAF);
}

struct dill_error *kernel_prefetch(struct kernel *kernel, const dill_virt *addresses, size_t count)
{
	if (!kernel->vm.paged)
		return target_prefetch(kernel->target, DILL_SPACE_VIRTUAL, addresses, count);
	while (count) {
		size_t part = count < PREFETCH_CHUNK ? count : PREFETCH_CHUNK;

		TRY(target_check_interrupt(kernel->target));
		TRY(prefetch_chunk(kernel, addresses, part));
		addresses += part;
		count -= part;
	}
	return NULL;
}
