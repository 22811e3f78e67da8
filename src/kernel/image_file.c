/* SPDX-License-Identifier: MIT */
#include "kernel/image_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "kernel/image.h"
#include "kernel/image_elf.h"
#include "kernel/image_unpack.h"
#include "target/file_map.h"

#define BANNER	   "Linux version "
#define BANNER_MAX 1024u

struct image_file {
	char *path;
	struct file_map map;
	bool is_bzimage;
	uint8_t *unpacked;    /* of a bzImage, once it was needed */
	struct image_elf elf; /* elf.elf is NULL as long as it is packed */
};

static struct dill_error *add_path(const struct image_file *file, struct dill_error *error)
{
	return dill_error_add_context(error, "%s", file->path);
}

/** Have file->elf. */
static struct dill_error *unpack(struct image_file *file)
{
	struct span bytes = {0};

	if (!file->is_bzimage || file->elf.elf)
		return NULL;
	TRY(add_path(file, image_unpack(file->map.bytes, &file->unpacked, &bytes.size)));
	bytes.data = file->unpacked;
	return add_path(file, image_elf_init(bytes, &file->elf));
}

struct dill_error *image_file_open(const char *path, struct image_file **ret)
{
	_cleanup_(image_file_freep)
	struct image_file *file = calloc(1, sizeof(*file));

	if (!file)
		return error_no_memory();
	file->path = strdup(path);
	if (!file->path)
		return error_no_memory();
	TRY(file_map_open(path, &file->map));
	if (file->map.bytes.size > IMAGE_FILE_MAX)
		return dill_error_new(DILL_ERROR_LIMIT, "%s is too large for a kernel", path);
	file->is_bzimage = image_is_bzimage(file->map.bytes);
	if (!file->is_bzimage)
		TRY(add_path(file, image_elf_init(file->map.bytes, &file->elf)));
	*ret = steal(file);
	return NULL;
}

void image_file_free(struct image_file *file)
{
	if (!file)
		return;
	image_elf_deinit(&file->elf);
	free(file->unpacked);
	file_map_close(&file->map);
	free(file->path);
	free(file);
}

/* --- which kernel it is --- */

/**
 * What tells one kernel from another, out of "Linux version RELEASE (USER@HOST) (COMPILER) BUILD":
 * RELEASE and BUILD. A bzImage says "RELEASE (USER@HOST) BUILD" of itself.
 */
struct version {
	char release[BANNER_MAX], build[BANNER_MAX];
};

static bool parse_version(const char *text, struct version *ret)
{
	const char *hash = strstr(text, ") #");
	size_t release = strcspn(text, " \n"), build = hash ? strcspn(hash + 2, "\n") : 0;

	if (!release || !build || release >= BANNER_MAX || build >= BANNER_MAX)
		return false;
	*ret = (struct version){0};
	memcpy(ret->release, text, release);
	memcpy(ret->build, hash + 2, build);
	return true;
}

static void append_version(struct strbuf *text, const struct version *version)
{
	strbuf_append_escaped(text, version->release, strlen(version->release));
	strbuf_append_char(text, ' ');
	strbuf_append_escaped(text, version->build, strlen(version->build));
}

static bool same_version(const struct version *a, const struct version *b)
{
	return !strcmp(a->release, b->release) && !strcmp(a->build, b->build);
}

/** @p is and @p runs: banners without their first words, which may be anything. */
static struct dill_error *another(const struct image_file *file, const char *is, const char *runs)
{
	struct version ours, theirs;
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	if (parse_version(is, &ours) && parse_version(runs, &theirs)) {
		strbuf_append(&text,
			      same_version(&ours, &theirs) ? ": another build of " : ": it is ");
		append_version(&text, &ours);
		if (!same_version(&ours, &theirs)) {
			strbuf_append(&text, ", and the target ");
			append_version(&text, &theirs);
		}
	}
	TRY(strbuf_error(&text));
	return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "%s is not the kernel that runs%s",
			      file->path, strbuf_get(&text));
}

/** Decide by the build id when it is known, else by the banner. */
static struct dill_error *check_elf(struct image_file *file, const struct image_identity *target)
{
	struct span banner = {(const uint8_t *)target->banner, strlen(target->banner) + 1}, found;
	char text[BANNER_MAX] = "";

	TRY(unpack(file));
	if (image_elf_holds(&file->elf, target->note.size ? target->note : banner))
		return NULL;
	/* The first one may lack the number of the build: version.c's, which version-timestamp.c's
	 * overrides since 6.1. */
	found = image_elf_last(&file->elf, span_cut(banner, 0, strlen(BANNER)));
	if (!found.size)
		return add_path(file,
				dill_error_new(DILL_ERROR_UNSUPPORTED,
					       "it is no kernel: it holds no version banner"));
	found = span_cut(found, strlen(BANNER), BANNER_MAX - 1);
	memcpy(text, found.data, found.size);
	return another(file, text, target->banner + strlen(BANNER));
}

struct dill_error *image_file_check(struct image_file *file, const struct image_identity *target)
{
	struct version ours, theirs;
	char text[BANNER_MAX];

	if (strncmp(target->banner, BANNER, strlen(BANNER)) != 0)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "%s is not the kernel that runs: the target shows no version "
				      "banner where this one has it",
				      file->path);
	/* Unpacking takes longer than most answers. */
	if (file->is_bzimage && image_version(file->map.bytes, text, sizeof(text)) &&
	    parse_version(text, &ours) && parse_version(target->banner + strlen(BANNER), &theirs))
		return same_version(&ours, &theirs)
			       ? NULL
			       : another(file, text, target->banner + strlen(BANNER));
	return check_elf(file, target);
}

/* --- what it holds --- */

bool image_file_has_symtab(const struct image_file *file)
{
	return file->elf.symtab != NULL;
}

struct dill_error *image_file_symbols(struct image_file *file, struct symbol_table *ret,
				      dill_virt *ret_base)
{
	const struct symbol_entry *text;
	const char *how;

	TRY(unpack(file));
	TRY(add_path(file, image_elf_symbols(&file->elf, ret, &how)));
	text = symbol_table_find(ret, "_text");
	if (!text || text->value < KERNEL_WINDOW_FIRST || text->value > KERNEL_WINDOW_LAST)
		return add_path(file, dill_error_new(DILL_ERROR_UNSUPPORTED,
						     "its symbols are not those of an x86-64 "
						     "kernel"));
	*ret_base = text->value;
	return file_map_check(&file->map, file->path);
}

static struct dill_error *load_btf(const struct image_file *file, struct types **ret)
{
	struct span btf = file->elf.btf;
	_cleanup_(freep)
	uint8_t *blob = malloc(btf.size);

	if (!blob)
		return error_no_memory();
	memcpy(blob, btf.data, btf.size);
	TRY(file_map_check(&file->map, file->path));
	return add_path(file, btf_types_new(steal(blob), btf.size, ret));
}

struct dill_error *image_file_types(struct image_file *file, struct types **ret,
				    const char **ret_how)
{
	TRY(unpack(file));
	if (file->elf.btf.size) {
		*ret_how = "BTF of the image file";
		return load_btf(file, ret);
	}
	/* libdw opens the file itself, which it cannot do inside a bzImage. */
	if (file->elf.has_dwarf && !file->is_bzimage) {
		*ret_how = "DWARF of the image file";
		return dwarf_types_new(file->path, ret);
	}
	return dill_error_new(DILL_ERROR_NOT_FOUND, "%s holds neither BTF nor DWARF", file->path);
}
