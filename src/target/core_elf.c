/* SPDX-License-Identifier: MIT */
/* ELF dumps: of kdump, QEMU, libvirt, makedumpfile -E. */
#include <inttypes.h>

#include "base/checked.h"
#include "target/core.h"
#include "target/elf_segments.h"

/* Of a flattened dump the headers are put together; 75,000 segments fit. */
#define HEADERS_MAX (UINT64_C(4) << 20)

static bool is_mine(const struct core_file *file)
{
	struct span head = core_file_span(file, 0, SELFMAG);

	return head.size == SELFMAG && !memcmp(head.data, ELFMAG, SELFMAG);
}

static struct dill_error *add_load(struct core *core, const GElf_Phdr *header)
{
	uint64_t held = header->p_filesz, memory = header->p_memsz, end;

	if (memory < held)
		memory = held;
	if (checked_add(header->p_paddr, memory, &end))
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "a segment at physical address 0x%" PRIx64
				      " would be 0x%" PRIx64 " bytes long",
				      header->p_paddr, memory);
	if (checked_add(header->p_offset, held, &end) || end > core->file.size)
		core->file.is_cut = true;
	TRY(extents_add(&core->ram, header->p_paddr, held, header->p_offset));
	/* makedumpfile -E leaves pages out at the end of a segment. */
	return extents_add(&core->left_out, header->p_paddr + held, memory - held, 0);
}

static struct dill_error *add_segment(void *context, const GElf_Phdr *segment)
{
	struct core *core = context;

	if (segment->p_type == PT_LOAD)
		return add_load(core, segment);
	if (segment->p_type == PT_NOTE)
		return core_add_notes_at(core, segment->p_offset, segment->p_filesz);
	return NULL;
}

static struct dill_error *parse(struct core *core)
{
	struct span head = core->file.dump;
	_cleanup_(freep)
	uint8_t *copy = NULL;

	core->what = core->file.is_flattened ? "flattened ELF dump" : "ELF dump";
	if (core->file.is_scattered) {
		head.size = core->file.size < HEADERS_MAX ? core->file.size : HEADERS_MAX;
		copy = calloc(1, head.size);
		if (!copy)
			return error_no_memory();
		/* Pieces that are missing stay zeros, which are no headers. */
		for (uint64_t at = 0; at < head.size; at += DILL_PAGE_SIZE)
			(void)core_file_read(&core->file, at, copy + at,
					     head.size - at < DILL_PAGE_SIZE ? head.size - at
									     : DILL_PAGE_SIZE);
		head.data = copy;
	}
	TRY(elf_segments_visit(head, add_segment, core));
	TRY(extents_settle(&core->ram, EXTENTS_FIRST_COUNTS));
	TRY(extents_settle(&core->left_out, EXTENTS_FIRST_COUNTS));
	if (!core->ram.list.count)
		return dill_error_new(DILL_ERROR_BAD_DATA, "the ELF dump holds no memory");
	return NULL;
}

const struct core_kind core_elf = {
	.is_mine = is_mine,
	.parse = parse,
	.read = core_ram_read,
	.map = core_ram_map,
	.next_range = core_ram_next_range,
};
