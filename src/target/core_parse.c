/* SPDX-License-Identifier: MIT */
#include "target/core.h"

/* Raw memory last: nothing tells that a file is that. */
static const struct core_kind *const kinds[] = {&core_elf,  &core_kdump,  &core_lime,
						&core_avml, &core_vmware, &core_raw};

/* Formats that people may well have, and what to do with them. */
static const struct {
	const char *magic, *what;
} others[] = {
	{"DISKDUMP", "a diskdump, which kernels wrote before kdump: use crash"},
	{"\x1f\x8b", "compressed with gzip: unpack it first"},
	{"\xfd"
	 "7zXZ",
	 "compressed with xz: unpack it first"},
	{"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it first"},
	{"BZh", "compressed with bzip2: unpack it first"},
	{"QFI\xfb", "a disk or snapshot image of QEMU, no memory dump: use dump-guest-memory"},
	{"QEVM", "a saved machine of QEMU, no memory dump: use dump-guest-memory"},
	{"LibvirtQemudSave", "a saved machine of libvirt: use \"virsh dump --memory-only\""},
	{"PAGEDU64", "a dump of Windows"},
};

static struct dill_error *refuse(const struct core_file *file)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		size_t length = strlen(others[i].magic);
		struct span head = core_file_span(file, 0, length);

		if (head.size == length && !memcmp(head.data, others[i].magic, length))
			return dill_error_new(DILL_ERROR_UNSUPPORTED, "%s", others[i].what);
	}
	return NULL;
}

static const struct core_kind *kind_of(const struct core_file *file)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (kinds[i]->is_mine(file))
			return kinds[i];
	return NULL;
}

bool core_is_known(const struct core_file *file)
{
	const struct core_kind *kind = kind_of(file);

	return file->is_flattened || (kind && kind != &core_raw);
}

struct dill_error *core_parse(struct core *core)
{
	if (core->meta.size) {
		core->kind = &core_vmware;
		return core->kind->parse(core);
	}
	TRY(refuse(&core->file));
	core->kind = kind_of(&core->file);
	if (core->kind && core->kind != &core_raw && core->memory_map)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "a memory map is for raw memory, but this dump says itself "
				      "where memory lies");
	if (core->kind)
		return core->kind->parse(core);
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "no recording of dill's, no dump, and too small to be the memory of "
			      "a machine");
}

void core_deinit(struct core *core)
{
	if (core->kind && core->kind->deinit)
		core->kind->deinit(core);
	extents_deinit(&core->ram);
	extents_deinit(&core->left_out);
	array_free(&core->cpus);
	free(core->vmcoreinfo);
	core_file_deinit(&core->file);
	core_file_deinit(&core->meta);
	*core = (struct core){0};
}

struct dill_error *core_check(const struct core *core, const char *what)
{
	TRY(file_map_check(&core->file.map, what));
	TRY(file_map_check(&core->meta.map, what));
	for (size_t i = 0; i < core->part_count; i++)
		TRY(core_check(&core->parts[i], what));
	return NULL;
}

void core_trim(const struct core *core)
{
	file_map_trim(&core->file.map);
	for (size_t i = 0; i < core->part_count; i++)
		core_trim(&core->parts[i]);
}
