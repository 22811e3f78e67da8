/* SPDX-License-Identifier: MIT */
#include "symbols/orc.h"

#include "symbols/symbols_members.h"

/* An entry is read as one word. */
#define ENTRY_BITS 64u
#define DISTANCE   4u

/* --- layout --- */

/*
 * ORC_REG_* of arch/x86/include/asm/orc_types.h, which no type tells: as they were first, to 6.12
 * at least, and as they are in 7.2.
 */
static const enum orc_register numberings[][ORC_REGISTER_COUNT] = {
	{ORC_REG_UNDEFINED, ORC_REG_PREV_SP, ORC_REG_DX, ORC_REG_DI, ORC_REG_BP, ORC_REG_SP,
	 ORC_REG_R10, ORC_REG_R13, ORC_REG_BP_INDIRECT, ORC_REG_SP_INDIRECT},
	{ORC_REG_UNDEFINED, ORC_REG_AX, ORC_REG_DX, ORC_REG_SP, ORC_REG_BP, ORC_REG_DI, ORC_REG_R10,
	 ORC_REG_R13, ORC_REG_PREV_SP, ORC_REG_SP_INDIRECT, ORC_REG_BP_INDIRECT},
};

static bool take_field(struct member member, struct orc_field *ret)
{
	uint32_t first = member.offset * 8 + member.bit_shift;
	uint32_t bits = member.bit_size ? member.bit_size : member.size * 8;

	*ret = (struct orc_field){0};
	if (!member.present || !bits || bits > 16 || first > ENTRY_BITS - bits)
		return false;
	*ret = (struct orc_field){first, bits};
	return true;
}

struct dill_error *orc_layout_find(struct types *types, struct orc_layout *ret)
{
	struct orc_layout layout = {.registers = numberings[0]};
	struct symbols_members m;
	struct type type;
	type_id id;

	TRY(symbols_members_find(types, SYMBOLS_ORC, &m));
	if (!take_field(m.orc_sp_offset, &layout.sp_offset) ||
	    !take_field(m.orc_bp_offset, &layout.bp_offset) ||
	    !take_field(m.orc_sp_register, &layout.sp_register) ||
	    !take_field(m.orc_bp_register, &layout.bp_register) ||
	    !take_field(m.orc_type, &layout.type) || !types_has_struct(types, "orc_entry", &id))
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "the kernel's struct orc_entry is not understood");
	take_field(m.orc_signal, &layout.signal);
	take_field(m.orc_end, &layout.end);
	TRY(types_get(types, id, &type));
	if (!type.size || type.size > ENTRY_BITS / 8)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "the kernel's struct orc_entry has %lu bytes, which is not "
				      "understood",
				      (unsigned long)type.size);
	layout.size = (uint32_t)type.size;
	*ret = layout;
	return NULL;
}

/* --- an entry --- */

static uint32_t get(uint64_t word, struct orc_field field)
{
	return (uint32_t)(word >> field.shift & ((UINT64_C(1) << field.size) - 1));
}

static int16_t get_signed(uint64_t word, struct orc_field field)
{
	uint32_t unused = 16 - field.size;

	return (int16_t)((int16_t)(get(word, field) << unused) >> unused);
}

/*
 * To 6.3 a member says where the stack ends, and with it that nothing else is known. Since then
 * (fb799447ae29, f902cfdd46ae) the type says both, and the others are counted behind these.
 */
static enum orc_type decode_type(const struct orc_layout *layout, uint64_t word)
{
	static const enum orc_type with_end[] = {ORC_CALL, ORC_REGS, ORC_REGS_PARTIAL};
	static const enum orc_type without[] = {ORC_UNDEFINED, ORC_END, ORC_CALL, ORC_REGS,
						ORC_REGS_PARTIAL};
	uint32_t type = get(word, layout->type);

	if (!layout->end.size)
		return type < sizeof(without) / sizeof(*without) ? without[type] : ORC_UNDEFINED;
	if (!get(word, layout->sp_register))
		return get(word, layout->end) ? ORC_END : ORC_UNDEFINED;
	return type < sizeof(with_end) / sizeof(*with_end) ? with_end[type] : ORC_UNDEFINED;
}

static enum orc_register get_register(const struct orc_layout *layout, uint64_t word,
				      struct orc_field field)
{
	uint32_t number = get(word, field);

	return number < ORC_REGISTER_COUNT ? layout->registers[number] : ORC_REG_UNDEFINED;
}

static struct orc_entry decode(const struct orc_layout *layout, struct span bytes)
{
	struct orc_entry entry;
	uint64_t word = 0;

	memcpy(&word, bytes.data, bytes.size);
	entry = (struct orc_entry){
		.type = decode_type(layout, word),
		.sp_register = get_register(layout, word, layout->sp_register),
		.bp_register = get_register(layout, word, layout->bp_register),
		.sp_offset = get_signed(word, layout->sp_offset),
		.bp_offset = get_signed(word, layout->bp_offset),
	};
	/* Before there was a member for it (6.3, ffb1b4a41016), registers meant it. */
	entry.is_signal = layout->signal.size
				  ? get(word, layout->signal)
				  : entry.type == ORC_REGS || entry.type == ORC_REGS_PARTIAL;
	return entry;
}

static struct span entry_at(const struct orc_layout *layout, const struct orc_table *table,
			    size_t index)
{
	return span_cut(table->entries, index * (uint64_t)layout->size, layout->size);
}

/* --- numbers of registers --- */

/* Whether most of what is known is counted from the stack pointer, as in every kernel. */
static bool fits(const struct orc_layout *layout, const struct orc_table *table)
{
	size_t known = 0, by_sp = 0;

	for (size_t i = 0; i < table->count; i++) {
		struct orc_entry entry = decode(layout, entry_at(layout, table, i));

		if (entry.type != ORC_CALL)
			continue;
		known++;
		by_sp += entry.sp_register == ORC_REG_SP;
	}
	return by_sp > known / 2;
}

struct dill_error *orc_layout_number(struct orc_layout *layout, const struct orc_table *table)
{
	for (size_t i = 0; i < sizeof(numberings) / sizeof(*numberings); i++) {
		layout->registers = numberings[i];
		if (fits(layout, table))
			return NULL;
	}
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "the registers in the kernel's ORC tables are not understood");
}

/* --- the table --- */

static uint64_t address_at(const struct orc_table *table, size_t index)
{
	int32_t distance = (int32_t)span_u32(table->distances, index * DISTANCE);

	return table->address + index * DISTANCE + (uint64_t)(int64_t)distance;
}

bool orc_row(const struct orc_layout *layout, const struct orc_table *table, size_t index,
	     uint64_t *ret_address, struct orc_entry *ret)
{
	if (index >= table->count ||
	    !span_holds(table->distances, index * (uint64_t)DISTANCE, DISTANCE) ||
	    !span_holds(table->entries, index * (uint64_t)layout->size, layout->size))
		return false;
	*ret_address = address_at(table, index);
	*ret = decode(layout, entry_at(layout, table, index));
	return true;
}

bool orc_find(const struct orc_layout *layout, const struct orc_table *table, uint64_t ip,
	      struct orc_entry *ret)
{
	size_t first = 0, end = table->count;

	/* The last entry that is not behind @ip. */
	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (address_at(table, middle) <= ip)
			first = middle + 1;
		else
			end = middle;
	}
	uint64_t address;

	return first && orc_row(layout, table, first - 1, &address, ret);
}
