/* SPDX-License-Identifier: MIT */
/* What the symbols room writes, read back by libdw. */
#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "btf_image.h"
#include "symbols/dwarf_types.h"
#include "symbols/elf_file.h"
#include "symbols/frames.h"

#define CODE  UINT64_C(0xffffffff81000000)
#define TABLE UINT64_C(0xffffffff82000000)

/* --- types --- */

struct file {
	struct dwarf_counts counts;
	Dwarf *dwarf;
	int fd;
};

static Dwarf *write_file(const struct elf_section *sections, size_t count, int *ret_fd)
{
	int fd = memfd_create("symbols", 0);
	Dwarf *dwarf;

	assert_true(fd >= 0);
	assert_null(elf_file_write(fd, sections, count));
	dwarf = dwarf_begin(fd, DWARF_C_READ);
	assert_non_null(dwarf);
	*ret_fd = fd;
	return dwarf;
}

static void describe(struct btf_image *image, struct file *ret)
{
	struct types *types = btf_image_open(image);
	struct type_graph graph;
	struct dwarf_unit unit;

	*ret = (struct file){0};
	assert_null(type_graph_make(types, &graph));
	assert_null(unit_begin(graph.limit, &unit));
	unit_parent(&unit, DWARF_UNIT, true);
	unit_name(&unit, "vmlinux");
	unit_name(&unit, "test");
	bytes_add_u8(&unit.info, DW_LANG_C11);
	bytes_add_u64(&unit.info, CODE);
	bytes_add_u64(&unit.info, 0x1000);
	dwarf_add_types(&unit, &graph, &ret->counts);
	assert_null(unit_end(&unit));

	const struct elf_section sections[] = {
		{.name = ".text",
		 .type = SHT_NOBITS,
		 .flags = SHF_ALLOC,
		 .address = CODE,
		 .size = 0x1000},
		{.name = ".debug_info", .type = SHT_PROGBITS, .content = bytes_span(&unit.info)},
		{.name = ".debug_abbrev",
		 .type = SHT_PROGBITS,
		 .content = bytes_span(&unit.abbrev)},
		{.name = ".debug_str", .type = SHT_PROGBITS, .content = bytes_span(&unit.str)},
	};

	ret->dwarf = write_file(sections, 4, &ret->fd);
	unit_deinit(&unit);
	type_graph_deinit(&graph);
	types_free(types);
}

static void close_file(struct file *file)
{
	dwarf_end(file->dwarf);
	close(file->fd);
}

static Dwarf_Die unit_of(struct file *file)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;

	assert_int_equal(dwarf_get_units(file->dwarf, NULL, &unit, NULL, NULL, &die, NULL), 0);
	return die;
}

/* The child of that name; "" = the first without one. */
static Dwarf_Die child(Dwarf_Die parent, const char *name)
{
	Dwarf_Die die;

	for (int end = dwarf_child(&parent, &die); end == 0; end = dwarf_siblingof(&die, &die)) {
		const char *own = dwarf_diename(&die);

		if (strcmp(own ? own : "", name) == 0)
			return die;
	}
	fail_msg("no %s", name);
	return die;
}

static uint64_t number(Dwarf_Die die, unsigned attribute)
{
	Dwarf_Attribute found;
	Dwarf_Word value;

	assert_non_null(dwarf_attr(&die, attribute, &found));
	assert_int_equal(dwarf_formudata(&found, &value), 0);
	return value;
}

static Dwarf_Die type_of(Dwarf_Die die)
{
	Dwarf_Attribute found;
	Dwarf_Die type;

	assert_non_null(dwarf_attr(&die, DW_AT_type, &found));
	assert_non_null(dwarf_formref_die(&found, &type));
	return type;
}

/* struct node { struct node *next; unsigned int low : 3; union { long wide; char name[]; }; }; */
static uint32_t add_node(struct btf_image *image, uint32_t word, uint32_t wide, uint32_t letter)
{
	uint32_t names = btf_image_array(image, letter, 0), both, next;

	both = btf_image_struct(image, BTF_UNION, "", 8, 2);
	btf_image_member(image, "wide", wide, 0, 0);
	btf_image_member(image, "name", names, 0, 0);
	next = btf_image_refer(image, BTF_PTR, "", both + 2);
	btf_image_bits(image, "node", 24, 3);
	btf_image_member(image, "next", next, 0, 0);
	btf_image_member(image, "low", word, 69, 3);
	btf_image_member(image, "", both, 128, 0);
	return both + 2;
}

static void test_types(void **state)
{
	struct btf_image image = {0};
	uint32_t word = btf_image_int(&image, "unsigned int", 4, 0);
	uint32_t wide = btf_image_int(&image, "long int", 8, BTF_INT_IS_SIGNED);
	uint32_t letter = btf_image_int(&image, "char", 1, BTF_INT_IS_SIGNED);
	uint32_t node = add_node(&image, word, wide, letter), tag, constant, pointer;
	struct file file;
	Dwarf_Die unit, die, inner;

	(void)state;
	tag = btf_image_refer(&image, BTF_TYPE_TAG, "user", node);
	constant = btf_image_refer(&image, BTF_CONST, "", tag);
	pointer = btf_image_refer(&image, BTF_PTR, "", constant);
	btf_image_refer(&image, BTF_TYPEDEF, "node_t", pointer);
	btf_image_enum(&image, BTF_ENUM64, "sizes", 8, false, 1);
	btf_image_enumerator(&image, "LARGE", (int64_t)(UINT64_C(1) << 63), true);
	describe(&image, &file);
	assert_int_equal(file.counts.left_out, 0);
	unit = unit_of(&file);

	die = child(unit, "node");
	assert_int_equal(number(die, DW_AT_byte_size), 24);
	inner = type_of(type_of(child(die, "next")));
	assert_string_equal(dwarf_diename(&inner), "node");
	assert_int_equal(number(child(die, "low"), DW_AT_data_bit_offset), 69);
	assert_int_equal(number(child(die, "low"), DW_AT_bit_size), 3);
	assert_int_equal(number(child(die, ""), DW_AT_data_member_location), 16);
	inner = type_of(child(die, ""));
	assert_int_equal(dwarf_tag(&inner), DW_TAG_union_type);
	assert_int_equal(number(type_of(child(inner, "wide")), DW_AT_byte_size), 8);
	inner = type_of(type_of(child(unit, "node_t")));
	assert_int_equal(dwarf_tag(&inner), DW_TAG_const_type);
	inner = type_of(inner); /* past the tag */
	assert_string_equal(dwarf_diename(&inner), "node");
	assert_true(number(child(child(unit, "sizes"), "LARGE"), DW_AT_const_value) ==
		    UINT64_C(1) << 63);
	close_file(&file);
}

/* A debugger follows references without an end. */
static void test_circles(void **state)
{
	struct btf_image image = {0};
	uint32_t word = btf_image_int(&image, "int", 4, BTF_INT_IS_SIGNED), id, circle;
	struct file file;
	Dwarf_Die unit, die, pointer;

	(void)state;
	id = btf_image_refer(&image, BTF_PTR, "", word + 1); /* to itself */
	id = btf_image_refer(&image, BTF_PTR, "", id + 2);   /* by way of a prototype */
	circle = btf_image_function(&image, id, 0);
	assert_int_equal(circle, id + 1);
	id = btf_image_struct(&image, BTF_STRUCT, "nested", 8, 1); /* in itself */
	btf_image_member(&image, "self", id, 0, 0);
	id = btf_image_refer(&image, BTF_PTR, "", id);
	btf_image_refer(&image, BTF_TYPEDEF, "way_there", id);
	btf_image_struct(&image, BTF_STRUCT, "outside", 8, 2);
	btf_image_member(&image, "far", word, 61, 0);
	btf_image_member(&image, "right", word, 32, 0);
	btf_image_struct(&image, BTF_STRUCT, "wrong", 8, 1);
	btf_image_member(&image, "circle", word + 1, 0, 0);
	describe(&image, &file);
	assert_true(file.counts.left_out >= 3);
	unit = unit_of(&file);
	die = child(child(unit, "outside"), "right");
	assert_int_equal(number(die, DW_AT_data_member_location), 4);
	pointer = type_of(child(unit, "way_there"));
	die = type_of(pointer);
	assert_int_equal(dwarf_tag(&die), DW_TAG_unspecified_type);
	for (int end = dwarf_child(&unit, &die); end == 0; end = dwarf_siblingof(&die, &die)) {
		assert_true(dwarf_tag(&die) != DW_TAG_pointer_type ||
			    dwarf_dieoffset(&die) == dwarf_dieoffset(&pointer));
		assert_true(!dwarf_diename(&die) || strcmp(dwarf_diename(&die), "nested") != 0);
	}
	close_file(&file);
}

/* Each pointer leads to the next one: deeper than any stack, were it followed by calls. */
static void test_no_crash_by_a_long_chain(void **state)
{
	enum { LINKS = 300000 };

	struct btf_image image = {0};
	uint32_t word = btf_image_int(&image, "int", 4, BTF_INT_IS_SIGNED), id = word;
	struct file file;
	Dwarf_Die last;

	(void)state;
	for (unsigned i = 0; i < LINKS; i++)
		id = btf_image_refer(&image, BTF_PTR, "", id + 2);
	btf_image_refer(&image, BTF_TYPEDEF, "last", word);
	describe(&image, &file);
	assert_in_range(file.counts.left_out, LINKS - 100, LINKS);
	last = type_of(child(unit_of(&file), "last"));
	assert_string_equal(dwarf_diename(&last), "int");
	close_file(&file);
}

/* Bits that are more than their struct has. */
static void test_bits_outside(void **state)
{
	struct btf_image image = {0};
	uint32_t word = btf_image_int(&image, "unsigned int", 4, 0);
	struct file file;
	Dwarf_Die narrow;

	(void)state;
	btf_image_bits(&image, "narrow", 1, 2);
	btf_image_member(&image, "fits", word, 1, 7);
	btf_image_member(&image, "wider", word, 0, 16);
	describe(&image, &file);
	assert_int_equal(file.counts.left_out, 1);
	narrow = child(unit_of(&file), "narrow");
	assert_int_equal(dwarf_child(&narrow, &narrow), 0);
	assert_string_equal(dwarf_diename(&narrow), "fits");
	assert_int_equal(dwarf_siblingof(&narrow, &narrow), 1);
	close_file(&file);
}

/* --- unwinding --- */

static const struct frame_registers registers = {
	{80, 96, 88, 40, 104, 112, 32, 152, 72, 64, 56, 48, 24, 16, 8, 0, 128},
};

static void row(uint8_t *bytes, size_t index, uint64_t ip, int16_t offset, unsigned kind)
{
	int32_t distance = (int32_t)(int64_t)(ip - (TABLE + 4 * index));

	memcpy(bytes + 4 * index, &distance, 4);
	memcpy(bytes + 256 + 4 * index, &offset, 2);
	memcpy(bytes + 256 + 4 * index + 2, &kind, 2);
}

static Dwarf_Frame *frame_at(Dwarf_CFI *cfi, uint64_t ip, bool *ret_signal)
{
	Dwarf_Frame *frame;
	Dwarf_Addr start, end;

	assert_int_equal(dwarf_cfi_addrframe(cfi, ip, &frame), 0);
	assert_int_equal(dwarf_frame_info(frame, &start, &end, ret_signal), FRAME_RIP);
	assert_true(start <= ip && ip < end);
	return frame;
}

/* The CFA is a register plus a number. */
static void check_cfa(Dwarf_Frame *frame, unsigned reg, uint64_t offset)
{
	Dwarf_Op *ops;
	size_t count;

	assert_int_equal(dwarf_frame_cfa(frame, &ops, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(ops[0].atom, DW_OP_bregx);
	assert_int_equal(ops[0].number, reg);
	assert_int_equal(ops[0].number2, offset);
}

static bool is_undefined(Dwarf_Frame *frame, int reg)
{
	Dwarf_Op place[3], *ops;
	size_t count;

	assert_int_equal(dwarf_frame_register(frame, reg, place, &ops, &count), 0);
	return count == 0 && ops == place;
}

static bool changes_stack(void *context, uint64_t first, uint64_t end)
{
	(void)context;
	return first == CODE + 0x400 && end == CODE + 0x500;
}

static void test_frames(void **state)
{
	/* In an entry of four bytes: the offset, the register of the stack, the type. */
	static const enum orc_register numbers[ORC_REGISTER_COUNT] = {ORC_REG_UNDEFINED, ORC_REG_SP,
								      ORC_REG_BP};
	const struct orc_layout layout = {
		.size = 4,
		.sp_offset = {0, 16},
		.sp_register = {16, 4},
		.type = {20, 3},
		.signal = {23, 1},
		.registers = numbers,
	};
	enum { CALL = 0x21, CALL_BP = 0x22, REGS = 0x31 | 0x80, END = 0x10 };
	uint8_t bytes[512] = {0};
	struct frames frames = {.code = {changes_stack}};
	bool is_signal;
	Dwarf_Frame *frame;
	Dwarf_CFI *cfi;
	Dwarf *dwarf;
	int fd;

	(void)state;
	row(bytes, 0, CODE, 8, CALL);
	row(bytes, 1, CODE + 1, 16, CALL);
	row(bytes, 2, CODE + 0x400, 16, CALL_BP);
	row(bytes, 3, CODE + 0x500, 0, REGS);
	row(bytes, 4, CODE + 0x480, 24, CALL); /* out of order */
	row(bytes, 5, CODE + 0x600, 0, END);
	row(bytes, 6, CODE + 0x2000, 8, CALL); /* outside */

	const struct orc_table table = {TABLE, {bytes, 256}, {bytes + 256, 256}, 7};

	frames_add_end(&frames, 0, UINT64_C(1) << 47);
	frames_add_orc(&frames, &layout, &registers, &table, CODE, CODE + 0x1000);
	assert_int_equal(frames.rows, 5);
	assert_int_equal(frames.bad_rows, 1);
	assert_int_equal(frames.outside, 1);

	const struct elf_section section = {
		.name = ".debug_frame", .type = SHT_PROGBITS, .content = bytes_span(&frames.bytes)};

	dwarf = write_file(&section, 1, &fd);
	cfi = dwarf_getcfi(dwarf);
	assert_non_null(cfi);

	frame = frame_at(cfi, CODE, &is_signal);
	check_cfa(frame, FRAME_RSP, 8);
	assert_false(is_signal || is_undefined(frame, FRAME_RIP));
	assert_true(is_undefined(frame, 3));
	free(frame);
	frame = frame_at(cfi, CODE + 0x3ff, &is_signal);
	check_cfa(frame, FRAME_RSP, 16);
	assert_false(is_signal);
	free(frame);
	frame = frame_at(cfi, CODE + 0x4ff, &is_signal);
	check_cfa(frame, FRAME_RBP, 16);
	assert_true(is_signal);
	free(frame);
	frame = frame_at(cfi, CODE + 0x5ff, &is_signal);
	check_cfa(frame, FRAME_RSP, 0);
	assert_true(is_signal && !is_undefined(frame, 3) && !is_undefined(frame, FRAME_RIP));
	free(frame);
	frame = frame_at(cfi, CODE + 0xfff, &is_signal);
	assert_true(is_undefined(frame, FRAME_RIP));
	free(frame);
	frame = frame_at(cfi, 0x400000, &is_signal);
	assert_true(is_undefined(frame, FRAME_RIP));
	free(frame);

	frames_deinit(&frames);
	dwarf_end(dwarf);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_circles),
		cmocka_unit_test(test_no_crash_by_a_long_chain),
		cmocka_unit_test(test_bits_outside),
		cmocka_unit_test(test_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
