/* SPDX-License-Identifier: MIT */
#ifndef TARGET_ELF_SEGMENTS_H
#define TARGET_ELF_SEGMENTS_H

#include <gelf.h>

#include "base/error.h"
#include "base/span.h"

/** Errors end the walk. */
typedef struct dill_error *(*elf_segment_visitor)(void *context, const GElf_Phdr *segment);

/**
 * Visit the program headers of an ELF core of x86-64.
 * @param head  the file's bytes from its beginning on, with all program headers
 * @return NULL; UNSUPPORTED for another machine, or no core; BAD_DATA, LIMIT; as the visitor
 */
DILL_MUST_CHECK struct dill_error *elf_segments_visit(struct span head, elf_segment_visitor visit,
						      void *context);

#endif
