/* SPDX-License-Identifier: MIT */
/*
 * A kernel's BTF and ORC entries, all of them the fuzzer's, as the ELF file that debuggers load:
 * the first bytes are ORC rows, the rest is BTF. libdw must read all of the file: every entry,
 * where every reference leads, that types end, and how to unwind every address.
 *
 * A good start is a folder with the BTF of a small file, behind 64 bytes.
 */
#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbols/dwarf_code.h"
#include "symbols/elf_file.h"
#include "symbols/frames.h"
#include "symbols/isf_types.h"
#include "types/type.h"

#define CODE	  UINT64_C(0xffffffff81000000)
#define TABLE	  UINT64_C(0xffffffff82000000)
#define ROWS	  8u
#define ROW_SIZE  8u
#define STEP	  0x100u
#define CODE_SIZE (ROWS * STEP)
#define CHAIN_MAX 200
#define DEPTH_MAX 4
#define NAMES_MAX 64u
#define SECTIONS  5u
#define FUNCTION  0x10u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "the file is not right: %s: %s\n", what, dwarf_errmsg(-1));
	abort();
}

/* --- the file --- */

/* Whatever has a name is a function and a variable, too. */
static void add_symbols(struct types *types, struct file_symbols *ret)
{
	for (type_id id = 1; id < types->ops->id_limit(types) && id <= NAMES_MAX; id++) {
		struct file_symbol symbol = {.address = CODE + id * FUNCTION, .size = FUNCTION};
		struct type type;
		struct dill_error *error = types_get(types, id, &type);

		if (!error && *type.name) {
			symbol.name = type.name;
			symbol.kind = id % 2 ? 't' : 'd';
			error = array_push(&ret->all, symbol);
		}
		dill_error_free(error);
	}
}

static void describe(struct types *types, struct dwarf_unit *unit)
{
	struct file_symbols symbols = {0};
	struct dwarf_counts counts = {0};
	struct known_variables known = {{{"known", CODE, 1}}, 1};
	struct type_graph graph;
	size_t count = 0;

	add_symbols(types, &symbols);
	dill_error_free(type_graph_make(types, &graph));
	dill_error_free(unit_begin(graph.limit, unit));
	unit_parent(unit, DWARF_UNIT, true);
	unit_name(unit, "vmlinux");
	unit_name(unit, "fuzz");
	bytes_add_u8(&unit->info, DW_LANG_C11);
	bytes_add_u64(&unit->info, CODE);
	bytes_add_u64(&unit->info, CODE_SIZE);
	dwarf_add_types(unit, &graph, &counts);
	dwarf_add_functions(unit, &graph, &symbols, &counts, &count);
	dill_error_free(dwarf_add_variables(unit, &graph, &symbols, &known, &count));
	dill_error_free(unit_end(unit));
	type_graph_deinit(&graph);
	array_free(&symbols.all);
}

/* The first byte of a row is how far it is behind the one before, or in front of it. */
static void unwind(const uint8_t *data, struct frames *frames)
{
	static const enum orc_register numbers[ORC_REGISTER_COUNT] = {
		ORC_REG_UNDEFINED, ORC_REG_PREV_SP,	ORC_REG_DX,	     ORC_REG_DI,
		ORC_REG_BP,	   ORC_REG_SP,		ORC_REG_R10,	     ORC_REG_R13,
		ORC_REG_AX,	   ORC_REG_BP_INDIRECT, ORC_REG_SP_INDIRECT,
	};
	static const struct frame_registers registers = {
		{80, 96, 88, 40, 104, 112, 32, 152, 72, 64, 56, 48, 24, 16, 8, 0, 128},
	};
	const struct orc_layout layout = {
		.size = ROW_SIZE,
		.sp_offset = {8, 16},
		.bp_offset = {24, 16},
		.sp_register = {40, 4},
		.bp_register = {44, 4},
		.type = {48, 3},
		.signal = {51, 1},
		.end = {52, data[ROW_SIZE - 1] & 1},
		.registers = numbers,
	};
	int32_t distances[ROWS];
	uint64_t at = CODE;

	for (unsigned i = 0; i < ROWS; i++) {
		at += (uint64_t)(int64_t)(int8_t)data[i * ROW_SIZE] * 4;
		distances[i] = (int32_t)(int64_t)(at - (TABLE + 4 * i));
	}

	const struct orc_table table = {
		TABLE,
		{(const uint8_t *)distances, sizeof(distances)},
		{data, ROWS * (size_t)ROW_SIZE},
		ROWS,
	};

	frames_add_end(frames, 0, UINT64_C(1) << 47);
	frames_add_orc(frames, &layout, &registers, &table, CODE, CODE + CODE_SIZE);
}

static struct elf_section section(const char *name, const struct bytes *bytes)
{
	return (struct elf_section){
		.name = name, .type = SHT_PROGBITS, .content = bytes_span(bytes)};
}

static Dwarf *write_file(const struct dwarf_unit *unit, const struct frames *frames, int fd)
{
	const struct elf_section sections[SECTIONS] = {
		{.name = ".text", .type = SHT_NOBITS, .address = CODE, .size = CODE_SIZE},
		section(".debug_info", &unit->info),
		section(".debug_abbrev", &unit->abbrev),
		section(".debug_str", &unit->str),
		section(".debug_frame", &frames->bytes),
	};

	dill_error_free(elf_file_write(fd, sections, SECTIONS));
	return dwarf_begin(fd, DWARF_C_READ);
}

/* --- the same types by name, for volatility 3: JSON --- */

static void check_table(struct types *types)
{
	struct strbuf text = {0};
	struct type_graph graph;
	struct isf_types isf;
	json_error_t error;
	json_t *json;

	dill_error_free(type_graph_make(types, &graph));
	strbuf_append_char(&text, '{');
	dill_error_free(isf_types_begin(&graph, &text, &isf));
	isf_append_types(&isf);
	strbuf_append(&text, "\"end\":");
	isf_append_reference(&isf, graph.limit - 1);
	strbuf_append_char(&text, '}');
	json = json_loadb(text.data, text.length, JSON_DECODE_INT_AS_REAL, &error);
	if (!json)
		fprintf(stderr, "%s\n", error.text);
	demand(json != NULL, "a table");
	json_decref(json);
	isf_types_deinit(&isf);
	type_graph_deinit(&graph);
	strbuf_deinit(&text);
}

/* --- what libdw reads --- */

static void check_name(Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);

	demand(name || !dwarf_hasattr(die, DW_AT_name), "a name");
	for (; name && *name; name++)
		demand((unsigned char)*name >= ' ' && *name != 0x7f, "a name that is no text");
}

/* Types that lead to each other end, or come to a struct, where a reader stops. */
static void check_type(Dwarf_Die die)
{
	Dwarf_Attribute attribute;

	for (unsigned i = 0; dwarf_hasattr(&die, DW_AT_type); i++) {
		demand(i < CHAIN_MAX, "a circle of types");
		demand(dwarf_attr(&die, DW_AT_type, &attribute) != NULL, "a type");
		demand(dwarf_formref_die(&attribute, &die) != NULL, "where a type is");
		demand(dwarf_tag(&die) > DW_TAG_invalid, "the tag of a type");
	}
}

/* Whether a number is as it was written. */
static void check_number(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (dwarf_hasattr(die, name))
		demand(dwarf_attr(die, name, &attribute) &&
			       dwarf_formudata(&attribute, &value) == 0,
		       "a number");
}

static void check_entry(Dwarf_Die die, unsigned depth)
{
	Dwarf_Die child;
	Dwarf_Word size;
	int end;

	demand(depth < DEPTH_MAX, "entries in entries");
	check_name(&die);
	check_type(die);
	check_number(&die, DW_AT_byte_size);
	check_number(&die, DW_AT_data_member_location);
	check_number(&die, DW_AT_data_bit_offset);
	dwarf_aggregate_size(&die,
			     &size); /* where structs are in themselves it does not come back */
	end = dwarf_child(&die, &child);
	demand(end >= 0, "a child");
	while (end == 0) {
		check_entry(child, depth + 1);
		end = dwarf_siblingof(&child, &child);
		demand(end >= 0, "what follows an entry");
	}
}

static void check_types(Dwarf *dwarf)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;

	demand(dwarf_get_units(dwarf, NULL, &unit, NULL, NULL, &die, NULL) == 0, "the unit");
	check_entry(die, 0);
	demand(dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, NULL) == 1, "a second unit");
}

static void check_frame(Dwarf_CFI *cfi, uint64_t address)
{
	Dwarf_Op place[3], *ops;
	Dwarf_Addr first, end;
	Dwarf_Frame *frame;
	size_t count;
	bool is_signal;

	if (dwarf_cfi_addrframe(cfi, address, &frame) != 0) {
		demand(dwarf_errno() == 0 || address >= CODE, "how to unwind");
		return; /* in front of the first row */
	}
	demand(dwarf_frame_info(frame, &first, &end, &is_signal) == (int)FRAME_RIP, "a frame");
	demand(first <= address && address < end, "where a frame is");
	demand(dwarf_frame_cfa(frame, &ops, &count) == 0, "a stack pointer");
	for (int i = 0; i < (int)FRAME_REGISTERS; i++)
		demand(dwarf_frame_register(frame, i, place, &ops, &count) == 0, "a register");
	free(frame);
}

static void check_frames(Dwarf *dwarf)
{
	Dwarf_CFI *cfi = dwarf_getcfi(dwarf);

	demand(cfi != NULL, "unwinding");
	check_frame(cfi, 0x400000);
	for (uint64_t at = 0; at < CODE_SIZE; at += 4)
		check_frame(cfi, CODE + at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dwarf_unit unit = {0};
	struct frames frames = {0};
	struct types *types;
	struct dill_error *error;
	uint8_t *blob;
	Dwarf *dwarf;
	int fd;

	if (size < ROWS * ROW_SIZE)
		return 0;
	size -= ROWS * ROW_SIZE;
	blob = malloc(size + 1);
	if (!blob)
		return 0;
	memcpy(blob, data + ROWS * (size_t)ROW_SIZE, size);
	error = btf_types_new(blob, size, &types);
	dill_error_free(error);
	if (error)
		return 0;
	check_table(types);
	describe(types, &unit);
	unwind(data, &frames);
	fd = memfd_create("symbols", 0);
	dwarf = write_file(&unit, &frames, fd);
	demand(dwarf != NULL, "ELF");
	check_types(dwarf);
	check_frames(dwarf);
	dwarf_end(dwarf);
	close(fd);
	unit_deinit(&unit);
	frames_deinit(&frames);
	types_free(types);
	return 0;
}
