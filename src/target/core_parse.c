/* SPDX-License-Identifier: MIT */
#include "target/core.h"

/* Raw memory last: nothing tells that a file is that. */
static const struct core_kind *const kinds[] = {&core_elf,  &core_kdump,  &core_lime,
						&core_avml, &core_vmware, &core_raw};

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
	if (!core->memory_map) /* else the user says what it is */
		TRY(core_foreign_refuse(&core->file));
	core->kind = kind_of(&core->file);
	if (core->kind && core->kind != &core_raw && core->memory_map)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "a memory map is for raw memory, but this dump says itself "
				      "where memory lies");
	if (core->kind)
		return core->kind->parse(core);
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "it is nothing that dill reads: no dump, no recording of dill's, "
			      "and too small to be the memory of a machine");
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
