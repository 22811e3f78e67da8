/* SPDX-License-Identifier: MIT */
#include "symbols/symbol_file.h"

#include <dwarf.h>
#include <elf.h>
#include <stdlib.h>

#include "kernel/facts.h"
#include "kernel/kernel_types.h"
#include "symbols/dwarf_code.h"
#include "symbols/elf_file.h"
#include "symbols/modules.h"
#include "symbols/stack_change.h"
#include "symbols/unwind_tables.h"

/* Where programs of the target end: the lower half of its address space, by the levels of its page
 * tables. */
static uint64_t user_end(struct kernel *kernel)
{
	return UINT64_C(1) << (kernel_facts(kernel)->paging_levels == 5 ? 56 : 47);
}

/* All that becomes the file. */
struct symbol_file {
	struct kernel *kernel;
	struct symbol_file_counts *counts;
	struct sections sections;
	struct file_symbols symbols;
	struct arena *arena;
	struct orc_layout layout;
	struct frame_registers registers;
	bool unwinds; /* the two are there */
	struct frames frames;
	struct dwarf_unit dwarf;
	struct bytes symtab, names;
	uint32_t locals;
	ARRAY(struct elf_section) out;
};

static void deinit(struct symbol_file *file)
{
	sections_deinit(&file->sections);
	file_symbols_deinit(&file->symbols);
	frames_deinit(&file->frames);
	arena_free(file->arena);
	unit_deinit(&file->dwarf);
	bytes_deinit(&file->symtab);
	bytes_deinit(&file->names);
	array_free(&file->out);
}

/* What cannot be had is missing in the file; else the error comes back. */
static struct dill_error *forgive(struct symbol_file *file, const char *what,
				  struct dill_error *error)
{
	struct strbuf *why = &file->counts->why;

	if (!error || error_is_fatal(error))
		return error;
	strbuf_append_format(why, "%s%s: %s", why->length ? "; " : "", what,
			     dill_error_text(error));
	dill_error_free(error);
	return NULL;
}

/* --- unwinding --- */

/* Have what reading ORC tables takes. */
static struct dill_error *find_unwinding(struct symbol_file *file)
{
	struct types *types;

	TRY(kernel_types(file->kernel, &types));
	TRY(orc_layout_find(types, &file->layout));
	return frame_registers_find(types, &file->registers);
}

static struct dill_error *add_frames(struct symbol_file *file)
{
	struct frames *frames = &file->frames;
	struct unwind_tables tables = {0};
	struct dill_error *error;

	if (!unwind_tables_there(file->kernel))
		return NULL;
	TRY(find_unwinding(file));
	error = unwind_tables_read(file->kernel, &file->layout, &tables);
	if (!error)
		error = orc_layout_number(&file->layout, &tables.table);
	if (!error) {
		frames->code = (struct frames_code){stack_change_in, file->kernel};
		frames_add_end(frames, 0, user_end(file->kernel));
		frames_add_orc(frames, &file->layout, &file->registers, &tables.table, tables.base,
			       tables.base + tables.size);
		file->unwinds = true;
	}
	unwind_tables_deinit(&tables);
	if (!error && frames->bad_rows + frames->outside)
		error = dill_error_new(DILL_ERROR_BAD_DATA,
				       "%zu rows of the ORC tables make no sense and are left out",
				       frames->bad_rows + frames->outside);
	return error;
}

static struct dill_error *add_modules(struct symbol_file *file)
{
	struct modules modules = {
		.kernel = file->kernel,
		.arena = file->arena,
		.sections = &file->sections,
		.symbols = &file->symbols,
		.frames = file->unwinds ? &file->frames : NULL,
		.layout = &file->layout,
		.registers = &file->registers,
	};
	struct dill_error *error = modules_add(&modules);

	file->counts->modules = modules.count;
	if (!error && modules.bad)
		error = dill_error_new(DILL_ERROR_BAD_DATA, "of %zu something cannot be read",
				       modules.bad);
	return error;
}

/* --- types --- */

static void put_unit(struct symbol_file *file)
{
	const struct kernel_facts *facts = kernel_facts(file->kernel);
	struct dwarf_unit *dwarf = &file->dwarf;

	unit_parent(dwarf, DWARF_UNIT, true);
	unit_name(dwarf, "vmlinux");
	unit_name(dwarf, "dill " DILL_VERSION);
	bytes_add_u8(&dwarf->info, DW_LANG_C11);
	bytes_add_u64(&dwarf->info, facts->base);
	bytes_add_u64(&dwarf->info, facts->image_size);
}

static struct dill_error *describe(struct symbol_file *file, const struct type_graph *graph)
{
	struct symbol_file_counts *counts = file->counts;
	struct dwarf_counts described = {0};
	struct known_variables known;

	TRY(known_variables_find(file->kernel, graph->types, &known));
	TRY(unit_begin(graph->limit, &file->dwarf));
	put_unit(file);
	dwarf_add_types(&file->dwarf, graph, &described);
	dwarf_add_functions(&file->dwarf, graph, &file->symbols, &described, &counts->functions);
	TRY(dwarf_add_variables(&file->dwarf, graph, &file->symbols, &known, &counts->variables));
	counts->types = described.types;
	TRY(unit_end(&file->dwarf));
	if (!described.left_out)
		return NULL;
	return dill_error_new(DILL_ERROR_BAD_DATA,
			      "%zu types, members or parameters make no sense and are left out",
			      described.left_out);
}

static struct dill_error *add_types(struct symbol_file *file)
{
	struct type_graph graph = {0};
	struct types *types;
	struct dill_error *error;

	TRY(kernel_types(file->kernel, &types));
	error = type_graph_make(types, &graph);
	if (!error)
		error = describe(file, &graph);
	type_graph_deinit(&graph);
	return error;
}

/* --- the file --- */

static struct dill_error *put_memory(struct symbol_file *file)
{
	for (size_t i = 0; i < file->sections.all.count; i++) {
		const struct section *section = &file->sections.all.items[i];
		const struct elf_section out = {
			.name = section->name,
			.type = SHT_NOBITS,
			.flags = SHF_ALLOC | (section->is_code ? SHF_EXECINSTR : 0u) |
				 (section->is_writable ? SHF_WRITE : 0u),
			.address = section->first,
			.size = section->end - section->first,
		};

		TRY(array_push(&file->out, out));
	}
	return NULL;
}

static struct dill_error *put_content(struct symbol_file *file, const char *name, uint64_t flags,
				      const struct bytes *bytes)
{
	const struct elf_section out = {
		.name = name,
		.type = SHT_PROGBITS,
		.flags = flags,
		.content = bytes_span(bytes),
		.entry_size = flags & SHF_STRINGS ? 1 : 0,
	};

	TRY(bytes_error(bytes));
	return bytes_count(bytes) ? array_push(&file->out, out) : NULL;
}

static struct dill_error *put_symbols(struct symbol_file *file)
{
	const struct elf_section symbols = {
		.name = ".symtab",
		.type = SHT_SYMTAB,
		.content = bytes_span(&file->symtab),
		.link = (uint32_t)file->out.count + 2,
		.info = file->locals,
		.entry_size = sizeof(Elf64_Sym),
		.alignment = 8,
	};
	const struct elf_section names = {
		.name = ".strtab", .type = SHT_STRTAB, .content = bytes_span(&file->names)};

	TRY(array_push(&file->out, symbols));
	return array_push(&file->out, names);
}

static struct dill_error *gather(struct symbol_file *file,
				 const struct symbol_file_request *request)
{
	TRY(arena_new(&file->arena));
	TRY(sections_of_image(file->kernel, &file->sections));
	TRY(file_symbols_of_kernel(file->kernel, &file->symbols));
	TRY(forgive(file, "unwinding", add_frames(file)));
	if (request->modules)
		TRY(forgive(file, "modules", add_modules(file)));
	sections_settle(&file->sections);
	TRY(file_symbols_settle(&file->symbols, &file->sections));
	if (request->types)
		TRY(forgive(file, "types", add_types(file)));
	file->counts->symbols = file->symbols.all.count;
	file->counts->rows = file->frames.rows;
	return symtab_make(&file->symbols, &file->sections, 1, &file->symtab, &file->names,
			   &file->locals);
}

static struct dill_error *put_all(struct symbol_file *file)
{
	TRY(put_memory(file));
	if (file->counts->types) {
		TRY(put_content(file, ".debug_info", 0, &file->dwarf.info));
		TRY(put_content(file, ".debug_abbrev", 0, &file->dwarf.abbrev));
		TRY(put_content(file, ".debug_str", SHF_MERGE | SHF_STRINGS, &file->dwarf.str));
	}
	TRY(put_content(file, ".debug_frame", 0, &file->frames.bytes));
	return put_symbols(file);
}

struct dill_error *symbol_file_write(struct kernel *kernel,
				     const struct symbol_file_request *request, int fd,
				     struct symbol_file_counts *ret)
{
	struct symbol_file file = {.kernel = kernel, .counts = ret};
	struct dill_error *error;

	*ret = (struct symbol_file_counts){0};
	error = gather(&file, request);
	if (!error)
		error = put_all(&file);
	if (!error)
		error = elf_file_write(fd, file.out.items, file.out.count);
	deinit(&file);
	return error;
}

void symbol_file_counts_deinit(struct symbol_file_counts *counts)
{
	strbuf_deinit(&counts->why);
}
