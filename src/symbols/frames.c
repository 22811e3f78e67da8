/* SPDX-License-Identifier: MIT */
#include "symbols/frames.h"

#include <dwarf.h>

#include "symbols/symbols_members.h"

#define WORD 8
/* Rows of a description: finding the last takes reading all before it. */
#define ROWS_MAX 48u
/* Bytes of a row, its part of the entry's head with it. */
#define ROW_EXPECTED 10u

/* What a CIE says; the rest is in its FDEs. */
enum {
	KIND_END,     /* nobody unwinds further */
	KIND_CALL,    /* a return address below the CFA */
	KIND_REGS,    /* a pt_regs at the CFA */
	KIND_PARTIAL, /* its end */
	KIND_SIGNAL,  /* 1 << 2, beside the others: of an interrupt */
};

struct dill_error *frame_registers_find(struct types *types, struct frame_registers *ret)
{
	struct symbols_members m;

	TRY(symbols_members_find(types, SYMBOLS_REGISTERS, &m));

	const struct member members[FRAME_REGISTERS] = {
		m.regs_ax,  m.regs_dx,	m.regs_cx,  m.regs_bx,	m.regs_si,  m.regs_di,
		m.regs_bp,  m.regs_sp,	m.regs_r8,  m.regs_r9,	m.regs_r10, m.regs_r11,
		m.regs_r12, m.regs_r13, m.regs_r14, m.regs_r15, m.regs_ip,
	};

	for (unsigned i = 0; i < FRAME_REGISTERS; i++) {
		if (members[i].offset % WORD || members[i].size != WORD)
			return dill_error_new(DILL_ERROR_UNSUPPORTED,
					      "the kernel's struct pt_regs is not understood");
		ret->offsets[i] = members[i].offset;
	}
	return NULL;
}

/* --- instructions --- */

static void put_undefined(struct bytes *out, unsigned reg)
{
	bytes_add_u8(out, DW_CFA_undefined);
	bytes_add_uleb(out, reg);
}

static void put_same(struct bytes *out, unsigned reg)
{
	bytes_add_u8(out, DW_CFA_same_value);
	bytes_add_uleb(out, reg);
}

static void put_cfa_itself(struct bytes *out, unsigned reg)
{
	bytes_add_u8(out, DW_CFA_val_offset);
	bytes_add_uleb(out, reg);
	bytes_add_uleb(out, 0);
}

/* A register was saved so many bytes behind the CFA. */
static void put_saved(struct bytes *out, unsigned reg, int64_t offset)
{
	if (offset <= 0 && offset % WORD == 0) {
		bytes_add_u8(out, DW_CFA_offset | reg);
		bytes_add_uleb(out, (uint64_t)(-offset / WORD));
	} else if (offset % WORD == 0) {
		bytes_add_u8(out, DW_CFA_offset_extended_sf);
		bytes_add_uleb(out, reg);
		bytes_add_sleb(out, -offset / WORD);
	} else { /* the CFA lies on the expression's stack */
		struct bytes expression = {0};

		bytes_add_u8(&expression, DW_OP_consts);
		bytes_add_sleb(&expression, offset);
		bytes_add_u8(&expression, DW_OP_plus);
		bytes_add_u8(out, DW_CFA_expression);
		bytes_add_uleb(out, reg);
		bytes_add_uleb(out, bytes_count(&expression));
		bytes_append(out, &expression);
		bytes_deinit(&expression);
	}
}

/* An expression: a register plus a number, the word there, plus another number. */
static void put_expression(struct bytes *out, unsigned reg, int64_t offset, bool is_word,
			   int64_t behind)
{
	struct bytes expression = {0};

	bytes_add_u8(&expression, DW_OP_breg0 + reg);
	bytes_add_sleb(&expression, offset);
	if (is_word)
		bytes_add_u8(&expression, DW_OP_deref);
	if (behind) {
		bytes_add_u8(&expression, DW_OP_consts);
		bytes_add_sleb(&expression, behind);
		bytes_add_u8(&expression, DW_OP_plus);
	}
	bytes_add_uleb(out, bytes_count(&expression));
	bytes_append(out, &expression);
	bytes_deinit(&expression);
}

static void put_cfa(struct bytes *out, unsigned reg, int64_t offset)
{
	if (offset >= 0) {
		bytes_add_u8(out, DW_CFA_def_cfa);
		bytes_add_uleb(out, reg);
		bytes_add_uleb(out, (uint64_t)offset);
	} else {
		bytes_add_u8(out, DW_CFA_def_cfa_expression);
		put_expression(out, reg, offset, false, 0);
	}
}

/* --- rows --- */

/* The numbers of those that a row may name. */
static bool register_number(enum orc_register reg, unsigned *ret)
{
	static const struct {
		enum orc_register reg;
		unsigned number;
	} numbers[] = {
		{ORC_REG_R10, 10}, {ORC_REG_R13, 13}, {ORC_REG_DI, 5},
		{ORC_REG_DX, 1},   {ORC_REG_AX, 0},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (numbers[i].reg == reg) {
			*ret = numbers[i].number;
			return true;
		}
	}
	return false;
}

/* The stack pointer of whoever called, as in unwind.c find_sp(). */
static void write_cfa(struct bytes *out, const struct orc_entry *entry)
{
	unsigned reg;

	switch (entry->sp_register) {
	case ORC_REG_SP:
		put_cfa(out, FRAME_RSP, entry->sp_offset);
		return;
	case ORC_REG_BP:
		put_cfa(out, FRAME_RBP, entry->sp_offset);
		return;
	case ORC_REG_SP_INDIRECT:
		bytes_add_u8(out, DW_CFA_def_cfa_expression);
		put_expression(out, FRAME_RSP, 0, true, entry->sp_offset);
		return;
	case ORC_REG_BP_INDIRECT:
		bytes_add_u8(out, DW_CFA_def_cfa_expression);
		put_expression(out, FRAME_RBP, entry->sp_offset, true, 0);
		return;
	default:
		if (register_number(entry->sp_register, &reg))
			put_cfa(out, reg, 0);
	}
}

static void write_bp(struct bytes *out, const struct orc_entry *entry)
{
	if (entry->type == ORC_REGS)
		return; /* it is in there */
	switch (entry->bp_register) {
	case ORC_REG_PREV_SP:
		put_saved(out, FRAME_RBP, entry->bp_offset);
		return;
	case ORC_REG_BP:
		bytes_add_u8(out, DW_CFA_expression);
		bytes_add_uleb(out, FRAME_RBP);
		put_expression(out, FRAME_RBP, entry->bp_offset, false, 0);
		return;
	default:
		put_same(out, FRAME_RBP);
	}
}

/*
 * GDB takes a caller whose stack lies lower for a broken one, unless the frame is a signal's: code
 * that has gone to an interrupt's stack comes back to any. To 5.10 it counts from its frame
 * pointer, as functions do whose own stack varies (asm_call_on_stack()).
 */
static bool leaves_stack(const struct frames *frames, const struct orc_entry *entry, uint64_t first,
			 uint64_t end)
{
	if (entry->sp_register == ORC_REG_BP && frames->code.changes_stack)
		return frames->code.changes_stack(frames->code.context, first, end);
	return entry->sp_register == ORC_REG_SP_INDIRECT;
}

static unsigned kind_of(const struct orc_entry *entry, bool leaves)
{
	unsigned reg, signal = entry->is_signal || leaves ? KIND_SIGNAL : 0;

	if (entry->sp_register == ORC_REG_UNDEFINED || entry->sp_register == ORC_REG_PREV_SP)
		return KIND_END;
	if (entry->bp_register != ORC_REG_UNDEFINED && entry->bp_register != ORC_REG_PREV_SP &&
	    entry->bp_register != ORC_REG_BP)
		return KIND_END;
	if (register_number(entry->sp_register, &reg) && entry->type != ORC_CALL)
		return KIND_END;
	switch (entry->type) {
	case ORC_CALL:
		return KIND_CALL | signal;
	case ORC_REGS:
		return KIND_REGS | signal;
	case ORC_REGS_PARTIAL:
		return KIND_PARTIAL | signal;
	default:
		return KIND_END;
	}
}

/* --- entries of the section --- */

static void end_entry(struct bytes *out, size_t start)
{
	while (bytes_count(out) % WORD)
		bytes_add_u8(out, DW_CFA_nop);
	bytes_set_u32(out, start, (uint32_t)(bytes_count(out) - start - sizeof(uint32_t)));
}

static void write_rules(struct bytes *out, unsigned kind, const struct frame_registers *registers)
{
	uint64_t base = 0;

	kind &= ~KIND_SIGNAL;
	put_cfa(out, FRAME_RSP, WORD);
	if (kind == KIND_PARTIAL)
		base = registers->offsets[FRAME_RIP];
	for (unsigned i = 0; i < FRAME_REGISTERS; i++) {
		if (kind == KIND_REGS ||
		    (kind == KIND_PARTIAL && (i == FRAME_RIP || i == FRAME_RSP)))
			put_saved(out, i, (int64_t)(registers->offsets[i] - base));
		else if (kind == KIND_CALL && i == FRAME_RIP)
			put_saved(out, i, -WORD);
		else if (i == FRAME_RSP)
			put_cfa_itself(out, i);
		else if (i == FRAME_RBP)
			put_same(out, i);
		else
			put_undefined(out, i);
	}
}

/* The CIE of a kind, which is written when it is first needed. */
static uint32_t common_of(struct frames *frames, unsigned kind,
			  const struct frame_registers *registers)
{
	struct bytes *out = &frames->bytes;
	size_t start = bytes_count(out);

	if (frames->common[kind])
		return frames->common[kind] - 1;
	bytes_add_u32(out, 0);
	bytes_add_u32(out, DW_CIE_ID_32);
	bytes_add_u8(out, 4); /* version */
	bytes_add_text(out, kind & KIND_SIGNAL ? "S" : "");
	bytes_add_u8(out, WORD);    /* of an address */
	bytes_add_u8(out, 0);	    /* of a segment */
	bytes_add_uleb(out, 1);	    /* code is counted in bytes */
	bytes_add_sleb(out, -WORD); /* the stack in words, downwards */
	bytes_add_uleb(out, FRAME_RIP);
	write_rules(out, kind, registers);
	end_entry(out, start);
	frames->common[kind] = (uint32_t)start + 1;
	return (uint32_t)start;
}

/* A description that is being written. */
struct open_entry {
	size_t start; /* 0 and no rows: none */
	size_t rows;
	unsigned kind;
	uint64_t first, at; /* of its code; of the last row */
	struct orc_entry last;
};

static void begin(struct frames *frames, struct open_entry *entry, unsigned kind, uint64_t first,
		  const struct frame_registers *registers)
{
	uint32_t common = common_of(frames, kind, registers);

	*entry = (struct open_entry){
		.start = bytes_count(&frames->bytes), .kind = kind, .first = first, .at = first};
	entry->last = (struct orc_entry){
		.sp_register = ORC_REG_SP, .sp_offset = WORD, .bp_register = ORC_REG_UNDEFINED};
	bytes_add_u32(&frames->bytes, 0);
	bytes_add_u32(&frames->bytes, common);
	bytes_add_u64(&frames->bytes, first);
	bytes_add_u64(&frames->bytes, 0);
}

static void end(struct frames *frames, struct open_entry *entry, uint64_t behind)
{
	if (!entry->start)
		return;
	if (!frames->bytes.failed) {
		uint64_t size = behind - entry->first;

		memcpy(frames->bytes.all.items + entry->start + 16, &size, sizeof(size));
	}
	end_entry(&frames->bytes, entry->start);
	entry->start = 0;
}

static void advance(struct bytes *out, uint64_t bytes)
{
	if (bytes < 0x40) {
		bytes_add_u8(out, DW_CFA_advance_loc | (unsigned)bytes);
	} else if (bytes < 0x100) {
		bytes_add_u8(out, DW_CFA_advance_loc1);
		bytes_add_u8(out, (unsigned)bytes);
	} else if (bytes < 0x10000) {
		bytes_add_u8(out, DW_CFA_advance_loc2);
		bytes_add_u16(out, (unsigned)bytes);
	} else {
		bytes_add_u8(out, DW_CFA_advance_loc4);
		bytes_add_u32(out, (uint32_t)bytes);
	}
}

static void write_row(struct frames *frames, struct open_entry *entry, uint64_t address,
		      const struct orc_entry *row)
{
	struct bytes *out = &frames->bytes;
	const struct orc_entry *last = &entry->last;
	bool cfa = row->sp_register != last->sp_register || row->sp_offset != last->sp_offset;
	bool bp = row->bp_register != last->bp_register || row->bp_offset != last->bp_offset;

	entry->rows++;
	if (entry->kind == KIND_END || (!cfa && !bp))
		return;
	if (address > entry->at)
		advance(out, address - entry->at);
	entry->at = address;
	if (cfa && row->sp_register == ORC_REG_SP && last->sp_register == ORC_REG_SP &&
	    row->sp_offset >= 0 && last->sp_offset >= 0) {
		bytes_add_u8(out, DW_CFA_def_cfa_offset);
		bytes_add_uleb(out, (uint64_t)row->sp_offset);
	} else if (cfa) {
		write_cfa(out, row);
	}
	if (bp)
		write_bp(out, row);
	entry->last = *row;
}

/* @param behind  where the next row begins */
static void add_row(struct frames *frames, struct open_entry *entry, uint64_t address,
		    uint64_t behind, const struct orc_entry *row,
		    const struct frame_registers *registers)
{
	unsigned kind = kind_of(row, leaves_stack(frames, row, address, behind));
	bool is_start = row->type == ORC_CALL && row->sp_register == ORC_REG_SP &&
			row->sp_offset == WORD && row->bp_register == ORC_REG_UNDEFINED;

	if (entry->start &&
	    (kind != entry->kind || entry->rows >= ROWS_MAX ||
	     (is_start && entry->rows >= ROWS_MAX / 2) || address - entry->first > UINT32_MAX))
		end(frames, entry, address);
	if (!entry->start)
		begin(frames, entry, kind, address, registers);
	write_row(frames, entry, address, row);
	frames->rows++;
}

/* The row before which nothing else stands: of several with one address the last counts. */
static bool next_row(const struct orc_layout *layout, const struct orc_table *table, size_t *index,
		     uint64_t *ret_address, struct orc_entry *ret)
{
	uint64_t address;
	struct orc_entry row;

	if (!orc_row(layout, table, *index, ret_address, ret))
		return false;
	for (++*index; orc_row(layout, table, *index, &address, &row) && address == *ret_address;
	     ++*index)
		*ret = row;
	return true;
}

void frames_add_orc(struct frames *frames, const struct orc_layout *layout,
		    const struct frame_registers *registers, const struct orc_table *table,
		    uint64_t first, uint64_t behind)
{
	struct open_entry entry = {0};
	struct orc_entry row, following;
	uint64_t address, next, last = first;

	bytes_expect(&frames->bytes, table->count, ROW_EXPECTED);
	for (size_t i = 0; next_row(layout, table, &i, &address, &row);) {
		if (address < first || address >= behind) {
			frames->outside++;
			continue;
		}
		if (address < last) {
			frames->bad_rows++;
			continue;
		}
		last = address;
		if (!orc_row(layout, table, i, &next, &following) || next > behind)
			next = behind;
		add_row(frames, &entry, address, next, &row, registers);
	}
	end(frames, &entry, behind);
}

void frames_add_end(struct frames *frames, uint64_t first, uint64_t behind)
{
	struct open_entry entry;

	begin(frames, &entry, KIND_END, first, NULL);
	end(frames, &entry, behind);
}

void frames_deinit(struct frames *frames)
{
	bytes_deinit(&frames->bytes);
}
