/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_INFO_RECORD_H
#define ANSWER_INFO_RECORD_H

#include "answer/record.h"

/** The target and its kernel; lines. */
enum info_column {
	INFO_COLUMN_TARGET,
	INFO_COLUMN_BANNER,
	INFO_COLUMN_BASE,
	INFO_COLUMN_SYMBOLS,
	INFO_COLUMN_TYPES,
	INFO_COLUMN_TYPES_SOURCE,
	INFO_COLUMN_MEMORY,
	INFO_COLUMN_CPUS,
	INFO_COLUMN_ONLINE,
	INFO_COLUMN_NODES,
	INFO_COLUMN_ENGINE,
	INFO_COLUMN_LOCKS,
	INFO_COLUMN_CACHES,
	INFO_COLUMN_COUNT,
};
extern const struct dill_record_kind info_kind;

/** One of several kernels of a dump; a line. */
enum info_kernel_column {
	INFO_KERNEL_NUMBER,
	INFO_KERNEL_SHOWN,
	INFO_KERNEL_RELEASE,
	INFO_KERNEL_BASE,
	INFO_KERNEL_PHYSICAL
};
extern const struct dill_record_kind info_kernel_kind;

/** Something that heaps have or have not; a line. */
enum info_feature_column { INFO_FEATURE_NAME, INFO_FEATURE_PRESENT, INFO_FEATURE_TEXT };
extern const struct dill_record_kind info_feature_kind;

/** A member of a struct that was solved from memory, or left open; a line. */
enum info_member_column {
	INFO_MEMBER_ID,
	INFO_MEMBER_STRUCT,
	INFO_MEMBER_PATH,
	INFO_MEMBER_FOUND,
	INFO_MEMBER_OFFSET,
	INFO_MEMBER_VOTES_FOR,
	INFO_MEMBER_VOTES,
	INFO_MEMBER_VOTERS,
	INFO_MEMBER_CANDIDATES
};
extern const struct dill_record_kind info_member_kind;

/** Something that dill believes, tried; a line. */
enum self_check_column { SELF_CHECK_COLUMN_NAME, SELF_CHECK_COLUMN_RESULT, SELF_CHECK_COLUMN_TEXT };
extern const struct dill_record_kind self_check_kind;

#endif
