/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_KNOWN_MACHINE_H
#define KERNEL_KNOWN_MACHINE_H

#include "base/error.h"

struct kernel;

/**
 * Refuse what is written for x86-64 alone as yet.
 * @param what  a sentence without its end: "allocations cannot be traced"
 * @return NULL; UNSUPPORTED
 */
DILL_MUST_CHECK struct dill_error *kernel_require_x86_64(struct kernel *kernel, const char *what);

#endif
