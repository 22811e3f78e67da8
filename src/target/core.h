/* SPDX-License-Identifier: MIT */
#ifndef TARGET_CORE_H
#define TARGET_CORE_H

#include <dill/target.h>

#include "target/core_file.h"

/**
 * A dump of physical memory: what its kinds have in common. core_parse() finds out which kind it
 * is; core_target.c makes a target of it.
 *
 * Everything in a dump may be forged. What a kind's parse() has not refused is bounded by the
 * size of the file; the pages themselves are looked at when they are read.
 */
struct core;

/** Working memory of one thread that reads a dump: unpackers and their buffers. */
struct core_reader;

/** What a page of physical memory is to a dump. */
enum core_page {
	CORE_PAGE_READ,	    /**< its bytes are in the buffer */
	CORE_PAGE_NO_RAM,   /**< the machine had no memory there */
	CORE_PAGE_LEFT_OUT, /**< whoever wrote the dump has left it out */
	CORE_PAGE_LOST,	    /**< the dump should hold it, but is cut or damaged there */
};

/** A kind of dump. Functions on a parsed core never change it, so that threads share one. */
struct core_kind {
	/** True when the dump begins as this kind does. */
	bool (*is_mine)(const struct core_file *file);
	/** Fill in what is the kind's own, and call core_add_notes(). */
	struct dill_error *(*parse)(struct core *core);
	/** Optional: give back what parse() has made, also after an error of its. */
	void (*deinit)(struct core *core);
	/** Read a page; @p reader may be changed. */
	enum core_page (*read)(const struct core *core, struct core_reader *reader, dill_phys page,
			       uint8_t buffer[DILL_PAGE_SIZE]);
	/** Reading a page takes a processor's time, not only a copy's. */
	bool unpacks;
	/** Bytes that lie in the file as they are; NULL when these do not. */
	const void *(*map)(const struct core *core, dill_phys address, size_t length);
	/** The first range of pages at or after @p from that is worth looking at; false behind the
	 * last. */
	bool (*next_range)(const struct core *core, dill_phys from, dill_phys *ret_first,
			   uint64_t *ret_size);
};

extern const struct core_kind core_elf, core_kdump, core_lime, core_avml, core_vmware, core_raw;

/** Registers in a dump: of a CPU by NT_PRSTATUS, with control registers by QEMU's own note. */
struct core_cpu {
	struct dill_registers registers;
	bool has_general;
};

struct kdump;

/** Memory that is packed in one piece. */
struct core_chunk {
	dill_phys start;
	uint64_t source; /**< where it lies in the dump, with its header */
	uint32_t size;	 /**< unpacked */
};

struct core {
	const struct core_kind *kind;
	struct core_file file;
	/** VMware: what belongs to the memory in `file`, when it lies in a file of its own. */
	struct core_file meta;
	/** Where memory lies in `file`, when the user says that; borrowed. For raw memory alone. */
	const char *memory_map;
	/** Asked whether the user wants to stop while a file is searched; NULL = nobody. */
	const struct dill_host *host;
	/** One clause, such as "ELF dump"; set by parse(). */
	const char *what;
	/** What else there is to say, behind the file's name; NULL = nothing. */
	const char *how;
	/** The writer has left out pages of zeros and no others: so they can be read. */
	bool lacks_zeros_only;
	/** The dump says of itself that it is not complete. */
	bool is_incomplete;
	ARRAY(struct core_cpu) cpus;
	uint8_t *vmcoreinfo; /**< NULL when there is none */
	size_t vmcoreinfo_size;
	/** Where physical memory lies in the dump as it is, and what of it was left out. */
	struct extents ram, left_out;
	struct kdump *kdump; /**< kdump */
	/** A part of a dump that makedumpfile has split: pages [first_page, end_page) of `pages`.
	 */
	bool is_part;
	uint64_t first_page, end_page, pages;
	/** core_set_parse(): the dumps that it is made of. */
	struct core *parts;
	size_t part_count;
	/** LiME and AVML: packed parts, in order, without overlaps. */
	ARRAY(struct core_chunk) chunks;
};

/**
 * Find out what kind of dump @p core->file is, and parse its headers.
 * @param core  all 0 but for its file; to be given to core_deinit(), also after an error
 * @return NULL; UNSUPPORTED when it is no dump, or of a kind that dill cannot read; BAD_DATA;
 * LIMIT; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *core_parse(struct core *core);
void core_deinit(struct core *core);

/** file_map_check() of all its files. */
DILL_MUST_CHECK struct dill_error *core_check(const struct core *core, const char *what);
/** file_map_trim() of all its files. */
void core_trim(const struct core *core);

/** Whether a file is one of VMware's that goes with a .vmem. (core_vmware.c) */
bool core_is_vmware(const struct core_file *file);
/** Whether a file begins as a dump of any kind does but raw memory, which begins like anything. */
bool core_is_known(const struct core_file *file);
/** UNSUPPORTED for a file of a kind that is known but not read, with what to do; else NULL.
 * (core_foreign.c) */
DILL_MUST_CHECK struct dill_error *core_foreign_refuse(const struct core_file *file);
/** Whether two compressed dumps are of the same moment of the same machine. (core_kdump.c) */
bool core_kdump_same(const struct core *one, const struct core *other);

/** What a dump that tells no EFER is taken to have had: 64-bit mode. */
#define CORE_EFER_LONG_MODE UINT64_C(0x500)

/* --- for the kinds (core_notes.c) --- */

/** Take registers and VMCOREINFO out of ELF notes; what is broken is left out. NULL; NO_MEMORY */
DILL_MUST_CHECK struct dill_error *core_add_notes(struct core *core, struct span notes);
/** Keep a copy of a VMCOREINFO text unless there is one. */
DILL_MUST_CHECK struct dill_error *core_set_vmcoreinfo(struct core *core, struct span text);
/** core_add_notes() of a part of the dump, cut to what is there and to a bound. */
DILL_MUST_CHECK struct dill_error *core_add_notes_at(struct core *core, uint64_t offset,
						     uint64_t size);

/* --- for kinds that hold memory as it is, in core->ram (core_ram.c) --- */

/** As core_kind.read. */
enum core_page core_ram_read(const struct core *core, struct core_reader *reader, dill_phys page,
			     uint8_t buffer[DILL_PAGE_SIZE]);
/** As core_kind.map. */
const void *core_ram_map(const struct core *core, dill_phys address, size_t length);
/** As core_kind.next_range. */
bool core_ram_next_range(const struct core *core, dill_phys from, dill_phys *ret_first,
			 uint64_t *ret_size);

/* --- unpacking (core_reader.c) --- */

/** How a page is packed; the bits of a kdump page's flags. */
enum core_packing {
	CORE_PACKED_ZLIB = 0x01,
	CORE_PACKED_LZO = 0x02,
	CORE_PACKED_SNAPPY = 0x04,
	CORE_PACKED_ZSTD = 0x20,
};

/** The packed bytes of a page never have more; an algorithm may make a page a little larger. */
#define CORE_PACKED_MAX (2 * DILL_PAGE_SIZE)

DILL_MUST_CHECK struct dill_error *core_reader_new(struct core_reader **ret);
void core_reader_free(struct core_reader *reader);
/** Room for the packed bytes of one page. */
uint8_t *core_reader_buffer(struct core_reader *reader);

/** Room for a packed part of many pages, which stays while others are read. */
struct core_block {
	uint64_t source;       /**< of the part, UINT64_MAX = none */
	bool is_whole;	       /**< for the user of the block: what is in `data` is right */
	uint8_t packed[76496]; /**< the most that 65536 bytes become (snappy.h,
				  MaxCompressedLength) */
	uint8_t data[65536];
};
/**
 * The block for the part at @p source.
 * @param ret_is_new  whether it has to be filled; until now it held another one
 * @return borrowed, until the next call; NULL without memory
 */
struct core_block *core_reader_block(struct core_reader *reader, uint64_t source, bool *ret_is_new);

/** Unpack a page of exactly DILL_PAGE_SIZE bytes; false when it is damaged. */
bool core_unpack(struct core_reader *reader, enum core_packing packing, struct span packed,
		 uint8_t page[DILL_PAGE_SIZE]);

/** lzo.c, snappy.c: unpack into exactly @p size bytes; false when the input is none such. */
bool lzo_unpack(struct span packed, uint8_t *to, size_t size);
bool snappy_unpack(struct span packed, uint8_t *to, size_t size);
/** What snappy_unpack() would need room for, from the first bytes of what is packed; at most 5 are
 * looked at. False when they tell nothing. */
bool snappy_size(struct span packed, uint64_t *ret);

#endif
