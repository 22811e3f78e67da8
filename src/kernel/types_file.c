/* SPDX-License-Identifier: MIT */
#include "kernel/types_file.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "base/machine.h"
#include "kernel/image_elf.h"
#include "kernel/image_file.h"
#include "kernel/image_unpack.h"
#include "target/file_map.h"

/* linux/btf.h: what BTF begins with, in the byte order of its machine. */
#define BTF_MAGIC 0xeb9fu
/* Debian's kernels have 5 MiB of it. */
#define BTF_MAX (UINT64_C(64) << 20)

/* --- BTF --- */

static struct dill_error *load_btf(struct span btf, struct types **ret)
{
	uint8_t *blob;

	if (btf.size > BTF_MAX)
		return dill_error_new(DILL_ERROR_LIMIT, "its BTF would be %zu bytes long",
				      btf.size);
	blob = malloc(btf.size);
	if (!blob)
		return error_no_memory();
	memcpy(blob, btf.data, btf.size);
	return btf_types_new(blob, btf.size, ret);
}

/* The names of a module's BTF go on where those of its kernel end: there is no empty one in front.
 * Source: tools/lib/bpf/btf.c btf_parse_str_sec(); Documentation/bpf/btf.rst */
static bool is_of_module(struct span btf)
{
	size_t header = span_holds(btf, 0, 24) ? span_u32(btf, 4) : 0;
	size_t names = header ? header + (size_t)span_u32(btf, 16) : 0;

	return header && span_u32(btf, 20) && span_holds(btf, names, 1) && btf.data[names];
}

static struct dill_error *module_alone(void)
{
	return dill_error_new(DILL_ERROR_NOT_FOUND,
			      "it has the BTF of a module alone, which goes on where its kernel's "
			      "ends: give the kernel's (/sys/kernel/btf/vmlinux)");
}

static struct dill_error *load_plain_btf(struct span btf, struct types **ret)
{
	if (is_of_module(btf))
		return module_alone();
	return load_btf(btf, ret);
}

/* --- ELF --- */

static struct dill_error *check_elf(struct span bytes)
{
	Elf64_Ehdr header;

	if (bytes.size < sizeof(header))
		return dill_error_new(DILL_ERROR_BAD_DATA, "it is cut short: %zu bytes of an ELF",
				      bytes.size);
	memcpy(&header, bytes.data, sizeof(header));
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    header.e_machine != EM_X86_64)
		return dill_error_new(
			DILL_ERROR_UNSUPPORTED, "it is for %s: dill knows x86-64 only",
			machine_of_elf(header.e_machine, header.e_ident[EI_CLASS] == ELFCLASS64,
				       header.e_ident[EI_DATA] == ELFDATA2MSB));
	if (header.e_shoff &&
	    !span_holds(bytes, header.e_shoff, (size_t)header.e_shnum * header.e_shentsize))
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "it is cut short: its sections should be listed at byte "
				      "%llu, and it has %zu",
				      (unsigned long long)header.e_shoff, bytes.size);
	return NULL;
}

static struct dill_error *load_sections(const struct image_elf *elf, const char *path,
					struct types **ret, const char **ret_format)
{
	bool of_module = elf->btf.size && is_of_module(elf->btf);

	if (elf->btf.size && !of_module)
		return load_btf(elf->btf, ret);
	if (elf->has_dwarf) {
		*ret_format = "DWARF";
		return dwarf_types_new(path, ret);
	}
	if (of_module)
		return module_alone();
	return dill_error_new(
		DILL_ERROR_NOT_FOUND,
		"it holds neither BTF nor DWARF: build it with debug information (-g)");
}

static struct dill_error *load_elf(struct span bytes, const char *path, struct types **ret,
				   const char **ret_format)
{
	struct image_elf elf;
	struct dill_error *error;

	TRY(check_elf(bytes));
	TRY(image_elf_init(bytes, &elf));
	error = load_sections(&elf, path, ret, ret_format);
	image_elf_deinit(&elf);
	return error;
}

/* --- files --- */

static struct dill_error *load_bzimage(const char *path, struct types **ret)
{
	_cleanup_(image_file_freep)
	struct image_file *file = NULL;
	const char *how;
	struct dill_error *error = image_file_open(path, &file);

	if (!error)
		error = image_file_types(file, ret, &how);
	if (!error || dill_error_code(error) != DILL_ERROR_NOT_FOUND)
		return error;
	dill_error_free(error);
	return dill_error_new(
		DILL_ERROR_NOT_FOUND,
		"the kernel in %s carries no BTF, and a bzImage brings no other types", path);
}

/* What it is packed with, when it is. */
static const char *packed_with(struct span bytes)
{
	static const struct {
		size_t at;
		const char *magic, *name;
	} known[] = {
		{0,
		 "\xfd"
		 "7zXZ",
		 "xz"},
		{0, "\x1f\x8b", "gzip"},
		{0, "\x28\xb5\x2f\xfd", "zstd"},
		{0, "BZh", "bzip2"},
		{0, "PK\3\4", "zip"},
		{257, "ustar", "tar"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t size = strlen(known[i].magic);

		if (span_holds(bytes, known[i].at, size) &&
		    !memcmp(bytes.data + known[i].at, known[i].magic, size))
			return known[i].name;
	}
	return NULL;
}

static struct dill_error *refuse(struct span bytes)
{
	const char *packed = packed_with(bytes);

	if (packed)
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "it is packed with %s: unpack it",
				      packed);
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "it is neither BTF (as in /sys/kernel/btf/vmlinux) nor an ELF with "
			      "BTF or DWARF");
}

static struct dill_error *load_bytes(struct span bytes, const char *path, struct types **ret,
				     const char **ret_format)
{
	uint16_t magic = bytes.size >= 2 ? span_u16(bytes, 0) : 0;

	if (magic == BTF_MAGIC || magic == __builtin_bswap16(BTF_MAGIC))
		return load_plain_btf(bytes, ret);
	if (span_holds(bytes, 0, SELFMAG) && !memcmp(bytes.data, ELFMAG, SELFMAG))
		return load_elf(bytes, path, ret, ret_format);
	return refuse(bytes);
}

struct dill_error *types_file_load(const char *path, struct types **ret, const char **ret_format)
{
	_cleanup_(file_map_close)
	struct file_map map = {0};
	_cleanup_(types_freep)
	struct types *types = NULL;
	const char *format = "BTF";
	struct dill_error *error;

	TRY(file_map_open(path, &map));
	if (image_is_bzimage(map.bytes)) {
		TRY(load_bzimage(path, &types));
	} else {
		error = load_bytes(map.bytes, path, &types, &format);
		/* Errors of DWARF name their file. */
		TRY(strcmp(format, "DWARF") ? dill_error_add_context(error, "%s", path) : error);
	}
	TRY(file_map_check(&map, path));
	*ret = steal(types);
	*ret_format = format;
	return NULL;
}
