/* SPDX-License-Identifier: MIT */
#ifndef DILL_RECORD_H
#define DILL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <dill/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * One row of an answer: what a line of JSON is, with its values as they are. Its kind ("cache",
 * "finding") has named columns; docs/json.md lists kinds, columns and types.
 *
 * Columns are asked for by number. dill_record_column() finds the number of a name once per kind:
 * it stays the same as long as the library is loaded. A field that is not known, or does not apply,
 * is absent.
 */
struct dill_record;

/** What a column holds. */
enum dill_column_type {
	DILL_COLUMN_ADDRESS, /**< number; JSON string "0xffff..." */
	DILL_COLUMN_COUNT,   /**< number: sizes, counts, offsets, ids */
	DILL_COLUMN_TIME,    /**< number: nanoseconds */
	DILL_COLUMN_SIGNED,
	DILL_COLUMN_BOOL,
	DILL_COLUMN_ENUM,      /**< one of a few words; its number tells the words apart */
	DILL_COLUMN_TEXT,      /**< UTF-8 without control characters, as of the target's names */
	DILL_COLUMN_ADDRESSES, /**< list of numbers */
	DILL_COLUMN_TEXTS,     /**< list of texts */
	DILL_COLUMN_RECORDS,   /**< list of records */
	DILL_COLUMN_ANY,       /**< number or text, from one record to the next; read as text */
};

/** Name of the record's kind, as "record" in JSON; static. @since 0.1 */
const char *dill_record_kind(const struct dill_record *record);

/** How many columns records of its kind have. @since 0.1 */
size_t dill_record_columns(const struct dill_record *record);

/** Name of a column, as the key in JSON; static. NULL past the last column. @since 0.1 */
const char *dill_record_column_name(const struct dill_record *record, size_t column);

/** What a column holds; DILL_COLUMN_TEXT past the last one. @since 0.1 */
enum dill_column_type dill_record_column_type(const struct dill_record *record, size_t column);

/**
 * Number of the column @p name.
 * @return NULL; NOT_FOUND when records of this kind have no such column
 * @since 0.1
 */
DILL_MUST_CHECK struct dill_error *dill_record_column(const struct dill_record *record,
						      const char *name, size_t *ret);

/**
 * Values of one field. What is absent, or of another type, is 0, false, NULL or an empty list;
 * dill_record_has() tells whether it is there. Texts and lists are borrowed from the record.
 * @since 0.1
 */
bool dill_record_has(const struct dill_record *record, size_t column);
/** ADDRESS, COUNT, TIME; of an ENUM its number: see dill_record_word(). */
uint64_t dill_record_number(const struct dill_record *record, size_t column);
int64_t dill_record_signed(const struct dill_record *record, size_t column);
bool dill_record_bool(const struct dill_record *record, size_t column);
/** TEXT; of an ENUM its word; ANY. */
const char *dill_record_text(const struct dill_record *record, size_t column);
const uint64_t *dill_record_addresses(const struct dill_record *record, size_t column,
				      size_t *ret_count);
const char *const *dill_record_texts(const struct dill_record *record, size_t column,
				     size_t *ret_count);
/** First record of a list; NULL when it is empty. dill_record_next() gives the others. */
const struct dill_record *dill_record_first(const struct dill_record *record, size_t column);
const struct dill_record *dill_record_next(const struct dill_record *record);

/**
 * The words of an ENUM column, by number from 0 on: for a switch over dill_record_number(), look up
 * the numbers of the words once. Words are stable, numbers are this library's own.
 * @return the word, static; NULL past the last one and for columns of other types
 * @since 0.1
 */
const char *dill_record_word(const struct dill_record *record, size_t column, uint64_t number);

/**
 * Takes records as they come. A program puts one at the start of a struct of its own.
 * @since 0.1
 */
struct dill_sink {
	/**
	 * A record, in the order of the answer, while the target may be stopped for the command.
	 * It is valid during the call only. An error ends the command, which fails with it.
	 */
	struct dill_error *(*emit)(struct dill_sink *sink, const struct dill_record *record);
	/** Show now what was emitted, where that is held back: for what takes its time. May be
	 * NULL. */
	struct dill_error *(*flush)(struct dill_sink *sink);
};

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
