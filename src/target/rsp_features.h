/* SPDX-License-Identifier: MIT */
#ifndef TARGET_RSP_FEATURES_H
#define TARGET_RSP_FEATURES_H

#include <stddef.h>

#include <dill/target.h>

#include "arch/arch.h"
#include "base/error.h"
#include "base/strbuf.h"

/** The registers dill asks a stub for. */
enum rsp_register_id {
	/* enum dill_register comes first */
	RSP_REGISTER_SP = DILL_RSP,
	RSP_REGISTER_IP = DILL_RIP,
	RSP_REGISTER_ROLES = DILL_REGISTER_COUNT, /**< enum arch_role */
	RSP_REGISTER_COUNT = DILL_REGISTER_COUNT + ARCH_ROLES,
};

/** One past the largest number of a register: QEMU's x86-64 has about 80, its riscv64 CSRs up to
 * 4161. */
#define RSP_REGISTERS_LIMIT 8192u
/** One past the widest one, in bits: QEMU's arm64 has SME's matrix "za" of 256 x 256 bytes. */
#define RSP_BITS_LIMIT (1u << 24)
/** Longest target description, all its parts together. */
#define RSP_FEATURES_LIMIT (1024 * (size_t)1024)

/** Where a register is found. */
struct rsp_register {
	bool known;
	unsigned number; /**< for 'p' */
	size_t offset;	 /**< bytes, in the answer to 'g'; behind its end when it is not there */
	size_t size;	 /**< bytes, 1 to 8 */
};

/** A stub's registers, from its target description. */
struct rsp_features {
	const struct arch *arch;
	struct rsp_register registers[RSP_REGISTER_COUNT];
};

/**
 * Hands over one part of a target description.
 * @param annex  file name such as "target.xml"; letters, digits and "-_." only
 * @param ret    empty; the part is appended, at most RSP_FEATURES_LIMIT bytes of it
 */
typedef struct dill_error *(*rsp_annex_reader)(void *context, const char *annex,
					       struct strbuf *ret);

/**
 * Read a target description: "target.xml" and what it includes.
 *
 * @return NULL; BAD_DATA when it is no such XML, includes itself, or has too many registers or
 * parts; UNSUPPORTED with the machine's name when dill does not know it; errors of @p read
 */
DILL_MUST_CHECK struct dill_error *rsp_features_read(rsp_annex_reader read, void *context,
						     struct rsp_features *ret);

/** What a stub without a description is assumed to have: the block that GDB assumes for x86-64.
 * Source: GDB gdb/regformats/i386/amd64.dat. Has no control registers. */
void rsp_features_default(struct rsp_features *ret);

#endif
