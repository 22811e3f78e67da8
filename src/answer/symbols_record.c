/* SPDX-License-Identifier: MIT */
#include "answer/symbols_record.h"

static const struct column columns[] = {
	[SYMBOLS_COLUMN_FILE] = {"file", DILL_COLUMN_TEXT, "FILE", "where it was written"},
	[SYMBOLS_COLUMN_FORMAT] = {"format", DILL_COLUMN_TEXT, "FORMAT", "elf, btf, map or json"},
	[SYMBOLS_COLUMN_BYTES] = {"bytes", DILL_COLUMN_COUNT, "SIZE", "its size",
				  .unit = UNIT_BYTES},
	[SYMBOLS_COLUMN_SYMBOLS] = {"symbols", DILL_COLUMN_COUNT, "SYMBOLS",
				    "symbols of the kernel and its modules"},
	[SYMBOLS_COLUMN_MODULES] = {"modules", DILL_COLUMN_COUNT, "MODULES",
				    "modules whose symbols are in it"},
	[SYMBOLS_COLUMN_TYPES] = {"types", DILL_COLUMN_COUNT, "TYPES", "types, each once"},
	[SYMBOLS_COLUMN_FUNCTIONS] = {"functions", DILL_COLUMN_COUNT, "FUNCTIONS",
				      "functions with a prototype"},
	[SYMBOLS_COLUMN_VARIABLES] = {"variables", DILL_COLUMN_COUNT, "VARIABLES",
				      "variables with a type"},
	[SYMBOLS_COLUMN_ROWS] = {"unwind_rows", DILL_COLUMN_COUNT, "UNWIND ROWS",
				 "rows of the kernel's ORC tables, which tell how to unwind"},
};

const struct dill_record_kind symbols_kind = {
	.name = "symbol_file",
	.doc = "A file of symbols, types and unwinding that was written.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
};

static const struct column gap_columns[] = {
	[SYMBOLS_GAP_COLUMN_WHY] = {"why", DILL_COLUMN_TEXT, "MISSING", "what it is, and why"},
};

const struct dill_record_kind symbols_gap_kind = {
	.name = "symbol_gap",
	.doc = "What a symbol file lacks.",
	.columns = gap_columns,
	.column_count = sizeof(gap_columns) / sizeof(gap_columns[0]),
};
