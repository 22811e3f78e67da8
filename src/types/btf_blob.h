/* SPDX-License-Identifier: MIT */
#ifndef TYPES_BTF_BLOB_H
#define TYPES_BTF_BLOB_H

#include "base/array.h"
#include "types/btf_format.h"
#include "types/type.h"

/* Shared by the two halves of the BTF reader: btf_open.c makes the index, btf.c answers from it. */

struct btf {
	struct types types;
	uint8_t *blob;
	struct span entries, names; /* the two sections; names end in a NUL */
	uint32_t *offsets;	    /* by id: where in entries; [0] is void and not used */
	uint32_t limit;		    /* one past the largest id */
	uint32_t *buckets;	    /* by hash of the name: first id of a chain, 0 = none */
	uint32_t bucket_mask;
	uint32_t *chain; /* by id: next id in the same bucket, which is smaller */
	ARRAY(uint32_t) enums;
	bool enums_have_sign; /* some enum says whether it is signed */
};

/** One entry of the type section, decoded. */
struct btf_entry {
	uint32_t name;
	enum btf_kind kind;
	bool flag;
	uint32_t count;
	uint32_t size;	/* or the id of a type */
	size_t details; /* offset of what follows */
};

/** What is known of a kind of entries. */
struct btf_kind_facts {
	enum type_kind kind;
	uint8_t once; /**< bytes that follow a struct btf_type */
	uint8_t each; /**< and bytes for each of its count */
	bool named;   /**< found by its name */
};
extern const struct btf_kind_facts btf_kinds[BTF_KIND_COUNT];

/** The entry at an offset where at least its fixed part was found to be. */
struct btf_entry btf_entry_at(const struct btf *btf, size_t offset);
/** The name at an offset of the string section; NULL when it lies outside or is too long. */
const char *btf_name_at(const struct btf *btf, uint32_t offset);
DILL_MUST_CHECK struct dill_error *btf_bad_name(type_id id);

/** The ops of a finished index. */
extern const struct types_ops btf_ops;

#endif
