/* SPDX-License-Identifier: MIT */
#include "target/core.h"

/* Raw memory last: nothing tells that a file is that. */
static const struct core_kind *const kinds[] = {&core_elf, &core_kdump, &core_lime, &core_avml,
						&core_raw};

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

struct dill_error *core_parse(struct core *core)
{
	TRY(refuse(&core->file));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (kinds[i]->is_mine(&core->file)) {
			core->kind = kinds[i];
			return core->kind->parse(core);
		}
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
	*core = (struct core){0};
}
