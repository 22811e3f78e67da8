/* SPDX-License-Identifier: MIT */
/* Dumps in several files that are each a dump by itself: split makedumpfile sets, ELF dumps of
 * parts of memory. */
#include "target/core_set.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/strbuf.h"
#include "target/core.h"

/* --- as one dump --- */

static enum core_page read_page(const struct core *core, struct core_reader *reader, dill_phys page,
				uint8_t buffer[DILL_PAGE_SIZE])
{
	enum core_page best = CORE_PAGE_NO_RAM;

	for (size_t i = 0; i < core->part_count; i++) {
		const struct core *part = &core->parts[i];
		enum core_page what = part->kind->read(part, reader, page, buffer);

		if (what == CORE_PAGE_READ)
			return what;
		if (what != CORE_PAGE_NO_RAM)
			best = what;
	}
	return best;
}

static const void *map(const struct core *core, dill_phys address, size_t length)
{
	for (size_t i = 0; i < core->part_count; i++) {
		const void *bytes = core->parts[i].kind->map(&core->parts[i], address, length);

		if (bytes)
			return bytes;
	}
	return NULL;
}

static bool next_range(const struct core *core, dill_phys from, dill_phys *ret_first,
		       uint64_t *ret_size)
{
	bool found = false;

	for (size_t i = 0; i < core->part_count; i++) {
		dill_phys first;
		uint64_t size;

		if (!core->parts[i].kind->next_range(&core->parts[i], from, &first, &size) ||
		    (found && first >= *ret_first))
			continue;
		*ret_first = first;
		*ret_size = size;
		found = true;
	}
	return found;
}

static void deinit(struct core *core)
{
	for (size_t i = 0; i < core->part_count; i++)
		core_deinit(&core->parts[i]);
	free(core->parts);
}

static const struct core_kind core_set = {
	.deinit = deinit,
	.read = read_page,
	.unpacks = true,
	.map = map,
	.next_range = next_range,
};

/* What the parts tell of the machine is each time the same. */
static void take_notes(struct core *core, struct core *part)
{
	if (!core->cpus.count) {
		array_free(&core->cpus);
		memcpy(&core->cpus, &part->cpus, sizeof(core->cpus));
		memset(&part->cpus, 0, sizeof(part->cpus));
	}
	if (!core->vmcoreinfo) {
		core->vmcoreinfo = steal(part->vmcoreinfo);
		core->vmcoreinfo_size = part->vmcoreinfo_size;
	}
	core->is_incomplete |= part->is_incomplete || part->file.is_cut;
	core->lacks_zeros_only |= part->lacks_zeros_only;
}

static int compare_parts(const void *a, const void *b)
{
	const struct core *one = a, *other = b;

	if (one->first_page != other->first_page)
		return one->first_page < other->first_page ? -1 : 1;
	return 0;
}

/* Whether the parts of a split dump are all there. */
static struct dill_error *check_parts(struct core *core)
{
	uint64_t next = 0;

	if (!core->parts[0].is_part)
		return NULL;
	qsort(core->parts, core->part_count, sizeof(*core->parts), compare_parts);
	for (size_t i = 0; i < core->part_count; i++) {
		const struct core *part = &core->parts[i];

		if (part->first_page > next)
			break;
		if (part->end_page > next)
			next = part->end_page;
	}
	if (next >= core->parts[0].pages)
		return NULL;
	return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
			      "of a dump that makedumpfile has split: the part with page 0x%" PRIx64
			      " is "
			      "missing; give all of them, or put them into one folder",
			      next);
}

struct dill_error *core_set_parse(struct core *core, const char *const *paths, size_t count)
{
	core->kind = &core_set;
	core->what = "dump in several files,";
	core->parts = calloc(count, sizeof(*core->parts));
	if (!core->parts)
		return error_no_memory();
	for (; core->part_count < count; core->part_count++) {
		struct core *part = &core->parts[core->part_count];
		struct dill_error *error = core_file_open(paths[core->part_count], &part->file);

		part->host = core->host;
		if (!error)
			error = dill_error_add_context(core_parse(part), "%s",
						       paths[core->part_count]);
		if (error) {
			core->part_count++;
			return error;
		}
		take_notes(core, part);
	}
	return check_parts(core);
}

/* --- finding the other parts --- */

/* More files than a folder of dumps has. */
#define FILES_MAX 10000u
#define PARTS_MAX 256u

static bool is_sibling(const struct core *core, const char *path)
{
	struct core other = {0};
	struct dill_error *error = core_file_open(path, &other.file);
	bool found = false;

	if (!error && core_kdump.is_mine(&other.file)) {
		error = core_parse(&other);
		found = !error && other.is_part && other.pages == core->pages &&
			core_kdump_same(core, &other);
	}
	dill_error_free(error);
	core_deinit(&other);
	return found;
}

#if __GNUC__ >= 10 && !defined(__clang__)
/* gcc's analyzer loses sight of what is stored in a growing array, and calls it a leak. */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

/* @path is the list's, or gone, on every way out. */
static struct dill_error *add_path(struct core_paths *paths, char *path)
{
	struct dill_error *error = path ? array_push(&paths->list, path) : error_no_memory();

	if (error)
		free(path);
	return error;
}

static struct dill_error *look_in(DIR *folder, const struct core *core, const char *path,
				  struct core_paths *ret)
{
	const char *slash = strrchr(path, '/');
	int length = slash ? (int)(slash - path + 1) : 0;

	for (unsigned i = 0; i < FILES_MAX && ret->list.count < PARTS_MAX; i++) {
		const struct dirent *entry = readdir(folder);
		char *other = NULL;

		if (!entry)
			break;
		if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN &&
		    entry->d_type != DT_LNK)
			continue;
		if (asprintf(&other, "%.*s%s", length, path, entry->d_name) < 0)
			return error_no_memory();
		if (!strcmp(other, path) || !is_sibling(core, other))
			free(other);
		else
			TRY(add_path(ret, other));
	}
	return NULL;
}

struct dill_error *core_set_siblings(const struct core *core, const char *path,
				     struct core_paths *ret)
{
	const char *slash = strrchr(path, '/');
	_cleanup_(freep)
	char *name = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	DIR *folder;
	struct dill_error *error;

	if (!name)
		return error_no_memory();
	TRY(add_path(ret, strdup(path)));
	folder = opendir(name);
	if (!folder)
		return NULL;
	error = look_in(folder, core, path, ret);
	closedir(folder);
	return error;
}

void core_paths_deinit(struct core_paths *paths)
{
	for (size_t i = 0; i < paths->list.count; i++)
		free(paths->list.items[i]);
	array_free(&paths->list);
}
