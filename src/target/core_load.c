/* SPDX-License-Identifier: MIT */
/* Which files are a dump: those that the user names, and those that belong to them. */
#include "target/core_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "target/core.h"
#include "target/core_set.h"

static struct dill_error *parse(struct core *core, const char *path)
{
	return dill_error_add_context(core_parse(core), "%s", path);
}

/* Memory and what VMware tells of it. Both are the core's, also after an error. */
static struct dill_error *load_vmware(struct core *core, const char *meta,
				      const char *const *memory, size_t count)
{
	TRY(core_file_open(meta, &core->meta));
	TRY(core_file_open_all(memory, count, &core->file));
	return parse(core, meta);
}

/* The name with another ending, where there is such a file. The caller's; NULL when there is none.
 */
static struct dill_error *name_beside(const char *path, const char *ending, char **ret)
{
	const char *dot = strrchr(path, '.');

	*ret = NULL;
	if (!dot || strchr(dot, '/'))
		return NULL;
	if (asprintf(ret, "%.*s%s", (int)(dot - path), path, ending) < 0) {
		*ret = NULL;
		return error_no_memory();
	}
	if (access(*ret, F_OK))
		free(steal(*ret));
	return NULL;
}

static bool is_vmware(const char *path)
{
	struct core_file file;
	struct dill_error *error = core_file_open(path, &file);
	bool found = !error && core_is_vmware(&file);

	dill_error_free(error);
	core_file_deinit(&file);
	return found;
}

static bool has_ending(const char *path, const char *ending)
{
	size_t length = strlen(path), needed = strlen(ending);

	return length > needed && !strcasecmp(path + length - needed, ending);
}

/* What VMware tells of a .vmem. */
static struct dill_error *find_meta(const char *path, char **ret)
{
	static const char *const endings[] = {".vmss", ".vmsn"};

	*ret = NULL;
	for (size_t i = 0; has_ending(path, ".vmem") && i < 2; i++) {
		TRY(name_beside(path, endings[i], ret));
		if (*ret && is_vmware(*ret))
			return NULL;
		free(steal(*ret));
	}
	return NULL;
}

/* After a failed attempt. */
static void start_anew(struct core *core)
{
	const struct core fresh = {.host = core->host, .memory_map = core->memory_map};

	core_deinit(core);
	*core = fresh;
}

static struct dill_error *load_siblings(struct core *core, const char *path)
{
	_cleanup_(core_paths_deinit)
	struct core_paths paths = {0};

	TRY(core_set_siblings(core, path, &paths));
	start_anew(core);
	return core_set_parse(core, (const char *const *)paths.list.items, paths.list.count);
}

static struct dill_error *load_one(struct core *core, const char *path)
{
	_cleanup_(freep)
	char *beside = NULL;
	struct dill_error *error;

	TRY(core_file_open(path, &core->file));
	if (!core->memory_map && !core_is_known(&core->file))
		TRY(find_meta(path, &beside));
	if (beside)
		TRY(core_file_open(beside, &core->meta));
	error = parse(core, beside ? beside : path);
	if (!error && core->is_part)
		return load_siblings(core, path);
	if (!error || beside || core->kind != &core_vmware ||
	    dill_error_code(error) != DILL_ERROR_UNSUPPORTED)
		return error;
	if (!has_ending(path, ".vmem"))
		dill_error_free(name_beside(path, ".vmem", &beside));
	if (!beside)
		return error;
	dill_error_free(error);
	start_anew(core);
	return load_vmware(core, path, (const char *const *)&beside, 1);
}

/* What the files seem to be, by how they begin. */
struct look {
	size_t known, vmware; /* how many */
	size_t vmware_at;
	bool first_known;
};

static struct dill_error *look_at(const char *const *paths, size_t count, struct look *ret)
{
	*ret = (struct look){0};
	for (size_t i = 0; i < count; i++) {
		struct core_file file;
		struct dill_error *error = core_file_open(paths[i], &file);

		if (!error && core_is_vmware(&file)) {
			ret->vmware++;
			ret->vmware_at = i;
		} else if (!error && core_is_known(&file)) {
			ret->known++;
			ret->first_known |= !i;
		}
		core_file_deinit(&file);
		if (error)
			return error;
	}
	return NULL;
}

static struct dill_error *load_with_meta(struct core *core, const char *const *paths, size_t count,
					 size_t meta)
{
	const char **memory = calloc(count, sizeof(*memory));
	size_t others = 0;
	struct dill_error *error;

	if (!memory)
		return error_no_memory();
	for (size_t i = 0; i < count; i++)
		if (i != meta)
			memory[others++] = paths[i];
	error = load_vmware(core, paths[meta], memory, others);
	free(memory);
	return error;
}

static struct dill_error *load_several(struct core *core, const char *const *paths, size_t count)
{
	struct look look;

	TRY(look_at(paths, count, &look));
	if (look.vmware == 1 && !look.known)
		return load_with_meta(core, paths, count, look.vmware_at);
	if (look.known == count && !core->memory_map)
		return core_set_parse(core, paths, count);
	if (look.vmware || look.known > look.first_known)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "these files are no parts of one dump: some are dumps by "
				      "themselves, and some are not");
	TRY(core_file_open_all(paths, count, &core->file));
	return parse(core, paths[0]);
}

struct dill_error *core_load(struct core *core, const char *const *paths, size_t count)
{
	return count == 1 ? load_one(core, paths[0]) : load_several(core, paths, count);
}
