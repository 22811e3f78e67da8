/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_RECORD_H
#define ANSWER_RECORD_H

#include <dill/record.h>

#include "base/arena.h"
#include "base/error.h"

/**
 * The words that a DILL_COLUMN_ENUM may have, by their numbers from 0 on: those of a C enum, so
 * that who draws a record can switch over it.
 */
struct enumeration {
	unsigned count;
	const char *(*word)(unsigned number); /**< stable, as in JSON */
};

/** An enumeration whose words a function `const char *function(enum ...)` has. */
#define ENUMERATION(variable, function, words)                                                     \
	static const char *variable##_word(unsigned number)                                        \
	{                                                                                          \
		return function(number);                                                           \
	}                                                                                          \
	const struct enumeration variable = {words, variable##_word}

/** The same for the columns of one file. */
#define ENUMERATION_OF_FILE(variable, function, words)                                             \
	static const char *variable##_word(unsigned number)                                        \
	{                                                                                          \
		return function(number);                                                           \
	}                                                                                          \
	static const struct enumeration variable = {words, variable##_word}

/** What a DILL_COLUMN_COUNT or DILL_COLUMN_SIGNED counts, where a terminal shows that in another
 * way. */
enum column_unit {
	UNIT_NONE,
	UNIT_BYTES,    /**< in KiB, MiB and so on; bytes in JSON and pipes */
	UNIT_PERMILLE, /**< as "12.3%" */
};

/** One column of a record kind. Its name is the JSON key; the docs are generated from `doc`. */
struct column {
	const char *name; /**< snake_case, stable */
	enum dill_column_type type;
	const char *heading;		   /**< heading in text tables; NULL = not in the table */
	const char *doc;		   /**< one line; units when not obvious */
	const struct dill_record_kind *of; /**< DILL_COLUMN_RECORDS: kind of the items */
	const struct enumeration *words;   /**< DILL_COLUMN_ENUM */
	enum column_unit unit;
	bool screen; /**< for people: in tables on a terminal only, not in JSON and in pipes */
	/** Which columns a narrow terminal does without: the highest first; 0 = only when nothing
	 * else helps. */
	unsigned char rank;
	/** DILL_COLUMN_TEXTS: a letter for an item, where the terminal is narrow; 0 = it has none.
	 */
	char (*letter)(const char *text);
};

/**
 * A kind of row: what one line of JSON or one row of a table means. Const tables beside the command
 * or model that makes the records; columns are indexed by an enum of the same order.
 */
struct dill_record_kind {
	const char *name; /**< JSON "record": what this line is */
	const char *doc;
	const struct column *columns;
	size_t column_count;
};

/** List of records in order of appending. */
struct record_list {
	struct dill_record *first, *last;
	size_t count;
};

struct field {
	bool present; /**< absent fields are left out of JSON and shown as "-" in tables */
	union {
		uint64_t number;
		int64_t integer;
		bool flag;
		const char *text;
		struct {
			const uint64_t *items;
			size_t count;
		} addresses;
		struct {
			const char *const *items;
			size_t count;
		} texts;
		struct record_list records;
		struct {
			const char *text; /* of a number, as JSON has it */
			bool is_number;
		} any;
	};
};

struct dill_record {
	const struct dill_record_kind *kind;
	struct dill_record *next;
	struct field fields[];
};

/** New record of @p kind with every field absent; lives as long as @p arena. NULL when memory ran
 * out. */
struct dill_record *record_new(struct arena *arena, const struct dill_record_kind *kind);
void record_list_append(struct record_list *list, struct dill_record *record);

/** Setters; @p column is the index into the kind's columns, whose type must fit (asserted).
 * Pointers are borrowed. */
void record_set_number(struct dill_record *record, size_t column,
		       uint64_t value); /* ADDRESS, COUNT and TIME */
void record_set_enum(struct dill_record *record, size_t column, unsigned number);
void record_set_signed(struct dill_record *record, size_t column, int64_t value);
void record_set_bool(struct dill_record *record, size_t column, bool value);
/** NULL @p value leaves the field absent. */
void record_set_text(struct dill_record *record, size_t column, const char *value);
void record_set_addresses(struct dill_record *record, size_t column, const uint64_t *items,
			  size_t count);
void record_set_texts(struct dill_record *record, size_t column, const char *const *items,
		      size_t count);
/** A value of DILL_COLUMN_ANY; NULL @p text leaves the field absent. */
void record_set_any(struct dill_record *record, size_t column, const char *text, bool is_number);
void record_set_records(struct dill_record *record, size_t column, struct record_list list);

/** The word of an ENUM with this number, which one of the setters has checked. */
const char *column_word(const struct column *column, uint64_t number);

/** The number in @p column (ADDRESS, COUNT, TIME or ENUM); 0 when absent. */
uint64_t record_number(const struct dill_record *record, size_t column);
/** The text in @p column, or the word of an ENUM; "" when absent. */
const char *record_text(const struct dill_record *record, size_t column);

#endif
