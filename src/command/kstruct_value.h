/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_KSTRUCT_VALUE_H
#define COMMAND_KSTRUCT_VALUE_H

#include "base/strbuf.h"
#include "types/type.h"

/** How far behind a symbol an address may lie to be called after it. */
enum symbol_reach {
	SYMBOL_INSIDE,	   /**< as far as the symbol may reach */
	SYMBOL_NO_LITERAL, /**< nowhere behind one where string literals may be, which have none */
	SYMBOL_EXACT,	   /**< nowhere behind one */
};

/** Memory that values are read from: a kernel's, or a test's. */
struct value_reader {
	/** FAULT when a byte of it cannot be read. */
	struct dill_error *(*read)(void *context, uint64_t address, void *buffer, size_t length);
	/** Append "symbol+0x1c" for an address inside of the kernel's image, nothing for others. */
	struct dill_error *(*symbol)(void *context, uint64_t address, enum symbol_reach reach,
				     struct strbuf *text);
	void *context;
};

/** A value as text; what does not apply stays empty. */
struct value_text {
	struct strbuf value;  /**< decimal, name of an enumerator, 0x pointer, {list} */
	struct strbuf string; /**< of char arrays and what char pointers point to; escaped */
	struct strbuf symbol; /**< where a pointer points to */
	bool is_string;	      /**< string is meant, even when empty */
};

void value_text_clear(struct value_text *text);
void value_text_deinit(struct value_text *text);

/**
 * Read a value that is no struct or union; arrays of those have no text either and are left to the
 * caller. Reads at most some pages however large the type says it is, and folds equal elements.
 *
 * @param type        stripped of typedefs
 * @param address     of the byte that holds the first bit
 * @param bit_offset  in that byte, 0 to 7; 0 when @p bit_size is 0
 * @param bit_size    0 = no bit-field
 * @return NULL; FAULT; BAD_DATA for an impossible type
 */
DILL_MUST_CHECK struct dill_error *value_read(const struct value_reader *reader,
					      struct types *types, const struct type *type,
					      uint64_t address, unsigned bit_offset,
					      uint32_t bit_size, struct value_text *ret);

#endif
