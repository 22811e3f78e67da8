/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_HEAP_FILE_H
#define COMMAND_HEAP_FILE_H

#include "command/session.h"
#include "slub/finding.h"
#include "store/heap_store.h"

/** What is to be exported, and where to. */
struct heap_request {
	const char *path;
	const char *pattern; /**< of caches; NULL = all */
	uint64_t time;	     /**< seconds since 1970; 0 = not known */
};

/**
 * export.c: write the heap of a target to a file, between session_begin() and session_end().
 * @param arena  working memory
 * @return NULL; as heap_writer_new(); what finding the kernel and its heap fails with; NOT_FOUND
 * when no cache has the name
 */
DILL_MUST_CHECK struct dill_error *heap_export(struct session *session,
					       const struct heap_request *request,
					       struct arena *arena, struct findings *findings,
					       struct heap_counts *ret);

/** Two exports that stand for two files. */
struct heap_files {
	char *paths[2];	 /**< of the exports */
	bool is_made[2]; /**< for this command, and gone with it */
	char *folder;	 /**< where those are; NULL without any */
	size_t findings; /**< in the heaps of those */
};

/**
 * Have exports of two files: a dump or a recording is exported first, into a folder of its own
 * below $TMPDIR.
 * @param ret  to be given to heap_files_deinit(), also after an error
 * @return NULL; what opening a dump and heap_export() fail with, the file's name in front; OS
 */
DILL_MUST_CHECK struct dill_error *heap_files_prepare(const char *const names[2],
						      struct heap_files *ret);
void heap_files_deinit(struct heap_files *files);

static inline void heap_files_deinitp(struct heap_files *files)
{
	heap_files_deinit(files);
}

#endif
