/* SPDX-License-Identifier: MIT */
#ifndef TYPES_BTF_FORMAT_H
#define TYPES_BTF_FORMAT_H

/*
 * The BTF format as dill reads it. Source: Documentation/bpf/btf.rst, include/uapi/linux/btf.h.
 * Written down here because the header of the build machine is older than the kernels that dill
 * looks at: 7.2 widened btf_type.info to 24 bits of vlen and 7 bits of kind. The bits it took were
 * zero before, so one decoding fits all.
 */

#define BTF_MAGIC 0xeb9fu

/* struct btf_header; later kernels append fields and say so in hdr_len. Offsets of sections count
 * from its end. */
#define BTF_HEADER_SIZE	      24u
#define BTF_HEADER_VERSION    2
#define BTF_HEADER_LENGTH     4
#define BTF_HEADER_TYPES_AT   8
#define BTF_HEADER_TYPES_SIZE 12
#define BTF_HEADER_NAMES_AT   16
#define BTF_HEADER_NAMES_SIZE 20

/* struct btf_type */
#define BTF_TYPE_SIZE	     12u
#define BTF_INFO_KIND(info)  (((info) >> 24) & 0x7f)
#define BTF_INFO_COUNT(info) ((info)&0xffffff)
#define BTF_INFO_FLAG(info)  (((info) >> 31) != 0)

/* The u32 after a BTF_INT */
#define BTF_INT_IS_SIGNED (1u << 24)
#define BTF_INT_IS_BOOL	  (1u << 26)

/* btf_member.offset of a struct with the flag */
#define BTF_MEMBER_BIT_OFFSET(offset) ((offset)&0xffffff)
#define BTF_MEMBER_BIT_SIZE(offset)   ((offset) >> 24)

enum btf_kind {
	BTF_INT = 1,
	BTF_PTR,
	BTF_ARRAY,
	BTF_STRUCT,
	BTF_UNION,
	BTF_ENUM,
	BTF_FWD,
	BTF_TYPEDEF,
	BTF_VOLATILE,
	BTF_CONST,
	BTF_RESTRICT,
	BTF_FUNC,
	BTF_FUNC_PROTO,
	BTF_VAR,
	BTF_DATASEC,
	BTF_FLOAT,
	BTF_DECL_TAG,
	BTF_TYPE_TAG,
	BTF_ENUM64,
	BTF_KIND_COUNT,
};

#endif
