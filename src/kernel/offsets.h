/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_OFFSETS_H
#define KERNEL_OFFSETS_H

#include "kernel/kernel.h"

/** One member that a reader of kernel structures needs. */
struct offset_request {
	const char *type;     /**< of the struct */
	const char *paths[2]; /**< newest name first */
	uint64_t *offset;     /**< out: bytes from the struct's start */
};

/** Look up every request; false when one of the members does not exist. */
bool kernel_offsets(struct types *types, const struct offset_request *requests, size_t count);

#endif
