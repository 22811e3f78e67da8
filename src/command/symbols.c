/* SPDX-License-Identifier: MIT */
#include "command/symbols.h"

#include <string.h>

#include "answer/symbols_record.h"
#include "base/file_status.h"
#include "command/registry.h"
#include "command/whole_file.h"
#include "kernel/known_machine.h"
#include "symbols/isf.h"
#include "symbols/listing.h"
#include "symbols/symbol_file.h"

enum { OPTION_FILE, OPTION_FORMAT, OPTION_NO_TYPES, OPTION_MODULES };

enum format { FORMAT_ELF, FORMAT_BTF, FORMAT_MAP, FORMAT_JSON };

static const char *const formats[] = {[FORMAT_ELF] = "elf",
				      [FORMAT_BTF] = "btf",
				      [FORMAT_MAP] = "map",
				      [FORMAT_JSON] = "json",
				      NULL};

static struct dill_error *parse_format(const struct command_call *call, enum format *ret)
{
	const char *text = call->options[OPTION_FORMAT].text;

	for (*ret = FORMAT_ELF; text && formats[*ret]; ++*ret)
		if (strcmp(formats[*ret], text) == 0)
			return NULL;
	return text ? dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				     "--format is one of elf, btf, map, json, and not \"%s\"", text)
		    : NULL;
}

void symbols_given(const struct command_call *call, struct symbols_given *ret)
{
	enum format format;
	struct dill_error *error = parse_format(call, &format);

	*ret = (struct symbols_given){call->options[OPTION_FILE].text,
				      !error && format == FORMAT_ELF};
	dill_error_free(error);
}

static struct dill_error *emit_gap(struct command_call *call, const char *why)
{
	struct dill_record *record = record_new(call->arena, &symbols_gap_kind);

	if (!record)
		return error_no_memory();
	record_set_text(record, SYMBOLS_GAP_COLUMN_WHY, why);
	return call->sink->emit(call->sink, record);
}

static struct dill_error *emit(struct command_call *call, const char *path, enum format format,
			       const struct symbol_file_counts *counts)
{
	struct dill_record *record = record_new(call->arena, &symbols_kind);

	if (!record)
		return error_no_memory();
	record_set_text(record, SYMBOLS_COLUMN_FILE, path);
	record_set_text(record, SYMBOLS_COLUMN_FORMAT, formats[format]);
	record_set_number(record, SYMBOLS_COLUMN_BYTES, counts->size);
	record_set_number(record, SYMBOLS_COLUMN_SYMBOLS, counts->symbols);
	record_set_number(record, SYMBOLS_COLUMN_MODULES, counts->modules);
	record_set_number(record, SYMBOLS_COLUMN_TYPES, counts->types);
	record_set_number(record, SYMBOLS_COLUMN_FUNCTIONS, counts->functions);
	record_set_number(record, SYMBOLS_COLUMN_VARIABLES, counts->variables);
	record_set_number(record, SYMBOLS_COLUMN_ROWS, counts->rows);
	TRY(call->sink->emit(call->sink, record));
	return counts->why.length ? emit_gap(call, strbuf_get(&counts->why)) : NULL;
}

static struct dill_error *write_format(struct kernel *kernel, enum format format,
				       const struct symbol_file_request *request, int fd,
				       struct symbol_file_counts *counts)
{
	switch (format) {
	case FORMAT_BTF:
		return symbol_btf_write(kernel, fd, counts);
	case FORMAT_MAP:
		return symbol_map_write(kernel, request, fd, counts);
	case FORMAT_JSON:
		return symbol_isf_write(kernel, fd, counts);
	case FORMAT_ELF:
		break;
	}
	TRY(kernel_require_x86_64(kernel, "an ELF file of symbols cannot be made"));
	return symbol_file_write(kernel, request, fd, counts);
}

static struct dill_error *write_to(struct command_call *call, const char *path, enum format format,
				   struct symbol_file_counts *counts)
{
	const struct symbol_file_request request = {
		.types = !call->options[OPTION_NO_TYPES].given,
		.modules = call->options[OPTION_MODULES].given,
	};
	struct kernel *kernel;
	struct whole_file file;
	struct file_status status;
	struct dill_error *error;

	TRY(session_kernel(call->session, &kernel));
	TRY(dill_error_add_context(whole_file_begin(path, &file), "%s", path));
	error = write_format(kernel, format, &request, file.fd, counts);
	if (!error && file_status_fd(file.fd, &status) == 0)
		counts->size = status.size;
	return dill_error_add_context(whole_file_end(&file, error), "%s", path);
}

static struct dill_error *run(struct command_call *call)
{
	const char *path = call->options[OPTION_FILE].text;
	struct symbol_file_counts counts = {0};
	enum format format;
	struct dill_error *error;

	TRY(parse_format(call, &format));
	if (!path)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "give the name of the file that is to be written: "
				      "symbols -o FILE");
	if (!strcmp(path, "-"))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "standard output gets what is said of the file: give the "
				      "file a name, symbols -o FILE");
	error = write_to(call, path, format, &counts);
	if (!error)
		error = emit(call, path, format, &counts);
	symbol_file_counts_deinit(&counts);
	return error;
}

static const struct dill_record_kind *const kinds[] = {&symbols_kind, &symbols_gap_kind, NULL};

const struct command symbols_command = {
	.name = "symbols",
	.summary = "Write the kernel's symbols, types and unwinding as a file for debuggers",
	.help = "Makes an ELF file of what the target itself knows: all symbols at their running "
		"addresses, all types\n"
		"and prototypes of functions as DWARF, and how to unwind. GDB and others load it "
		"in place of a vmlinux.\n"
		"In GDB it is loaded at once, in place of the one before; without -o FILE the file "
		"is private and gone when\n"
		"GDB ends.\n"
		"\n"
		"Examples:\n"
		"  symbols -o vmlinux.dill\n"
		"  symbols -o vmlinux.dill --modules\n"
		"  symbols -o System.map --format map\n"
		"  symbols -o vmlinux.json --format json\n",
	.options = {[OPTION_FILE] = {"output", 'o', ARGUMENT_FILE, "FILE", "write to FILE"},
		    [OPTION_FORMAT] = {"format", 0, ARGUMENT_TEXT, "FORMAT",
				       "elf (what debuggers load), btf (the types alone, as the "
				       "kernel has them), map (as System.map) or json (for "
				       "volatility 3)",
				       formats},
		    [OPTION_NO_TYPES] = {"no-types", 0, ARGUMENT_NONE, NULL,
					 "leave out types and prototypes"},
		    [OPTION_MODULES] = {"modules", 0, ARGUMENT_NONE, NULL, "loaded modules too"}},
	.needs_target = true,
	.kinds = kinds,
	.run = run,
};
