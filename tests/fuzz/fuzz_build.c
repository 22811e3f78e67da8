/* SPDX-License-Identifier: MIT */
/* The file itself, for its checksum: behind it are the checks that damage seldom reaches. */
#include "kernel/build_file.c" /* NOLINT(bugprone-suspicious-include) */

/**
 * The input is what follows the head of a file that is kept of a kernel's build: symbols, names and
 * BTF, as many as its first bytes want; lengths and checksum are right, as a forger would have
 * them. And it is a whole file. Symbols that are read have names of proper length, and BTF is
 * inside.
 */
#define BASE UINT64_C(0xffffffff81000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct span file)
{
	struct symbol_table symbols = {0};
	struct span btf;
	struct dill_error *error = build_file_read(file, BASE, &symbols, &btf);

	for (size_t i = 0; !error && i < symbols.entries.count; i++) {
		const char *name = symbol_table_name(&symbols, &symbols.entries.items[i]);

		if (!symbol_table_find(&symbols, name) || strlen(name) > SYMBOL_NAME_MAX)
			abort();
	}
	if (!error && btf.size &&
	    (btf.data < file.data || btf.data + btf.size > file.data + file.size))
		abort();
	dill_error_free(error);
	symbol_table_deinit(&symbols);
}

/* Returns the file's size; @file has room for the head and all of @body. */
static size_t forge(const uint8_t *counts, struct span body, uint8_t *file)
{
	size_t room = body.size & ~(size_t)7;
	struct head head = {.facts = {.note_size = 16}};

	memcpy(head.magic, magic, sizeof(magic));
	head.symbols = counts[0] % (room / sizeof(struct kept_symbol) + 1);
	room -= head.symbols * sizeof(struct kept_symbol);
	head.names_size = counts[1] % (room + 1);
	head.btf_size = room - padded(head.names_size);
	memset(file, 0, BUILD_HEAD_SIZE);
	memcpy(file, &head, sizeof(head));
	if (body.size)
		memcpy(file + BUILD_HEAD_SIZE, body.data, body.size);
	head.checksum = checksum(file + offsetof(struct head, symbols),
				 BUILD_HEAD_SIZE + (body.size & ~(size_t)7) -
					 offsetof(struct head, symbols));
	memcpy(file, &head, sizeof(head));
	return BUILD_HEAD_SIZE + (body.size & ~(size_t)7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct build_facts facts;
	uint8_t *file;

	if (size < 2)
		return 0;
	file = malloc(BUILD_HEAD_SIZE + size);
	if (!file)
		return 0;
	memcpy(file, data, size);
	check((struct span){file, size});
	dill_error_free(build_file_head((struct span){file, size}, &facts));
	size = forge(data, (struct span){data + 2, size - 2}, file);
	check((struct span){file, size});
	free(file);
	return 0;
}
