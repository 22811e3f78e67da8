/* SPDX-License-Identifier: MIT */
#include "answer/info_record.h"

#include "kernel/facts.h"
#include "slub/selfcheck.h"

static const char *types_source_name(enum types_source source)
{
	static const char *const names[] = {
		[TYPES_OF_TARGET] = "target",
		[TYPES_OF_IMAGE] = "image",
		[TYPES_OF_FILE] = "file",
		[TYPES_SOLVED] = "solved",
	};

	return names[source];
}

ENUMERATION_OF_FILE(types_sources, types_source_name, TYPES_SOLVED + 1);

static const struct column info_columns[] = {
	[INFO_COLUMN_TARGET] = {"target", DILL_COLUMN_TEXT, "target", "how memory is read"},
	[INFO_COLUMN_BANNER] = {"banner", DILL_COLUMN_TEXT, "kernel",
				"linux_banner, escaped for display"},
	[INFO_COLUMN_BASE] = {"base", DILL_COLUMN_ADDRESS, "image at", "address of _text"},
	[INFO_COLUMN_SYMBOLS] = {"symbols", DILL_COLUMN_TEXT, "symbols from",
				 "where the symbols come from"},
	[INFO_COLUMN_TYPES] = {"types", DILL_COLUMN_TEXT, "types from",
			       "where the types come from"},
	[INFO_COLUMN_TYPES_SOURCE] = {"types_source", DILL_COLUMN_ENUM, NULL,
				      "target: the kernel's own; image: of --vmlinux or GDB's "
				      "file; file: of --types, which was checked on the target; "
				      "solved: there are none",
				      .words = &types_sources},
	[INFO_COLUMN_MEMORY] = {"memory", DILL_COLUMN_COUNT, "memory",
				"bytes of physical memory up to the last page, holes included"},
	[INFO_COLUMN_CPUS] = {"cpus", DILL_COLUMN_COUNT, "possible CPUs",
			      "CPUs that could be online"},
	[INFO_COLUMN_ONLINE] = {"cpus_online", DILL_COLUMN_COUNT, "online CPUs",
				"CPUs that are online"},
	[INFO_COLUMN_NODES] = {"nodes", DILL_COLUMN_COUNT, "NUMA nodes", "NUMA nodes"},
	[INFO_COLUMN_ENGINE] = {"engine", DILL_COLUMN_TEXT, "allocator",
				"how objects are handed out"},
	[INFO_COLUMN_LOCKS] = {"locks", DILL_COLUMN_TEXT, "locks",
			       "how it is told which of the allocator's locks are held"},
	[INFO_COLUMN_CACHES] = {"caches", DILL_COLUMN_COUNT, "caches", "slab caches"},
};

const struct dill_record_kind info_kind = {
	.name = "info",
	.doc = "The target, its kernel, and where dill's knowledge of it comes from.",
	.columns = info_columns,
	.column_count = INFO_COLUMN_COUNT,
};

static const struct column kernel_columns[] = {
	[INFO_KERNEL_NUMBER] = {"number", DILL_COLUMN_COUNT, NULL,
				"for --kernel, by physical address"},
	[INFO_KERNEL_SHOWN] = {"shown", DILL_COLUMN_BOOL, NULL,
			       "whether it is the one that dill shows"},
	[INFO_KERNEL_RELEASE] = {"release", DILL_COLUMN_TEXT, NULL, "of its banner"},
	[INFO_KERNEL_BASE] = {"base", DILL_COLUMN_ADDRESS, NULL, "address of its image"},
	[INFO_KERNEL_PHYSICAL] = {"physical_base", DILL_COLUMN_ADDRESS, NULL,
				  "physical address of it"},
};

const struct dill_record_kind info_kernel_kind = {
	.name = "kernel",
	.doc = "One of several kernels in the memory of a dump, such as the one that crashed and "
	       "the "
	       "one that captured it. None when there is one kernel, or the target is no dump.",
	.columns = kernel_columns,
	.column_count = sizeof(kernel_columns) / sizeof(*kernel_columns),
};

static const struct column feature_columns[] = {
	[INFO_FEATURE_NAME] = {"feature", DILL_COLUMN_TEXT, NULL, "stable word"},
	[INFO_FEATURE_PRESENT] = {"present", DILL_COLUMN_BOOL, NULL,
				  "whether this heap has it; absent when not known"},
	[INFO_FEATURE_TEXT] = {"text", DILL_COLUMN_TEXT, NULL, "what it means when it is there"},
};

const struct dill_record_kind info_feature_kind = {
	.name = "feature",
	.doc = "Something that heaps have or have not, found by types, symbols and what is used of "
	       "them.",
	.columns = feature_columns,
	.column_count = sizeof(feature_columns) / sizeof(*feature_columns),
};

static const struct column member_columns[] = {
	[INFO_MEMBER_ID] = {"member", DILL_COLUMN_TEXT, NULL, "dill's name of it"},
	[INFO_MEMBER_STRUCT] = {"struct", DILL_COLUMN_TEXT, NULL,
				"the kernel's names of its struct, separated by |"},
	[INFO_MEMBER_PATH] = {"path", DILL_COLUMN_TEXT, NULL,
			      "the kernel's names of it, separated by |"},
	[INFO_MEMBER_FOUND] = {"found", DILL_COLUMN_BOOL, NULL,
			       "false: left open or not looked for, and absent"},
	[INFO_MEMBER_OFFSET] = {"offset", DILL_COLUMN_COUNT, NULL,
				"of its first byte, where it was found"},
	[INFO_MEMBER_VOTES_FOR] = {"votes_for", DILL_COLUMN_COUNT, NULL,
				   "how many of the voters it fits"},
	[INFO_MEMBER_VOTES] = {"votes", DILL_COLUMN_COUNT, NULL, "how many there were"},
	[INFO_MEMBER_VOTERS] = {"voters", DILL_COLUMN_TEXT, NULL,
				"who votes: caches, freelists, ...; none: no rule looked for it"},
	[INFO_MEMBER_CANDIDATES] = {"candidates", DILL_COLUMN_COUNT, NULL,
				    "places that fit: 1 where it was found"},
};

const struct dill_record_kind info_member_kind = {
	.name = "solved_member",
	.doc = "On a kernel without types: a member of a struct, found in its memory by the votes "
	       "of what is there.",
	.columns = member_columns,
	.column_count = sizeof(member_columns) / sizeof(*member_columns),
};

ENUMERATION_OF_FILE(check_results, self_check_result_name, SELF_CHECK_IMPOSSIBLE + 1);

static const struct column check_columns[] = {
	[SELF_CHECK_COLUMN_NAME] = {"check", DILL_COLUMN_TEXT, NULL, "stable word"},
	[SELF_CHECK_COLUMN_RESULT] = {"result", DILL_COLUMN_ENUM, NULL,
				      "impossible: nothing to check it on",
				      .words = &check_results},
	[SELF_CHECK_COLUMN_TEXT] = {"text", DILL_COLUMN_TEXT, NULL,
				    "what was compared, with its numbers"},
};

const struct dill_record_kind self_check_kind = {
	.name = "self_check",
	.doc = "Something that dill believes of this kernel, tried on the kernel itself.",
	.columns = check_columns,
	.column_count = sizeof(check_columns) / sizeof(*check_columns),
};
