/* SPDX-License-Identifier: MIT */
#ifndef ARCH_PAGING_H
#define ARCH_PAGING_H

#include "arch/mapping.h"

struct arch;

/**
 * How the page tables of an address space are read. A table has one page of words of 8 bytes; level
 * 1 is the one whose entries are pages of the smallest size.
 */
struct paging {
	const struct arch *arch; /**< that decodes the entries */
	unsigned levels;
	unsigned page_shift; /**< of the smallest page */
	unsigned table_bits; /**< bits of an address that choose entries and bytes of a page */
	unsigned half_bits;  /**< bits of each half of the address space: an address whose bits
				from here on are not all the same is none */
	bool has_wide;	     /**< entries keep bits of the address elsewhere (arm64's LPA2) */
};

/** What one table entry says. */
enum entry_kind {
	ENTRY_ABSENT, /**< not present, or impossible at its level */
	ENTRY_TABLE,  /**< `phys` is the next table */
	ENTRY_LEAF,   /**< `phys` is the page itself, `size` bytes large */
};

struct paging_entry {
	enum entry_kind kind;
	struct mapping mapping; /**< permissions of this entry alone; phys of the table or page */
};

/** Bits of an address that one table translates. */
static inline unsigned paging_index_bits(const struct paging *paging)
{
	return paging->page_shift - 3;
}

/** Entries of a whole table; the top one may be shorter. */
static inline unsigned paging_entries(const struct paging *paging)
{
	return 1u << paging_index_bits(paging);
}

/** Bytes that one entry of a table at @p level covers. */
static inline uint64_t paging_entry_size(const struct paging *paging, unsigned level)
{
	return UINT64_C(1) << (paging->page_shift + paging_index_bits(paging) * (level - 1));
}

/** Index of @p address in a table at @p level. */
static inline unsigned paging_index(const struct paging *paging, dill_virt address, unsigned level)
{
	uint64_t part = address & ((UINT64_C(1) << paging->table_bits) - 1);

	return (unsigned)(part / paging_entry_size(paging, level)) % paging_entries(paging);
}

/** First address of the upper half. */
static inline dill_virt paging_upper_half(const struct paging *paging)
{
	return -(UINT64_C(1) << paging->half_bits);
}

/** True when @p address is one. */
static inline bool paging_canonical(const struct paging *paging, dill_virt address)
{
	return address >> paging->half_bits == 0 || address >= paging_upper_half(paging);
}

/** True when these tables translate @p address: arm64 has others for the lower half. */
static inline bool paging_translates(const struct paging *paging, dill_virt address)
{
	return address >= paging_upper_half(paging) ||
	       (address >> paging->half_bits == 0 && paging->table_bits > paging->half_bits);
}

#endif
