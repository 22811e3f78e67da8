/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <stdlib.h>

#include "target/core.h"

/* More would be forged: a note of registers has some 400 bytes, and kernels run on 8192 CPUs. */
#define NOTES_MAX (UINT64_C(64) << 20)
#define CPUS_MAX  16384u
/* The kernel's has less than a page; makedumpfile takes up to 64 KiB of a newer one. */
#define VMCOREINFO_MAX 65536u

/* "struct elf_prstatus" of x86-64. Source: include/linux/elfcore.h, arch/x86/include/asm/user_64.h
 */
enum {
	PRSTATUS_SIZE = 336,
	PRSTATUS_REGISTERS = 112,
	USER_IP = 16 * 8,
	USER_CS = 17 * 8,
	USER_FLAGS = 18 * 8,
	USER_SP = 19 * 8,
	USER_GS_BASE = 22 * 8,
};

/* "struct QEMUCPUState". Source: QEMU, target/i386/arch_dump.c */
enum {
	QEMU_VERSION = 0,
	QEMU_SIZE = 4,
	QEMU_RSP = 8 + 6 * 8,
	QEMU_RIP = 8 + 16 * 8,
	QEMU_RFLAGS = QEMU_RIP + 8,
	QEMU_SEGMENTS = QEMU_RFLAGS + 8,
	QEMU_SEGMENT_SIZE = 24, /* selector, limit, flags, padding, base */
	QEMU_SEGMENT_BASE = 16,
	QEMU_CS = 0,
	QEMU_GS = 4,
	QEMU_CONTROL = QEMU_SEGMENTS + 10 * QEMU_SEGMENT_SIZE, /* cr0 to cr4 */
	QEMU_KERNEL_GS_BASE = QEMU_CONTROL + 5 * 8,	       /* since QEMU 3.0 */
};

static struct dill_error *add_prstatus(struct core *core, struct span note)
{
	struct core_cpu cpu = {.has_general = true};

	if (note.size < PRSTATUS_SIZE || core->cpus.count >= CPUS_MAX)
		return NULL;
	note = span_cut(note, PRSTATUS_REGISTERS, note.size);
	cpu.registers.ip = span_u64(note, USER_IP);
	cpu.registers.sp = span_u64(note, USER_SP);
	cpu.registers.flags = span_u64(note, USER_FLAGS);
	cpu.registers.privilege = span_u64(note, USER_CS);
	cpu.registers.cpu_base = span_u64(note, USER_GS_BASE);
	return array_push(&core->cpus, cpu);
}

/* QEMU's notes stand behind those of all CPUs by NT_PRSTATUS, in the same order. */
static struct dill_error *add_qemu(struct core *core, size_t index, struct span note)
{
	struct span segment;
	struct dill_registers *registers;

	if (note.size < QEMU_KERNEL_GS_BASE || span_u32(note, QEMU_VERSION) != 1 ||
	    index >= CPUS_MAX)
		return NULL;
	if (index >= core->cpus.count)
		TRY(array_push(&core->cpus, (struct core_cpu){0}));
	registers = &core->cpus.items[index].registers;
	registers->ip = span_u64(note, QEMU_RIP);
	registers->sp = span_u64(note, QEMU_RSP);
	registers->flags = span_u64(note, QEMU_RFLAGS);
	segment = span_cut(note, QEMU_SEGMENTS + QEMU_CS * QEMU_SEGMENT_SIZE, QEMU_SEGMENT_SIZE);
	registers->privilege = span_u32(segment, 0);
	segment = span_cut(note, QEMU_SEGMENTS + QEMU_GS * QEMU_SEGMENT_SIZE, QEMU_SEGMENT_SIZE);
	registers->cpu_base = span_u64(segment, QEMU_SEGMENT_BASE);
	registers->control = span_u64(note, QEMU_CONTROL);
	registers->tables = span_u64(note, QEMU_CONTROL + 3 * 8);
	registers->paging = span_u64(note, QEMU_CONTROL + 4 * 8);
	/* QEMU writes the header of x86-64 for a machine in long mode only. */
	registers->mode = CORE_EFER_LONG_MODE;
	registers->has_control = true;
	if (span_u32(note, QEMU_SIZE) >= QEMU_KERNEL_GS_BASE + 8 &&
	    span_holds(note, QEMU_KERNEL_GS_BASE, 8))
		registers->other_base = span_u64(note, QEMU_KERNEL_GS_BASE);
	core->cpus.items[index].has_general = true;
	return NULL;
}

struct dill_error *core_set_vmcoreinfo(struct core *core, struct span text)
{
	text = span_cut(text, 0, VMCOREINFO_MAX);
	if (!text.size || core->vmcoreinfo)
		return NULL;
	core->vmcoreinfo = malloc(text.size);
	if (!core->vmcoreinfo)
		return error_no_memory();
	memcpy(core->vmcoreinfo, text.data, text.size);
	core->vmcoreinfo_size = text.size;
	return NULL;
}

static bool is_named(struct span name, const char *text)
{
	return name.size == strlen(text) + 1 && !memcmp(name.data, text, name.size);
}

static uint64_t aligned(uint32_t size)
{
	return ((uint64_t)size + 3) & ~UINT64_C(3);
}

struct dill_error *core_add_notes(struct core *core, struct span notes)
{
	size_t qemu = 0;

	for (uint64_t at = 0; span_holds(notes, at, sizeof(Elf64_Nhdr));) {
		uint32_t name_size = span_u32(notes, at), size = span_u32(notes, at + 4);
		uint32_t type = span_u32(notes, at + 8);
		uint64_t bytes = at + sizeof(Elf64_Nhdr) + aligned(name_size);
		struct span name = span_cut(notes, at + sizeof(Elf64_Nhdr), name_size);
		struct span note = span_cut(notes, bytes, size);

		at = bytes + aligned(size);
		if (!span_holds(notes, bytes, size))
			break;
		if (is_named(name, "CORE") && type == NT_PRSTATUS)
			TRY(add_prstatus(core, note));
		else if (is_named(name, "QEMU"))
			TRY(add_qemu(core, qemu++, note));
		else if (is_named(name, "VMCOREINFO"))
			TRY(core_set_vmcoreinfo(core, note));
	}
	return NULL;
}

struct dill_error *core_add_notes_at(struct core *core, uint64_t offset, uint64_t size)
{
	struct span notes;
	_cleanup_(freep)
	uint8_t *copy = NULL;

	if (size > NOTES_MAX)
		size = NOTES_MAX;
	notes = core_file_span(&core->file, offset, size);
	if (notes.size == size || !core->file.is_scattered)
		return core_add_notes(core, notes);
	if (offset > core->file.size || size > core->file.size - offset)
		return NULL;
	copy = malloc(size);
	if (!copy)
		return error_no_memory();
	if (!core_file_read(&core->file, offset, copy, size))
		return NULL;
	return core_add_notes(core, (struct span){copy, size});
}
