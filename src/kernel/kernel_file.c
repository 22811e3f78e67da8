/* SPDX-License-Identifier: MIT */
/* The user's vmlinux or bzImage, and whether it is this kernel's. */
#include "kernel/kernel_file.h"

#include <string.h>

#include "kernel/build_file.h"
#include "kernel/state.h"
#include "kernel/symbol.h"
#include "kernel/vm.h"

/** Most bytes of notes that are looked at; Debian's kernels have some 500. */
#define NOTES_MAX    4096u
#define GNU_BUILD_ID 3u
#define NOTE_HEADER  16u /**< with the name "GNU" */

struct dill_error *kernel_file_open(struct kernel *kernel, const char *path)
{
	struct dill_error *error = image_file_open(path, &kernel->file);

	if (!error || !kernel->file_is_offered || dill_error_code(error) == DILL_ERROR_NO_MEMORY)
		return error;
	dill_error_free(error); /* a debugger has other files, too */
	return NULL;
}

/* --- whether it is the right one --- */

/** The note with the build id; empty when there is none. */
static struct span find_build_id(struct span notes)
{
	static const uint8_t name[] = "GNU";

	for (size_t at = 0; span_holds(notes, at, NOTE_HEADER); at += 4) {
		uint32_t size = span_u32(notes, at + 4);

		if (span_u32(notes, at) == sizeof(name) &&
		    span_u32(notes, at + 8) == GNU_BUILD_ID &&
		    !memcmp(notes.data + at + 12, name, sizeof(name)) && size <= BUILD_ID_MAX &&
		    span_holds(notes, at, NOTE_HEADER + size))
			return span_cut(notes, at, NOTE_HEADER + size);
	}
	return (struct span){0};
}

/** Read the notes of the running kernel; what cannot be read is not there. */
static struct dill_error *read_notes(struct kernel *kernel, uint8_t bytes[static NOTES_MAX],
				     struct span *ret)
{
	dill_virt first, end;
	struct dill_error *error;

	*ret = (struct span){0};
	if (!kernel_has_symbol(kernel, "__start_notes", &first) ||
	    !kernel_has_symbol(kernel, "__stop_notes", &end) || end <= first)
		return NULL;
	*ret = (struct span){bytes, end - first < NOTES_MAX ? end - first : NOTES_MAX};
	error = kernel_read(kernel, first, bytes, ret->size);
	if (!error || error_is_fatal(error))
		return error;
	dill_error_free(error);
	*ret = (struct span){0};
	return NULL;
}

struct dill_error *kernel_file_check(struct kernel *kernel)
{
	char banner[IDENTITY_SIZE + 1] = "";
	struct image_identity identity = {.banner = banner};
	uint8_t bytes[NOTES_MAX];
	struct span notes;

	memcpy(banner, kernel->identity, IDENTITY_SIZE);
	TRY(read_notes(kernel, bytes, &notes));
	identity.note = find_build_id(notes);
	return image_file_check(kernel->file, &identity);
}

struct dill_error *kernel_file_settle(struct kernel *kernel)
{
	struct dill_error *error = kernel->file ? kernel_file_check(kernel) : NULL;

	if (!error || !kernel->file_is_offered || error_is_fatal(error))
		return error;
	/* Of a program that is debugged inside the guest nothing need be said. */
	if (dill_error_code(error) != DILL_ERROR_UNSUPPORTED)
		target_log(kernel->target, "%s", dill_error_text(error));
	dill_error_free(error);
	image_file_free(steal(kernel->file));
	symbol_table_deinit(&kernel->file_symbols);
	return NULL;
}

struct dill_error *kernel_build_note(struct kernel *kernel, uint8_t *buffer, struct span *ret,
				     dill_virt *ret_address)
{
	uint8_t bytes[NOTES_MAX];
	struct span notes, note;
	dill_virt first;

	TRY(read_notes(kernel, bytes, &notes));
	note = find_build_id(notes);
	*ret = (struct span){buffer, note.size};
	if (!note.size || !kernel_has_symbol(kernel, "__start_notes", &first))
		return NULL;
	memcpy(buffer, note.data, note.size);
	*ret_address = first + (dill_virt)(note.data - bytes);
	return NULL;
}
